/* Images in Glance: what is known of one, its data, and the temporary URL of its object in Swift,
 * for a Glance that keeps its images there.
 * https://docs.openstack.org/api-ref/image/v2/
 *
 * Requests block: from workers. Errors as openstack_ask's, and those that are named here.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "openstack/session.h"

#include <jansson.h>

#define GLANCE_SCHEME "glance://"

/* The ID in "glance://<ID>" or "<ID>", which is a UUID; borrowed from the text. NULL: the text
 * names no image of Glance. Pure. */
const char *glance_id(const char *href);

/* What Glance says of an image. All owned; NULL: it does not say. */
typedef struct GlanceImage {
    char *id, *status, *visibility, *owner;
    char *disk_format, *container_format;
    char *checksum; /* MD5 */
    char *os_hash_algo, *os_hash_value;
    char *kernel_id, *ramdisk_id, *img_type, *boot_iso; /* properties that its owner sets */
    char *direct_url, *updated_at;
    char *img_signature, *img_signature_hash_method, *img_signature_key_type;
    char *img_signature_certificate_uuid;
    int64_t size;     /* bytes; 0: unknown */
    int64_t min_disk; /* GB; 0: any */
} GlanceImage;

void glance_image_clear(GlanceImage *image);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GlanceImage, glance_image_clear)

/* Reads Glance's answer about an image, which may have anything else in it. told: borrowed; NULL:
 * it is no JSON. image: out, in {0}; false, and {0}: it is not that image. Pure. */
bool glance_read(const json_t *told, const char *id, GlanceImage *image) G_GNUC_WARN_UNUSED_RESULT;

/* Asks for it. image: out, in {0}. Errors: NOT_FOUND; HTTP: the answer is no image */
bool glance_find(OpenstackSession *session, const char *id, GlanceImage *image,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Checks that there is something to deploy. Errors: INVALID in Ironic's words. Pure. */
bool glance_check_active(const GlanceImage *image, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Checks that a project may use the image: it is public or of the community, its own, Steel's own,
 * or shared with it. project: ID; NULL: none. Errors: NOT_FOUND, as if there were no image */
bool glance_check_access(OpenstackSession *session, const GlanceImage *image, const char *project,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Its data, with limits as in HttpRequest. sink: gets nothing of an answer that is no success; a
 * download that breaks is not begun again. Errors: HTTP: also if less came than Glance announced */
bool glance_download(OpenstackSession *session, const char *id,
                     bool (*sink)(void *user, const void *bytes, size_t size), void *user,
                     int timeout_ms, int stall_s, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A URL by which an agent or a BMC fetches the image's object from Swift without a login, as
 * [glance]swift_* say. The caller frees, and does not log. With
 * [glance]swift_temp_url_cache_enabled the same one is given as long as it holds for long enough.
 *
 * filename  the last word of the URL: some BMCs look at its ending; NULL: none
 * swift   for what the options leave open: account, address and key; NULL: they must say it
 * Errors  MISSING: naming the option that is missing; INVALID: an option is wrong */
char *glance_lend(const Config *config, OpenstackSession *swift, const char *id,
                  const char *filename, GError **error);
