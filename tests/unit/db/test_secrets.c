/* Secrets at rest: envelopes, keys, records, and sealing of what is stored.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "common/json_text.h"
#include "common/secret.h"
#include "db/boot_sessions.h"
#include "db/copy.h"
#include "db/envelope.h"
#include "db/nodes.h"
#include "db/secrets.h"
#include "model/internal_info.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

#define SECRET "correct-horse-battery-staple"

static char *
key_path(const Scratch *scratch)
{
    return g_build_filename(scratch->folder, "secret.keys", NULL);
}

static void
use_keys(const Scratch *scratch, Db *db)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = key_path(scratch);
    if (!db_secrets_use(db, path, &error))
        fail_msg("%s", error->message);
}

/* ---- envelopes ---- */

static const SealPlace place = {"nodes", "row", "driver_info", "ipmi_password"};

static SealKey *
key_of(unsigned char byte)
{
    unsigned char bytes[SEAL_KEY_SIZE];
    memset(bytes, byte, sizeof bytes);
    return seal_key_new(bytes);
}

static bool
opens(const SealKey *key, const SealPlace *where, const char *envelope, const char *text)
{
    g_autoptr(GString) out = g_string_new("before ");
    g_autoptr(GError) error = NULL;
    bool good = envelope_open(out, key, where, envelope, strlen(envelope), &error);
    assert_true(good == (error == NULL));
    assert_string_equal(out->str + 7, good ? text : "");
    return good;
}

static void
an_envelope_opens_at_its_place_with_its_key_and_nowhere_else(void **state)
{
    (void)state;
    g_autoptr(SealKey) key = key_of(1), other = key_of(2);
    g_autoptr(GString) envelope = g_string_new(NULL), again = g_string_new(NULL);
    envelope_append(envelope, key, &place, SECRET, strlen(SECRET));
    envelope_append(again, key, &place, SECRET, strlen(SECRET));
    assert_string_equal(envelope->str, again->str);
    assert_true(opens(key, &place, envelope->str, SECRET));
    assert_false(opens(other, &place, envelope->str, SECRET));
    const SealPlace elsewhere[] = {{"volume_targets", "row", "driver_info", "ipmi_password"},
                                   {"nodes", "row2", "driver_info", "ipmi_password"},
                                   {"nodes", "row", "instance_info", "ipmi_password"},
                                   {"nodes", "row", "driver_info", "password"}};
    for (size_t i = 0; i < G_N_ELEMENTS(elsewhere); i++)
        assert_false(opens(key, &elsewhere[i], envelope->str, SECRET));
    g_string_truncate(again, 0);
    envelope_append(again, key, &elsewhere[1], SECRET, strlen(SECRET));
    assert_string_not_equal(envelope->str, again->str);
}

static void
a_changed_or_cut_envelope_does_not_open(void **state)
{
    (void)state;
    g_autoptr(SealKey) key = key_of(1);
    g_autoptr(GString) envelope = g_string_new(NULL);
    envelope_append(envelope, key, &place, SECRET, strlen(SECRET));
    /* The last character of base64 has bits that mean nothing, and the digits of the id are not
     * part of it. */
    for (size_t i = 0; i + 4 < envelope->len; i++) {
        g_autofree char *changed = g_strdup(envelope->str);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        if (i < 10 || i > 18)
            assert_false(opens(key, &place, changed, SECRET));
        changed[i] = '\0';
        assert_false(opens(key, &place, changed, SECRET));
    }
    g_autoptr(GString) empty = g_string_new(NULL);
    envelope_append(empty, key, &place, "", 0);
    assert_true(opens(key, &place, empty->str, ""));
}

/* ---- records ---- */

/* How many rows of a column have a word of the secret. */
static int64_t
plain(Db *db, const char *column, const char *table)
{
    g_autofree char *sql =
        g_strdup_printf("SELECT COUNT(*) FROM %s WHERE %s LIKE '%%horse%%'", table, column);
    return scratch_number(db, sql);
}

