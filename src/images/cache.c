/* Copies of images; the contract is in cache.h.
 *
 * The name of a copy is <sha256 of URL and version>.<sha256 of its contents>, so no other file must
 * describe it. Its time of modification is the time of its last use.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "images/cache.h"

#include "common/backoff.h"
#include "common/http_client.h"
#include "common/log.h"
#include "common/time_text.h"
#include "images/local_image.h"
#include "images/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define AREA "images.cache"
#define LOCK_ENDING ".lock"
#define PART_ENDING ".part"
/* An older partial copy belongs to a process that died. */
#define PART_AGE_S (24 * 60 * 60)
#define LOOK_MS 20
#define LOOK_LONGEST_MS 500

void
cached_image_clear(CachedImage *image)
{
    g_clear_pointer(&image->sha256, g_free);
}

static bool
io_failed(const char *what, const char *path, GError **error)
{
    return steel_fail(error, STEEL_ERROR_IO, "cannot %s %s: %s", what, path, g_strerror(errno));
}

/* ---- locks: copies share a lock by the first two digits of their names, which bounds the number
 * of lock files ---- */

/* Returns the descriptor that holds the lock, or -1. */
static int
lock_copy(const char *path, int timeout_ms, GError **error)
{
    Backoff backoff = {.pause_ms = LOOK_MS,
                       .longest_ms = LOOK_LONGEST_MS,
                       .limit_ms = time_monotonic_ms() + timeout_ms};
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        io_failed("open", path, error);
        return -1;
    }
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            io_failed("lock", path, error);
        else if (backoff_pause(&backoff))
            continue;
        else
            steel_fail(error, STEEL_ERROR_TIMEOUT, "an image is being fetched for longer than %d s",
                       timeout_ms / 1000);
        close(fd);
        return -1;
    }
    return fd;
}

/* ---- copies ---- */

static char *
key_of(const ImageFetch *fetch, const ImageVersion *version)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, (const guchar *)fetch->url, -1);
    g_checksum_update(checksum, (const guchar *)"\n", 1);
    g_checksum_update(checksum, (const guchar *)version->text, -1);
    return g_strdup(g_checksum_get_string(checksum));
}

/* The path of the copy, or NULL if it is absent. */
static char *
find_copy(const char *folder, const char *key)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    size_t length = strlen(key);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        if (strncmp(name, key, length) == 0 && name[length] == '.' &&
            strlen(name + length + 1) == 64)
            return g_build_filename(folder, name, NULL);
    return NULL;
}

/* The copy's path, or NULL. */
static char *
make_copy(const char *folder, const char *key, const void *what, GError **error)
{
    const ImageFetch *fetch = what;
    g_autofree char *part = g_strdup_printf("%s/%s" PART_ENDING, folder, key);
    g_autofree char *sha256 = NULL;
    g_autofree char *shown = http_url_for_display(fetch->url);
    unlink(part);
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        io_failed("make", part, error);
        return NULL;
    }
    log_info(AREA, "fetching %s", shown);
    bool good = image_fetch(fetch, fd, "sha256", &sha256, error);
    if (close(fd) != 0 && good)
        good = io_failed("write", part, error);
    g_autofree char *path = good ? g_strdup_printf("%s/%s.%s", folder, key, sha256) : NULL;
    if (good && rename(part, path) != 0)
        good = io_failed("rename", part, error);
    if (good)
        return g_steal_pointer(&path);
    unlink(part);
    return NULL;
}

/* The same of an image that is here, as raw. */
static char *
make_raw(const char *folder, const char *key, const void *what, GError **error)
{
    g_autofree char *part = g_strdup_printf("%s/%s" PART_ENDING, folder, key), *sha256 = NULL;
    ImageConversion conversion = *(const ImageConversion *)what;
    conversion.to = part;
    unlink(part);
    log_info(AREA, "converting %s", conversion.from);
    if (!image_convert(&conversion, error))
        return NULL;
    bool good = local_image_digest(part, "sha256", &sha256, error);
    g_autofree char *path = good ? g_strdup_printf("%s/%s.%s", folder, key, sha256) : NULL;
    if (good && (chmod(part, 0644) != 0 || rename(part, path) != 0))
        good = io_failed("rename", part, error);
    if (good)
        return g_steal_pointer(&path);
    unlink(part);
    return NULL;
}

/* ---- what leaves ---- */

typedef struct Copy {
    char *path; /* owned */
    uint64_t size;
    int64_t wanted_s;
} Copy;

static void
copy_free(void *data)
{
    Copy *copy = data;
    g_free(copy->path);
    g_free(copy);
}

static int
older_first(const void *a, const void *b)
{
    const Copy *const *left = a, *const *right = b;
    return ((*left)->wanted_s > (*right)->wanted_s) - ((*left)->wanted_s < (*right)->wanted_s);
}

static bool
is_unused(const char *name, const struct stat *status)
{
    if (!S_ISREG(status->st_mode) || status->st_nlink > 1 || g_str_has_suffix(name, LOCK_ENDING))
        return false;
    return !g_str_has_suffix(name, PART_ENDING) ||
           time_now_ms() / 1000 - status->st_mtim.tv_sec > PART_AGE_S;
}

/* The unused copies. */
static GPtrArray *
list_unused(const char *folder)
{
    GPtrArray *copies = g_ptr_array_new_with_free_func(copy_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        struct stat status;
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (lstat(path, &status) != 0 || !is_unused(name, &status))
            continue;
        Copy *copy = g_new(Copy, 1);
        *copy = (Copy){g_steal_pointer(&path), (uint64_t)status.st_size, status.st_mtim.tv_sec};
        g_ptr_array_add(copies, copy);
    }
    g_ptr_array_sort(copies, older_first);
    return copies;
}

