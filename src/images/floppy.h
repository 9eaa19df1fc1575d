/* Floppy images that tell a ramdisk on virtual media its parameters: FAT with the label
 * "ir-vfd-dev", parameters.txt ("name=value" lines) and, where there are such, token and
 * network_data.json.
 *
 * Runs mkfs.vfat and mcopy, without root, each with a deadline. The same inputs give the same
 * bytes. Blocks on the disk; any thread but those of the API.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <jansson.h>

#define FLOPPY_LABEL "ir-vfd-dev"
#define FLOPPY_PARAMETERS "parameters.txt"
#define FLOPPY_TOKEN "token"
#define FLOPPY_NETWORK_DATA "network_data.json"
#define FLOPPY_KIB 100
/* Of parameters.txt: what is left of the image by its tables. */
#define FLOPPY_TEXT_LIMIT (64u * 1024)

/* All borrowed. */
typedef struct Floppy {
    const char *folder;       /* an empty one for what is made on the way; the caller removes it */
    const char *output;       /* file; made anew, readable by everybody */
    const json_t *parameters; /* {name: text} */
    const char *token;        /* the content of the file token; NULL: no such file */
    const char *network_data; /* the content of network_data.json; NULL: no such file */
} Floppy;

/* The content of parameters.txt: lines without one at the end, sorted by name. A value with blanks
 * is put in quotes. The caller frees, and wipes: there may be a secret in it. Pure.
 * Errors: INVALID naming the parameter (no text, a control character, a quote), TOO_LARGE */
char *floppy_parameters_text(const json_t *parameters, GError **error);

/* Builds it. Errors: those of floppy_parameters_text; INVALID (the token), PROCESS, TIMEOUT, IO */
bool floppy_build(const Floppy *floppy, GError **error) G_GNUC_WARN_UNUSED_RESULT;
