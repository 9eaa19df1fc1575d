/* The commands of steel-lab; the contract is in commands.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/commands.h"

#include "common/backoff.h"
#include "common/error.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/time_text.h"
#include "lab/accelerator.h"
#include "lab/bmc_run.h"
#include "lab/console.h"
#include "lab/control.h"
#include "lab/firmware_authorities.h"
#include "lab/fleet.h"
#include "lab/folder.h"
#include "lab/lab.h"
#include "lab/lab_files.h"
#include "lab/node.h"
#include "lab/options.h"
#include "lab/preflight.h"
#include "lab/supervise.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define START_LIMIT_MS 60000
#define ASK_TIMEOUT_MS 15000
#define DOWN_LIMIT_MS 20000
#define LOOK_AGAIN_MS 20

static void
progress(const char *text)
{
    fprintf(stderr, "steel-lab: %s\n", text);
}

static json_t *
ask_lab(const char *folder, const char *command, GError **error)
{
    json_auto_t *request = json_pack("{s:s}", "command", command);
    return control_ask(folder, request, ASK_TIMEOUT_MS, error);
}

static void
print_json(const json_t *document)
{
    char *text = json_dumps(document, JSON_INDENT(2));
    printf("%s\n", text);
    free(text);
}

static void
print_bmc(const json_t *node)
{
    const char *redfish = json_string_member(node, "redfish_address");
    if (redfish != NULL)
        printf("  BMC      %s, user %s, password %s, certificate %s\n", redfish,
               json_string_member(node, "redfish_username"),
               json_string_member(node, "redfish_password"),
               json_string_member(node, "redfish_verify_ca"));
    else
        printf("  BMC      %s port %d, user %s, password %s\n",
               json_string_member(node, "ipmi_address"),
               (int)json_integer_value(json_object_get(node, "ipmi_port")),
               json_string_member(node, "ipmi_username"),
               json_string_member(node, "ipmi_password"));
}

/* The document of "describe" for people: addresses first, then the lines to copy. */
static void
print_description(const json_t *document)
{
    json_t *nodes = json_object_get(document, "nodes");
    size_t i;
    json_t *node;
    json_array_foreach(nodes, i, node)
    {
        printf("%s\n", json_string_member(node, "name"));
        printf("  MAC      %s\n", json_string_member(node, "mac"));
        print_bmc(node);
        printf("  volume   %s LUN %d at %s, CHAP user %s, password %s\n",
               json_string_member(node, "target_iqn"),
               (int)json_integer_value(json_object_get(node, "target_lun")),
               json_string_member(node, "target_portal"), json_string_member(node, "chap_username"),
               json_string_member(node, "chap_password"));
        if (json_string_member(node, "hba_wwn") != NULL)
            printf("  HBA      presents the volume as a disk, WWN %s, serial %s\n",
                   json_string_member(node, "hba_wwn"), json_string_member(node, "hba_serial"));
        if (json_string_member(node, "nfs_root") != NULL)
            printf("  NFS root %s\n", json_string_member(node, "nfs_root"));
        printf("  console  %s\n", json_string_member(node, "console_log"));
    }
    printf("\nTo enrol them (`steel` takes the same words):\n\n");
    json_array_foreach(nodes, i, node)
    {
        g_autofree char *commands = lab_node_commands(node);
        if (commands != NULL)
            printf("%s\n", commands);
    }
    printf("The lab lives in %s (process %d); iPXE fetches %s\n",
           json_string_member(document, "dir"),
           (int)json_integer_value(json_object_get(document, "pid")),
           json_string_member(document, "boot_url"));
}

static bool
print_lab(const LabOptions *options, const char *folder, GError **error)
{
    json_auto_t *document = ask_lab(folder, "describe", error);
    if (document == NULL)
        return false;
    if (options->json)
        print_json(document);
    else
        print_description(document);
    return true;
}

static bool
start_lab(const LabOptions *options, const char *folder, GError **error)
{
    g_autofree char *cache = folder_cache();
    g_auto(LabGuest) guest = {0};
    g_autofree char *authorities = options->firmware_ca != NULL
                                       ? firmware_authorities_read(options->firmware_ca, error)
                                       : NULL;
    if (options->firmware_ca != NULL && authorities == NULL)
        return false;
    if (!preflight(options, error) || !lab_guest_prepare(cache, progress, &guest, error))
        return false;
    const char *accelerator =
        accelerator_choose(options->accelerator, cache, &guest, progress, error);
    if (accelerator == NULL)
        return false;
    lab_remove_files(folder, false); /* of a lab that did not end properly */
    LabPlan plan = {.folder = folder,
                    .options = options,
                    .guest = &guest,
                    .accelerator = accelerator,
                    .authorities = authorities};
    g_autofree char *log_path = g_build_filename(folder, LAB_LOG_FILE, NULL);
    return supervise_start(lab_main, &plan, log_path, START_LIMIT_MS, error);
}

static bool
command_up(const LabOptions *options, const char *folder, GError **error)
{
    umask(077);
    if (!folder_make(folder, error))
        return false;
    int lock = folder_lock(folder, LAB_LOCK_FILE, false, error);
    if (lock < 0 && steel_error_is(*error, STEEL_ERROR_LOCKED)) {
        g_clear_error(error);
        fprintf(stderr, "steel-lab: a lab runs in %s already, with the options of its start\n",
                folder);
        return print_lab(options, folder, error);
    }
    if (lock < 0)
        return false;
    bool started = start_lab(options, folder, error);
    if (!started) {
        lab_remove_files(folder, true);
        folder_remove_lock(folder, LAB_LOCK_FILE);
    }
    bool good = started && print_lab(options, folder, error);
    close(lock);
    return good;
}

