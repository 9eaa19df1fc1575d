/* Images that BMCs fetch: who shares one, who counts as its user, and when it may be removed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "db/media.h"

static Db *
database(void **state)
{
    return ((const Scratch *)*state)->db;
}

static Medium
row(const char *id, const char *name, int64_t expires_ms)
{
    static char store[] = "web", host[] = "here", file[] = "boot.iso";
    return (Medium){.id = (char *)(uintptr_t)id,
                    .store = store,
                    .host = host,
                    .file = file,
                    .name = (char *)(uintptr_t)name,
                    .expires_ms = expires_ms};
}

/* The id of the medium that the node has now; the caller frees. */
static char *
take(Db *db, const char *id, const char *name, int64_t expires_ms, const Node *node)
{
    g_auto(Medium) out = {0};
    const Medium wanted = row(id, name, expires_ms);
    assert_true(db_medium_take(db, &wanted, node->uuid, "instance", &out, NULL));
    return g_steal_pointer(&out.id);
}

static void
ids_are(GPtrArray *media, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    assert_non_null(media);
    for (guint i = 0; i < media->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? "," : "", ((Medium *)media->pdata[i])->id);
    assert_string_equal(text->str, expected);
    g_ptr_array_unref(media);
}

static int64_t
users(Db *db, const char *id)
{
    int64_t count = -1;
    assert_true(db_medium_count_users(db, id, &count, NULL));
    return count;
}

static void
a_name_is_shared_until_nobody_has_it(void **state)
{
    Db *db = database(state);
    g_autoptr(Node) one = scratch_node(db, "one");
    g_autoptr(Node) two = scratch_node(db, "two");
    g_autofree char *first = take(db, "a", "name", 0, one), *again = take(db, "b", "name", 0, one),
                    *second = take(db, "c", "name", 0, two);
    assert_string_equal(first, "a");
    assert_string_equal(again, "a");
    assert_string_equal(second, "a");
    assert_int_equal(users(db, "a"), 2);
    assert_true(db_media_release(db, one->uuid, "instance", NULL));
    assert_true(db_media_release(db, one->uuid, "instance", NULL));
    assert_int_equal(users(db, "a"), 1);
    ids_are(db_media_to_remove(db, "here", 1000, 10, NULL), "");
    assert_true(db_media_release(db, two->uuid, "ramdisk", NULL)); /* for another purpose */
    assert_int_equal(users(db, "a"), 1);
    assert_true(db_media_release(db, two->uuid, NULL, NULL));
    ids_are(db_media_to_remove(db, "here", 1000, 10, NULL), "a");
    g_autofree char *new = take(db, "d", "name", 0, one); /* the old one is about to go */
    assert_string_equal(new, "d");
    ids_are(db_media_to_remove(db, "here", 1000, 10, NULL), "a");
    assert_true(db_medium_forget(db, "a", NULL));
    ids_are(db_media_to_remove(db, "here", 1000, 10, NULL), "");
}

static void
a_medium_goes_at_its_end_and_with_its_node(void **state)
{
    Db *db = database(state);
    g_autoptr(Node) one = scratch_node(db, "one");
    g_autoptr(Node) two = scratch_node(db, "two");
    g_free(take(db, "a", NULL, 500, one));
    g_free(take(db, "b", NULL, 0, one));
    g_free(take(db, "c", "name", 0, two));
    ids_are(db_media_of_node(db, one->uuid, "instance", NULL), "a,b");
    ids_are(db_media_of_node(db, one->uuid, "ramdisk", NULL), "");
    ids_are(db_media_to_remove(db, "here", 499, 10, NULL), "");
    ids_are(db_media_to_remove(db, "here", 500, 10, NULL), "a");
    assert_true(db_record_delete(db, &node_resource, two->uuid, NULL));
    ids_are(db_media_to_remove(db, "there", 500, 10, NULL), "");
    ids_are(db_media_to_remove(db, "here", 500, 10, NULL), "a,c");
    ids_are(db_media_to_remove(db, "here", 500, 1, NULL), "a");
}

static void
shared_media_of_a_store_are_listed_when_they_are_ready(void **state)
{
    Db *db = database(state);
    g_autoptr(Node) one = scratch_node(db, "one");
    const Medium wanted = {.id = (char *)(uintptr_t) "s",
                           .store = (char *)(uintptr_t) "swift",
                           .container = (char *)(uintptr_t) "a-container",
                           .host = (char *)(uintptr_t) "here",
                           .file = (char *)(uintptr_t) "boot.iso",
                           .name = (char *)(uintptr_t) "shared"};
    g_auto(Medium) taken = {0}, read = {0};
    bool found = false;
    g_free(take(db, "w", "in the web", 0, one));
    assert_true(db_medium_take(db, &wanted, one->uuid, "instance", &taken, NULL));
    assert_true(db_medium_look(db, "s", &read, &found, NULL));
    assert_string_equal(read.container, "a-container");
    ids_are(db_media_shared(db, "here", "swift", NULL), "");
    assert_true(db_medium_set_ready(db, "s", NULL) && db_medium_set_ready(db, "w", NULL));
    ids_are(db_media_shared(db, "here", "swift", NULL), "s");
    ids_are(db_media_shared(db, "there", "swift", NULL), "");
    assert_true(db_media_release(db, one->uuid, NULL, NULL));
    ids_are(db_media_shared(db, "here", "swift", NULL), "");
}

static void
a_medium_is_ready_when_it_is_said(void **state)
{
    Db *db = database(state);
    g_autoptr(Node) one = scratch_node(db, "one");
    g_auto(Medium) before = {0}, after = {0}, none = {0};
    bool found = false;
    g_free(take(db, "a", NULL, 7, one));
    assert_true(db_medium_look(db, "a", &before, &found, NULL) && found);
    assert_false(before.ready);
    assert_true(db_medium_set_ready(db, "a", NULL));
    assert_true(db_medium_look(db, "a", &after, &found, NULL) && found);
    assert_true(after.ready);
    assert_string_equal(after.file, "boot.iso");
    assert_int_equal(after.expires_ms, 7);
    assert_true(db_medium_look(db, "x", &none, &found, NULL));
    assert_false(found);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_is_shared_until_nobody_has_it),
        TEST(a_medium_goes_at_its_end_and_with_its_node),
        TEST(shared_media_of_a_store_are_listed_when_they_are_ready),
        TEST(a_medium_is_ready_when_it_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
