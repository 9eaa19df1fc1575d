/* ISO 9660 images; the contract is in iso9660.h.
 *
 * The order in the image: 16 empty sectors, a volume descriptor for each of the two trees, the end
 * of the descriptors, the path tables (each tree's in both byte orders), the folders of each tree,
 * one sector each, then the contents of the files, each content once.
 * SPDX-License-Identifier: Apache-2.0 */
#include "config_drive/iso9660.h"

#include <stdint.h>
#include <string.h>

#define SECTOR 2048u
#define FIRST_DESCRIPTOR 16u
#define FIRST_PATH_TABLE 19u
#define NAME_LIMIT 27u
#define LABEL_LIMIT 16u

typedef enum Tree { TREE_PLAIN, TREE_JOLIET, TREE_COUNT } Tree;

/* A folder or a file. The root is the first one, and its own parent. */
typedef struct Entry {
    char *path; /* owned */
    const char *name;
    unsigned depth, parent; /* parent: index of an entry */
    unsigned number;        /* the folder's number in the path tables, from 1; 0: a file */
    const IsoFile *file;    /* NULL: a folder */
    uint32_t extent[TREE_COUNT], size;
} Entry;

typedef struct Image {
    GPtrArray *entries; /* owned Entry */
    GByteArray *bytes;
    uint32_t sectors;
} Image;

static void
entry_free(void *data)
{
    Entry *entry = data;
    g_free(entry->path);
    g_free(entry);
}

static Entry *
entry_at(const Image *image, guint i)
{
    return image->entries->pdata[i];
}

/* ---- the tree ---- */

static int
slashes(const char *path)
{
    int count = 0;
    for (; *path != '\0'; path++)
        count += *path == '/';
    return count;
}

static Entry *
add_entry(Image *image, const char *path, size_t length, const IsoFile *file)
{
    Entry *entry = g_new0(Entry, 1);
    entry->path = g_strndup(path, length);
    const char *slash = strrchr(entry->path, '/');
    entry->name = slash != NULL ? slash + 1 : entry->path;
    entry->depth = length == 0 ? 0 : (unsigned)slashes(entry->path) + 1;
    entry->file = file;
    g_ptr_array_add(image->entries, entry);
    return entry;
}

static const Entry *
find_entry(const Image *image, const char *path, size_t length)
{
    for (guint i = 0; i < image->entries->len; i++) {
        const Entry *entry = entry_at(image, i);
        if (strlen(entry->path) == length && memcmp(entry->path, path, length) == 0)
            return entry;
    }
    return NULL;
}

static bool
path_valid(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    if (parts[0] == NULL || g_strv_length(parts) > 7)
        return false;
    for (char **part = parts; *part != NULL; part++) {
        size_t length = strlen(*part);
        if (length == 0 || length > NAME_LIMIT || (*part)[0] == '.')
            return false;
        for (const char *c = *part; *c != '\0'; c++)
            if (!g_ascii_isalnum(*c) && strchr("._-", *c) == NULL)
                return false;
    }
    return true;
}

static bool
add_file(Image *image, const IsoFile *file, GError **error)
{
    if (!path_valid(file->path))
        return steel_fail(error, STEEL_ERROR_INVALID, "no path for a file of an image: %.100s",
                          file->path);
    for (const char *slash = file->path; (slash = strchr(slash, '/')) != NULL; slash++) {
        size_t length = (size_t)(slash - file->path);
        const Entry *there = find_entry(image, file->path, length);
        if (there != NULL && there->file != NULL)
            return steel_fail(error, STEEL_ERROR_INVALID, "%s is a file and a folder", there->path);
        if (there == NULL)
            add_entry(image, file->path, length, NULL);
    }
    if (find_entry(image, file->path, strlen(file->path)) != NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "%s is there twice", file->path);
    add_entry(image, file->path, strlen(file->path), file);
    return true;
}

/* By depth, then folder by folder, then by name: the order of the path tables, and within a folder
 * that of its entries. */
static int
compare_entries(const void *left, const void *right)
{
    const Entry *a = *(Entry *const *)left, *b = *(Entry *const *)right;
    if (a->depth != b->depth)
        return a->depth < b->depth ? -1 : 1;
    const char *x = a->path, *y = b->path;
    for (; *x != '\0' && *x == *y; x++)
        y++;
    int first = *x == '/' ? 1 : (unsigned char)*x, second = *y == '/' ? 1 : (unsigned char)*y;
    return first - second;
}

static void
find_parents(Image *image)
{
    unsigned folders = 0;
    for (guint i = 0; i < image->entries->len; i++) {
        Entry *entry = entry_at(image, i);
        size_t length = entry->name > entry->path ? (size_t)(entry->name - entry->path) - 1 : 0;
        const Entry *parent = find_entry(image, entry->path, length);
        while (entry_at(image, entry->parent) != parent)
            entry->parent++;
        entry->number = entry->file == NULL ? ++folders : 0;
    }
}

/* ---- places ---- */

static uint32_t
sectors_of(size_t size)
{
    return (uint32_t)((size + SECTOR - 1) / SECTOR);
}

