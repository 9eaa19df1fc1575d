/* The certificate of the API: read from files, checked, replaced while connections are open.
 * Private to the adapter to libmicrohttpd; one listener with TLS per process.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

typedef struct HttpTls HttpTls;

/* Reads certificate and key of [api]cert_file and key_file. Errors: CONFIG (not readable, no PEM,
 * key and certificate do not belong together), naming the files. */
HttpTls *http_tls_new(const char *certificate_file, const char *key_file, GError **error);

/* Reads the files again; new handshakes use the new certificate, open connections stay. On failure
 * the old certificate stays. One thread at a time. Errors as http_tls_new. */
bool http_tls_reload(HttpTls *tls, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* GnuTLS's priority string for [api]tls_minimum_version ("1.2", "1.3") and tls_ciphers; the caller
 * frees.
 *
 * ciphers  as OpenSSL names them, with colons
 *          ("ECDHE-RSA-AES256-GCM-SHA384:TLS_AES_128_GCM_SHA256"); NULL: the library's own
 * Errors   CONFIG naming an unsupported cipher, and the supported ones */
char *http_tls_priorities(const char *minimum_version, const char *ciphers, GError **error);

/* What MHD_OPTION_HTTPS_CERT_CALLBACK takes: a gnutls_certificate_retrieve_function2, handing out
 * the current one. */
void *http_tls_callback(void);

/* Frees. The listener must be stopped. NULL is fine. */
void http_tls_free(HttpTls *tls);
