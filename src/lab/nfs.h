/* An NFS server of the lab's own: ganesha.nfsd from Debian's package nfs-ganesha, in user space,
 * NFS version 4 only, with one export that holds a root file system per server. Needs root. Main
 * thread only: it dies with the thread that started it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The folder of the export, within the lab's. */
#define NFS_FOLDER "nfs"
/* The server's other files in the lab's folder, as a list. */
#define NFS_FILES "ganesha.conf", "ganesha.log", "ganesha.pid", "ganesha-recovery"
/* The export's path, as clients name it. */
#define NFS_EXPORT "/nfsroot"

typedef struct NfsServer NfsServer;

/* Starts the server and waits until it listens, at most 10 s.
 *
 * folder              the lab's; copied. The export is NFS_FOLDER in it, a mount of its
 *                     own
 * address, port       where it listens
 * network_namespace   descriptor of the namespace it listens in, or 0
 * Errors              PROCESS (it has ended: the port is in use, or permission is missing),
 *                     TIMEOUT, IO
 */
NfsServer *nfs_start(const char *folder, const char *address, uint16_t port, int network_namespace,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the server and unmounts its export. NULL is fine. */
void nfs_free(NfsServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NfsServer, nfs_free)

/* Unmounts the export of a lab in this folder, where a daemon that was killed has left it. */
void nfs_unmount(const char *folder);

/* Makes the root file system of a server: the lab's guest, as NFS_FOLDER/name. Errors: IO,
 * NOT_FOUND (busybox). */
bool nfs_make_root(const char *folder, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The server's configuration; the caller frees. Pure. */
char *nfs_config(const char *folder, const char *address, uint16_t port);

/* Call it after SIGCHLD: logs it if the server has ended by itself. */
void nfs_reap(NfsServer *server);
