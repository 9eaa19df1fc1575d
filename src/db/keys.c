/* The keys of sealed values; the contract is in keys.h.
 *
 * A set of keys is immutable. A file that was read again makes a new set; the former ones stay
 * until the end, since other threads may use their keys.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/keys.h"

#include "common/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of the file at most. */
#define FILE_LIMIT 65536

typedef struct KeySet KeySet;
struct KeySet {
    SealKey *keys[SEAL_KEYS_LIMIT]; /* owned */
    size_t count;
    struct stat status; /* of the file that they were read from */
    KeySet *former;     /* owned */
};

struct SealKeys {
    char *path;
    KeySet *set; /* owned; replaced as a whole, atomically */
};

static void
set_free(KeySet *set)
{
    for (size_t i = 0; i < set->count; i++)
        seal_key_free(set->keys[i]);
    g_free(set);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeySet, set_free)

static KeySet *
current(SealKeys *keys)
{
    return __atomic_load_n(&keys->set, __ATOMIC_ACQUIRE);
}

static bool
add_line(KeySet *set, const char *path, unsigned number, const char *line, GError **error)
{
    gsize size = 0;
    g_autofree unsigned char *bytes = g_base64_decode(line, &size);
    bool good = size == SEAL_KEY_SIZE && set->count < SEAL_KEYS_LIMIT;
    if (good)
        set->keys[set->count++] = seal_key_new(bytes);
    secret_wipe(bytes, size);
    return good || steel_fail(error, STEEL_ERROR_CONFIG,
                              "%s, line %u: a key is 32 bytes in base64, and there are %d at most",
                              path, number, SEAL_KEYS_LIMIT);
}

static bool
add_lines(KeySet *set, const char *path, char *text, GError **error)
{
    unsigned number = 0;
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        number++;
        g_strstrip(line);
        if (*line != '\0' && *line != '#' && !add_line(set, path, number, line, error))
            return false;
    }
    return set->count > 0 || steel_fail(error, STEEL_ERROR_CONFIG, "%s has no key in it", path);
}

/* The file of a systemd credential has an access list, which shows as rights of the group. */
static bool
check_mode(const char *path, const struct stat *status, GError **error)
{
    if (!S_ISREG(status->st_mode) || status->st_size > FILE_LIMIT)
        return steel_fail(error, STEEL_ERROR_CONFIG, "%s is no file of keys", path);
    if (status->st_mode & (S_IWGRP | S_IRWXO))
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "%s has mode %03o: others can read or change the keys of the database; "
                          "chmod 0600 it",
                          path, (unsigned)status->st_mode & 0777);
    if (status->st_uid != 0 && status->st_uid != geteuid())
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "%s belongs to another user, who could change the keys", path);
    return true;
}

static bool
read_text(int descriptor, char *text, size_t size, GError **error)
{
    for (size_t have = 0; have < size;) {
        ssize_t count = read(descriptor, text + have, size - have);
        if (count == 0)
            break;
        if (count < 0 && errno != EINTR)
            return steel_fail(error, STEEL_ERROR_CONFIG, "the file of keys cannot be read: %s",
                              g_strerror(errno));
        have += count > 0 ? (size_t)count : 0;
    }
    return true;
}

static bool
read_open(KeySet *set, const char *path, int descriptor, GError **error)
{
    if (fstat(descriptor, &set->status) != 0)
        return steel_fail(error, STEEL_ERROR_CONFIG, "%s: %s", path, g_strerror(errno));
    if (!check_mode(path, &set->status, error))
        return false;
    size_t size = (size_t)set->status.st_size;
    g_autofree char *text = g_malloc0(size + 1);
    bool good = read_text(descriptor, text, size, error) && add_lines(set, path, text, error);
    secret_wipe(text, size);
    return good;
}

/* NULL without an error if there is no file. */
static KeySet *
read_set(const char *path, GError **error)
{
    g_autoptr(KeySet) set = g_new0(KeySet, 1);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        if (errno != ENOENT)
            steel_fail(error, STEEL_ERROR_CONFIG,
                       "the keys of the database, %s, cannot be read: %s", path, g_strerror(errno));
        return NULL;
    }
    bool good = read_open(set, path, descriptor, error);
    close(descriptor);
    return good ? g_steal_pointer(&set) : NULL;
}

SealKeys *
seal_keys_read(const char *path, bool *exists, GError **error)
{
    GError *cause = NULL;
    KeySet *set = read_set(path, &cause);
    if (cause != NULL) {
        g_propagate_error(error, cause);
        return NULL;
    }
    *exists = set != NULL;
    SealKeys *keys = g_new0(SealKeys, 1);
    keys->path = g_strdup(path);
    keys->set = set != NULL ? set : g_new0(KeySet, 1);
    return keys;
}