static json_t *
info_of(const char *password)
{
    return json_pack("{s:s, s:{s:[{s:s}]}, s:s, s:n, s:s, s:i}", "ipmi_password", password, "deep",
                     "list", "a_token", password, "ipmi_address", "192.0.2.1", "no_password",
                     "empty_secret", "", "number_secret", 5);
}

static Node *
add_node(Db *db, const char *name, const char *password)
{
    Node *node = node_new();
    node->name = g_strdup(name);
    node->driver = g_strdup("ipmi");
    json_decref(node->driver_info);
    node->driver_info = info_of(password);
    scratch_insert(db, &node_resource, node);
    return node;
}

static Node *
load(Db *db, const Node *node)
{
    g_autoptr(GError) error = NULL;
    Node *loaded = db_record_find(db, &node_resource, "uuid", node->uuid, &error);
    if (loaded == NULL)
        fail_msg("%s", error->message);
    return loaded;
}

static void
assert_has(Db *db, const Node *node, const char *password)
{
    g_autoptr(Node) loaded = load(db, node);
    json_t *wanted = info_of(password);
    assert_true(json_equal(loaded->driver_info, wanted));
    json_decref(wanted);
}

static void
records_are_stored_sealed_and_loaded_open(void **state)
{
    Scratch *scratch = *state;
    Db *db = scratch->db;
    g_autoptr(GError) error = NULL;
    use_keys(scratch, db);
    g_autoptr(Node) node = add_node(db, "a", SECRET);
    assert_int_equal(plain(db, "driver_info", "nodes"), 0);
    assert_has(db, node, SECRET);
    g_autoptr(Node) changed = load(db, node);
    json_object_set_new(changed->driver_info, "ipmi_password", json_string("another horse"));
    json_object_set_new(
        json_array_get(json_object_get(json_object_get(changed->driver_info, "deep"), "list"), 0),
        "a_token", json_string("another horse"));
    assert_true(db_record_save(db, &node_resource, changed, node, &error));
    assert_int_equal(plain(db, "driver_info", "nodes"), 0);
    assert_has(db, node, "another horse");
    /* A value that looks like an envelope is a value like any other. */
    g_autoptr(Node) odd = add_node(db, "b", "$sealed$1$00000000$AAAA");
    assert_has(db, odd, "$sealed$1$00000000$AAAA");
}

static void
a_value_that_does_not_open_is_named_and_keeps_no_other_node_from_its_work(void **state)
{
    Scratch *scratch = *state;
    Db *db = scratch->db;
    g_autoptr(GError) error = NULL;
    use_keys(scratch, db);
    g_autoptr(Node) a = add_node(db, "a", SECRET), b = add_node(db, "b", SECRET);
    scratch_execute(db,
                    "UPDATE nodes SET driver_info = (SELECT driver_info FROM nodes WHERE name = "
                    "'a') WHERE name = 'b'");
    assert_null(db_record_find(db, &node_resource, "uuid", b->uuid, &error));
    assert_error(error, STEEL_ERROR_DATABASE);
    assert_says(error, b->uuid);
    assert_says(error, "driver_info ipmi_password");
    assert_null(strstr(error->message, "horse"));
    g_clear_error(&error);
    g_autoptr(GPtrArray) page = db_nodes_power_page(db, "", false, 10, &error);
    assert_int_equal(page->len, 2);
    for (guint i = 0; i < page->len; i++) {
        const Node *node = page->pdata[i];
        assert_int_equal(json_object_size(node->driver_info) > 0, strcmp(node->name, "a") == 0);
    }
}

