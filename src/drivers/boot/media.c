/* Published images; the contract is in media.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/media.h"

#include "common/backoff.h"
#include "common/log.h"
#include "common/process.h"
#include "common/secret.h"
#include "common/steady.h"
#include "common/time_text.h"
#include "db/media.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define AREA "drivers.media"
/* Of another that makes the same image. */
#define WAIT_MS (15 * 60 * 1000)
#define SWEEP_LIMIT 200
#define LOCK_ENDING ".lock"

/* Where a medium is: in the container in which it was published, whatever is configured now. */
static const Publisher *
publisher_of(const MediaOwner *owner, const Medium *medium, PublisherPlace *place)
{
    *place = owner->place;
    if (medium->container != NULL)
        place->container = medium->container;
    return publisher_find(medium->store);
}

/* ---- folders ---- */

static bool
remove_tree(const char *path, GError **error)
{
    const char *const argv[] = {"rm", "-rf", "--", path, NULL};
    const ProcessSpec spec = {.argv = argv};
    return process_run(&spec, NULL, error);
}

/* The folder in which an image is made; empty, since one that died may have left something. */
static bool
make_work(const char *folder, GError **error)
{
    if (!remove_tree(folder, error))
        return false;
    return g_mkdir_with_parents(folder, 0700) == 0 ||
           steel_fail(error, STEEL_ERROR_IO, "cannot make %s: %s", folder, g_strerror(errno));
}

/* ---- one maker at a time ---- */

/* Returns the descriptor that holds the lock, or -1. It ends with its process. */
static int
lock_medium(const MediaOwner *owner, const char *id, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/%s" LOCK_ENDING, owner->work, id);
    Backoff backoff = {
        .pause_ms = 20, .longest_ms = 500, .limit_ms = time_monotonic_ms() + WAIT_MS};
    if (g_mkdir_with_parents(owner->work, 0700) != 0) {
        steel_fail(error, STEEL_ERROR_IO, "cannot make %s: %s", owner->work, g_strerror(errno));
        return -1;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if ((errno == EWOULDBLOCK || errno == EINTR) && backoff_pause(&backoff))
            continue;
        close(fd);
        steel_fail(error, STEEL_ERROR_TIMEOUT,
                   "another deploy makes the same image for longer than %d s", WAIT_MS / 1000);
        return -1;
    }
    if (fd < 0)
        steel_fail(error, STEEL_ERROR_IO, "cannot open %s: %s", path, g_strerror(errno));
    return fd;
}

/* ---- making ---- */

static bool
make_in(const MediaOwner *owner, const MediaWanted *wanted, const char *id, const char *folder,
        GError **error)
{
    g_autofree char *work = g_build_filename(folder, "work", NULL),
                    *output = g_build_filename(folder, wanted->file, NULL);
    return make_work(folder, error) && make_work(work, error) &&
           wanted->make(wanted->user, work, output, error) &&
           wanted->publisher->put(&owner->place, id, wanted->file, output, error) &&
           db_medium_set_ready(owner->db, id, error);
}

static bool
make_image(const MediaOwner *owner, const MediaWanted *wanted, const char *id, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *folder = g_build_filename(owner->work, id, NULL);
    bool good = make_in(owner, wanted, id, folder, error);
    if (!remove_tree(folder, &cause))
        log_warning(AREA, "%s stays: %s", folder, cause->message);
    return good;
}

/* Under the medium's lock: it may have become ready, or may have gone with its maker's failure. */
static bool
make_once(const MediaOwner *owner, const MediaWanted *wanted, const char *id, GError **error)
{
    g_auto(Medium) now = {0};
    bool found = false;
    if (!db_medium_look(owner->db, id, &now, &found, error))
        return false;
    if (!found)
        return steel_fail(error, STEEL_ERROR_NOT_FOUND, "the image was removed meanwhile");
    return now.ready || make_image(owner, wanted, id, error);
}

static bool
make_locked(const MediaOwner *owner, const MediaWanted *wanted, const char *id, GError **error)
{
    int lock = lock_medium(owner, id, error);
    if (lock < 0)
        return false;
    bool good = make_once(owner, wanted, id, error);
    close(lock);
    return good;
}

