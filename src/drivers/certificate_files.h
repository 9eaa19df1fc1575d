/* Certificates that operators name by file or URL, for steps that hand them to a BMC. From a
 * worker; blocks on the file's server for a minute at most.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <jansson.h>

/* The first certificate of a file, as PEM; the caller frees.
 *
 * place    a path, or a file, http or https URL. Paths are those that
 *          [conductor]file_url_allowed_paths allows
 * Errors   INVALID (no certificate in it), and those of image_copies_text */
char *certificate_file_read(const char *place, GError **error);

/* Adds the SHA-256 fingerprint of each certificate of a file to an array of texts: "AA:BB:...". As
 * certificate_file_read. */
bool certificate_file_prints(const char *place, json_t *prints, GError **error);

/* The same of a path of the configuration, which may be anywhere on this machine. Errors: IO,
 * INVALID. */
bool certificate_path_prints(const char *path, json_t *prints, GError **error);

/* Sets members of an object: the fingerprint, and the certificate as PEM. The same otherwise. */
bool certificate_path_read(const char *path, json_t *certificates, GError **error);