static void
an_agent_s_token_is_sealed_and_its_heartbeats_find_it(void **state)
{
    Scratch *scratch = *state;
    Db *db = scratch->db;
    g_autoptr(GError) error = NULL;
    use_keys(scratch, db);
    bool made = false, recorded = false;
    g_autoptr(Node) node = add_node(db, "a", "x");
    assert_true(db_node_agent_token_make(db, node->uuid, "a-token-horse", &made, &error) && made);
    assert_int_equal(plain(db, "driver_internal_info", "nodes"), 0);
    assert_true(db_node_agent_token_make(db, node->uuid, "second", &made, &error) && !made);
    g_autoptr(Node) known = load(db, node);
    assert_string_equal(info_text(known, INFO_AGENT_SECRET_TOKEN), "a-token-horse");
    json_t *said = json_pack("{s:s}", "agent_url", "https://192.0.2.1");
    assert_true(db_node_heartbeat(db, known, said, &recorded, &error) && recorded);
    /* Sealed with another key meanwhile, or not sealed yet. */
    DbSealed done = {0};
    assert_true(db_secrets_new_key(db, &error));
    assert_true(db_node_heartbeat(db, known, said, &recorded, &error) && recorded);
    assert_true(db_secrets_seal(db, &done, &error));
    assert_true(db_node_heartbeat(db, known, said, &recorded, &error) && recorded);
    scratch_execute(db, "UPDATE nodes SET driver_internal_info = "
                        "'{\"agent_secret_token\":\"a-token-horse\"}'");
    assert_true(db_node_heartbeat(db, known, said, &recorded, &error) && recorded);
    info_set_text(known, INFO_AGENT_SECRET_TOKEN, "another-token-horse");
    assert_true(db_node_heartbeat(db, known, said, &recorded, &error) && !recorded);
    json_decref(said);
}

static void
the_token_of_a_boot_is_sealed(void **state)
{
    Scratch *scratch = *state;
    Db *db = scratch->db;
    g_autoptr(GError) error = NULL;
    use_keys(scratch, db);
    g_autoptr(Node) node = add_node(db, "a", "x");
    BootSession session = {.token = g_strdup("0123456789abcdef0123456horse"),
                           .record_id = g_strdup("r")};
    BootSession loaded = {0};
    bool stored = false;
    assert_true(db_boot_session_store(db, node->uuid, &session, &stored, &error) && stored);
    assert_int_equal(plain(db, "token", "boot_sessions"), 0);
    assert_true(db_boot_session_load(db, node->uuid, &loaded, &error));
    assert_string_equal(loaded.token, session.token);
    boot_session_clear(&session);
    boot_session_clear(&loaded);
}

typedef struct Showing {
    Db *db;
    const char *row;
    GString *out;
    GError *error;
} Showing;

static bool
show(const DbRow *row, void *user_data)
{
    Showing *showing = user_data;
    size_t size = 0;
    const char *text = db_row_text(row, 0, &size);
    assert_true(db_secrets_show(showing->db, &node_resource, showing->row,
                                resource_field(&node_resource, "driver_info"), text, size,
                                showing->out, &showing->error));
    return true;
}

static void
a_row_s_secrets_are_opened_for_who_may_see_them(void **state)
{
    Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    use_keys(scratch, scratch->db);
    g_autoptr(Node) node = add_node(scratch->db, "a", SECRET);
    Showing showing = {scratch->db, node->uuid, out, NULL};
    assert_true(
        db_query(scratch->db, "SELECT driver_info FROM nodes", NULL, 0, show, &showing, &error));
    json_t *shown = json_text_parse(out->str, out->len, 0, NULL), *wanted = info_of(SECRET);
    assert_true(json_equal(shown, wanted));
    json_decref(shown);
    json_decref(wanted);
}

/* ---- keys ---- */

