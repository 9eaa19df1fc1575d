/* One simulated BMC without a machine; the contract is in bmc_run.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/bmc_run.h"

#include "common/error.h"
#include "common/json_text.h"
#include "lab/control.h"
#include "lab/folder.h"
#include "lab/lab.h"
#include "lab/redfish/certificate.h"
#include "lab/redfish/server.h"
#include "lab/redfish_bmcs.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASK_TIMEOUT_MS 10000
#define DISK_BYTES ((int64_t)64 * 1024 * 1024 * 1024)
#define MEMORY_MIB 4096

typedef struct Bmc {
    const LabOptions *options; /* borrowed */
    char *certificate, *key;   /* owned, files */
    RedfishBmc *bmc;           /* owned */
    RedfishServer *server;     /* owned */
    unsigned port;
} Bmc;

static bool
set_one(RedfishBmc *bmc, const char *setting, GError **error)
{
    const char *equals = strchr(setting, '=');
    char *end = NULL;
    gint64 value = equals != NULL ? g_ascii_strtoll(equals + 1, &end, 10) : 0;
    if (equals == NULL || end == equals + 1 || *end != '\0' || value < G_MININT || value > G_MAXINT)
        return steel_fail(error, STEEL_ERROR_INVALID, "a setting is NAME=NUMBER, not %.60s",
                          setting);
    g_autofree char *name = g_strndup(setting, (size_t)(equals - setting));
    return redfish_bmc_set_knob(bmc, name, (int)value, error);
}

json_t *
bmc_take_settings(RedfishBmc *bmc, const json_t *request, GError **error)
{
    const char *list = json_string_member(request, "set");
    g_auto(GStrv) settings = g_strsplit(list != NULL ? list : "", ",", -1);
    for (char **setting = settings; *setting != NULL; setting++)
        if (!set_one(bmc, *setting, error))
            return NULL;
    return json_object();
}

static json_t *
stats(const Bmc *bmc)
{
    RedfishStats now;
    redfish_bmc_stats(bmc->bmc, &now);
    return json_pack("{s:I, s:I, s:I, s:i, s:i, s:s, s:b}", "requests", (json_int_t)now.requests,
                     "sessions_opened", (json_int_t)now.sessions_opened, "sessions_closed",
                     (json_int_t)now.sessions_closed, "sessions", (int)now.sessions, "posts",
                     (int)now.posts, "booted", redfish_boot_device_name(now.booted), "once",
                     now.once);
}

static json_t *
on_request(void *user_data, const json_t *request, GError **error)
{
    Bmc *bmc = user_data;
    const char *command = json_string_member(request, "command");
    if (g_strcmp0(command, "bmc-set") == 0)
        return bmc_take_settings(bmc->bmc, request, error);
    if (g_strcmp0(command, "status") == 0)
        return stats(bmc);
    steel_fail(error, STEEL_ERROR_INVALID, "a BMC knows only status and bmc-set; SIGTERM ends it");
    return NULL;
}

static bool
start(Bmc *bmc, GError **error)
{
    const LabOptions *options = bmc->options;
    const char *const addresses[] = {options->redfish_address, NULL};
    RedfishIdentity identity = {.name = options->name_prefix,
                                .uuid = "5739a4d8-0000-4000-8000-000000000001",
                                .mac = "52:54:00:00:00:01",
                                .second_mac = options->ports > 1 ? "52:54:00:00:00:02" : NULL,
                                .username = options->username,
                                .password = options->password,
                                .memory_mib = MEMORY_MIB,
                                .processors = 2,
                                .disk_bytes = DISK_BYTES,
                                .uefi = options->uefi};
    RedfishCertificateFault fault = REDFISH_CERTIFICATE_GOOD;
    (void)redfish_certificate_fault(options->certificate, &fault); /* the options were checked */
    if (!redfish_certificate_write(bmc->certificate, bmc->key, addresses, fault, error))
        return false;
    (void)redfish_kind_parse(options->bmc, &identity.kind); /* "ipmi" is the default, not a wish */
    bmc->bmc = redfish_bmc_new(&identity, NULL, NULL);
    bmc->server = redfish_server_new(bmc->certificate, bmc->key, error);
    if (bmc->server == NULL)
        return false;
    bmc->port = redfish_server_add(bmc->server, bmc->bmc, options->redfish_address,
                                   (unsigned)options->redfish_port, error);
    return bmc->port != 0 && redfish_server_start(bmc->server, error);
}

static void
announce(const Bmc *bmc)
{
    const LabOptions *options = bmc->options;
    g_autofree char *address =
        g_strdup_printf("https://%s:%u", options->redfish_address, bmc->port);
    if (options->json) {
        json_auto_t *document =
            json_pack("{s:s, s:s, s:s, s:s, s:i}", "redfish_address", address, "redfish_username",
                      options->username, "redfish_password", options->password, "redfish_verify_ca",
                      bmc->certificate, "pid", (int)getpid());
        g_autofree char *text = json_text_dump(document);
        printf("%s\n", text);
    } else {
        printf("a BMC answers at %s, user %s, password %s, certificate %s\n", address,
               options->username, options->password, bmc->certificate);
    }
    fflush(stdout);
}

static bool
start_and_serve(Bmc *bmc, const char *folder, int signal_fd, GError **error)
{
    if (!start(bmc, error))
        return false;
    g_autoptr(ControlServer) control = control_server_new(folder, on_request, bmc, error);
    if (control == NULL)
        return false;
    announce(bmc);
    control_server_run(control, signal_fd);
    return true;
}

bool
bmc_run(const LabOptions *options, const char *folder, GError **error)
{
    umask(077);
    if (!folder_make(folder, error))
        return false;
    int lock = folder_lock(folder, LAB_LOCK_FILE, false, error);
    if (lock < 0)
        return false;
    int signal_fd = control_open_signals();
    Bmc bmc = {.options = options,
               .certificate = g_build_filename(folder, REDFISH_CERTIFICATE_FILE, NULL),
               .key = g_build_filename(folder, REDFISH_KEY_FILE, NULL)};
    bool good = start_and_serve(&bmc, folder, signal_fd, error);
    redfish_server_free(bmc.server);
    redfish_bmc_free(bmc.bmc);
    unlink(bmc.certificate);
    unlink(bmc.key);
    g_free(bmc.certificate);
    g_free(bmc.key);
    close(signal_fd);
    folder_remove_lock(folder, LAB_LOCK_FILE);
    close(lock);
    return good;
}

bool
bmc_set(const LabOptions *options, const char *folder, GError **error)
{
    json_auto_t *request = json_pack("{s:s, s:s?, s:s*}", "command", "bmc-set", "set", options->set,
                                     "node", options->node);
    json_auto_t *answer = control_ask(folder, request, ASK_TIMEOUT_MS, error);
    return answer != NULL;
}
