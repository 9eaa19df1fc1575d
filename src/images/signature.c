/* Signatures with libcrypto; the contract is in signature.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "images/signature.h"

#include "openstack/barbican.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

#define SIGNATURE_LIMIT ((size_t)8 << 10) /* base64; one of RSA with 16384 bits has 2732 */
#define CERTIFICATES_LIMIT 100

struct SignatureCheck {
    char *image, *certificate; /* IDs; owned, as all that follows */
    const EVP_MD *method;      /* borrowed from libcrypto */
    bool is_rsa;
    EVP_PKEY *key;
    EVP_MD_CTX *context;
    unsigned char *signature;
    size_t signature_size;
};

static const struct {
    const char *name, *method;
} methods[] = {
    {"SHA-224", "sha224"},
    {"SHA-256", "sha256"},
    {"SHA-384", "sha384"},
    {"SHA-512", "sha512"},
};

/* The names of libcrypto for a kind of key and its curve. */
static const struct {
    const char *name, *kind, *curve;
} key_types[] = {
    {"RSA-PSS",       "RSA", NULL},
    {"DSA",           "DSA", NULL},
    {"ECC_SECP384R1", "EC",  "secp384r1"},
    {"ECC_SECP521R1", "EC",  "secp521r1"},
    {"ECC_SECT409K1", "EC",  "sect409k1"},
    {"ECC_SECT409R1", "EC",  "sect409r1"},
    {"ECC_SECT571K1", "EC",  "sect571k1"},
    {"ECC_SECT571R1", "EC",  "sect571r1"},
};

static void
certificate_free(void *certificate)
{
    X509_free(certificate);
}

void
signature_check_free(SignatureCheck *check)
{
    if (check == NULL)
        return;
    EVP_MD_CTX_free(check->context);
    EVP_PKEY_free(check->key);
    g_free(check->signature);
    g_free(check->image);
    g_free(check->certificate);
    g_free(check);
}

/* ---- what the image says ---- */

static bool
is_complete(const GlanceImage *image, GError **error)
{
    const struct {
        const char *name, *value;
    } properties[] = {
        {"img_signature",                  image->img_signature},
        {"img_signature_hash_method",      image->img_signature_hash_method},
        {"img_signature_key_type",         image->img_signature_key_type},
        {"img_signature_certificate_uuid", image->img_signature_certificate_uuid},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(properties); i++)
        if (properties[i].value == NULL)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "image %s is not signed, which [glance]verify_glance_signatures "
                              "asks for: it has no property %s",
                              image->id, properties[i].name);
    return true;
}

static bool
read_signature(SignatureCheck *check, const GlanceImage *image, GError **error)
{
    gsize size = 0;
    guchar *bytes = strlen(image->img_signature) <= SIGNATURE_LIMIT
                        ? g_base64_decode(image->img_signature, &size)
                        : NULL;
    check->signature = bytes;
    check->signature_size = size;
    return size > 0 || steel_fail(error, STEEL_ERROR_INVALID,
                                  "the property img_signature of image %s is no base64", image->id);
}

static bool
find_method(SignatureCheck *check, const GlanceImage *image, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++)
        if (strcmp(methods[i].name, image->img_signature_hash_method) == 0)
            check->method = EVP_get_digestbyname(methods[i].method);
    return check->method != NULL ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "the property img_signature_hash_method of image %s is '%.40s', and none of "
                      "SHA-224, SHA-256, SHA-384, SHA-512",
                      image->id, image->img_signature_hash_method);
}

/* The row of the key's type; below 0: there is none. */
static int
find_key_type(const GlanceImage *image, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(key_types); i++)
        if (strcmp(key_types[i].name, image->img_signature_key_type) == 0)
            return (int)i;
    steel_fail(error, STEEL_ERROR_INVALID,
               "the property img_signature_key_type of image %s is '%.40s', and none of RSA-PSS, "
               "DSA, ECC_SECP384R1, ECC_SECP521R1, ECC_SECT409K1, ECC_SECT409R1, ECC_SECT571K1, "
               "ECC_SECT571R1",
               image->id, image->img_signature_key_type);
    return -1;
}

/* ---- certificates ---- */

X509 *
signature_certificate_read(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    X509 *certificate = size <= BARBICAN_PAYLOAD_LIMIT ? d2i_X509(NULL, &bytes, (long)size) : NULL;
    BIO *text = certificate == NULL && size <= BARBICAN_PAYLOAD_LIMIT
                    ? BIO_new_mem_buf(data, (int)size)
                    : NULL;
    if (text != NULL)
        certificate = PEM_read_bio_X509(text, NULL, NULL, NULL);
    BIO_free(text);
    return certificate;
}

static X509 *
fetch_certificate(const Openstack *openstack, const char *id, GError **error)
{
    OpenstackSession *session = openstack_service(openstack, OPENSTACK_BARBICAN, error);
    size_t size = 0;
    g_autofree char *data = session != NULL ? barbican_payload(session, id, &size, error) : NULL;
    X509 *certificate = data != NULL ? signature_certificate_read(data, size) : NULL;
    if (data != NULL && certificate == NULL)
        steel_fail(error, STEEL_ERROR_INVALID,
                   "secret %s in Barbican is no certificate (X.509, PEM or DER)", id);
    return certificate;
}