/* Waits until guardian and daemon are gone, which frees the lock. */
static int
wait_for_end(const char *folder, GError **error)
{
    Backoff backoff = {.pause_ms = LOOK_AGAIN_MS,
                       .longest_ms = LOOK_AGAIN_MS,
                       .limit_ms = time_monotonic_ms() + DOWN_LIMIT_MS};
    for (;;) {
        int lock = folder_lock(folder, LAB_LOCK_FILE, false, error);
        if (lock >= 0 || !steel_error_is(*error, STEEL_ERROR_LOCKED) || !backoff_pause(&backoff))
            return lock;
        g_clear_error(error);
    }
}

static bool
command_down(const LabOptions *options, const char *folder, GError **error)
{
    (void)options;
    if (!g_file_test(folder, G_FILE_TEST_IS_DIR)) {
        printf("no lab in %s\n", folder);
        return true;
    }
    json_auto_t *answer = ask_lab(folder, "down", error);
    if (answer == NULL && !steel_error_is(*error, STEEL_ERROR_NOT_FOUND))
        return false;
    g_clear_error(error);
    int lock = wait_for_end(folder, error);
    if (lock < 0)
        return false;
    lab_remove_files(folder, false);
    folder_remove_lock(folder, LAB_LOCK_FILE);
    close(lock);
    printf(answer != NULL ? "the lab in %s is down\n"
                          : "no lab was up in %s; its files are removed\n",
           folder);
    return true;
}

static bool
command_status(const LabOptions *options, const char *folder, GError **error)
{
    json_auto_t *document = ask_lab(folder, "status", error);
    if (document == NULL)
        return false;
    json_t *nodes = json_object_get(document, "nodes");
    if (options->json || nodes == NULL) {
        print_json(document);
        return true;
    }
    printf("%-12s %-5s %-6s %-8s %6s %5s %8s  %s\n", "server", "power", "boot", "firmware", "boots",
           "iSCSI", "process", "last console line");
    size_t i;
    json_t *node;
    json_array_foreach(nodes, i, node)
    {
        printf("%-12s %-5s %-6s %-8s %6d %5d %8d  %s\n", json_string_member(node, "name"),
               json_string_member(node, "power"), json_string_member(node, "boot_device"),
               json_string_member(node, "firmware"),
               (int)json_integer_value(json_object_get(node, "boot_count")),
               (int)json_integer_value(json_object_get(node, "iscsi_sessions")),
               (int)json_integer_value(json_object_get(node, "pid")),
               json_string_member(node, "last_line"));
    }
    return true;
}

static bool
command_console(const LabOptions *options, const char *folder, GError **error)
{
    g_autofree char *file = g_strdup_printf("%s.console.log", options->node);
    g_autofree char *path = g_build_filename(folder, file, NULL);
    if (strchr(options->node, '/') != NULL || access(path, F_OK) != 0)
        return steel_fail(error, STEEL_ERROR_NOT_FOUND,
                          "%s has no console yet in %s: it was never powered on", options->node,
                          folder);
    ConsoleWish wish = {
        .follow = options->follow, .wait_for = options->wait_for, .timeout_s = options->timeout_s};
    return console_print(path, &wish, stdout, error);
}

static bool
command_guest(const LabOptions *options, GError **error)
{
    umask(077);
    g_autofree char *cache = folder_cache();
    g_auto(LabGuest) guest = {0};
    if (!lab_guest_prepare(cache, progress, &guest, error))
        return false;
    json_auto_t *document = json_pack("{s:s, s:s, s:s}", "kernel", guest.kernel, "initramfs",
                                      guest.initramfs, "volume", guest.volume);
    if (options->json)
        print_json(document);
    else
        printf("kernel     %s\ninitramfs  %s\nvolume     %s\n", guest.kernel, guest.initramfs,
               guest.volume);
    return true;
}

static const char *
default_folder(LabCommand command)
{
    if (command == LAB_COMMAND_BMC)
        return "steel-bmc";
    return command == LAB_COMMAND_FLEET || command == LAB_COMMAND_FLEET_SET ? "steel-lab-fleet"
                                                                            : "steel-lab";
}

static bool
run_command(const LabOptions *options, GError **error)
{
    g_autofree char *folder = options->folder != NULL
                                  ? g_canonicalize_filename(options->folder, NULL)
                                  : folder_default_state(default_folder(options->command));
    switch (options->command) {
    case LAB_COMMAND_UP:
        return command_up(options, folder, error);
    case LAB_COMMAND_STATUS:
        return command_status(options, folder, error);
    case LAB_COMMAND_CONSOLE:
        return command_console(options, folder, error);
    case LAB_COMMAND_DOWN:
        return command_down(options, folder, error);
    case LAB_COMMAND_FLEET:
        return fleet_run(options, folder, error);
    case LAB_COMMAND_FLEET_SET:
        return fleet_set(options, folder, error);
    case LAB_COMMAND_BMC:
        return bmc_run(options, folder, error);
    case LAB_COMMAND_BMC_SET:
        return bmc_set(options, folder, error);
    case LAB_COMMAND_GUEST:
        return command_guest(options, error);
    case LAB_COMMAND_VERSION:
        printf("steel-lab %s\n", STEEL_VERSION);
        return true;
    case LAB_COMMAND_HELP:
    case LAB_COMMAND_COUNT:
    default:
        lab_options_help(stdout);
        return true;
    }
}

int
lab_commands_run(int argc, char *const *argv)
{
    LabOptions options;
    g_autoptr(GError) error = NULL;
    if (!lab_options_parse(argc, argv, &options, &error)) {
        fprintf(stderr, "steel-lab: %s\n", error->message);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    if (run_command(&options, &error))
        return 0;
    fprintf(stderr, "steel-lab: %s\n", error->message);
    return 1;
}
