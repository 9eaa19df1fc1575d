/* The agent's parameters: "name=value" words of the kernel's command line and of virtual media,
 * where the latter win. Immutable once read; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include "model/agent_protocol.h"

#include <stddef.h>
#include <stdint.h>

typedef struct Parameters Parameters;

/* Bytes read from one text at most. */
#define PARAMETERS_TEXT_LIMIT (64u * 1024)

Parameters *parameters_new(void);
/* Frees, and wipes secrets; NULL is fine. */
void parameters_free(Parameters *parameters);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Parameters, parameters_free)

/* Reads the words of a text. Ignores unknown names; removes quotes around a value with blanks; the
 * last of several values wins. Errors: INVALID naming a parameter whose value has the wrong type.
 * That parameter keeps its old value; the others are set all the same. */
bool parameters_read(Parameters *parameters, const char *text, size_t size, GError **error);

/* The value as a text, or NULL if absent. Borrowed. */
const char *parameters_string(const Parameters *parameters, AgentParameter parameter);
/* 0 if there is no value. */
int64_t parameters_integer(const Parameters *parameters, AgentParameter parameter);
bool parameters_boolean(const Parameters *parameters, AgentParameter parameter);
