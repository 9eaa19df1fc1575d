/* The shared libraries that a program needs, with its loader.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

/* Asks the system's loader, which lists them without running the program.
 *
 * Returns  paths as the loader looks for them ("/lib/x86_64-linux-gnu/libc.so.6"), sorted, owned
 *          strings; empty for a program that needs none; NULL on failure
 * Errors   NOT_FOUND (a library is missing, no loader), PROCESS, TIMEOUT */
GPtrArray *libraries_of(const char *program, GError **error);

/* The paths in what the loader says; NULL with NOT_FOUND naming what is missing. Pure. */
GPtrArray *libraries_parse(const char *output, GError **error);
