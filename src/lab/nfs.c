/* The lab's NFS server; the contract is in nfs.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/nfs.h"

#include "common/backoff.h"
#include "common/error.h"
#include "common/log.h"
#include "common/process.h"
#include "common/time_text.h"
#include "lab/folder.h"
#include "lab/guest_init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONFIG_FILE "ganesha.conf"
#define LOG_FILE "ganesha.log"
#define PID_FILE "ganesha.pid"
#define RECOVERY_FOLDER "ganesha-recovery"
#define READY_LIMIT_MS 10000
#define LOOK_AGAIN_MS 20
/* The server logs this when it is ready. */
#define READY_WORDS "NFS SERVER INITIALIZED"

struct NfsServer {
    char *folder; /* owned */
    pid_t pid;    /* 0: ended */
};

/* No rpcbind, no locks for old clients, and no grace period for earlier clients: the lab's servers
 * start after it. Ganesha 6 wants to be an "IO flusher", which a container may forbid; ganesha 4
 * warns that it does not know the parameter. */
char *
nfs_config(const char *folder, const char *address, uint16_t port)
{
    return g_strdup_printf(
        "NFS_CORE_PARAM { Protocols = 4; Allow_Set_Io_Flusher_Fail = true; Bind_addr = %s; "
        "NFS_Port = %u; Enable_NLM = false; "
        "Enable_RQUOTA = false; Enable_UDP = false; }\n"
        "NFSv4 { Graceless = true; Minor_Versions = 0, 1, 2; "
        "RecoveryRoot = \"%s/" RECOVERY_FOLDER "\"; }\n"
        "NFS_KRB5 { Active_krb5 = false; }\n"
        "EXPORT { Export_Id = 1; Path = \"%s/" NFS_FOLDER "\"; Pseudo = " NFS_EXPORT "; "
        "Access_Type = RW; Squash = No_Root_Squash; SecType = sys; Protocols = 4; "
        "Transports = TCP; FSAL { Name = VFS; } }\n",
        address, port, folder, folder);
}

/* True if the log says that the server is ready. */
static bool
is_ready(const NfsServer *server)
{
    g_autofree char *path = g_build_filename(server->folder, LOG_FILE, NULL), *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) && strstr(text, READY_WORDS) != NULL;
}

static bool
wait_ready(NfsServer *server, GError **error)
{
    Backoff backoff = {.pause_ms = LOOK_AGAIN_MS,
                       .longest_ms = LOOK_AGAIN_MS,
                       .limit_ms = time_monotonic_ms() + READY_LIMIT_MS};
    while (!is_ready(server)) {
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
            server->pid = 0;
            return steel_fail(error, STEEL_ERROR_PROCESS,
                              "ganesha.nfsd ended at once, since its port is taken or it lacks "
                              "rights; see %s/" LOG_FILE,
                              server->folder);
        }
        if (!backoff_pause(&backoff))
            return steel_fail(error, STEEL_ERROR_TIMEOUT,
                              "ganesha.nfsd did not serve within %d ms; see %s/" LOG_FILE,
                              READY_LIMIT_MS, server->folder);
    }
    return true;
}

/* The server has a log file of its own, so stderr would only repeat it. */
static bool
spawn(NfsServer *server, int network_namespace, GError **error)
{
    g_autofree char *log_path = g_build_filename(server->folder, LOG_FILE, NULL);
    g_autofree char *pid_path = g_build_filename(server->folder, PID_FILE, NULL);
    const char *argv[] = {"ganesha.nfsd", "-F", "-f",     CONFIG_FILE, "-L",
                          log_path,       "-p", pid_path, NULL};
    ProcessSpec spec = {
        .argv = argv, .working_directory = server->folder, .network_namespace = network_namespace};
    server->pid = process_spawn(&spec, error);
    return server->pid > 0;
}

static bool
write_file(const char *path, const char *text, mode_t permissions, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (!g_file_set_contents(path, text, -1, &cause))
        return steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
    return chmod(path, permissions) == 0 ||
           steel_fail(error, STEEL_ERROR_IO, "cannot change %s: %s", path, g_strerror(errno));
}