static void
what_was_plain_is_sealed_once_and_again_with_a_new_key(void **state)
{
    Scratch *scratch = *state;
    Db *db = scratch->db;
    g_autoptr(GError) error = NULL;
    DbSealed done = {0};
    g_autoptr(Node) first = add_node(db, "first", SECRET);
    for (int i = 0; i < 120; i++)
        node_free(add_node(db, NULL, SECRET));
    assert_int_equal(plain(db, "driver_info", "nodes"), 121);
    use_keys(scratch, db);
    assert_has(db, first, SECRET); /* not sealed yet */
    assert_true(db_secrets_seal_once(db, &done, &error));
    assert_int_equal(done.plain, 121 * 3);
    assert_int_equal(done.former, 0);
    assert_int_equal(plain(db, "driver_info", "nodes"), 0);
    assert_has(db, first, SECRET);
    assert_true(db_secrets_seal_once(db, &done, &error) && done.plain + done.former == 0);
    assert_true(db_secrets_new_key(db, &error) && db_secrets_seal(db, &done, &error));
    assert_int_equal(done.plain, 0);
    assert_int_equal(done.former, 121 * 3);
    assert_has(db, first, SECRET);
    assert_int_equal(scratch_number(db, "SELECT COUNT(*) FROM secret_keys"), 1);
}

static void
another_process_s_new_key_is_found_in_the_file(void **state)
{
    Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    use_keys(scratch, scratch->db);
    g_autoptr(Node) node = add_node(scratch->db, "a", SECRET);
    Db *other = scratch_open(scratch);
    DbSealed done = {0};
    use_keys(scratch, other);
    assert_true(db_secrets_new_key(other, &error) && db_secrets_seal(other, &done, &error));
    assert_int_equal(done.former, 3);
    assert_has(scratch->db, node, SECRET);
    assert_true(db_secrets_seal(scratch->db, &done, &error) && done.former == 0);
    db_close(other);
}

static void
a_file_of_keys_that_is_wrong_is_refused(void **state)
{
    static const struct {
        const char *text;
        unsigned mode;
        const char *says;
    } rows[] = {
        {"",                                                         0600, "no key in it"},
        {"# comment\n\n",                                            0600, "no key in it"},
        {"AAAA\n",                                                   0600, "line 1"},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\xff\xfe\n", 0600, "line 2"},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",           0644, "mode 644"},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",           0660, "mode 660"},
    };
    Scratch *scratch = *state;
    g_autofree char *path = key_path(scratch);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        assert_true(g_file_set_contents(path, rows[i].text, -1, NULL));
        assert_int_equal(chmod(path, rows[i].mode), 0);
        assert_false(db_secrets_use(scratch->db, path, &error));
        assert_error(error, STEEL_ERROR_CONFIG);
        assert_says(error, rows[i].says);
    }
    assert_int_equal(chmod(path, 0600), 0);
    use_keys(scratch, scratch->db);
}

static void
a_lost_key_is_missed_at_the_start_and_without_keys_nothing_opens(void **state)
{
    Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = key_path(scratch);
    use_keys(scratch, scratch->db);
    g_autoptr(Node) node = add_node(scratch->db, "a", SECRET);
    assert_int_equal(g_unlink(path), 0);
    Db *other = scratch_open(scratch);
    assert_false(db_secrets_use(other, path, &error));
    assert_error(error, STEEL_ERROR_CONFIG);
    assert_says(error, "which the file of keys");
    assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_clear_error(&error);
    assert_null(db_record_find(other, &node_resource, "uuid", node->uuid, &error));
    assert_says(error, "no file of keys is in use");
    db_close(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_envelope_opens_at_its_place_with_its_key_and_nowhere_else),
        cmocka_unit_test(a_changed_or_cut_envelope_does_not_open),
        TEST(records_are_stored_sealed_and_loaded_open),
        TEST(a_value_that_does_not_open_is_named_and_keeps_no_other_node_from_its_work),
        TEST(an_agent_s_token_is_sealed_and_its_heartbeats_find_it),
        TEST(the_token_of_a_boot_is_sealed),
        TEST(a_row_s_secrets_are_opened_for_who_may_see_them),
        TEST(what_was_plain_is_sealed_once_and_again_with_a_new_key),
        TEST(another_process_s_new_key_is_found_in_the_file),
        TEST(a_file_of_keys_that_is_wrong_is_refused),
        TEST(a_lost_key_is_missed_at_the_start_and_without_keys_nothing_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
