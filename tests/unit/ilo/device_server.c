/* The iLO of the tests as a program, for the API suite and for trying things by hand:
 *     ilo_device_server gen8|gen9|gen10    prints one line of JSON, serves until its input ends.
 * A line of input is "get URI PATH": the value is printed as JSON; "post": the machine's self-test.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ilo_device.h"

#include <stdio.h>
#include <string.h>

#include <glib.h>

static const char *const kinds[] = {"gen8", "gen9", "gen10"};

static IloDevice *
start(const char *kind)
{
    for (size_t i = 0; kind != NULL && i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kind, kinds[i]) == 0)
            return ilo_device_new((IloDeviceKind)i);
    return NULL;
}

static void
print_json(json_t *value)
{
    char *text = value != NULL ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    printf("%s\n", text != NULL ? text : "null");
    fflush(stdout);
    free(text);
    json_decref(value);
}

static void
obey(IloDevice *device, char *line)
{
    g_auto(GStrv) words = g_strsplit(g_strstrip(line), " ", 3);
    if (g_strv_length(words) == 3 && strcmp(words[0], "get") == 0)
        print_json(ilo_device_get(device, words[1], words[2]));
    else if (strcmp(line, "post") == 0) {
        ilo_device_post(device);
        print_json(NULL);
    }
}

int
main(int argc, char **argv)
{
    char line[1024];
    IloDevice *device = start(argc == 2 ? argv[1] : NULL);
    if (device == NULL) {
        fprintf(stderr, "usage: ilo_device_server gen8|gen9|gen10\n");
        return 2;
    }
    print_json(json_pack("{s:s,s:i,s:s,s:s,s:s}", "ilo_address", "127.0.0.1", "client_port",
                         (int)ilo_device_port(device), "ilo_username", ILO_DEVICE_USER,
                         "ilo_password", ILO_DEVICE_PASSWORD, "ilo_verify_ca",
                         ilo_device_certificate(device)));
    while (fgets(line, sizeof line, stdin) != NULL)
        obey(device, line);
    ilo_device_free(device);
    return 0;
}