static bool
take(const MediaOwner *owner, const MediaWanted *wanted, Medium *medium, GError **error)
{
    char id[PUBLISHER_ID_SIZE];
    int64_t until_ms = wanted->lifetime_s > 0 ? steady_now_ms() + wanted->lifetime_s * 1000 : 0;
    const Publisher *publisher = wanted->publisher;
    const char *container = publisher->in_container ? owner->place.container : NULL;
    g_autofree char *name = NULL;
    if (wanted->name != NULL) /* a file of another conductor or store is another medium */
        name = g_strdup_printf("%s:%s:%s", publisher->word, owner->host, wanted->name);
    Medium row = {.id = publisher_id(until_ms / 1000, id),
                  .store = (char *)(uintptr_t)publisher->word,
                  .container = (char *)(uintptr_t)container,
                  .host = (char *)(uintptr_t)owner->host,
                  .file = (char *)(uintptr_t)wanted->file,
                  .name = name,
                  .expires_ms = until_ms};
    return db_medium_take(owner->db, &row, owner->node_uuid, wanted->purpose, medium, error);
}

/* ---- users ---- */

/* The database counts the users of a shared image; its store only shows the number. Under the
 * medium's lock, so that the number that was read last is written last. */
static bool
note_users_locked(const MediaOwner *owner, const Medium *medium, GError **error)
{
    PublisherPlace place;
    int64_t count = 0;
    const Publisher *publisher = publisher_of(owner, medium, &place);
    if (!db_medium_count_users(owner->db, medium->id, &count, error))
        return false;
    return count == 0 || /* it is about to be removed */
           publisher->note_users(&place, medium->id, medium->file, count, error);
}

/* A number that could not be written is found by the sweep. */
static void
note_users(const MediaOwner *owner, const Medium *medium)
{
    g_autoptr(GError) cause = NULL;
    const Publisher *publisher = publisher_find(medium->store);
    if (medium->name == NULL || publisher == NULL || publisher->note_users == NULL)
        return;
    int lock = lock_medium(owner, medium->id, &cause);
    if (lock >= 0)
        (void)note_users_locked(owner, medium, &cause);
    if (lock >= 0)
        close(lock);
    if (cause != NULL)
        log_warning(AREA, "the number of users of an image is not written yet: %s", cause->message);
}

char *
media_publish(const MediaOwner *owner, const MediaWanted *wanted, GError **error)
{
    g_auto(Medium) medium = {0};
    g_autoptr(GError) ignored = NULL;
    if (!wanted->publisher->check(&owner->place, error) || !take(owner, wanted, &medium, error))
        return NULL;
    char *url = NULL;
    if (make_locked(owner, wanted, medium.id, error))
        url = wanted->publisher->url(&owner->place, medium.id, medium.file, error);
    if (url != NULL)
        note_users(owner, &medium);
    if (url == NULL && !media_release(owner, wanted->purpose, &ignored))
        log_warning(AREA, "what was made for node %s stays for a while: %s", owner->node_uuid,
                    ignored->message);
    return url;
}

char *
media_url(const MediaOwner *owner, const char *purpose, const char *file, GError **error)
{
    g_autoptr(GPtrArray) media = db_media_of_node(owner->db, owner->node_uuid, purpose, error);
    for (guint i = 0; media != NULL && i < media->len; i++) {
        const Medium *medium = media->pdata[i];
        PublisherPlace place;
        const Publisher *publisher = publisher_of(owner, medium, &place);
        if (medium->ready && publisher != NULL && strcmp(medium->file, file) == 0)
            return publisher->url(&place, medium->id, medium->file, error);
    }
    return NULL;
}

/* ---- removing ---- */

