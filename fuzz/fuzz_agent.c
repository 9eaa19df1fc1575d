/* What the agent reads of others: the kernel's command line, request lines, hints, config drives,
 * checksum files, a system's loader. The first byte chooses the reader.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/boot_csv.h"
#include "agent/disk/config_drive.h"
#include "agent/extensions/extensions.h"
#include "agent_protocol/command_check.h"
#include "agent_protocol/parameters.h"
#include "agent_protocol/server_route.h"
#include "common/json_text.h"
#include "model/hints.h"
#include "stream/checksum.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_parameters(const char *text, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Parameters) parameters = parameters_new();
    if (parameters_read(parameters, text, size, &error) != (error == NULL))
        abort();
    if (parameters_integer(parameters, AGENT_PARAMETER_LISTEN_PORT) < 0)
        abort();
}

static void
read_route(const char *text, size_t size)
{
    static const char *const methods[] = {"GET", "POST", "PUT"};
    const char *id;
    ServerRoute route = server_route(methods[size % 3], text, &id);
    if (route == SERVER_ROUTE_COMMAND && (id == NULL || id < text || id > text + size))
        abort();
}

static void
read_hints(const char *text, size_t size)
{
    bool match;
    g_autoptr(GError) error = NULL;
    json_t *hints = json_text_parse(text, size, 4, NULL);
    json_t *disk = json_pack("{s:s, s:I, s:b}", "name", "/dev/sda", "size", (json_int_t)1 << 40,
                             "rotational", true);
    if (hints == NULL)
        hints = hints_parse(text);
    if (hints_match(hints, disk, &match, &error) != (error == NULL))
        abort();
    json_decref(hints);
    json_decref(disk);
}

static void
read_drive(const char *text, size_t size)
{
    g_autoptr(GError) error = NULL;
    GByteArray *drive = config_drive_decode(text, size, &error);
    if ((drive == NULL) != (error != NULL) || (drive != NULL && drive->len > CONFIG_DRIVE_LIMIT))
        abort();
    if (drive != NULL)
        g_byte_array_free(drive, TRUE);
}

static void
read_checksums(const char *text, size_t size)
{
    (void)size;
    g_autofree char *found = checksum_find(text, "image");
    if (found != NULL)
        checksum_algorithm_of(found);
}

/* {"name": …, "params": …} */
static void
read_command(const char *text, size_t size)
{
    g_autoptr(GError) error = NULL, mistake = NULL;
    json_t *body = json_text_parse(text, size, 0, NULL);
    const char *name = json_string_member(body, "name");
    const ExtensionCommand *command = name != NULL ? extension_find(name, &error) : NULL;
    if (name != NULL && (command == NULL) != (error != NULL))
        abort();
    const json_t *params = json_object_get(body, "params");
    if (command != NULL && json_is_object(params) &&
        command_check_params(agent_command_info(command->command), params, &mistake) !=
            (mistake == NULL))
        abort();
    json_decref(body);
}

static void
read_boot_csv(const char *text, size_t size)
{
    char *loader = NULL, *label = NULL;
    bool good = boot_csv_parse((const uint8_t *)text, size, &loader, &label);
    if (good != (loader != NULL && label != NULL) || (good && strpbrk(loader, "/\\") != NULL))
        abort();
    g_free(loader);
    g_free(label);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    typedef void (*Reader)(const char *text, size_t size);
    static const Reader readers[] = {read_parameters, read_route,   read_hints,   read_drive,
                                     read_checksums,  read_command, read_boot_csv};
    if (size < 1)
        return 0;
    g_autofree char *text = g_malloc0(size);
    memcpy(text, data + 1, size - 1);
    size_t length = data[0] % G_N_ELEMENTS(readers) == 6 ? size - 1 : strlen(text); /* UTF-16 */
    readers[data[0] % G_N_ELEMENTS(readers)](text, length);
    return 0;
}
