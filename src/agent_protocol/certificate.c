/* A self-signed certificate, with GnuTLS; the contract is in certificate.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent_protocol/certificate.h"

#include "common/secret.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SKEW_S = 3600, VALID_S = 90 * 24 * 3600 };

#define COMMON_NAME "steel-agent"

/* The address in a certificate's form. Returns its size; 0 if the text is no address. */
static unsigned
address_bytes(const char *address, unsigned char bytes[16])
{
    if (inet_pton(AF_INET, address, bytes) == 1)
        return 4;
    return inet_pton(AF_INET6, address, bytes) == 1 ? 16 : 0;
}

/* Sets all fields of the certificate. Returns 0 or GnuTLS's code. */
static int
fill(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, const unsigned char *address,
     unsigned address_size)
{
    unsigned char serial[16];
    time_t now = time(NULL);
    secret_random(serial, sizeof serial);
    serial[0] &= 0x7f; /* a positive number */
    int code = gnutls_x509_crt_set_version(certificate, 3);
    if (code >= 0)
        code = gnutls_x509_crt_set_serial(certificate, serial, sizeof serial);
    if (code >= 0)
        code = gnutls_x509_crt_set_activation_time(certificate, now - SKEW_S);
    if (code >= 0)
        code = gnutls_x509_crt_set_expiration_time(certificate, now + VALID_S);
    if (code >= 0)
        code = gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0,
                                             COMMON_NAME, sizeof COMMON_NAME - 1);
    if (code >= 0)
        code = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, address,
                                                    address_size, GNUTLS_FSAN_SET);
    if (code >= 0)
        code = gnutls_x509_crt_set_key(certificate, key);
    if (code >= 0)
        code = gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0);
    return code;
}

static bool
write_file(const char *path, const char *text, mode_t mode, GError **error)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    size_t size = strlen(text);
    bool good = fd >= 0 && write(fd, text, size) == (ssize_t)size;
    if (!good)
        steel_fail(error, STEEL_ERROR_IO, "%s cannot be written: %s", path, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return good;
}

/* Both as PEM; allocated by GnuTLS. */
static int export(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key,
                  gnutls_datum_t *certificate_text, gnutls_datum_t *key_text)
{
    int code = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, certificate_text);
    return code < 0 ? code
                    : gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
                                                        GNUTLS_PKCS_PLAIN, key_text);
}

static int
make(const unsigned char *address, unsigned address_size, gnutls_datum_t *certificate_text,
     gnutls_datum_t *key_text)
{
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
    if (gnutls_x509_privkey_init(&key) < 0 || gnutls_x509_crt_init(&certificate) < 0)
        g_error("GnuTLS has no memory");
    int code = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                            GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    if (code >= 0)
        code = fill(certificate, key, address, address_size);
    if (code >= 0)
        code = export(certificate, key, certificate_text, key_text);
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
    return code;
}

bool
certificate_make_text(const char *address, char **certificate, char **key, GError **error)
{
    unsigned char bytes[16];
    unsigned size = address_bytes(address, bytes);
    gnutls_datum_t certificate_text = {0}, key_text = {0};
    if (size == 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "'%s' is no address to make a certificate for", address);
    int code = make(bytes, size, &certificate_text, &key_text);
    if (code < 0)
        steel_fail(error, STEEL_ERROR_INTERNAL, "the certificate cannot be made: %s",
                   gnutls_strerror(code));
    else
        *certificate = g_strndup((const char *)certificate_text.data, certificate_text.size);
    if (code >= 0)
        *key = g_strndup((const char *)key_text.data, key_text.size);
    secret_wipe(key_text.data, key_text.size);
    gnutls_free(key_text.data);
    gnutls_free(certificate_text.data);
    return code >= 0;
}

char *
certificate_make(const char *address, const char *certificate_path, const char *key_path,
                 GError **error)
{
    g_autofree char *certificate = NULL;
    char *key = NULL;
    bool good = certificate_make_text(address, &certificate, &key, error) &&
                write_file(certificate_path, certificate, 0644, error) &&
                write_file(key_path, key, 0600, error);
    secret_free(key);
    return good ? g_steal_pointer(&certificate) : NULL;
}
