/* Brings a raw image from a file to a unit, or to a part of one: what the file has as holes or
 * zeros is not sent, and what was written is looked at again before it may boot.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "iscsi/lun.h"

typedef struct LunImage {
    int file; /* borrowed: a regular file that nobody changes */
    /* the part of the unit, a multiple of its blocks; size 0: all that follows */
    uint64_t offset, size;
    /* so many bytes of the image are dealt with; often, on the same thread; NULL: not told */
    void (*tell)(void *user, uint64_t done, uint64_t total);
    void *user;
} LunImage;

/* Writes it. The first MiB comes last, so that nothing that is half written boots; when it fails,
 * that MiB is zero. Each MiB at the ends, and CHECKED_PLACES between, are read back and compared.
 *
 * Errors  those of lun_open; STORAGE: the image is larger, or the disk gives something else back;
 *         IO: the file */
#define CHECKED_PLACES 64u
bool lun_write_image(Lun *lun, const LunImage *image, GError **error) G_GNUC_WARN_UNUSED_RESULT;
