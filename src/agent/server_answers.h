/* Documents that the agent's API answers with. Any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>
#include <microhttpd.h>
#include <stdint.h>

/* base  "https://192.0.2.1:9999" */
json_t *answer_root(const char *base);
json_t *answer_v1(const char *base);

/* A response; takes the reference. NULL when there is no memory. */
struct MHD_Response *answer_json(json_t *value);

/* {"faultcode": "Client" | "Server", "faultstring": text} */
struct MHD_Response *answer_fault(unsigned status, const char *text);

/* A part of the log, and where it ends. */
struct MHD_Response *answer_log(const char *text, uint64_t end);
