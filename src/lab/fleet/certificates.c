/* Certificates of a fleet; the contract is in certificates.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/certificates.h"

#include "agent_protocol/certificate.h"
#include "common/secret.h"
#include "http/socket.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <string.h>

/* Immutable. */
typedef struct Credential {
    gnutls_pcert_st certificate;
    gnutls_privkey_t key;
} Credential;

struct Certificates {
    uint16_t first_port;
    unsigned count;
    Credential **all; /* owned; each is set once, atomically */
};

static Certificates *current; /* set before the listener starts */

Certificates *
certificates_new(uint16_t first_port, unsigned count)
{
    Certificates *certificates = g_new0(Certificates, 1);
    certificates->first_port = first_port;
    certificates->count = count;
    certificates->all = g_new0(Credential *, count);
    current = certificates;
    return certificates;
}

static void
credential_free(Credential *credential)
{
    if (credential == NULL)
        return;
    gnutls_pcert_deinit(&credential->certificate);
    if (credential->key != NULL)
        gnutls_privkey_deinit(credential->key);
    g_free(credential);
}

static Credential *
credential_new(const char *certificate, const char *key, GError **error)
{
    const gnutls_datum_t certificate_text = {(unsigned char *)(uintptr_t)certificate,
                                             (unsigned)strlen(certificate)},
                         key_text = {(unsigned char *)(uintptr_t)key, (unsigned)strlen(key)};
    Credential *credential = g_new0(Credential, 1);
    int code = gnutls_pcert_import_x509_raw(&credential->certificate, &certificate_text,
                                            GNUTLS_X509_FMT_PEM, 0);
    if (code >= 0)
        code = gnutls_privkey_init(&credential->key);
    if (code >= 0)
        code = gnutls_privkey_import_x509_raw(credential->key, &key_text, GNUTLS_X509_FMT_PEM, NULL,
                                              0);
    if (code >= 0)
        return credential;
    credential_free(credential);
    steel_fail(error, STEEL_ERROR_INTERNAL, "an agent's certificate: %s", gnutls_strerror(code));
    return NULL;
}

char *
certificates_make(Certificates *certificates, unsigned index, const char *address, GError **error)
{
    g_autofree char *certificate = NULL;
    char *key = NULL;
    if (!certificate_make_text(address, &certificate, &key, error))
        return NULL;
    Credential *credential = credential_new(certificate, key, error);
    secret_free(key);
    if (credential == NULL)
        return NULL;
    __atomic_store_n(&certificates->all[index], credential, __ATOMIC_RELEASE);
    return g_steal_pointer(&certificate);
}

/* During a handshake, on the HTTP thread. */
static int
certificates_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities,
                      int authority_count, const gnutls_pk_algorithm_t *algorithms,
                      int algorithm_count, gnutls_pcert_st **chain, unsigned *chain_length,
                      gnutls_privkey_t *key)
{
    (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
    int receiver, fd;
    gnutls_transport_get_int2(session, &receiver, &fd);
    unsigned index = http_socket_port(fd) - (unsigned)current->first_port;
    Credential *credential =
        index < current->count ? __atomic_load_n(&current->all[index], __ATOMIC_ACQUIRE) : NULL;
    if (credential == NULL)
        return -1;
    *chain = &credential->certificate;
    *chain_length = 1;
    *key = credential->key;
    return 0;
}

void *
certificates_callback(void)
{
    return (void *)certificates_retrieve;
}

void
certificates_free(Certificates *certificates)
{
    if (certificates == NULL)
        return;
    current = NULL;
    for (unsigned i = 0; i < certificates->count; i++)
        credential_free(certificates->all[i]);
    g_free(certificates->all);
    g_free(certificates);
}
