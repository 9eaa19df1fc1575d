/* The authorities that the firmware of a simulated iLO 5 machine trusts: they change at the next
 * POST. The contracts are in inside.h and bmc.h.
 *
 * Source: HPE iLO 5 Redfish API reference, HpeTlsConfig.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

/* The firmware takes what they hold: FIRMWARE_AUTHORITIES_LISTS_MAX. */
enum { CERTIFICATES_MAX = 32, CERTIFICATE_TEXT_MAX = 8 * 1024, FINGERPRINT_SIZE = 32 };

/* "AA:BB:..."; the caller frees. */
static char *
colon_hex(const unsigned char *bytes, size_t size)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < size; i++)
        g_string_append_printf(text, "%s%02X", i > 0 ? ":" : "", bytes[i]);
    return g_string_free(text, FALSE);
}

/* What is kept of a certificate: what the resource tells, and itself, without what stands around
 * it. NULL if it is none. */
static json_t *
describe(const char *text)
{
    gnutls_x509_crt_t certificate;
    unsigned char digest[FINGERPRINT_SIZE];
    size_t size = sizeof digest;
    json_t *row = NULL;
    gnutls_datum_t pem = {(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
    gnutls_datum_t subject = {NULL, 0}, plain = {NULL, 0};
    gnutls_x509_crt_init(&certificate);
    if (gnutls_x509_crt_import(certificate, &pem, GNUTLS_X509_FMT_PEM) >= 0 &&
        gnutls_x509_crt_get_fingerprint(certificate, GNUTLS_DIG_SHA256, digest, &size) >= 0 &&
        gnutls_x509_crt_get_dn3(certificate, &subject, 0) >= 0 &&
        gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &plain) >= 0 &&
        plain.size <= CERTIFICATE_TEXT_MAX) {
        g_autofree char *print = colon_hex(digest, size);
        g_autofree char *name = g_strndup((const char *)subject.data, subject.size);
        row = json_pack("{s:s, s:s, s:s%}", "FingerPrint", print, "Subject", name,
                        "X509Certificate", (const char *)plain.data, (size_t)plain.size);
    }
    gnutls_free(subject.data);
    gnutls_free(plain.data);
    gnutls_x509_crt_deinit(certificate);
    return row;
}

/* Its place in the list; the list's size if it is not there. */
static size_t
find_print(const json_t *list, const json_t *wanted)
{
    const char *print = json_string_member(wanted, "FingerPrint");
    size_t place = 0;
    while (place < json_array_size(list) &&
           g_strcmp0(json_string_member(json_array_get(list, place), "FingerPrint"), print) != 0)
        place++;
    return place;
}

/* False: it was refused. */
static bool collect_new(RedfishCall *call, json_t *added) REQUIRES(call->bmc->lock);

static bool
collect_new(RedfishCall *call, json_t *added)
{
    const json_t *list = json_object_get(call->body, "NewCertificates"), *item;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)list, i, item)
    {
        const char *text = json_string_member(item, "X509Certificate");
        json_t *row = text != NULL && i < CERTIFICATES_MAX ? describe(text) : NULL;
        if (row == NULL) {
            redfish_refuse(call, REDFISH_MESSAGE_PROPERTY_TYPE, "#/NewCertificates", "given",
                           "X509Certificate");
            return false;
        }
        json_array_append_new(added, row);
    }
    return true;
}

void
redfish_tls_put(RedfishCall *call)
{
    json_auto_t *added = json_array();
    json_t *removed = json_object_get(call->body, "DeleteCertificates"),
           *all = redfish_state(call->bmc, "tls.certificates");
    if (!collect_new(call, added))
        return;
    if (json_array_size(all) + json_array_size(added) > CERTIFICATES_MAX) {
        redfish_refuse(call, REDFISH_MESSAGE_LIMIT, NULL, NULL, NULL);
        return;
    }
    if (json_array_size(added) + json_array_size(removed) == 0) {
        redfish_refuse(call, REDFISH_MESSAGE_EMPTY_JSON, NULL, NULL, NULL);
        return;
    }
    redfish_state_set(call->bmc->state, "tls.pending",
                      json_pack("{s:O, s:O*}", "new", added, "delete", removed));
    redfish_refuse(call, REDFISH_MESSAGE_RESET_REQUIRED, NULL, NULL, NULL);
}

void
redfish_tls_apply(RedfishBmc *bmc)
{
    json_t *all = redfish_state(bmc, "tls.certificates");
    json_t *pending = redfish_state(bmc, "tls.pending"), *item;
    size_t i;
    json_array_foreach(json_object_get(pending, "delete"), i, item)
    {
        json_array_remove(all, find_print(all, item));
    }
    json_array_foreach(json_object_get(pending, "new"), i, item)
    {
        if (find_print(all, item) == json_array_size(all))
            json_array_append(all, item);
    }
    if (pending != NULL)
        redfish_state_set(bmc->state, "tls.pending", json_object());
}

json_t *
redfish_tls_certificates(const RedfishCall *call)
{
    json_t *told = json_deep_copy(redfish_state(call->bmc, "tls.certificates")), *row;
    size_t i;
    json_array_foreach(told, i, row)
    {
        json_object_del(row, "X509Certificate");
    }
    return told;
}

char *
redfish_bmc_authorities(RedfishBmc *bmc)
{
    GString *text = g_string_new(NULL);
    json_t *row;
    size_t i;
    lock_acquire(&bmc->lock);
    json_t *all = redfish_state(bmc, "tls.certificates");
    json_array_foreach(all, i, row)
    {
        g_string_append(text, json_string_member(row, "X509Certificate"));
    }
    lock_release(&bmc->lock);
    return g_string_free(text, FALSE);
}

json_t *
redfish_tls_count(const RedfishCall *call)
{
    return json_integer((json_int_t)json_array_size(redfish_state(call->bmc, "tls.certificates")));
}