void
nfs_unmount(const char *folder)
{
    g_autofree char *export = g_build_filename(folder, NFS_FOLDER, NULL);
    while (umount2(export, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
        ;
}

/* True if the files of a folder have handles, by which an NFS server names them. */
static bool
has_handles(const char *folder)
{
    struct file_handle handle = {0};
    int mount_id;
    return name_to_handle_at(AT_FDCWD, folder, &handle, &mount_id, 0) == 0 || errno == EOVERFLOW;
}

/* The server exports only what it finds among the mounts, and the root of a chroot is none: so the
 * export is a mount of its own. Where the folder's files have no handles (overlayfs in a
 * container), it is a file system in memory, which ganesha 4 exports and ganesha 6 does not. */
static bool
mount_export(const char *folder, GError **error)
{
    g_autofree char *export = g_build_filename(folder, NFS_FOLDER, NULL);
    if (!folder_make(export, error))
        return false;
    nfs_unmount(folder); /* what a daemon that was killed has left */
    int status = has_handles(export) ? mount(export, export, NULL, MS_BIND, NULL)
                                     : mount("steel-lab", export, "tmpfs", MS_NOSUID | MS_NODEV,
                                             "size=256m,mode=755");
    return status == 0 ||
           steel_fail(error, STEEL_ERROR_IO, "cannot mount %s: %s", export, g_strerror(errno));
}

static bool
write_config(const char *folder, const char *address, uint16_t port, GError **error)
{
    g_autofree char *path = g_build_filename(folder, CONFIG_FILE, NULL);
    g_autofree char *text = nfs_config(folder, address, port);
    g_autofree char *recovery = g_build_filename(folder, RECOVERY_FOLDER, NULL);
    return write_file(path, text, 0600, error) && folder_make(recovery, error) &&
           mount_export(folder, error);
}

/* Without the table the server starts and exports nothing. */
static bool
check_mount_table(GError **error)
{
    return access("/etc/mtab", R_OK) == 0 ||
           steel_fail(error, STEEL_ERROR_NOT_FOUND,
                      "nfs-ganesha looks for file systems in /etc/mtab, which is missing; make it "
                      "with: ln -s ../proc/self/mounts /etc/mtab");
}

NfsServer *
nfs_start(const char *folder, const char *address, uint16_t port, int network_namespace,
          GError **error)
{
    g_autoptr(NfsServer) server = g_new0(NfsServer, 1);
    server->folder = g_strdup(folder);
    if (check_mount_table(error) && write_config(folder, address, port, error) &&
        spawn(server, network_namespace, error) && wait_ready(server, error))
        return g_steal_pointer(&server);
    g_prefix_error(error, "starting the NFS server: ");
    return NULL;
}

void
nfs_free(NfsServer *server)
{
    if (server == NULL)
        return;
    process_end(server->pid, SIGKILL, 0); /* no client is left, and it has nothing to save */
    nfs_unmount(server->folder);
    g_free(server->folder);
    g_free(server);
}

static bool
make_folders(const char *root, GError **error)
{
    static const char *const names[] = {"",     "bin", "dev",  "etc", "mnt", "proc",
                                        "root", "run", "sbin", "sys", "tmp"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(root, names[i], NULL);
        if (g_mkdir_with_parents(path, 0755) != 0)
            return steel_fail(error, STEEL_ERROR_IO, "cannot make %s: %s", path, g_strerror(errno));
    }
    return true;
}

static bool
copy_busybox(const char *root, GError **error)
{
    g_autofree char *busybox = process_find("busybox");
    g_autofree char *to = g_build_filename(root, "bin", "busybox", NULL);
    g_autofree char *shell = g_build_filename(root, "bin", "sh", NULL);
    if (busybox == NULL)
        return steel_fail(error, STEEL_ERROR_NOT_FOUND,
                          "busybox is not installed (package busybox-static)");
    const char *argv[] = {"install", "-m", "755", "--", busybox, to, NULL};
    ProcessSpec spec = {.argv = argv};
    if (!process_run(&spec, NULL, error))
        return false;
    return symlink("busybox", shell) == 0 ||
           steel_fail(error, STEEL_ERROR_IO, "cannot make %s: %s", shell, g_strerror(errno));
}

bool
nfs_make_root(const char *folder, const char *name, GError **error)
{
    g_autofree char *root = g_build_filename(folder, NFS_FOLDER, name, NULL);
    g_autofree char *init = g_build_filename(root, "sbin", "init", NULL);
    return make_folders(root, error) && copy_busybox(root, error) &&
           write_file(init, lab_guest_init, 0755, error);
}

void
nfs_reap(NfsServer *server)
{
    if (server->pid == 0 || waitpid(server->pid, NULL, WNOHANG) != server->pid)
        return;
    server->pid = 0;
    log_error("lab.nfs", "ganesha.nfsd has ended; see %s/" LOG_FILE, server->folder);
}
