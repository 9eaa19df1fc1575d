/* The certificate of simulated BMCs; the contract is in certificate.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/certificate.h"

#include "common/secret.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

#define NAME "steel-lab BMC"
#define DAY_S (24 * 3600)
#define VALID_DAYS 3650

static int
name_addresses(gnutls_x509_crt_t certificate, const char *const *addresses)
{
    int code = 0;
    for (; code >= 0 && *addresses != NULL; addresses++) {
        struct in_addr address;
        if (inet_pton(AF_INET, *addresses, &address) == 1)
            code = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, &address,
                                                        sizeof address, GNUTLS_FSAN_APPEND);
    }
    return code;
}

static int
fill(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, const char *const *addresses,
     RedfishCertificateFault fault)
{
    static const char *const others[] = {"192.0.2.1", NULL}; /* RFC 5737: nobody's */
    bool expired = fault == REDFISH_CERTIFICATE_EXPIRED;
    unsigned char serial[8];
    secret_random(serial, sizeof serial);
    serial[0] &= 0x7f; /* a positive number */
    time_t now = time(NULL);
    int codes[] = {
        gnutls_x509_crt_set_version(certificate, 3),
        gnutls_x509_crt_set_serial(certificate, serial, sizeof serial),
        gnutls_x509_crt_set_activation_time(certificate, now - 2 * DAY_S),
        gnutls_x509_crt_set_expiration_time(
            certificate, expired ? now - DAY_S : now + (time_t)VALID_DAYS * DAY_S),
        gnutls_x509_crt_set_dn(certificate, "CN=" NAME, NULL),
        gnutls_x509_crt_set_key(certificate, key),
        gnutls_x509_crt_set_basic_constraints(certificate, 1, -1),
        gnutls_x509_crt_set_key_usage(certificate,
                                      GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_CERT_SIGN),
        name_addresses(certificate, fault == REDFISH_CERTIFICATE_OTHER_NAME ? others : addresses),
        gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0),
    };
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
        if (codes[i] < 0)
            return codes[i];
    return 0;
}

static bool
write_file(const char *path, const gnutls_datum_t *text, GError **error)
{
    g_autoptr(GError) cause = NULL;
    return g_file_set_contents_full(path, (const char *)text->data, text->size,
                                    G_FILE_SET_CONTENTS_CONSISTENT, 0600, &cause) ||
           steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
}

static bool
write_pair(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, const char *certificate_file,
           const char *key_file, GError **error)
{
    gnutls_datum_t text = {0}, secret = {0};
    int code = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &text);
    if (code >= 0)
        code = gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &secret);
    bool good =
        code >= 0
            ? write_file(certificate_file, &text, error) && write_file(key_file, &secret, error)
            : steel_fail(error, STEEL_ERROR_IO, "a certificate of BMCs: %s", gnutls_strerror(code));
    secret_wipe(secret.data, secret.size);
    gnutls_free(text.data);
    gnutls_free(secret.data);
    return good;
}

bool
redfish_certificate_fault(const char *word, RedfishCertificateFault *fault)
{
    static const char *const words[] = {[REDFISH_CERTIFICATE_GOOD] = "good",
                                        [REDFISH_CERTIFICATE_EXPIRED] = "expired",
                                        [REDFISH_CERTIFICATE_OTHER_NAME] = "other-name"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(word != NULL ? word : words[0], words[i]) == 0) {
            *fault = (RedfishCertificateFault)i;
            return true;
        }
    return false;
}

bool
redfish_certificate_write(const char *certificate_file, const char *key_file,
                          const char *const *addresses, RedfishCertificateFault fault,
                          GError **error)
{
    gnutls_x509_privkey_t key = NULL;
    gnutls_x509_crt_t certificate = NULL;
    int code = gnutls_x509_privkey_init(&key);
    if (code >= 0)
        code = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                            GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    if (code >= 0)
        code = gnutls_x509_crt_init(&certificate);
    if (code >= 0)
        code = fill(certificate, key, addresses, fault);
    bool good = code >= 0 ? write_pair(certificate, key, certificate_file, key_file, error)
                          : steel_fail(error, STEEL_ERROR_IO, "a certificate of BMCs: %s",
                                       gnutls_strerror(code));
    if (certificate != NULL)
        gnutls_x509_crt_deinit(certificate);
    if (key != NULL)
        gnutls_x509_privkey_deinit(key);
    return good;
}