/* The file of an earlier entry with the same content, or NULL. */
static const Entry *
same_content(const Image *image, guint before, const IsoFile *file)
{
    for (guint i = 0; i < before; i++) {
        const Entry *entry = entry_at(image, i);
        if (entry->file != NULL && entry->file->data == file->data &&
            entry->file->size == file->size)
            return entry;
    }
    return NULL;
}

static void
place_folders(Image *image)
{
    for (Tree tree = 0; tree < TREE_COUNT; tree++)
        for (guint i = 0; i < image->entries->len; i++) {
            Entry *entry = entry_at(image, i);
            entry->size = SECTOR;
            if (entry->file == NULL)
                entry->extent[tree] = image->sectors++;
        }
}

static bool
place_files(Image *image, size_t limit, GError **error)
{
    for (guint i = 0; i < image->entries->len; i++) {
        Entry *entry = entry_at(image, i);
        if (entry->file == NULL)
            continue;
        if (entry->file->size > limit)
            return steel_fail(error, STEEL_ERROR_INVALID, "%s is larger than %zu bytes",
                              entry->path, limit);
        const Entry *same = same_content(image, i, entry->file);
        entry->size = (uint32_t)entry->file->size;
        entry->extent[TREE_PLAIN] = same != NULL ? same->extent[TREE_PLAIN] : image->sectors;
        entry->extent[TREE_JOLIET] = entry->extent[TREE_PLAIN];
        image->sectors += same != NULL ? 0 : sectors_of(entry->file->size);
        if ((size_t)image->sectors * SECTOR > limit)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "together the files take more than %zu bytes", limit);
    }
    return true;
}

/* ---- writing ---- */

static uint8_t *
sector_at(Image *image, uint32_t sector)
{
    return image->bytes->data + (size_t)sector * SECTOR;
}

