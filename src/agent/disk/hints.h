/* Which disk is meant: root device hints, matched as Ironic matches them.
 *
 * A hint is a text "[operator] value" (or a number, or a boolean). Operators: "=" (at least, of
 * numbers), "==", "!=", ">=", "<=", ">", "<" for numbers; "s==", "s!=", "s<", "s<=", "s>", "s>="
 * for texts; "<in> part", "<all-in> part part", "<or> this <or> that". Without one: "==" for size,
 * "s==" for texts. Texts are compared in lower case. size is in GiB, cut.
 *
 * Pure; any thread. SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <jansson.h>

/* Whether a disk (as disks_list has it) has all that the hints say. A value that the disk does not
 * tell matches nothing.
 * Errors: INVALID naming the hint that is not known or has a wrong value. */
bool hints_match(const json_t *hints, const json_t *disk, bool *match,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Hints from "key=value,key=value", as the kernel's command line has them; a new reference. */
json_t *hints_parse(const char *text);
