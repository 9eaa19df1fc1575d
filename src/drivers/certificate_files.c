/* Reads certificates with GnuTLS; the contract is in certificate_files.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/certificate_files.h"

#include "drivers/image_copies.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

enum { PRINT_SIZE = 32, CERTIFICATES_MAX = 512 };

/* What a visit does with each certificate; false ends it. */
typedef bool (*Visit)(void *user, gnutls_x509_crt_t certificate);

static char *
read_place(const char *place, GError **error)
{
    if (*place != '/')
        return image_copies_text(place, error);
    g_autofree char *url = g_strconcat("file://", place, NULL);
    return image_copies_text(url, error);
}

/* Calls `visit` with each certificate of a text. */
static bool
visit_text(const char *text, const char *place, Visit visit, void *user, GError **error)
{
    gnutls_x509_crt_t *list = NULL;
    unsigned count = 0;
    bool go_on = true;
    gnutls_datum_t pem = {(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
    int code = gnutls_x509_crt_list_import2(&list, &count, &pem, GNUTLS_X509_FMT_PEM, 0);
    if (code < 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "there is no valid certificate in %s: %s",
                          place, gnutls_strerror(code));
    for (unsigned i = 0; i < count; i++) {
        if (go_on && i < CERTIFICATES_MAX)
            go_on = visit(user, list[i]);
        gnutls_x509_crt_deinit(list[i]);
    }
    gnutls_free(list);
    return true;
}

static bool
certificate_take(void *user, gnutls_x509_crt_t certificate)
{
    char **pem = user;
    gnutls_datum_t text = {NULL, 0};
    if (gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &text) >= 0)
        *pem = g_strndup((const char *)text.data, text.size);
    gnutls_free(text.data);
    return false;
}

/* The caller frees; NULL: there is none. */
static char *
print_of(gnutls_x509_crt_t certificate)
{
    unsigned char digest[PRINT_SIZE];
    size_t size = sizeof digest;
    if (gnutls_x509_crt_get_fingerprint(certificate, GNUTLS_DIG_SHA256, digest, &size) < 0)
        return NULL;
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < size; i++)
        g_string_append_printf(text, "%s%02X", i > 0 ? ":" : "", digest[i]);
    return g_string_free(text, FALSE);
}

static bool
certificate_take_print(void *user, gnutls_x509_crt_t certificate)
{
    g_autofree char *print = print_of(certificate);
    if (print != NULL)
        json_array_append_new(user, json_string(print));
    return true;
}

static bool
certificate_take_both(void *user, gnutls_x509_crt_t certificate)
{
    g_autofree char *print = print_of(certificate), *pem = NULL;
    certificate_take(&pem, certificate);
    if (print != NULL && pem != NULL)
        json_object_set_new(user, print, json_string(pem));
    return true;
}

char *
certificate_file_read(const char *place, GError **error)
{
    char *pem = NULL;
    g_autofree char *text = read_place(place, error);
    return text != NULL && visit_text(text, place, certificate_take, &pem, error) ? pem : NULL;
}

bool
certificate_file_prints(const char *place, json_t *prints, GError **error)
{
    g_autofree char *text = read_place(place, error);
    return text != NULL && visit_text(text, place, certificate_take_print, prints, error);
}

static bool
visit_path(const char *path, Visit visit, void *user, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, &cause))
        return steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
    return visit_text(text, path, visit, user, error);
}

bool
certificate_path_prints(const char *path, json_t *prints, GError **error)
{
    return visit_path(path, certificate_take_print, prints, error);
}

bool
certificate_path_read(const char *path, json_t *certificates, GError **error)
{
    return visit_path(path, certificate_take_both, certificates, error);
}