/* All that are trusted; NULL on an error. */
static GPtrArray *
fetch_trusted(const Openstack *openstack, const SignatureTrust *trust, GError **error)
{
    g_autoptr(GPtrArray) trusted = g_ptr_array_new_with_free_func(certificate_free);
    const char *const *ids = trust->certificates;
    for (; ids != NULL && *ids != NULL && trusted->len < CERTIFICATES_LIMIT; ids++) {
        X509 *certificate = fetch_certificate(openstack, *ids, error);
        if (certificate == NULL) {
            g_prefix_error(error, "[glance]default_trusted_certificate_ids: ");
            return NULL;
        }
        g_ptr_array_add(trusted, certificate);
    }
    if (trusted->len > 0)
        return g_steal_pointer(&trusted);
    steel_fail(error, STEEL_ERROR_CONFIG,
               "no certificate is trusted to sign images: set "
               "[glance]default_trusted_certificate_ids");
    return NULL;
}

/* The chain may end at any trusted certificate, the signer's own included. */
static bool
verify_chain(X509 *certificate, const GPtrArray *trusted, const char **why)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    for (guint i = 0; i < trusted->len; i++)
        X509_STORE_add_cert(store, trusted->pdata[i]);
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    bool good = X509_STORE_CTX_init(context, store, certificate, NULL) == 1 &&
                X509_verify_cert(context) == 1;
    *why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return good;
}

static bool
is_vouched_for(const Openstack *openstack, const SignatureTrust *trust, X509 *certificate,
               const char *id, GError **error)
{
    const char *why = "";
    if (trust->anybody)
        return true;
    g_autoptr(GPtrArray) trusted = fetch_trusted(openstack, trust, error);
    if (trusted == NULL || verify_chain(certificate, trusted, &why))
        return trusted != NULL;
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "certificate %s is not vouched for by those of "
                      "[glance]default_trusted_certificate_ids: %s",
                      id, why);
}

/* A certificate for something else signs no images; one that does not say may be used. */
static bool
may_sign(X509 *certificate, const char *id, GError **error)
{
    bool now = X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
               X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
    if (!now)
        return steel_fail(error, STEEL_ERROR_INVALID, "certificate %s is not valid at this time",
                          id);
    return (X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) != 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "certificate %s is not for signatures (digitalSignature)", id);
}

static bool
take_key(SignatureCheck *check, X509 *certificate, size_t type, GError **error)
{
    char curve[64] = "";
    check->key = X509_get_pubkey(certificate);
    bool kind = check->key != NULL && EVP_PKEY_is_a(check->key, key_types[type].kind);
    if (kind && key_types[type].curve != NULL)
        EVP_PKEY_get_group_name(check->key, curve, sizeof curve, NULL);
    check->is_rsa = strcmp(key_types[type].kind, "RSA") == 0;
    if (kind && (key_types[type].curve == NULL || strcmp(curve, key_types[type].curve) == 0))
        return true;
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "the property img_signature_key_type of image %s is %s, and the key of "
                      "certificate %s is another",
                      check->image, key_types[type].name, check->certificate);
}

static bool
read_key(SignatureCheck *check, const Openstack *openstack, const SignatureTrust *trust,
         size_t type, GError **error)
{
    X509 *certificate = fetch_certificate(openstack, check->certificate, error);
    bool good = certificate != NULL && may_sign(certificate, check->certificate, error) &&
                is_vouched_for(openstack, trust, certificate, check->certificate, error) &&
                take_key(check, certificate, type, error);
    X509_free(certificate);
    if (!good)
        g_prefix_error(error, "the signature of image %s cannot be verified: ", check->image);
    return good;
}

/* ---- all of it ---- */

SignatureCheck *
signature_check_new(const Openstack *openstack, const GlanceImage *image,
                    const SignatureTrust *trust, GError **error)
{
    g_autoptr(SignatureCheck) check = g_new0(SignatureCheck, 1);
    int type = -1;
    check->image = g_strdup(image->id);
    check->certificate = g_strdup(image->img_signature_certificate_uuid);
    if (!is_complete(image, error) || !read_signature(check, image, error) ||
        !find_method(check, image, error) || (type = find_key_type(image, error)) < 0 ||
        !read_key(check, openstack, trust, (size_t)type, error))
        return NULL;
    signature_check_restart(check);
    return g_steal_pointer(&check);
}

void
signature_check_restart(SignatureCheck *check)
{
    EVP_PKEY_CTX *how = NULL;
    EVP_MD_CTX_free(check->context);
    check->context = EVP_MD_CTX_new();
    bool good = EVP_DigestVerifyInit(check->context, &how, check->method, NULL, check->key) == 1;
    if (good && check->is_rsa) /* the mask is made with the same method, by default */
        good = EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_AUTO) == 1;
    if (good)
        return;
    EVP_MD_CTX_free(check->context);
    check->context = NULL;
}

void
signature_check_add(SignatureCheck *check, const void *data, size_t size)
{
    if (check->context != NULL)
        EVP_DigestVerifyUpdate(check->context, data, size);
}

bool
signature_check_end(SignatureCheck *check, GError **error)
{
    if (check->context != NULL &&
        EVP_DigestVerifyFinal(check->context, check->signature, check->signature_size) == 1)
        return true;
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "the signature of image %s is not that of its data: the holder of "
                      "certificate %s has signed something else",
                      check->image, check->certificate);
}

char *
signature_text(const GlanceImage *image, const SignatureTrust *trust)
{
    const char *parts[] = {image->img_signature, image->img_signature_hash_method,
                           image->img_signature_key_type, image->img_signature_certificate_uuid};
    GString *text = g_string_new(trust->anybody ? "anybody" : "trusted");
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        g_string_append_printf(text, " %s", parts[i] != NULL ? parts[i] : "-");
    const char *const *ids = trust->certificates;
    for (; !trust->anybody && ids != NULL && *ids != NULL; ids++)
        g_string_append_printf(text, " %s", *ids);
    return g_string_free(text, FALSE);
}
