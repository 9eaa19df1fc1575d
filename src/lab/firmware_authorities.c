/* Authorities for OVMF; the contract is in firmware_authorities.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/firmware_authorities.h"

#include "common/error.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

enum { GUID_SIZE = 16, LIST_HEADER = 28 };

/* EFI_CERT_X509_GUID, a5c059a1-94e4-4aa7-87b5-ab155c2bf072 */
static const uint8_t x509_guid[GUID_SIZE] = {0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a,
                                             0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72};
/* SignatureOwner: nobody reads it. */
static const uint8_t owner_guid[GUID_SIZE] = {0};

static void
add_32(GByteArray *bytes, uint32_t value)
{
    const uint8_t raw[] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                           (uint8_t)(value >> 24)};
    g_byte_array_append(bytes, raw, sizeof raw);
}

static void
add_list(GByteArray *lists, const gnutls_datum_t *der)
{
    uint32_t size = GUID_SIZE + der->size;
    g_byte_array_append(lists, x509_guid, GUID_SIZE);
    add_32(lists, LIST_HEADER + size);
    add_32(lists, 0); /* SignatureHeaderSize */
    add_32(lists, size);
    g_byte_array_append(lists, owner_guid, GUID_SIZE);
    g_byte_array_append(lists, der->data, der->size);
}

/* One certificate, from its first line on. */
static bool
add_certificate(GByteArray *lists, const char *pem, size_t size, unsigned number, GError **error)
{
    gnutls_x509_crt_t certificate = NULL;
    gnutls_datum_t text = {(unsigned char *)(uintptr_t)pem, (unsigned)size}, der = {NULL, 0};
    int code = gnutls_x509_crt_init(&certificate);
    if (code >= 0)
        code = gnutls_x509_crt_import(certificate, &text, GNUTLS_X509_FMT_PEM);
    if (code >= 0)
        code = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_DER, &der);
    if (code >= 0)
        add_list(lists, &der);
    gnutls_free(der.data);
    if (certificate != NULL)
        gnutls_x509_crt_deinit(certificate);
    return code >= 0 || steel_fail(error, STEEL_ERROR_INVALID, "certificate %u cannot be read: %s",
                                   number, gnutls_strerror(code));
}

static bool
add_all(GByteArray *lists, const char *at, const char *end, GError **error)
{
    for (unsigned number = 1;; number++) {
        at = memmem(at, (size_t)(end - at), BEGIN, strlen(BEGIN));
        if (at == NULL)
            return number > 1 || steel_fail(error, STEEL_ERROR_INVALID,
                                            "there is no certificate in it, which begins with "
                                            "a line " BEGIN);
        const char *last = memmem(at, (size_t)(end - at), END, strlen(END));
        if (last == NULL)
            return steel_fail(error, STEEL_ERROR_INVALID, "certificate %u has no line " END,
                              number);
        last += strlen(END);
        if (number > FIRMWARE_AUTHORITIES_MAX)
            return steel_fail(error, STEEL_ERROR_TOO_LARGE, "it has more than %d certificates",
                              FIRMWARE_AUTHORITIES_MAX);
        if (!add_certificate(lists, at, (size_t)(last - at), number, error))
            return false;
        at = last;
    }
}

bool
firmware_authorities_add(GByteArray *lists, const char *pem, size_t size, GError **error)
{
    guint before = lists->len;
    bool good = size <= FIRMWARE_AUTHORITIES_TEXT_MAX
                    ? add_all(lists, pem, pem + size, error)
                    : steel_fail(error, STEEL_ERROR_TOO_LARGE, "it has more than %zu KiB",
                                 FIRMWARE_AUTHORITIES_TEXT_MAX / 1024);
    if (good && lists->len > FIRMWARE_AUTHORITIES_LISTS_MAX)
        good = steel_fail(error, STEEL_ERROR_TOO_LARGE,
                          "the firmware takes %zu KiB of certificates at most",
                          FIRMWARE_AUTHORITIES_LISTS_MAX / 1024);
    if (!good)
        g_byte_array_set_size(lists, before);
    return good;
}

/* A file may be one that never ends. */
static bool
read_text(const char *path, char *text, size_t *size, GError **error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return steel_fail(error, STEEL_ERROR_IO, "%s", g_strerror(errno));
    errno = 0;
    *size = fread(text, 1, FIRMWARE_AUTHORITIES_TEXT_MAX + 1, file);
    bool good = !ferror(file) || steel_fail(error, STEEL_ERROR_IO, "%s", g_strerror(errno));
    fclose(file);
    return good;
}

char *
firmware_authorities_read(const char *path, GError **error)
{
    g_autofree char *text = g_malloc0(FIRMWARE_AUTHORITIES_TEXT_MAX + 2);
    g_autoptr(GByteArray) lists = g_byte_array_new();
    size_t size = 0;
    if (read_text(path, text, &size, error) && firmware_authorities_add(lists, text, size, error))
        return g_steal_pointer(&text);
    g_prefix_error(error, "authorities for the firmware, %s: ", path);
    return NULL;
}
