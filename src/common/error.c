/* The error table and its functions; the contract is in error.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/error.h"

static const SteelErrorInfo infos[STEEL_ERROR_COUNT] = {
#define ERROR_ROW(code, class_name, http_status, retryable)                                        \
    [STEEL_ERROR_##code] = {#code, class_name, http_status, retryable},
#include "common/error.def"
#undef ERROR_ROW
};

/* g_quark_from_static_string is thread-safe and idempotent. */
GQuark
steel_error_quark(void)
{
    return g_quark_from_static_string("steel-error");
}

const SteelErrorInfo *
steel_error_info(const GError *error)
{
    if (error == NULL || error->domain != steel_error_quark() || error->code < 0 ||
        error->code >= STEEL_ERROR_COUNT)
        return &infos[STEEL_ERROR_INTERNAL];
    return &infos[error->code];
}

bool
steel_error_retryable(const GError *error)
{
    return error != NULL && steel_error_info(error)->retryable;
}

bool
steel_fail(GError **error, SteelErrorCode code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    GError *created = g_error_new_valist(steel_error_quark(), (int)code, format, arguments);
    va_end(arguments);
    g_propagate_error(error, created);
    return false;
}

void
steel_advise(GError **error, const char *advice)
{
    g_autofree char *before = error != NULL ? (*error)->message : NULL;
    if (error != NULL)
        (*error)->message = g_strconcat(before, "; ", advice, NULL);
}
