/* Firmware files for BMCs; the contract is in firmware_images.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/firmware_images.h"

#include "common/log.h"
#include "drivers/boot/virtual_media_images.h"
#include "drivers/image_copies.h"
#include "images/local_image.h"

#include <string.h>

#define PURPOSE "firmware"
#define LIFETIME_S (24 * 60 * 60)

typedef struct Wanted {
    const Openstack *openstack;
    const char *url, *checksum;
} Wanted;

/* By the number of its digits. NULL: none has so many. */
static const char *
algorithm_of(const char *checksum)
{
    static const struct {
        size_t digits;
        const char *name;
    } algorithms[] = {{32, "md5"}, {40, "sha1"}, {64, "sha256"}, {128, "sha512"}};
    for (size_t i = 0; i < G_N_ELEMENTS(algorithms); i++)
        if (strlen(checksum) == algorithms[i].digits)
            return algorithms[i].name;
    return NULL;
}

static bool
check_file(const Wanted *wanted, const char *path, GError **error)
{
    const char *algorithm = algorithm_of(wanted->checksum);
    g_autofree char *digest = NULL;
    if (algorithm == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "%.128s is no checksum of MD5, SHA-1, SHA-256 or SHA-512",
                          wanted->checksum);
    if (!local_image_digest(path, algorithm, &digest, error))
        return false;
    return g_ascii_strcasecmp(digest, wanted->checksum) == 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "the %s checksum of the firmware file is %s, and %.128s was expected",
                      algorithm, digest, wanted->checksum);
}

static bool
firmware_make(void *user, const char *folder, const char *output, GError **error)
{
    const Wanted *wanted = user;
    g_auto(CachedImage) image = {0};
    (void)folder;
    return image_copies_put(wanted->openstack, wanted->url, output, &image, error) &&
           (wanted->checksum == NULL || check_file(wanted, output, error));
}

/* The name that makers' BMCs tell a file's kind by; only its plain characters. */
static char *
file_name(const char *url)
{
    g_autofree char *path = g_strndup(url, strcspn(url, "?#"));
    char *name = g_path_get_basename(path);
    g_strcanon(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", '_');
    return name;
}

char *
firmware_image_publish(const Task *task, const char *url, const char *checksum, GError **error)
{
    g_auto(MediaOwner) owner = {0};
    g_autofree char *file = file_name(url);
    Wanted wish = {task->services->openstack, url, checksum};
    const MediaWanted wanted = {.publisher = &publisher_web,
                                .purpose = PURPOSE,
                                .file = file,
                                .lifetime_s = LIFETIME_S,
                                .make = firmware_make,
                                .user = &wish};
    virtual_media_owner(task->services, task->node, &owner);
    if (!publisher_web.check(&owner.place, error))
        return NULL;
    return media_publish(&owner, &wanted, error);
}

void
firmware_images_release(const Task *task)
{
    g_auto(MediaOwner) owner = {0};
    g_autoptr(GError) error = NULL;
    virtual_media_owner(task->services, task->node, &owner);
    if (!media_release(&owner, PURPOSE, &error))
        log_warning("drivers.firmware", "firmware files of node %s are removed later: %s",
                    task->node->uuid, error->message);
}
