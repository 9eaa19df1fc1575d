/* The lab's iSCSI target; the contract is in target.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/target.h"

#include "common/backoff.h"
#include "common/error.h"
#include "common/log.h"
#include "common/process.h"
#include "common/time_text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_LIMIT_MS 10000
#define ASK_TIMEOUT_MS 10000
#define ASK_AGAIN_MS 20

struct Target {
    char *folder; /* owned */
    int network_namespace;
    pid_t pid; /* 0: ended */
};

/* Relative to the folder, which tgtd and tgtadm are started in: a socket's path has at most 107
 * bytes. Both append the control number, ".0". */
static const char *const socket_environment[] = {"TGT_IPC_SOCKET=tgtd", NULL};

static bool
ask(Target *target, const char *const *arguments, ProcessResult *result, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    static const char *const common[] = {"tgtadm", "-C", "0", "--lld", "iscsi"};
    for (size_t i = 0; i < G_N_ELEMENTS(common); i++)
        g_ptr_array_add(argv, (gpointer)(uintptr_t)common[i]);
    for (size_t i = 0; arguments[i] != NULL; i++)
        g_ptr_array_add(argv, (gpointer)(uintptr_t)arguments[i]);
    g_ptr_array_add(argv, NULL);
    ProcessSpec spec = {.argv = (const char *const *)argv->pdata,
                        .environment = socket_environment,
                        .working_directory = target->folder,
                        .timeout_ms = ASK_TIMEOUT_MS};
    return process_run(&spec, result, error);
}

static bool
wait_ready(Target *target, GError **error)
{
    static const char *const show[] = {"--op", "show", "--mode", "sys", NULL};
    Backoff backoff = {.pause_ms = ASK_AGAIN_MS,
                       .longest_ms = ASK_AGAIN_MS,
                       .limit_ms = time_monotonic_ms() + READY_LIMIT_MS};
    while (!ask(target, show, NULL, NULL)) {
        if (waitpid(target->pid, NULL, WNOHANG) == target->pid) {
            target->pid = 0;
            return steel_fail(error, STEEL_ERROR_PROCESS, "tgtd ended at once; see %s/tgtd.log",
                              target->folder);
        }
        if (!backoff_pause(&backoff))
            return steel_fail(error, STEEL_ERROR_TIMEOUT, "tgtd did not answer within %d ms",
                              READY_LIMIT_MS);
    }
    return true;
}

static bool
spawn(Target *target, const char *address, uint16_t port, GError **error)
{
    g_autofree char *log_path = g_build_filename(target->folder, "tgtd.log", NULL);
    int log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (log_fd < 0)
        return steel_fail(error, STEEL_ERROR_IO, "cannot open %s: %s", log_path, g_strerror(errno));
    g_autofree char *portal = g_strdup_printf("portal=%s:%u", address, port);
    /* one I/O thread per volume instead of sixteen: there is one guest per volume */
    const char *argv[] = {"tgtd", "-f", "-C", "0", "-t", "1", "--iscsi", portal, NULL};
    ProcessSpec spec = {.argv = argv,
                        .environment = socket_environment,
                        .working_directory = target->folder,
                        .network_namespace = target->network_namespace,
                        .output_fd = log_fd};
    pid_t pid = process_spawn(&spec, error);
    close(log_fd);
    if (pid < 0)
        return false;
    target->pid = pid;
    return true;
}

Target *
target_start(const char *folder, const char *address, uint16_t port, int network_namespace,
             GError **error)
{
    g_autoptr(Target) target = g_new0(Target, 1);
    target->folder = g_strdup(folder);
    target->network_namespace = network_namespace;
    if (!spawn(target, address, port, error) || !wait_ready(target, error)) {
        g_prefix_error(error, "starting the iSCSI target: ");
        return NULL;
    }
    return g_steal_pointer(&target);
}

void
target_free(Target *target)
{
    if (target == NULL)
        return;
    process_end(target->pid, SIGKILL, 0); /* it has nothing to save at its end */
    g_free(target->folder);
    g_free(target);
}

bool
target_export(Target *target, unsigned number, const char *iqn, const char *file,
              const char *chap_user, const char *chap_password, GError **error)
{
    g_autofree char *id = g_strdup_printf("%u", number);
    g_autofree char *lun = g_strdup_printf("%d", TARGET_LUN);
    const char *const create[] = {"--op", "new", "--mode", "target", "--tid", id, "-T", iqn, NULL};
    const char *const disk[] = {"--op", "new",      "--mode", "logicalunit", "--tid", id,  "--lun",
                                lun,    "--bstype", "rdwr",   "-b",          file,    NULL};
    /* without UNMAP, writing an image sends every zero block over the wire */
    const char *const thin[] = {"--op",  "update", "--mode",   "logicalunit",         "--tid", id,
                                "--lun", lun,      "--params", "thin_provisioning=1", NULL};
    const char *const account[] = {"--op",    "new",        "--mode",      "account", "--user",
                                   chap_user, "--password", chap_password, NULL};
    const char *const bind_account[] = {"--op", "bind",   "--mode",  "account", "--tid",
                                        id,     "--user", chap_user, NULL};
    const char *const open_to_all[] = {"--op", "bind", "--mode", "target", "--tid",
                                       id,     "-I",   "ALL",    NULL};
    const char *const *const steps[] = {create, disk, thin, account, bind_account, open_to_all};
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (!ask(target, steps[i], NULL, error)) {
            g_prefix_error(error, "exporting %s: ", iqn);
            return false;
        }
    }
    return true;
}

char *
target_show(Target *target, GError **error)
{
    static const char *const show[] = {"--op", "show", "--mode", "target", NULL};
    g_auto(ProcessResult) result = {0};
    if (!ask(target, show, &result, error))
        return NULL;
    return g_steal_pointer(&result.output);
}

/*  Target 1: iqn...
 *      I_T nexus information:
 *          I_T nexus: 3            <- one session
 *              Initiator: iqn... */
unsigned
target_count_sessions(const char *shown, const char *iqn)
{
    g_auto(GStrv) lines = g_strsplit(shown, "\n", -1);
    unsigned count = 0;
    bool ours = false;
    for (char **line = lines; *line != NULL; line++) {
        if (g_str_has_prefix(*line, "Target ")) {
            const char *name = strstr(g_strchomp(*line), ": ");
            ours = name != NULL && strcmp(name + 2, iqn) == 0;
        } else if (ours && g_str_has_prefix(g_strchug(*line), "I_T nexus: ")) {
            count++;
        }
    }
    return count;
}

pid_t
target_pid(const Target *target)
{
    return target->pid;
}

void
target_reap(Target *target)
{
    if (target->pid == 0 || waitpid(target->pid, NULL, WNOHANG) != target->pid)
        return;
    target->pid = 0;
    log_error("lab.target", "tgtd has ended; see %s/tgtd.log", target->folder);
}
