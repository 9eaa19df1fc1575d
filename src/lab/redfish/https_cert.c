/* The HTTPS certificate of a simulated iLO 5: it makes a request for one, and takes what comes of
 * it. The BMC keeps the certificate that it serves with. The contract is in inside.h.
 *
 * Source: HPE iLO 5 Redfish API reference, HpeHttpsCert.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"
#include "common/time_text.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#define ACTION "HpeHttpsCert.GenerateCSR"

static const struct {
    const char *parameter, *oid;
    bool required;
} names[] = {
    {"Country",    GNUTLS_OID_X520_COUNTRY_NAME,             false},
    {"State",      GNUTLS_OID_X520_STATE_OR_PROVINCE_NAME,   true},
    {"City",       GNUTLS_OID_X520_LOCALITY_NAME,            true},
    {"OrgName",    GNUTLS_OID_X520_ORGANIZATION_NAME,        true},
    {"OrgUnit",    GNUTLS_OID_X520_ORGANIZATIONAL_UNIT_NAME, false},
    {"CommonName", GNUTLS_OID_X520_COMMON_NAME,              true},
};

static json_t *
text_of(gnutls_datum_t *text)
{
    json_t *value = json_stringn((const char *)text->data, text->size);
    gnutls_free(text->data);
    return value;
}

/* What tells a key; the caller frees. NULL: an error. */
static char *
key_id(gnutls_x509_crq_t request, gnutls_x509_crt_t certificate)
{
    unsigned char id[64];
    size_t size = sizeof id;
    int code = request != NULL ? gnutls_x509_crq_get_key_id(request, 0, id, &size)
                               : gnutls_x509_crt_get_key_id(certificate, 0, id, &size);
    return code < 0 ? NULL : g_compute_checksum_for_data(G_CHECKSUM_SHA256, id, size);
}

/* ---- a request ---- */

static int
name_request(gnutls_x509_crq_t request, const json_t *wanted)
{
    int code = 0;
    for (size_t i = 0; code >= 0 && i < G_N_ELEMENTS(names); i++) {
        const char *value = json_string_member(wanted, names[i].parameter);
        if (value != NULL && *value != '\0')
            code = gnutls_x509_crq_set_dn_by_oid(request, names[i].oid, 0, value,
                                                 (unsigned)strlen(value));
    }
    return code;
}

static int
fill_request(gnutls_x509_crq_t request, gnutls_x509_privkey_t key, const json_t *wanted)
{
    int codes[] = {
        gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
        gnutls_x509_crq_set_version(request, 1),
        name_request(request, wanted),
        gnutls_x509_crq_set_key(request, key),
        gnutls_x509_crq_sign2(request, key, GNUTLS_DIG_SHA256, 0),
    };
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
        if (codes[i] < 0)
            return codes[i];
    return 0;
}

static bool make_request(RedfishCall *call) REQUIRES(call->bmc->lock);

static bool
make_request(RedfishCall *call)
{
    gnutls_x509_privkey_t key;
    gnutls_x509_crq_t request;
    gnutls_datum_t text = {NULL, 0};
    gnutls_x509_privkey_init(&key);
    gnutls_x509_crq_init(&request);
    bool made = fill_request(request, key, call->body) >= 0 &&
                gnutls_x509_crq_export2(request, GNUTLS_X509_FMT_PEM, &text) >= 0;
    g_autofree char *id = made ? key_id(request, NULL) : NULL;
    if (made) {
        redfish_state_set(call->bmc->state, "https_cert.request", redfish_https_pending(call));
        redfish_state_set(call->bmc->state, "https_cert.next", text_of(&text));
        redfish_state_set(call->bmc->state, "https_cert.key_id", json_string(id));
    }
    gnutls_x509_crq_deinit(request);
    gnutls_x509_privkey_deinit(key);
    return made;
}

void
redfish_https_request(RedfishCall *call)
{
    int64_t due_ms = time_monotonic_ms() + call->bmc->knobs[REDFISH_KNOB_TASK_MS];
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (names[i].required && json_string_member(call->body, names[i].parameter) == NULL) {
            redfish_refuse(call, REDFISH_MESSAGE_PARAMETER_MISSING, NULL, ACTION,
                           names[i].parameter);
            return;
        }
    if (!make_request(call)) {
        redfish_refuse(call, REDFISH_MESSAGE_PARAMETER_FORMAT, NULL, "given", ACTION);
        return;
    }
    redfish_state_set(call->bmc->state, "https_cert.due_ms", json_integer(due_ms));
    redfish_refuse(call, REDFISH_MESSAGE_GENERATING_CERTIFICATE, NULL, NULL, NULL);
}

/* The last one stays until the next is made; null: there was none. */
json_t *
redfish_https_pending(const RedfishCall *call)
{
    json_int_t due_ms = json_integer_value(redfish_state(call->bmc, "https_cert.due_ms"));
    bool made = due_ms > 0 && time_monotonic_ms() >= due_ms;
    return json_deep_copy(
        redfish_state(call->bmc, made ? "https_cert.next" : "https_cert.request"));
}

/* ---- a certificate ---- */

static void take(RedfishBmc *bmc, gnutls_x509_crt_t certificate) REQUIRES(bmc->lock);

static void
take(RedfishBmc *bmc, gnutls_x509_crt_t certificate)
{
    gnutls_datum_t name = {NULL, 0};
    if (gnutls_x509_crt_get_dn3(certificate, &name, 0) >= 0)
        redfish_state_set(bmc->state, "https_cert.subject", text_of(&name));
    if (gnutls_x509_crt_get_issuer_dn3(certificate, &name, 0) >= 0)
        redfish_state_set(bmc->state, "https_cert.issuer", text_of(&name));
}

/* Of the key that the last request was made with. */
static bool is_answer(const RedfishBmc *bmc, gnutls_x509_crt_t certificate) REQUIRES(bmc->lock);

static bool
is_answer(const RedfishBmc *bmc, gnutls_x509_crt_t certificate)
{
    g_autofree char *id = key_id(NULL, certificate);
    return g_strcmp0(id, redfish_state_text(bmc, "https_cert.key_id")) == 0;
}

void
redfish_https_import(RedfishCall *call)
{
    const char *text = json_string_member(call->body, "Certificate");
    gnutls_x509_crt_t certificate;
    if (text == NULL) {
        redfish_refuse(call, REDFISH_MESSAGE_PARAMETER_MISSING, "#/Certificate",
                       "HpeHttpsCert.ImportCertificate", "Certificate");
        return;
    }
    gnutls_datum_t pem = {(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
    gnutls_x509_crt_init(&certificate);
    bool good = gnutls_x509_crt_import(certificate, &pem, GNUTLS_X509_FMT_PEM) >= 0 &&
                is_answer(call->bmc, certificate);
    if (good) {
        take(call->bmc, certificate);
        redfish_manager_silence(call->bmc);
        redfish_refuse(call, REDFISH_MESSAGE_CERTIFICATE_IMPORTED, NULL, NULL, NULL);
    } else {
        redfish_refuse(call, REDFISH_MESSAGE_CERTIFICATE_REFUSED, NULL, NULL, NULL);
    }
    gnutls_x509_crt_deinit(certificate);
}
