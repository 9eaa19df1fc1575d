/* What a service says when it does not do what it was asked: JSON of one shape or another, HTML, or
 * a line of text. Untrusted: bounded, and without control characters.
 *
 * Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/http_client.h"

enum { ANSWER_WORDS_LIMIT = 300 }; /* bytes */

/* The service's own words, or "no reason given"; the caller frees. */
char *answer_words(const HttpResponse *response);