static void
put_little(uint8_t *to, uint32_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static void
put_big(uint8_t *to, uint32_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        to[size - 1 - i] = (uint8_t)(value >> (8 * i));
}

/* Writes a number in both byte orders, one after the other. */
static void
put_both(uint8_t *to, uint32_t value, unsigned size)
{
    put_little(to, value, size);
    put_big(to + size, value, size);
}

/* A text field, filled up with blanks. */
static void
put_text(uint8_t *to, const char *text, unsigned size, Tree tree)
{
    size_t length = strlen(text);
    unsigned width = tree == TREE_JOLIET ? 2 : 1;
    for (unsigned i = 0; i + width <= size; i += width) {
        if (width == 2)
            to[i] = 0;
        to[i + width - 1] = i / width < length ? (uint8_t)text[i / width] : ' ';
    }
}

/* Writes a name in a tree's form; returns its bytes. The plain tree allows only capitals, digits,
 * "_" and one dot. */
static unsigned
put_name(uint8_t *to, const Entry *entry, Tree tree)
{
    g_autofree char *name = g_strconcat(entry->name, entry->file != NULL ? ";1" : "", NULL);
    unsigned length = (unsigned)strlen(name);
    if (entry->depth == 0) {
        to[0] = 0;
        return 1;
    }
    if (tree == TREE_JOLIET) {
        put_text(to, name, 2 * length, tree);
        return 2 * length;
    }
    const char *dot = entry->file != NULL ? strrchr(name, '.') : NULL;
    for (unsigned i = 0; i < length; i++) {
        bool kept = g_ascii_isalnum(name[i]) || name + i == dot || name[i] == ';';
        to[i] = kept ? (uint8_t)g_ascii_toupper(name[i]) : '_';
    }
    return length;
}

/* A record of a folder; returns its bytes. name: one byte for the folder itself (0) and its parent
 * (1), or NULL. */
static unsigned
put_record(uint8_t *to, const Entry *entry, Tree tree, const uint8_t *name)
{
    /* 2000-01-01, so that equal files make equal images */
    static const uint8_t time[] = {100, 1, 1, 0, 0, 0, 0};
    unsigned length = 1;
    if (name != NULL)
        to[33] = *name;
    else
        length = put_name(to + 33, entry, tree);
    unsigned size = 33 + length + (length % 2 == 0);
    to[0] = (uint8_t)size;
    put_both(to + 2, entry->extent[tree], 4);
    put_both(to + 10, entry->size, 4);
    memcpy(to + 18, time, sizeof time);
    to[25] = entry->file == NULL ? 2 : 0;
    put_both(to + 28, 1, 2);
    to[32] = (uint8_t)length;
    return size;
}

static bool
write_folder(Image *image, guint index, Tree tree, GError **error)
{
    static const uint8_t self = 0, parent = 1;
    const Entry *folder = entry_at(image, index);
    uint8_t *to = sector_at(image, folder->extent[tree]);
    unsigned used = put_record(to, folder, tree, &self);
    used += put_record(to + used, entry_at(image, folder->parent), tree, &parent);
    for (guint i = 1; i < image->entries->len; i++) {
        const Entry *entry = entry_at(image, i);
        if (entry->parent != index)
            continue;
        if (used + 34 + 2 * (NAME_LIMIT + 2) > SECTOR)
            return steel_fail(error, STEEL_ERROR_INVALID, "too many files in one folder");
        used += put_record(to + used, entry, tree, NULL);
    }
    return true;
}

/* Writes a tree's path table in both byte orders and returns the size of each; 0 if it does not
 * fit. */
static uint32_t
write_path_tables(Image *image, Tree tree)
{
    uint8_t *little = sector_at(image, FIRST_PATH_TABLE + 2 * tree), *big = little + SECTOR;
    unsigned used = 0;
    for (guint i = 0; i < image->entries->len; i++) {
        const Entry *entry = entry_at(image, i);
        if (entry->file != NULL)
            continue;
        if (used + 8 + 2 * NAME_LIMIT > SECTOR)
            return 0;
        unsigned length = put_name(little + used + 8, entry, tree);
        memcpy(big + used + 8, little + used + 8, length);
        little[used] = big[used] = (uint8_t)length;
        put_little(little + used + 2, entry->extent[tree], 4);
        put_big(big + used + 2, entry->extent[tree], 4);
        put_little(little + used + 6, entry_at(image, entry->parent)->number, 2);
        put_big(big + used + 6, entry_at(image, entry->parent)->number, 2);
        used += 8 + length + length % 2;
    }
    return used;
}

static void
write_descriptor(Image *image, Tree tree, const char *label, uint32_t path_table_size)
{
    static const uint8_t root = 0;
    uint8_t *to = sector_at(image, FIRST_DESCRIPTOR + tree);
    to[0] = tree == TREE_JOLIET ? 2 : 1;
    memcpy(to + 1, "CD001\1", 6);
    put_text(to + 8, "", 32, tree);
    put_text(to + 40, label, 32, tree);
    put_both(to + 80, image->sectors, 4);
    if (tree == TREE_JOLIET)
        memcpy(to + 88, "%/E", 3); /* UCS-2, level 3 */
    put_both(to + 120, 1, 2);
    put_both(to + 124, 1, 2);
    put_both(to + 128, SECTOR, 2);
    put_both(to + 132, path_table_size, 4);
    put_little(to + 140, FIRST_PATH_TABLE + 2 * tree, 4);
    put_big(to + 148, FIRST_PATH_TABLE + 2 * tree + 1, 4);
    put_record(to + 156, entry_at(image, 0), tree, &root);
    for (unsigned at = 190; at < 702; at += 128) /* volume set, publisher, preparer, application */
        put_text(to + at, at == 318 ? "steel" : "", 128, tree);
    for (unsigned at = 702; at < 813; at += 37)
        put_text(to + at, "", 36, tree);
    for (unsigned at = 813; at < 881; at += 17)
        memset(to + at, '0', 16); /* unset times */
    to[881] = 1;
}

static void
write_end_of_descriptors(Image *image)
{
    uint8_t *to = sector_at(image, FIRST_DESCRIPTOR + TREE_COUNT);
    to[0] = 255;
    memcpy(to + 1, "CD001\1", 6);
}

static bool
write_tree(Image *image, Tree tree, const char *label, GError **error)
{
    for (guint i = 0; i < image->entries->len; i++)
        if (entry_at(image, i)->file == NULL && !write_folder(image, i, tree, error))
            return false;
    uint32_t size = write_path_tables(image, tree);
    if (size == 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "too many folders");
    write_descriptor(image, tree, label, size);
    return true;
}

static bool
build(Image *image, const char *label, const IsoFile *files, size_t count, size_t limit,
      GError **error)
{
    add_entry(image, "", 0, NULL);
    for (size_t i = 0; i < count; i++)
        if (!add_file(image, &files[i], error))
            return false;
    g_ptr_array_sort(image->entries, compare_entries);
    find_parents(image);
    image->sectors = FIRST_PATH_TABLE + 2 * TREE_COUNT;
    place_folders(image);
    if (!place_files(image, limit, error))
        return false;
    g_byte_array_set_size(image->bytes, image->sectors * SECTOR);
    memset(image->bytes->data, 0, image->bytes->len);
    write_end_of_descriptors(image);
    for (guint i = 0; i < image->entries->len; i++) {
        const Entry *entry = entry_at(image, i);
        if (entry->file != NULL && entry->size > 0)
            memcpy(sector_at(image, entry->extent[0]), entry->file->data, entry->size);
    }
    return write_tree(image, TREE_PLAIN, label, error) &&
           write_tree(image, TREE_JOLIET, label, error);
}

GByteArray *
iso9660_build(const char *label, const IsoFile *files, size_t count, size_t limit, GError **error)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    Image image = {.entries = entries, .bytes = bytes};
    if (label[0] == '\0' || strlen(label) > LABEL_LIMIT) {
        steel_fail(error, STEEL_ERROR_INVALID, "no label for an image: %.100s", label);
        return NULL;
    }
    return build(&image, label, files, count, limit, error) ? g_steal_pointer(&bytes) : NULL;
}
