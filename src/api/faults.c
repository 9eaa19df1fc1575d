/* Error answers; the contract is in faults.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/faults.h"

#include "common/json_text.h"

const char *
fault_title(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } rows[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {409, "Conflict"},
        {413, "Request Entity Too Large"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].status == status)
            return rows[i].title;
    return "Internal Server Error";
}

static GString *
wrapped(GString *inner)
{
    GString *out = g_string_sized_new(inner->len + inner->len / 8 + 32);
    g_string_append(out, "{\"error_message\":");
    json_text_append_string_size(out, inner->str, inner->len);
    g_string_append_c(out, '}');
    g_string_free(inner, TRUE);
    return out;
}

GString *
fault_from_error(const GError *error, unsigned *status)
{
    *status = (unsigned)steel_error_info(error)->http_status;
    GString *inner = g_string_new("{\"faultcode\":");
    json_text_append_string(inner, *status < 500 ? "Client" : "Server");
    g_string_append(inner, ",\"faultstring\":");
    /* Messages may repeat bytes from outside, and an answer must be valid UTF-8. */
    g_autofree char *message =
        g_utf8_make_valid(error != NULL ? error->message : "unknown error", -1);
    json_text_append_string(inner, message);
    g_string_append(inner, ",\"debuginfo\":null}");
    return wrapped(inner);
}

GString *
fault_from_routing(unsigned status, const char *description)
{
    GString *inner = g_string_new(NULL);
    g_string_append_printf(inner, "{\"code\":%u,\"title\":", status);
    json_text_append_string(inner, fault_title(status));
    g_string_append(inner, ",\"description\":");
    g_autofree char *text = g_utf8_make_valid(description, -1);
    json_text_append_string(inner, text);
    g_string_append_c(inner, '}');
    return wrapped(inner);
}
