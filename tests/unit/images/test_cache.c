/* The image cache: what it serves, fetches again, refuses and removes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "images/cache.h"
#include "images/local_image.h"
#include "stream/checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct World {
    char *folder, *cache, *image, *url; /* owned */
    const char *allowed[2];
} World;

static void
write_image(const World *world, const char *text)
{
    assert_true(g_file_set_contents(world->image, text, -1, NULL));
}

static int
begin(void **state)
{
    World *world = g_new0(World, 1);
    world->folder = g_dir_make_tmp("steel-images-XXXXXX", NULL);
    world->cache = g_build_filename(world->folder, "cache", NULL);
    world->image = g_build_filename(world->folder, "image", NULL);
    world->url = g_strconcat("file://", world->image, NULL);
    world->allowed[0] = world->folder;
    write_image(world, "abc");
    *state = world;
    return 0;
}

static int
end(void **state)
{
    World *world = *state;
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", world->folder);
    assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_free(world->folder);
    g_free(world->cache);
    g_free(world->image);
    g_free(world->url);
    g_free(world);
    return 0;
}

static bool
put(const World *world, const char *name, uint64_t limit, CachedImage *image, GError **error)
{
    const ImageCache cache = {world->cache, 1 << 20, 3600};
    const ImageFetch fetch = {
        .url = world->url, .allowed = world->allowed, .size_limit = limit, .timeout_ms = 20000};
    g_autofree char *path = g_build_filename(world->folder, "served", name, NULL);
    return image_cache_put(&cache, &fetch, path, image, error);
}

static ino_t
inode_of(const World *world, const char *name)
{
    struct stat status;
    g_autofree char *path = g_build_filename(world->folder, "served", name, NULL);
    assert_int_equal(stat(path, &status), 0);
    return status.st_ino;
}

static void
two_nodes_share_one_copy_until_the_image_changes(void **state)
{
    const World *world = *state;
    g_auto(CachedImage) first = {0}, second = {0}, third = {0};
    assert_true(put(world, "a", 100, &first, NULL));
    assert_true(put(world, "b", 100, &second, NULL));
    assert_int_equal(first.size, 3);
    assert_string_equal(first.sha256,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(inode_of(world, "a"), inode_of(world, "b"));
    write_image(world, "abcd");
    assert_true(put(world, "b", 100, &third, NULL));
    assert_int_equal(third.size, 4);
    assert_int_not_equal(inode_of(world, "a"), inode_of(world, "b"));
}

static void
what_is_too_large_or_elsewhere_is_refused(void **state)
{
    World *world = *state;
    g_autoptr(GError) error = NULL;
    g_auto(CachedImage) image = {0};
    assert_false(put(world, "a", 2, &image, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_TOO_LARGE));
    g_clear_error(&error);
    world->allowed[0] = world->cache;
    assert_false(put(world, "a", 100, &image, &error));
    assert_non_null(strstr(error->message, "file_url_allowed_paths"));
    g_clear_error(&error);
    g_free(world->url);
    world->url = g_strdup("ftp://192.0.2.1/image");
    assert_false(put(world, "a", 100, &image, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
}

static unsigned
copies(const World *world)
{
    g_autoptr(GDir) dir = g_dir_open(world->cache, 0, NULL);
    unsigned count = 0;
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
        count += !g_str_has_suffix(name, ".lock");
    return count;
}

static void
copies_that_nobody_has_leave_when_they_are_too_many(void **state)
{
    const World *world = *state;
    const ImageCache none = {world->cache, 0, 3600};
    const ImageFetch fetch = {
        .url = world->url, .allowed = world->allowed, .size_limit = 100, .timeout_ms = 20000};
    g_autofree char *path = g_build_filename(world->folder, "served", NULL);
    g_auto(CachedImage) first = {0}, second = {0};
    assert_true(image_cache_put(&none, &fetch, path, &first, NULL));
    assert_int_equal(copies(world), 1); /* it is in use */
    write_image(world, "another");
    assert_true(image_cache_put(&none, &fetch, path, &second, NULL));
    assert_int_equal(copies(world), 1);
}

static void
an_image_is_known_by_its_first_bytes(void **state)
{
    const World *world = *state;
    const char *format = NULL;
    g_autofree char *digest = NULL;
    assert_true(local_image_format(world->image, &format, NULL));
    assert_string_equal(format, "raw");
    write_image(world, "QFI\xfb and more");
    assert_true(local_image_format(world->image, &format, NULL));
    assert_string_equal(format, "qcow2");
    write_image(world, "abc");
    assert_true(local_image_digest(world->image, "md5", &digest, NULL));
    assert_string_equal(digest, "900150983cd24fb0d6963f7d28e17f72");
    assert_string_equal(checksum_algorithm_of(digest), "md5");
    assert_null(checksum_algorithm_of("900150983cd24fb0d6963f7d28e17f7"));
    assert_null(checksum_algorithm_of("z00150983cd24fb0d6963f7d28e17f72"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(two_nodes_share_one_copy_until_the_image_changes),
        CASE(what_is_too_large_or_elsewhere_is_refused),
        CASE(copies_that_nobody_has_leave_when_they_are_too_many),
        CASE(an_image_is_known_by_its_first_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
