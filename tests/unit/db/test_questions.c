/* The named questions that no other test of this folder asks: what they find, change and leave
 * alone. Together the tests say what an engine must answer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "common/steady.h"
#include "db/allocations.h"
#include "db/boot_sessions.h"
#include "db/clock.h"
#include "db/conductors.h"
#include "db/inventory.h"
#include "db/node_logs.h"
#include "db/nodes.h"
#include "db/timeline.h"
#include "model/internal_info.h"

static Db *
database(void **state)
{
    return ((const Scratch *)*state)->db;
}

/* A node of a name with some fields as SQL, e.g. "owner = 'x'"; the caller frees. */
static Node *
add(Db *db, const char *name, const char *fields)
{
    Node *node = scratch_node(db, name);
    g_autofree char *sql = g_strdup_printf("UPDATE nodes SET %s WHERE name = '%s'", fields, name);
    scratch_execute(db, sql);
    return node;
}

/* Compares a list of nodes with names; frees it. Order counts only if the question says so. */
static void
names_are(GPtrArray *nodes, const char *expected)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    assert_non_null(nodes);
    for (guint i = 0; i < nodes->len; i++)
        g_ptr_array_add(names, ((Node *)nodes->pdata[i])->name);
    g_ptr_array_add(names, NULL);
    g_autofree char *text = g_strjoinv(",", (char **)names->pdata);
    assert_string_equal(text, expected);
    g_ptr_array_free(nodes, TRUE);
}

/* ---- nodes ---- */

static void
nodes_left_busy_are_unlocked_and_in_a_busy_state(void **state)
{
    Db *db = database(state);
    node_free(add(db, "busy", "provision_state = 'deploying'"));
    node_free(add(db, "waits", "provision_state = 'wait call-back'"));
    node_free(add(db, "locked", "provision_state = 'deploying', reservation = 'host'"));
    node_free(add(db, "power", "provision_state = 'active', target_power_state = 'power on'"));
    node_free(add(db, "idle", "provision_state = 'available'"));
    names_are(db_nodes_left_busy(db, 10, NULL), "busy,power");
    g_autoptr(GPtrArray) one = db_nodes_left_busy(db, 1, NULL);
    assert_int_equal(one->len, 1);
}

static void
nodes_that_wait_too_long_are_found_unless_in_maintenance(void **state)
{
    Db *db = database(state);
    node_free(add(db, "late", "wait_deadline_ms = 100"));
    node_free(add(db, "just", "wait_deadline_ms = 200"));
    node_free(add(db, "early", "wait_deadline_ms = 201"));
    node_free(add(db, "kept", "wait_deadline_ms = 100, maintenance = 1"));
    node_free(add(db, "none", "wait_deadline_ms = 0"));
    names_are(db_nodes_waiting_late(db, 200, 10, NULL), "late,just");
    names_are(db_nodes_waiting_late(db, 200, 1, NULL), "late");
}

static void
nodes_are_counted_and_found_by_state(void **state)
{
    Db *db = database(state);
    static const ProvisionState states[] = {STATE_ACTIVE, STATE_DEPLOYING};
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) a = add(db, "a", "provision_state = 'active'");
    node_free(add(db, "b", "provision_state = 'active'"));
    node_free(add(db, "c", "provision_state = 'deploying', console_enabled = 1"));
    node_free(add(db, "d", "provision_state = 'enroll'"));
    g_autofree char *of_a = g_strdup_printf("parent_node = '%s'", a->uuid);
    node_free(add(db, "child", of_a));
    int64_t count = 0;
    assert_true(db_nodes_count_in_states(db, states, 2, a->uuid, &count, &error));
    assert_true(count == 2);
    names_are(db_nodes_in_state(db, STATE_ACTIVE, &error), "a,b");
    names_are(db_nodes_with_console(db, &error), "c");
    names_are(db_nodes_children(db, a->uuid, &error), "child");
}

