/* The authorities that a machine's firmware trusts when it boots over HTTPS, as OVMF takes them:
 * for each one an EFI_SIGNATURE_LIST with its certificate in DER.
 *
 * Source: UEFI Specification 2.10, 32.4.1 (EFI_SIGNATURE_LIST, EFI_CERT_X509_GUID).
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>

/* Of one text. */
#define FIRMWARE_AUTHORITIES_MAX 32
#define FIRMWARE_AUTHORITIES_TEXT_MAX ((size_t)256 * 1024)
/* Of all lists: OVMF keeps them in a variable, which has at most 256 KiB with its header. */
#define FIRMWARE_AUTHORITIES_LISTS_MAX ((size_t)252 * 1024)

/* Appends the certificates of a text in PEM; what stands between them is skipped. An error changes
 * nothing. Pure.
 *
 * Errors  INVALID (no certificate, or one that cannot be read), TOO_LARGE */
bool firmware_authorities_add(GByteArray *lists, const char *pem, size_t size, GError **error);

/* Reads a file of certificates in PEM, and checks them. The text; the caller frees.
 *
 * Errors  IO, and those of firmware_authorities_add; all name the file */
char *firmware_authorities_read(const char *path, GError **error);
