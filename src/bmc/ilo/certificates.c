/* Certificates of an iLO 5: its own for HTTPS, and those of authorities that its machine's firmware
 * trusts; the contract is in ilo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include "common/json_text.h"

static const char own[] = "an HTTPS certificate to change",
                  authorities[] = "authorities that its machine's firmware trusts";

static json_t *
https_certificate(const Ilo *ilo, GError **error)
{
    json_auto_t *service = ilo_security_service(ilo, own, error);
    return service == NULL
               ? NULL
               : ilo_follow(ilo, service, "Links/HttpsCert/@odata.id", own, NULL, error);
}

/* Takes the body. */
static bool
act(const Ilo *ilo, const char *action, json_t *body, GError **error)
{
    json_auto_t *taken = body, *resource = https_certificate(ilo, error);
    if (resource == NULL)
        return false;
    g_autofree char *path = g_strdup_printf("Actions/#HpeHttpsCert.%s/target", action);
    const char *target = ilo_require_text(resource, path, own, error);
    return target != NULL && ilo_post(ilo, target, json_incref(taken), error);
}

bool
ilo_request_certificate(const Ilo *ilo, const json_t *names, GError **error)
{
    return act(ilo, "GenerateCSR", json_deep_copy(names), error);
}

bool
ilo_get_certificate_request(const Ilo *ilo, char **pem, GError **error)
{
    json_auto_t *resource = https_certificate(ilo, error);
    const char *text = json_string_member(resource, "CertificateSigningRequest");
    *pem = text != NULL && *text != '\0' ? g_strdup(text) : NULL;
    return resource != NULL;
}

bool
ilo_import_certificate(const Ilo *ilo, const char *pem, GError **error)
{
    return act(ilo, "ImportCertificate", json_pack("{s:s}", "Certificate", pem), error);
}

/* ---- authorities ---- */

static json_t *
tls_config(const Ilo *ilo, GError **error)
{
    if (ilo->dialect == NULL || !ilo->dialect->actions) {
        ilo_lacks(error, authorities);
        return NULL;
    }
    json_auto_t *bios =
        ilo_require_uefi(ilo, "trusting authorities", error) ? ilo_bios(ilo, error) : NULL;
    return bios == NULL ? NULL
                        : ilo_follow(ilo, bios, "Oem/Hpe/Links/TlsConfig/@odata.id", authorities,
                                     NULL, error);
}

json_t *
ilo_get_authorities(const Ilo *ilo, GError **error)
{
    json_auto_t *config = tls_config(ilo, error);
    json_t *prints = config == NULL ? NULL : json_array();
    const json_t *list = json_object_get(config, "Certificates"), *item;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)list, i, item)
    {
        json_t *print = json_object_get(item, "FingerPrint");
        if (json_is_string(print))
            json_array_append(prints, print);
    }
    return prints;
}

/* Puts {list: [{member: value}, ...]}. */
static bool
change(const Ilo *ilo, const char *list, const char *member, const json_t *values, GError **error)
{
    json_auto_t *config = tls_config(ilo, error);
    const char *uri = config == NULL
                          ? NULL
                          : ilo_require_text(config, ilo->dialect->settings, authorities, error);
    if (uri == NULL)
        return false;
    json_t *rows = json_array(), *value;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)values, i, value)
    {
        json_array_append_new(rows, json_pack("{s:O}", member, value));
    }
    json_auto_t *body = json_pack("{s:o}", list, rows);
    return ilo_request(ilo, "PUT", uri, body, NULL, NULL, error);
}

bool
ilo_remove_authorities(const Ilo *ilo, const json_t *prints, GError **error)
{
    return change(ilo, "DeleteCertificates", "FingerPrint", prints, error);
}

/* An iLO takes certificates whose lines end as proliantutils writes them: by CR LF, but the
 * last. */
static json_t *
with_line_ends(const json_t *pems)
{
    json_t *texts = json_array(), *pem;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)pems, i, pem)
    {
        g_autofree char *bare = g_strdup(json_string_value(pem));
        g_auto(GStrv) lines = g_strsplit(g_strchomp(bare), "\n", -1);
        g_autofree char *text = g_strjoinv("\r\n", lines);
        json_array_append_new(texts, json_string(text));
    }
    return texts;
}

bool
ilo_add_authorities(const Ilo *ilo, const json_t *pems, GError **error)
{
    json_auto_t *texts = with_line_ends(pems);
    return change(ilo, "NewCertificates", "X509Certificate", texts, error);
}