/* Files first: the row remembers them until they are gone. */
static bool
remove_medium(const MediaOwner *owner, const Medium *medium, GError **error)
{
    PublisherPlace place;
    const Publisher *publisher = publisher_of(owner, medium, &place);
    g_autofree char *folder = g_build_filename(owner->work, medium->id, NULL),
                    *lock = g_strconcat(folder, LOCK_ENDING, NULL);
    if (publisher != NULL && !publisher->remove(&place, medium->id, medium->file, error))
        return false;
    return remove_tree(folder, error) && remove_tree(lock, error) &&
           db_medium_forget(owner->db, medium->id, error);
}

static unsigned
remove_unused(const MediaOwner *owner)
{
    unsigned count = 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) media =
        db_media_to_remove(owner->db, owner->host, steady_now_ms(), SWEEP_LIMIT, &error);
    if (media == NULL)
        log_warning(AREA, "old images stay: %s", error->message);
    for (guint i = 0; media != NULL && i < media->len; i++) {
        g_autoptr(GError) cause = NULL;
        if (remove_medium(owner, media->pdata[i], &cause))
            count++;
        else
            log_warning(AREA, "an image for virtual media stays: %s", cause->message);
    }
    return count;
}

bool
media_release(const MediaOwner *owner, const char *purpose, GError **error)
{
    g_autoptr(GPtrArray) media = db_media_of_node(owner->db, owner->node_uuid, purpose, error);
    if (media == NULL || !db_media_release(owner->db, owner->node_uuid, purpose, error))
        return false;
    for (guint i = 0; i < media->len; i++)
        note_users(owner, media->pdata[i]);
    (void)remove_unused(owner);
    return true;
}

/* ---- what is there without a row ---- */

/* True if a row is there or that cannot be known. */
static bool
is_known(const MediaOwner *owner, const char *id)
{
    g_auto(Medium) medium = {0};
    bool found = false;
    return !db_medium_look(owner->db, id, &medium, &found, NULL) || found;
}

static unsigned
remove_unknown_published(const MediaOwner *owner)
{
    unsigned count = 0;
    g_autoptr(GPtrArray) ids = publisher_web.list(&owner->place);
    for (guint i = 0; i < ids->len; i++) {
        g_autoptr(GError) error = NULL;
        if (is_known(owner, ids->pdata[i]))
            continue;
        if (publisher_web.remove(&owner->place, ids->pdata[i], NULL, &error))
            count++;
        else
            log_warning(AREA, "an image that nobody remembers stays: %s", error->message);
    }
    return count;
}

static unsigned
remove_unknown_work(const MediaOwner *owner)
{
    unsigned count = 0;
    g_autoptr(GDir) dir = g_dir_open(owner->work, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *id = g_strdup(name), *path = g_build_filename(owner->work, name, NULL);
        if (g_str_has_suffix(id, LOCK_ENDING))
            id[strlen(id) - strlen(LOCK_ENDING)] = '\0';
        if (!is_known(owner, id) && remove_tree(path, NULL))
            count++;
    }
    return count;
}

/* What a process did not write that died after it had counted. */
static void
correct_users(const MediaOwner *owner, const Medium *medium)
{
    g_autoptr(GError) cause = NULL;
    PublisherPlace place;
    int64_t written = 0, count = 0;
    const Publisher *publisher = publisher_of(owner, medium, &place);
    if (publisher->read_users(&place, medium->id, medium->file, &written, &cause) &&
        db_medium_count_users(owner->db, medium->id, &count, &cause) && written != count)
        note_users(owner, medium);
    if (cause != NULL)
        log_warning(AREA, "the number of users of an image is not known: %s", cause->message);
}

static void
correct_all_users(const MediaOwner *owner)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) media =
        db_media_shared(owner->db, owner->host, publisher_swift.word, &error);
    if (media == NULL)
        log_warning(AREA, "users of images are not counted: %s", error->message);
    for (guint i = 0; media != NULL && i < media->len; i++)
        correct_users(owner, media->pdata[i]);
}

unsigned
media_sweep(const MediaOwner *owner)
{
    correct_all_users(owner);
    unsigned count =
        remove_unused(owner) + remove_unknown_published(owner) + remove_unknown_work(owner);
    if (count > 0)
        log_info(AREA, "%u images that nobody needs were removed", count);
    return count;
}