/* Removes copies that are too old, then the oldest until the rest fits. */
static void
tidy(const ImageCache *cache)
{
    g_autoptr(GPtrArray) copies = list_unused(cache->folder);
    int64_t now_s = time_now_ms() / 1000;
    uint64_t total = 0;
    for (guint i = 0; i < copies->len; i++)
        total += ((const Copy *)copies->pdata[i])->size;
    for (guint i = 0; i < copies->len; i++) {
        const Copy *copy = copies->pdata[i];
        if (total <= cache->size_limit && now_s - copy->wanted_s <= cache->age_limit_s)
            continue;
        total -= copy->size;
        if (unlink(copy->path) != 0)
            log_warning(AREA, "cannot remove %s: %s", copy->path, g_strerror(errno));
    }
}

/* ---- handing out ---- */

/* Links the copy; copies its bytes if the path is on another file system. */
static bool
hand_out(const char *copy, const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *beside = g_strdup_printf("%s.new", path);
    if (g_mkdir_with_parents(folder, 0755) != 0)
        return io_failed("make the folder", folder, error);
    unlink(beside);
    bool good = link(copy, beside) == 0;
    if (!good && errno == EXDEV) {
        g_autofree char *ignored = NULL;
        g_autofree char *source = g_path_get_dirname(copy);
        g_autofree char *url = g_strconcat("file://", copy, NULL);
        const char *allowed[] = {source, NULL};
        ImageFetch fetch = {
            .url = url, .allowed = allowed, .size_limit = UINT64_MAX, .timeout_ms = 60 * 60 * 1000};
        int to = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        good = to >= 0 && image_fetch(&fetch, to, "sha256", &ignored, error);
        if (to >= 0)
            close(to);
        if (!good && (error == NULL || *error != NULL))
            return false;
    }
    if (!good)
        return io_failed("make", beside, error);
    return rename(beside, path) == 0 || io_failed("make", path, error);
}

static bool
describe(const char *copy, CachedImage *image, GError **error)
{
    struct stat status;
    if (stat(copy, &status) != 0)
        return io_failed("look at", copy, error);
    image->size = (uint64_t)status.st_size;
    image->sha256 = g_strdup(strrchr(copy, '.') + 1);
    return true;
}

/* Hands out a copy that is there, or the one that `make` makes. */
typedef char *(*MakeCopy)(const char *folder, const char *key, const void *what, GError **error);

static char *
make_in_slot(const ImageCache *cache, MakeCopy make, const void *what, const char *key,
             int timeout_ms, GError **error)
{
    if (!image_slot_take(cache->at_a_time, timeout_ms, error))
        return NULL;
    char *copy = make(cache->folder, key, what, error);
    image_slot_give();
    return copy;
}

static bool
put_locked(const ImageCache *cache, MakeCopy make, const void *what, const char *key, bool known,
           int timeout_ms, const char *path, CachedImage *image, GError **error)
{
    g_autofree char *copy = known ? find_copy(cache->folder, key) : NULL;
    if (copy == NULL)
        copy = make_in_slot(cache, make, what, key, timeout_ms, error);
    if (copy == NULL)
        return false;
    utimensat(AT_FDCWD, copy, NULL, 0); /* the time of its last use */
    bool good = describe(copy, image, error) && hand_out(copy, path, error);
    tidy(cache);
    return good;
}

bool
image_cache_put(const ImageCache *cache, const ImageFetch *fetch, const char *path,
                CachedImage *image, GError **error)
{
    g_auto(ImageVersion) version = {0};
    if (!image_fetch_version(fetch, &version, error))
        return false;
    if (version.size > fetch->size_limit) {
        g_autofree char *shown = http_url_for_display(fetch->url);
        return steel_fail(error, STEEL_ERROR_TOO_LARGE,
                          "%s is larger than %" G_GUINT64_FORMAT " bytes", shown,
                          fetch->size_limit);
    }
    if (g_mkdir_with_parents(cache->folder, 0755) != 0)
        return io_failed("make the folder", cache->folder, error);
    g_autofree char *key = key_of(fetch, &version);
    g_autofree char *lock_path = g_strdup_printf("%s/%.2s" LOCK_ENDING, cache->folder, key);
    int lock = lock_copy(lock_path, fetch->timeout_ms, error);
    if (lock < 0)
        return false;
    bool known = version.text[0] != '\0';
    bool good =
        put_locked(cache, make_copy, fetch, key, known, fetch->timeout_ms, path, image, error);
    close(lock);
    return good;
}

bool
image_cache_put_raw(const ImageCache *cache, const ImageConversion *conversion, const char *sha256,
                    const char *path, CachedImage *image, GError **error)
{
    g_autofree char *name = g_strconcat("raw ", sha256, NULL);
    g_autofree char *key = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
    g_autofree char *lock_path = g_strdup_printf("%s/%.2s" LOCK_ENDING, cache->folder, key);
    if (g_mkdir_with_parents(cache->folder, 0755) != 0)
        return io_failed("make the folder", cache->folder, error);
    int lock = lock_copy(lock_path, conversion->timeout_ms, error);
    if (lock < 0)
        return false;
    bool good = put_locked(cache, make_raw, conversion, key, true, conversion->timeout_ms, path,
                           image, error);
    close(lock);
    return good;
}