static void
pages_of_power_states_go_by_uuid(void **state)
{
    Db *db = database(state);
    static const char *const fields[] = {"uuid = 'u3'", "uuid = 'u1'",
                                         "uuid = 'u2', maintenance = 1",
                                         "uuid = 'u4', maintenance = 1, fault = 'power failure'"};
    static const char *const names[] = {"third", "first", "kept", "failed"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        node_free(add(db, names[i], fields[i]));
    names_are(db_nodes_power_page(db, "", false, 10, NULL), "first,third");
    names_are(db_nodes_power_page(db, "", false, 1, NULL), "first");
    names_are(db_nodes_power_page(db, "u1", false, 10, NULL), "third");
    names_are(db_nodes_power_page(db, "", true, 10, NULL), "failed");
}

static void
append_count(const DbNodeCount *count, void *user_data)
{
    g_string_append_printf(user_data, "%s %s %d: %d, %d locked; ", count->provision_state,
                           count->power_state != NULL ? count->power_state : "-",
                           count->maintenance, (int)count->count, (int)count->locked);
}

static void
append_shard(const char *shard, int64_t count, void *user_data)
{
    g_string_append_printf(user_data, "%s %d; ", shard != NULL ? shard : "-", (int)count);
}

static void
nodes_are_counted_by_their_common_values(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) counts = g_string_new(NULL), shards = g_string_new(NULL);
    node_free(add(db, "a", "provision_state = 'active', power_state = 'power on', shard = 'z'"));
    node_free(add(db, "b",
                  "provision_state = 'active', power_state = 'power on', shard = 'a', "
                  "reservation = 'host'"));
    node_free(add(db, "c", "provision_state = 'active', shard = 'B'"));
    node_free(add(db, "d", "provision_state = 'enroll', maintenance = 1"));
    assert_true(db_nodes_count(db, append_count, counts, &error));
    assert_string_equal(counts->str, "active - 0: 1, 0 locked; active power on 0: 2, 1 locked; "
                                     "enroll - 1: 1, 0 locked; ");
    assert_true(db_nodes_per_shard(db, append_shard, shards, &error));
    assert_string_equal(shards->str, "- 1; B 1; a 1; z 1; "); /* byte by byte, nulls first */
}

static void
only_void_locks_are_cleared(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    g_autoptr(ConductorRecord) other = conductor_record_new();
    other->hostname = g_strdup("other");
    other->lease = g_strdup("runs");
    other->lease_expires_ms = steady_now_ms() + 3600 * 1000;
    assert_true(db_conductor_register(db, other, &error));
    node_free(add(db, "a", "reservation = 'other', reservation_lease = 'runs'"));
    node_free(add(db, "b", "reservation = 'me', reservation_lease = 'own'"));
    node_free(add(db, "c", "reservation = 'gone', reservation_lease = 'ended'"));
    node_free(add(db, "d", "reservation = 'gone', reservation_lease = NULL"));
    assert_true(db_nodes_clear_void_locks(db, "own", &error));
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM nodes WHERE name IN ('a', 'b') AND "
                                   "reservation IS NOT NULL") == 2);
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM nodes WHERE reservation IS NULL AND "
                                   "reservation_lease IS NULL") == 2);
}

static void
traits_are_an_array_whatever_is_stored(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) json = g_string_new(NULL);
    g_autoptr(Node) with = add(db, "a", "traits = '[\"CUSTOM_A\"]'"),
                    without = scratch_node(db, "b");
    assert_true(db_node_append_traits(db, with->uuid, json, &error));
    assert_true(db_node_append_traits(db, without->uuid, json, &error));
    assert_true(db_node_append_traits(db, "nobody", json, &error));
    assert_string_equal(json->str, "[\"CUSTOM_A\"][][]");
}

static Node *
load(Db *db, const char *name)
{
    g_autoptr(GError) error = NULL;
    Node *node = db_record_find(db, &node_resource, "name", name, &error);
    if (node == NULL)
        fail_msg("%s", error->message);
    return node;
}