void
seal_keys_free(SealKeys *keys)
{
    if (keys == NULL)
        return;
    for (KeySet *set = keys->set, *former; set != NULL; set = former) {
        former = set->former;
        set_free(set);
    }
    g_free(keys->path);
    g_free(keys);
}

const char *
seal_keys_path(const SealKeys *keys)
{
    return keys->path;
}

const SealKey *
seal_keys_first(SealKeys *keys)
{
    return current(keys)->keys[0];
}

const SealKey *
seal_keys_nth(SealKeys *keys, size_t index)
{
    const KeySet *set = current(keys);
    return index < set->count ? set->keys[index] : NULL;
}

static const SealKey *
find(const KeySet *set, const char *id)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(seal_key_id(set->keys[i]), id) == 0)
            return set->keys[i];
    return NULL;
}

static bool
has_changed(const SealKeys *keys, const KeySet *set)
{
    struct stat status;
    return stat(keys->path, &status) == 0 &&
           (status.st_ino != set->status.st_ino || status.st_size != set->status.st_size ||
            status.st_mtim.tv_sec != set->status.st_mtim.tv_sec ||
            status.st_mtim.tv_nsec != set->status.st_mtim.tv_nsec);
}

/* Of two threads that have read the file at once, one drops its set. */
static void
publish(SealKeys *keys, KeySet *former, KeySet *set)
{
    set->former = former;
    if (!__atomic_compare_exchange_n(&keys->set, &former, set, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
        set_free(set);
}

const SealKey *
seal_keys_find(SealKeys *keys, const char *id)
{
    KeySet *set = current(keys);
    const SealKey *key = find(set, id);
    if (key != NULL || !has_changed(keys, set))
        return key;
    KeySet *read_again = read_set(keys->path, NULL);
    if (read_again != NULL)
        publish(keys, set, read_again);
    return find(current(keys), id);
}

/* ---- a new key ---- */

static bool
sync_folder(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = descriptor >= 0 && fsync(descriptor) == 0;
    if (descriptor >= 0)
        close(descriptor);
    return good;
}

/* Writes a file that nobody has yet, and waits for the disk. */
static bool
write_new(const char *path, const char *text)
{
    size_t size = strlen(text);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good =
        descriptor >= 0 && write(descriptor, text, size) == (ssize_t)size && fsync(descriptor) == 0;
    int cause = errno;
    if (descriptor >= 0)
        close(descriptor);
    errno = cause;
    return good;
}

/* The lines that the file has already; NULL if there is no file. */
static char *
former_lines(const SealKeys *keys)
{
    char *text = NULL;
    return g_file_get_contents(keys->path, &text, NULL, NULL) ? text : NULL;
}

static char *
with_new_key(const char *former)
{
    unsigned char bytes[SEAL_KEY_SIZE];
    secret_random(bytes, sizeof bytes);
    char *base64 = g_base64_encode(bytes, sizeof bytes);
    char *text = g_strconcat(
        base64, "\n", former != NULL ? former : "# The keys of sealed values in the database.\n",
        NULL);
    secret_free(base64);
    secret_wipe(bytes, sizeof bytes);
    return text;
}

bool
seal_keys_add(SealKeys *keys, GError **error)
{
    KeySet *before = current(keys);
    if (before->count == SEAL_KEYS_LIMIT)
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "%s has %d keys, which is the limit: remove the oldest, which stand last",
                          keys->path, SEAL_KEYS_LIMIT);
    char *former = before->count > 0 ? former_lines(keys) : NULL;
    char *text = with_new_key(former);
    g_autofree char *draft = g_strdup_printf("%s.%d", keys->path, (int)getpid());
    (void)unlink(draft);
    /* A first file is linked, so that of two processes that make one, the later takes the other's
     * keys. */
    bool good = write_new(draft, text) &&
                (before->count > 0 ? rename(draft, keys->path) == 0
                                   : link(draft, keys->path) == 0 || errno == EEXIST) &&
                sync_folder(keys->path);
    int cause = errno;
    (void)unlink(draft);
    secret_free(former);
    secret_free(text);
    if (!good)
        return steel_fail(error, STEEL_ERROR_IO,
                          "the keys of the database, %s, cannot be written: %s", keys->path,
                          g_strerror(cause));
    KeySet *set = read_set(keys->path, error);
    if (set == NULL)
        return false;
    publish(keys, before, set);
    return true;
}
