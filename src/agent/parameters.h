/* What the agent was told when its machine booted: "name=value" words of the kernel's command line,
 * then of virtual media, which wins. Immutable once read; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include "model/agent_protocol.h"

#include <stddef.h>
#include <stdint.h>

typedef struct Parameters Parameters;

/* No more is read of a text. */
#define PARAMETERS_TEXT_LIMIT (64u * 1024)

Parameters *parameters_new(void);
/* Frees, and wipes secrets; NULL is fine. */
void parameters_free(Parameters *parameters);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Parameters, parameters_free)

/* Takes the words of a text over; names it does not know are ignored, quotes around a value with
 * blanks are taken off, the last of several wins.
 * Errors: INVALID when a known one has a value of the wrong type; it names it, and keeps what it
 * had before. The others are taken over nevertheless. */
bool parameters_read(Parameters *parameters, const char *text, size_t size, GError **error);

/* The value as a text, or NULL. Borrowed. */
const char *parameters_string(const Parameters *parameters, AgentParameter parameter);
/* 0 where there is no value. */
int64_t parameters_integer(const Parameters *parameters, AgentParameter parameter);
bool parameters_boolean(const Parameters *parameters, AgentParameter parameter);