/* The agent reports between the load and the save: both changes stay. */
static void
a_save_keeps_what_the_agent_has_reported_meanwhile(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    bool made = false, recorded = false;
    g_autoptr(Node) fresh = scratch_node(db, "a");
    assert_true(db_node_agent_token_make(db, fresh->uuid, "to\"ken", &made, &error) && made);
    g_autoptr(Node) stored = load(db, "a"), node = node_copy(stored);
    assert_string_equal(info_text(stored, INFO_AGENT_SECRET_TOKEN), "to\"ken");
    json_t *said = json_pack("{s:s}", info_row(INFO_AGENT_URL)->key, "https://agent");
    assert_true(db_node_heartbeat(db, stored, said, &recorded, &error) && recorded);
    json_decref(said);
    info_set_json(node, INFO_OPERATION, json_pack("{s:s}", "name", "deploy"));
    record_set_text(&node->last_error, "x");
    assert_true(db_node_save(db, node, stored, &error));
    g_autoptr(Node) now = load(db, "a");
    assert_string_equal(info_text(now, INFO_AGENT_URL), "https://agent");
    assert_string_equal(info_text(now, INFO_AGENT_SECRET_TOKEN), "to\"ken");
    assert_true(info_has(now, INFO_OPERATION));
    assert_true(info_same(now, node));
    assert_string_equal(now->last_error, "x");
    assert_true(now->heartbeat_at_ms > 0);
}

/* ---- allocations ---- */

static void
waiting_allocations_are_found_forgotten_and_compared_with_instances(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    bool exists = true, foreign = true;
    scratch_execute(db, "INSERT INTO allocations (uuid, state, owner, node_uuid) VALUES "
                        "('w1', 'allocating', NULL, NULL), ('served', 'active', NULL, 'n'), "
                        "('w2', 'allocating', 'x', NULL)");
    g_autoptr(GPtrArray) waiting = db_allocations_waiting(db, 10, &error);
    assert_int_equal(waiting->len, 2);
    assert_string_equal(((Allocation *)waiting->pdata[0])->uuid, "w1");
    g_autoptr(GPtrArray) one = db_allocations_waiting(db, 1, &error);
    assert_int_equal(one->len, 1);
    g_autoptr(Node) node = add(db, "a", "instance_uuid = 'w2', owner = 'y'");
    g_autoptr(Node) mine = load(db, "a");
    assert_true(db_instance_exists(db, "w1", &exists, &error) && !exists);
    assert_true(db_instance_exists(db, "w2", &exists, &error) && exists);
    assert_true(db_instance_is_foreign(db, mine, &foreign, &error) && foreign);
    record_set_text(&mine->lessee, "x");
    assert_true(db_instance_is_foreign(db, mine, &foreign, &error) && !foreign);
    assert_true(db_allocation_forget(db, NULL, &error));
    assert_true(db_allocation_forget(db, "w1", &error));
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM allocations") == 2);
}

/* ---- conductors ---- */

static void
append_host(const DbConductor *conductor, void *user_data)
{
    g_string_append_printf(user_data, "%s ", conductor->hostname);
}

static void
conductors_are_listed_by_host_and_removed_after_silence(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) all = g_string_new(NULL), alive = g_string_new(NULL);
    int64_t removed = 0;
    scratch_execute(db, "INSERT INTO conductors (hostname, lease, lease_expires_ms, created_at, "
                        "updated_at) VALUES ('c', 'l1', 500, '2020', '2022'), ('a', 'l2', 501, "
                        "'2020', NULL), ('b', 'own', 0, '2020', '2020')");
    assert_true(db_conductors(db, 0, append_host, all, &error));
    assert_true(db_conductors(db, 500, append_host, alive, &error));
    assert_string_equal(all->str, "a b c ");
    assert_string_equal(alive->str, "a ");
    assert_true(db_conductors_prune(db, "2021", "own", 10, &removed, &error));
    assert_true(removed == 1);
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM conductors WHERE hostname = 'a'") == 0);
}

/* ---- rows that grow in number ---- */

