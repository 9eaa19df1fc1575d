/* The variables of a virtual server's UEFI firmware (OVMF), in the file that is its flash.
 *
 * Sources: UEFI specification 2.10, sections 3.1 (load options) and 10.3 (device paths); edk2,
 * MdeModulePkg/Include/Guid/VariableFormat.h (the store).
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer URLs are refused. */
#define UEFI_URL_MAX 1024

/* Makes the next start boot what is at this URL, once; or, NULL, what the boot order says. What an
 * earlier call asked for is forgotten. Pure.
 *
 * data    the content of the file, changed in place; unchanged on failure
 * Errors  INVALID (no store of variables, or a URL that is too long or not of ASCII), TOO_LARGE (no
 *         room: the firmware makes some at its next start) */
bool uefi_variables_set_next_url(uint8_t *data, size_t size, const char *url,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same in a file, while no firmware runs from it. Errors also: IO. */
bool uefi_variables_file_set_next_url(const char *path, const char *url,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
