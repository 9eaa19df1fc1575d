/* Content of injected files that comes from a URL. SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"

/* Of one file. */
#define INJECT_URL_LIMIT (UINT64_C(1) << 30)

/* What a URL of a deploy template says for a node: "{node[uuid]}", "{node[properties][cpus]}",
 * "{ports[0][address]}" are replaced, "{{" and "}}" are braces. The caller frees. Pure.
 * Errors: INVALID naming what is not there, or is neither a text nor a number */
char *inject_url_expand(const char *text, const json_t *node, const json_t *ports,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes the content of an http:// or https:// URL into an open file; nothing of it is kept in
 * memory. verified: check the server's certificate, as far as ipa-insecure does not forbid it.
 * Blocks. Errors: INVALID (the URL), HTTP, TOO_LARGE, IO, CANCELLED */
bool inject_url_write(const Agent *agent, const char *url, bool verified, int fd,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