static void
a_crowded_history_loses_its_oldest_rows_only(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    int64_t removed = 0;
    g_autoptr(Node) full = add(db, "a", "uuid = 'full'"), calm = add(db, "b", "uuid = 'calm'");
    scratch_execute(db, "INSERT INTO node_history (uuid, node_uuid, created_at) VALUES "
                        "('1', 'full', '2020'), ('2', 'full', '2020'), ('3', 'full', '2029'), "
                        "('4', 'full', '2020'), ('5', 'calm', '2020')");
    g_autoptr(GPtrArray) crowded = db_log_crowded(db, DB_LOG_HISTORY, 1, &error);
    g_autoptr(GPtrArray) none = db_log_crowded(db, DB_LOG_TIMELINE, 0, &error);
    assert_int_equal(crowded->len, 1);
    assert_string_equal(crowded->pdata[0], "full");
    assert_int_equal(none->len, 0);
    assert_true(db_log_prune(db, DB_LOG_HISTORY, "full", 1, "2021", 1, &removed, &error));
    assert_true(removed == 1);
    assert_true(db_log_prune(db, DB_LOG_HISTORY, "full", 1, "2021", 10, &removed, &error));
    assert_true(removed == 1);
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM node_history WHERE uuid IN "
                                   "('3', '4', '5')") == 3); /* young, newest, another's */
}

static void
open_phases_are_noted_ended_and_interrupted(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    node_free(add(db, "a", "uuid = 'n'"));
    scratch_execute(db, "INSERT INTO timeline (uuid, node_uuid, operation_uuid, finished_at, "
                        "detail) VALUES ('done', 'n', 'o', 'then', 'kept'), "
                        "('open', 'n', 'o', NULL, NULL), ('other', 'n', 'p', NULL, NULL)");
    assert_true(db_phases_note(db, "n", "o", "half", &error));
    assert_true(db_phases_moved(db, "n", "o", 5, -1, &error));
    assert_true(db_phases_moved(db, "n", "o", 6, 7, &error));
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM timeline WHERE bytes_done = 6 AND "
                                   "bytes_total = 7") == 1);
    assert_true(db_phases_progress(db, "n", 3, 7, &error));
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM timeline WHERE bytes_done = 3 AND "
                                   "bytes_total = 7 AND uuid IN ('open', 'other')") == 2);
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM timeline WHERE bytes_done IS NULL") == 1);
    assert_true(db_phases_end(db, "n", "o", "ok", NULL, &error));
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM timeline WHERE uuid = 'open' AND result = "
                                   "'ok' AND detail = 'half' AND finished_at IS NOT NULL") == 1);
    assert_true(db_phases_interrupt(db, "n", &error));
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM timeline WHERE uuid = 'other' AND result "
                                   "= 'interrupted' AND detail IS NOT NULL") == 1);
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM timeline WHERE uuid = 'done' AND result "
                                   "IS NULL AND detail = 'kept' AND finished_at = 'then'") == 1);
}

/* ---- inventory, boot sessions, the clock ---- */

static void
append_inventory(const DbInventory *inventory, void *user_data)
{
    g_string_append_printf(user_data, "%s %s", inventory->inventory,
                           inventory->plugin_data != NULL ? inventory->plugin_data : "-");
}

static void
an_inventory_is_read_if_there_is_one(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    node_free(add(db, "a", "uuid = 'n'"));
    assert_true(db_inventory_read(db, "n", append_inventory, text, &error));
    assert_string_equal(text->str, "");
    scratch_execute(db, "INSERT INTO node_inventory (node_uuid, inventory) VALUES ('n', '{}')");
    assert_true(db_inventory_read(db, "n", append_inventory, text, &error));
    assert_string_equal(text->str, "{} -");
}

static void
an_inventory_is_replaced_and_forgotten(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    node_free(add(db, "a", "uuid = 'n'"));
    assert_true(db_inventory_write(db, "n", "{}", "{}", &error));
    assert_true(db_inventory_write(db, "n", "{\"cpu\":1}", "{\"macs\":[]}", &error));
    assert_true(db_inventory_read(db, "n", append_inventory, text, &error));
    assert_string_equal(text->str, "{\"cpu\":1} {\"macs\":[]}");
    for (int i = 0; i < 2; i++)
        assert_true(db_inventory_forget(db, "n", &error));
    g_string_truncate(text, 0);
    assert_true(db_inventory_read(db, "n", append_inventory, text, &error));
    assert_string_equal(text->str, "");
}

