/* Images for virtual drives; the contract is in attached_media.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/management/attached_media.h"

#include "common/http_client.h"
#include "common/log.h"
#include "drivers/boot/virtual_media_images.h"
#include "drivers/image_copies.h"

#include <string.h>

const char *const attached_media_devices[] = {"disk", "cdrom", "floppy", NULL};

typedef struct Wanted {
    const Openstack *openstack;
    const char *url;
} Wanted;

static bool
attached_media_make(void *user, const char *folder, const char *output, GError **error)
{
    const Wanted *wanted = user;
    g_auto(CachedImage) image = {0};
    (void)folder;
    return image_copies_put(wanted->openstack, wanted->url, output, &image, error);
}

/* Media are released by purpose, so each drive has one of its own. */
static char *
purpose_of(const char *device)
{
    return g_strconcat("attached-", device, NULL);
}

char *
attached_media_publish(const Task *task, const char *device, const char *url, const char *source,
                       GError **error)
{
    g_auto(MediaOwner) owner = {0};
    g_autofree char *purpose = purpose_of(device);
    Wanted wish = {task->services->openstack, url};
    const MediaWanted wanted = {.publisher = &publisher_web,
                                .purpose = purpose,
                                .file = strcmp(device, "cdrom") == 0 ? "image.iso" : "image.img",
                                .make = attached_media_make,
                                .user = &wish};
    if (strcmp(source, "http") == 0 || !g_str_has_prefix(url, "http"))
        return g_strdup(url);
    if (strcmp(source, "swift") == 0) {
        steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                   "images are not attached by Swift; name the image_download_source http or "
                   "local");
        return NULL;
    }
    virtual_media_owner(task->services, task->node, &owner);
    if (!publisher_web.check(&owner.place, error))
        return NULL;
    return media_publish(&owner, &wanted, error);
}

void
attached_media_release(const Task *task, const char *device)
{
    g_auto(MediaOwner) owner = {0};
    virtual_media_owner(task->services, task->node, &owner);
    for (const char *const *known = attached_media_devices; *known != NULL; known++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *purpose = purpose_of(*known);
        if (device != NULL && strcmp(device, *known) != 0)
            continue;
        if (!media_release(&owner, purpose, &error))
            log_warning("drivers.media", "the attached image of node %s is removed later: %s",
                        task->node->uuid, error->message);
    }
}

char *
attached_media_shown_url(const char *url)
{
    static const char folder[] = "/" PUBLISHER_FOLDER "/";
    if (url == NULL)
        return NULL;
    g_autofree char *plain = http_url_for_display(url);
    const char *id = strstr(plain, folder);
    if (id == NULL)
        return g_strdup(plain);
    id += strlen(folder);
    return g_strdup_printf("%.*s...%s", (int)(id - plain), plain, id + strcspn(id, "/"));
}
