/* Errors travel as GError values of one domain; error.def is the only list of codes.
 *
 * Rules: a function returns false or NULL if and only if it sets the error, and leaves its
 * out-parameters untouched then. The lowest function says what happened in the device's own words;
 * each caller puts in front what it was doing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef enum SteelErrorCode {
#define ERROR_ROW(code, class_name, http_status, retryable) STEEL_ERROR_##code,
#include "common/error.def"
#undef ERROR_ROW
    STEEL_ERROR_COUNT
} SteelErrorCode;

/* What the table says of one code. All strings are static. */
typedef struct SteelErrorInfo {
    const char *code;       /* as in error.def, e.g. "LOCKED" */
    const char *class_name; /* Ironic's exception class */
    int http_status;
    bool retryable;
} SteelErrorInfo;

GQuark steel_error_quark(void);

/* The row of a code; any thread. An error of another domain, and NULL, count as INTERNAL. */
const SteelErrorInfo *steel_error_info(const GError *error);

/* True when the error is ours and its row says that trying again may help. */
bool steel_error_retryable(const GError *error);

/* Sets an error and returns false, so that a failing function is one line:
 *     return steel_fail(error, STEEL_ERROR_INVALID, "limit must be at least 1, not %d", limit);
 */
bool steel_fail(GError **error, SteelErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Appends what a person can do: "<message>; <advice>". The code stays. */
void steel_advise(GError **error, const char *advice);

/* True when the error carries this code. */
static inline bool
steel_error_is(const GError *error, SteelErrorCode code)
{
    return g_error_matches(error, steel_error_quark(), (int)code);
}
