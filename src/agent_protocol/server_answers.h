/* The documents of the agent's API. Any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>
#include <microhttpd.h>
#include <stdint.h>

/* The documents of / and /v1/, new references. base: the agent's own URL,
 * "https://192.0.2.1:9999". */
json_t *answer_root(const char *base);
json_t *answer_v1(const char *base);

/* A response with this document; takes the reference. NULL if there is no memory. */
struct MHD_Response *answer_json(json_t *value);

/* {"faultcode": "Client" | "Server", "faultstring": text} */
struct MHD_Response *answer_fault(unsigned status, const char *text);

/* A response with a part of the log; end: the offset of its end, for X-Log-Offset. */
struct MHD_Response *answer_log(const char *text, uint64_t end);
