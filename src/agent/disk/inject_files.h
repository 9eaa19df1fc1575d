/* Puts files into what was written to a disk. SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"

/* All borrowed. */
typedef struct InjectCall {
    Agent *agent;
    const char *disk; /* "/dev/sda", the one that was deployed to */
    const json_t *node, *ports;
    bool verified; /* check the certificates of servers */
} InjectCall;

/* Puts one file where it is said: mounts the partition, and takes it away again.
 *
 * file  {"path": absolute, "partition": number or name of GPT (without it, the partition that has
 *       the first folder of the path), "content": base64 (empty without) or a URL that may
 *       have values of the node in it (inject_url.h), "deleted": bool, "mode",
 *       "dirmode": integer or octal text, "owner", "group": numbers}; folders that are missing are
 *       made. Links in the path lead inside the partition, wherever they point.
 * Errors INVALID (of the file: it names the key), NOT_FOUND (no such partition), IO,
 *        those of inject_url_write */
bool inject_file(const InjectCall *call, const json_t *file,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
