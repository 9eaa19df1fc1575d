/* The firmware of machines: first, current and last flashed versions.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "db/firmware.h"
#include "db/records.h"

static Db *
database(void **state)
{
    return ((const Scratch *)*state)->db;
}

static void
store(Db *db, const Node *node, const char *component, const char *version)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) all =
        g_ptr_array_new_with_free_func((GDestroyNotify)firmware_component_free);
    FirmwareComponent *one = firmware_component_new();
    one->node_uuid = g_strdup(node->uuid);
    one->component = g_strdup(component);
    one->current_version = g_strdup(version);
    g_ptr_array_add(all, one);
    if (!db_firmware_store(db, node->uuid, all, &error))
        fail_msg("%s", error->message);
}

/* "bmc 1 2 2" of initial, current and last flashed. */
static char *
stored(Db *db, const Node *node)
{
    g_autoptr(GError) error = NULL;
    GString *text = g_string_new(NULL);
    g_autoptr(GPtrArray) all =
        db_records_of_node(db, &firmware_component_resource, node->uuid, "component", &error);
    assert_non_null(all);
    for (guint i = 0; i < all->len; i++) {
        const FirmwareComponent *one = all->pdata[i];
        const char *flashed = one->last_version_flashed;
        g_string_append_printf(text, "%s%s %s %s %s", i > 0 ? ", " : "", one->component,
                               one->initial_version, one->current_version,
                               flashed != NULL ? flashed : "none");
    }
    return g_string_free(text, FALSE);
}

static void
assert_stored(Db *db, const Node *node, const char *wanted)
{
    g_autofree char *text = stored(db, node);
    assert_string_equal(text, wanted);
}

static void
the_first_version_stays_and_a_new_one_is_the_last_flashed(void **state)
{
    Db *db = database(state);
    g_autoptr(Node) node = scratch_node(db, "a");
    store(db, node, "bmc", "1");
    assert_stored(db, node, "bmc 1 1 none");
    store(db, node, "bmc", "1");
    assert_stored(db, node, "bmc 1 1 none");
    store(db, node, "bmc", "2");
    store(db, node, "bmc", "3");
    assert_stored(db, node, "bmc 1 3 3");
}

static void
what_is_not_told_stays_and_another_nodes_is_its_own(void **state)
{
    Db *db = database(state);
    g_autoptr(Node) node = scratch_node(db, "a"), other = scratch_node(db, "b");
    store(db, node, "bmc", "1");
    store(db, node, "bios", "7");
    store(db, other, "bmc", "9");
    assert_stored(db, node, "bios 7 7 none, bmc 1 1 none");
    assert_stored(db, other, "bmc 9 9 none");
}

static void
it_goes_with_its_node(void **state)
{
    Db *db = database(state);
    g_autoptr(Node) node = scratch_node(db, "a");
    store(db, node, "bmc", "1");
    assert_int_equal(scratch_execute(db, "DELETE FROM nodes"), 1);
    assert_int_equal(scratch_number(db, "SELECT COUNT(*) FROM firmware_components"), 0);
}

#define scratch_test(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(the_first_version_stays_and_a_new_one_is_the_last_flashed),
        scratch_test(what_is_not_told_stays_and_another_nodes_is_its_own),
        scratch_test(it_goes_with_its_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
