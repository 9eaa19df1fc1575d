/* Commands about the traits of something: the command's path is that of its traits. Columns and
 * words are those of `baremetal`.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/rows.h"

/* The `run` of commands: GET the traits, PUT each positional argument but the first, DELETE each of
 * them or, with --all, all. */
bool traits_list_run(Context *context, GError **error);
bool traits_add_run(Context *context, GError **error);
bool traits_remove_run(Context *context, GError **error);
