/* Images in Swift; the contract is in publisher.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/steady.h"
#include "images/publisher.h"
#include "openstack/swift.h"

#include <stdlib.h>

#define USERS "Usage-Count"

static bool
publisher_swift_check(const PublisherPlace *place, GError **error)
{
    return (place->swift != NULL && place->container != NULL) ||
           steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                      "images for virtual media cannot be put into Swift: %s; or let this "
                      "conductor serve them: set [ilo]use_web_server_for_images to true, "
                      "[redfish]use_swift to false",
                      place->swift_problem != NULL ? place->swift_problem
                                                   : "Swift is not configured");
}

static char *
name_of(const char *id, const char *file, GError **error)
{
    if (publisher_id_good(id) && file != NULL)
        return g_strdup_printf("%s/%s", id, file);
    steel_fail(error, STEEL_ERROR_INVALID, "'%.64s' is no id of an image", id);
    return NULL;
}

/* Fails where it would fail anyway, before anything is sent. */
static char *
checked_name(const PublisherPlace *place, const char *id, const char *file, GError **error)
{
    return publisher_swift_check(place, error) ? name_of(id, file, error) : NULL;
}

/* Seconds until an end; 0: it has none. */
static int64_t
time_left_s(const char *id)
{
    int64_t end = publisher_id_end(id);
    return end > 0 ? MAX(end - steady_now_ms() / 1000, 1) : 0;
}

static bool
publisher_swift_put(const PublisherPlace *place, const char *id, const char *file, const char *path,
                    GError **error)
{
    g_autofree char *name = checked_name(place, id, file, error);
    const SwiftObject object = {place->container, name};
    return name != NULL && swift_put(place->swift, &object, path, time_left_s(id), error);
}

static bool
publisher_swift_remove(const PublisherPlace *place, const char *id, const char *file,
                       GError **error)
{
    g_autofree char *name = checked_name(place, id, file, error);
    const SwiftObject object = {place->container, name};
    return name != NULL && swift_remove(place->swift, &object, error);
}

static char *
publisher_swift_url(const PublisherPlace *place, const char *id, const char *file, GError **error)
{
    g_autofree char *name = checked_name(place, id, file, error);
    const SwiftObject object = {place->container, name};
    return name != NULL ? swift_lend(place->swift, &object, place->url_life_s, file, error) : NULL;
}

static bool
publisher_swift_note_users(const PublisherPlace *place, const char *id, const char *file,
                           int64_t count, GError **error)
{
    g_autofree char *name = checked_name(place, id, file, error),
                    *text = g_strdup_printf("%" G_GINT64_FORMAT, count);
    const SwiftObject object = {place->container, name};
    return name != NULL && swift_set_word(place->swift, &object, USERS, text, error);
}

static bool
publisher_swift_read_users(const PublisherPlace *place, const char *id, const char *file,
                           int64_t *count, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *name = checked_name(place, id, file, error);
    const SwiftObject object = {place->container, name};
    if (name == NULL)
        return false;
    g_autofree char *text = swift_word(place->swift, &object, USERS, &cause);
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    *count = text != NULL ? g_ascii_strtoll(text, NULL, 10) : -1;
    return true;
}

const Publisher publisher_swift = {
    .word = "swift",
    .in_container = true,
    .check = publisher_swift_check,
    .put = publisher_swift_put,
    .remove = publisher_swift_remove,
    .url = publisher_swift_url,
    .note_users = publisher_swift_note_users,
    .read_users = publisher_swift_read_users,
};
