/* Mistakes in files, collected so that one error reports all of them. One thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stdint.h>

typedef struct Mistakes Mistakes;

Mistakes *mistakes_new(void);
void mistakes_free(Mistakes *mistakes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mistakes, mistakes_free)

/* Adds one. After a hundred they are only counted. */
void mistakes_note(Mistakes *mistakes, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Adds what an error says, each line of its own; frees the error. NULL is fine. */
void mistakes_take(Mistakes *mistakes, GError *error);

/* True without mistakes. Otherwise sets the error: a line for each, those of one file in the order
 * of its lines.
 * Errors: the code of the only mistake; CONFIG for several. */
bool mistakes_report(const Mistakes *mistakes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