static void
a_boot_session_is_stored_only_on_its_own_revision(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    g_auto(BootSession) none = {0}, first = {0}, second = {0};
    bool stored = false;
    node_free(add(db, "a", "uuid = 'n'"));
    assert_true(db_boot_session_load(db, "n", &none, &error) && none.revision == 0);
    none.record_id = g_strdup("r");
    assert_true(db_boot_session_store(db, "n", &none, &stored, &error) && stored);
    assert_true(db_boot_session_store(db, "n", &none, &stored, &error) && !stored);
    assert_true(db_boot_session_load(db, "n", &first, &error));
    assert_string_equal(first.record_id, "r");
    assert_true(db_boot_session_store(db, "n", &first, &stored, &error) && stored);
    assert_true(db_boot_session_forget(db, "n", &error));
    assert_true(db_boot_session_load(db, "n", &second, &error) && second.revision == 0);
}

static void
the_clock_is_noted_in_one_row(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    int64_t before = steady_now_ms();
    assert_true(db_clock_note(db, &error));
    assert_true(db_clock_note(db, &error));
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM clock") == 1);
    assert_true(scratch_number(db, "SELECT seen_ms FROM clock") >= before);
    assert_true(db_clock_resume(db, &error));
    assert_true(steady_now_ms() >= before);
}

static void
children_of_a_node_come_in_the_requested_order(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    node_free(add(db, "a", "uuid = 'n'"));
    node_free(add(db, "b", "uuid = 'o'"));
    scratch_execute(db, "INSERT INTO volume_targets (uuid, node_uuid, volume_type, volume_id, "
                        "boot_index) VALUES ('t1', 'n', 'iscsi', 'v', 5), ('t2', 'n', 'iscsi', "
                        "'v', 1), ('t3', 'o', 'iscsi', 'v', 0)");
    g_autoptr(GPtrArray) created =
        db_records_of_node(db, &volume_target_resource, "n", NULL, &error);
    g_autoptr(GPtrArray) sorted =
        db_records_of_node(db, &volume_target_resource, "n", "boot_index", &error);
    assert_int_equal(created->len, 2);
    assert_int_equal(sorted->len, 2);
    assert_string_equal(((VolumeTarget *)created->pdata[0])->uuid, "t1");
    assert_string_equal(((VolumeTarget *)sorted->pdata[0])->uuid, "t2");
}

static void
the_database_has_a_size(void **state)
{
    g_autoptr(GError) error = NULL;
    int64_t size = 0;
    assert_true(db_size(database(state), &size, &error) && size > 0);
}

#define scratch_test(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(nodes_left_busy_are_unlocked_and_in_a_busy_state),
        scratch_test(nodes_that_wait_too_long_are_found_unless_in_maintenance),
        scratch_test(nodes_are_counted_and_found_by_state),
        scratch_test(pages_of_power_states_go_by_uuid),
        scratch_test(nodes_are_counted_by_their_common_values),
        scratch_test(only_void_locks_are_cleared),
        scratch_test(traits_are_an_array_whatever_is_stored),
        scratch_test(a_save_keeps_what_the_agent_has_reported_meanwhile),
        scratch_test(waiting_allocations_are_found_forgotten_and_compared_with_instances),
        scratch_test(conductors_are_listed_by_host_and_removed_after_silence),
        scratch_test(a_crowded_history_loses_its_oldest_rows_only),
        scratch_test(open_phases_are_noted_ended_and_interrupted),
        scratch_test(an_inventory_is_read_if_there_is_one),
        scratch_test(an_inventory_is_replaced_and_forgotten),
        scratch_test(a_boot_session_is_stored_only_on_its_own_revision),
        scratch_test(the_clock_is_noted_in_one_row),
        scratch_test(children_of_a_node_come_in_the_requested_order),
        scratch_test(the_database_has_a_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
