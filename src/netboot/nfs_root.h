/* Where a machine's root file system on NFS is, as instance_info nfs_root says it:
 * "server:/path[,option,...]", the kernel's own form of nfsroot= with the server named.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <jansson.h>

#define NFS_ROOT_LIMIT 500 /* characters; the kernel's command line has room for it */

/* Reads and checks it. The server is a name, an IPv4 address, or an IPv6 address in brackets; path
 * and options have only characters that mean nothing to boot loaders. Returns the text for
 * nfsroot=, owned by the caller; NULL on failure. Pure.
 * Errors: INVALID with what is expected. */
char *nfs_root_read(const json_t *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
