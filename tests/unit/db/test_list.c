/* Pages of a collection: each row once, in order, whatever its values; filters take text as
 * text.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "db/list.h"

#define ROWS 1000

/* The content of a page. */
typedef struct Page {
    GPtrArray *keys;   /* owned */
    GPtrArray *values; /* owned texts, NULL for null */
} Page;

static Page
page_new(void)
{
    return (Page){g_ptr_array_new_with_free_func(g_free), g_ptr_array_new_with_free_func(g_free)};
}

static void
page_clear(Page *page)
{
    g_ptr_array_free(page->keys, true);
    g_ptr_array_free(page->values, true);
}

static const char *
key_at(const Page *page, guint index)
{
    return g_ptr_array_index(page->keys, index);
}

static bool
read_row(const DbRow *row, void *user_data)
{
    Page *page = user_data;
    g_ptr_array_add(page->keys, g_strdup(db_row_text(row, 0, NULL)));
    g_ptr_array_add(page->values, g_strdup(db_row_text(row, 1, NULL)));
    return true;
}

/* Runs the query for uuid and one more field. */
static Page
list(Db *db, DbListQuery query, const char *field)
{
    g_autoptr(GError) error = NULL;
    const Resource *resource = &node_resource;
    const DbColumn columns[] = {{.field = resource_field(resource, "uuid")},
                                {.field = resource_field(resource, field)}};
    g_autoptr(DbSelection) selection = db_selection_new(resource, columns, G_N_ELEMENTS(columns));
    query.selection = selection;
    Page page = page_new();
    if (!db_list(db, &query, read_row, &page, &error))
        fail_msg("%s", error->message);
    return page;
}

static bool
insert_many(Db *db, void *user_data, GError **error)
{
    static const char *const owners[] = {"alice", "bob", "Bob", NULL, "", "zoe", "\u00e4", NULL};
    (void)user_data;
    for (int i = 0; i < ROWS; i++) {
        g_autoptr(Node) node = node_new();
        node->driver = g_strdup("fake-hardware");
        node->owner = g_strdup(owners[i * 7 % 8]);
        node->power_sync_failures = i * 7919 % 5 - 2;
        node->maintenance = i % 3 == 0;
        if (i % 4 != 0)
            node->automated_clean = (int8_t)(i % 4 - 2 > 0);
        if (!db_record_insert(db, &node_resource, node, error))
            return false;
    }
    return true;
}

static int
setup(void **state)
{
    g_autoptr(GError) error = NULL;
    scratch_setup(state);
    const Scratch *scratch = *state;
    if (!db_transaction(scratch->db, DB_WRITE, insert_many, NULL, &error))
        fail_msg("%s", error->message);
    return 0;
}

/* Reads all pages by marker; each key must come once. Returns them as one page. */
static Page
walk(Db *db, DbListQuery query, const char *field)
{
    Page all = page_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    unsigned limit = query.limit;
    for (;;) {
        Page page = list(db, query, field);
        assert_true(page.keys->len <= limit);
        bool last = page.keys->len < limit;
        g_ptr_array_extend_and_steal(all.values, page.values);
        for (guint i = 0; i < page.keys->len; i++)
            if (!g_hash_table_add(seen, g_ptr_array_index(page.keys, i)))
                fail_msg("%s came twice", key_at(&page, i));
        g_ptr_array_extend_and_steal(all.keys, page.keys);
        if (last)
            return all;
        query.marker = key_at(&all, all.keys->len - 1);
    }
}

static void
paging_visits_each_row_once_as_one_long_list_would(void **state)
{
    static const char *const sorts[] = {
        NULL, "owner", "power_sync_failures", "uuid", "maintenance", "automated_clean", "driver"};
    static const unsigned limits[] = {1, 7, 100, 999, 1000};
    const Scratch *scratch = *state;
    for (size_t s = 0; s < G_N_ELEMENTS(sorts); s++)
        for (int descending = 0; descending < 2; descending++)
            for (size_t l = s == 1 ? 0 : 1; l < G_N_ELEMENTS(limits); l++) {
                const char *field = sorts[s] != NULL ? sorts[s] : "owner";
                DbListQuery query = {.descending = descending};
                if (sorts[s] != NULL)
                    query.sort = resource_field(&node_resource, sorts[s]);
                Page whole = list(scratch->db, query, field);
                query.limit = limits[l];
                Page paged = walk(scratch->db, query, field);
                assert_int_equal(whole.keys->len, ROWS);
                assert_int_equal(paged.keys->len, ROWS);
                for (guint i = 0; i < ROWS; i++)
                    assert_string_equal(key_at(&whole, i), key_at(&paged, i));
                page_clear(&whole);
                page_clear(&paged);
            }
}

static void
nulls_come_first_ascending_and_last_descending(void **state)
{
    const Scratch *scratch = *state;
    const Field *owner = resource_field(&node_resource, "owner");
    Page up = list(scratch->db, (DbListQuery){.sort = owner}, "owner");
    Page down = list(scratch->db, (DbListQuery){.sort = owner, .descending = true}, "owner");
    assert_null(g_ptr_array_index(up.values, 0));
    assert_null(g_ptr_array_index(down.values, ROWS - 1));
    for (guint i = 1; i < ROWS; i++) {
        assert_true(
            g_strcmp0(g_ptr_array_index(up.values, i - 1), g_ptr_array_index(up.values, i)) <= 0);
        assert_string_equal(key_at(&up, i), key_at(&down, ROWS - 1 - i)); /* ties as well */
    }
    page_clear(&up);
    page_clear(&down);
}

static void
paging_keeps_to_its_filters(void **state)
{
    const Scratch *scratch = *state;
    DbListQuery query = {.limit = 11, .sort = resource_field(&node_resource, "owner")};
    db_list_filter(&query, "maintenance", DB_FILTER_EQUAL, db_integer(1));
    db_list_filter(&query, "owner", DB_FILTER_NOT_NULL, db_text(NULL));
    Page page = walk(scratch->db, query, "owner");
    int64_t expected = scratch_number(
        scratch->db, "SELECT COUNT(*) FROM nodes WHERE maintenance = 1 AND owner IS NOT NULL");
    assert_true(expected > 100);
    assert_true(page.keys->len == expected);
    page_clear(&page);
}

static void
a_page_is_one_statement_and_a_marker_one_more(void **state)
{
    const Scratch *scratch = *state;
    uint64_t before = db_statement_count();
    Page page = list(scratch->db, (DbListQuery){.limit = 100}, "owner");
    assert_true(db_statement_count() - before == 1);
    before = db_statement_count();
    Page next =
        list(scratch->db, (DbListQuery){.limit = 100, .marker = key_at(&page, 99)}, "owner");
    assert_true(db_statement_count() - before == 2);
    assert_string_not_equal(key_at(&page, 99), key_at(&next, 0));
    page_clear(&page);
    page_clear(&next);
}

static void
a_marker_that_is_gone_is_not_found(void **state)
{
    const Scratch *scratch = *state;
    static const char *const markers[] = {"", "nobody", "x' OR '1'='1"};
    const DbColumn uuid = {.field = resource_field(&node_resource, "uuid")};
    g_autoptr(DbSelection) selection = db_selection_new(&node_resource, &uuid, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(markers); i++) {
        g_autoptr(GError) error = NULL;
        Page page = page_new();
        DbListQuery query = {.selection = selection, .marker = markers[i]};
        assert_false(db_list(scratch->db, &query, read_row, &page, &error));
        assert_error(error, STEEL_ERROR_NOT_FOUND);
        assert_int_equal(page.keys->len, 0);
        page_clear(&page);
    }
}

/* Compares a filter's names with "a,b", in the order of creation. */
static void
finds(Db *db, const char *column, DbFilterKind kind, const char *value, const char *expected)
{
    DbListQuery query = {0};
    db_list_filter(&query, column, kind, db_text(value));
    Page page = list(db, query, "name");
    g_ptr_array_add(page.values, NULL);
    g_autofree char *found = g_strjoinv(",", (char **)page.values->pdata);
    if (strcmp(found, expected) != 0)
        fail_msg("%s %d '%s' finds %s, not %s", column, (int)kind, value, found, expected);
    page_clear(&page);
}

static void
add(Db *db, const char *name, const char *description)
{
    g_autoptr(Node) node = node_new();
    node->name = g_strdup(name);
    node->driver = g_strdup("ipmi");
    node->description = g_strdup(description);
    scratch_insert(db, &node_resource, node);
}

static void
filters_find_their_rows_and_take_text_as_text(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    add(db, "a", "100% of it");
    add(db, "b", "under_score");
    add(db, "c", "back\\slash");
    add(db, "d", NULL);
    add(db, "e", "Mixed CASE it's");
    finds(db, "name", DB_FILTER_EQUAL, "a", "a");
    finds(db, "name", DB_FILTER_EQUAL, "a' OR '1'='1", "");
    finds(db, "name", DB_FILTER_NOT_EQUAL, "a", "b,c,d,e");
    finds(db, "description", DB_FILTER_IS_NULL, NULL, "d");
    finds(db, "description", DB_FILTER_NOT_NULL, NULL, "a,b,c,e");
    finds(db, "description", DB_FILTER_CONTAINS, "%", "a");
    finds(db, "description", DB_FILTER_CONTAINS, "_", "b");
    finds(db, "description", DB_FILTER_CONTAINS, "\\", "c");
    finds(db, "description", DB_FILTER_CONTAINS, "it", "a,e");
    finds(db, "description", DB_FILTER_CONTAINS, "mixed case IT'S", "e");
    finds(db, "description", DB_FILTER_CONTAINS, "", "a,b,c,e");
    finds(db, "description", DB_FILTER_CONTAINS, "%it%", "");
    finds(db, "name", DB_FILTER_IN, "c,a", "a,c");
    finds(db, "name", DB_FILTER_IN, "x", "");
    finds(db, "name", DB_FILTER_IN, "x1,x2,x3,x4,x5,x6,x7,x8,x9,x10,x11,x12,e,d", "d,e");
}

/* A list's query is data: a condition in place of a field is refused and never becomes SQL. */
static void
a_field_that_a_resource_does_not_have_is_refused(void **state)
{
    static const char *const fields[] = {"", "id", "links", "name = 'b' OR name",
                                         "name\" OR \"name"};
    Db *db = ((const Scratch *)*state)->db;
    const DbColumn uuid = {.field = resource_field(&node_resource, "uuid")};
    g_autoptr(DbSelection) selection = db_selection_new(&node_resource, &uuid, 1);
    add(db, "b", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autoptr(GError) error = NULL;
        DbListQuery query = {.selection = selection};
        Page page = page_new();
        db_list_filter(&query, fields[i], DB_FILTER_NOT_EQUAL, db_text("a"));
        assert_false(db_list(db, &query, read_row, &page, &error));
        assert_error(error, STEEL_ERROR_INTERNAL);
        assert_int_equal(page.keys->len, 0);
        page_clear(&page);
    }
}

static void
add_port(Db *db, const char *address, const char *owner, const char *lessee, const char *shard)
{
    g_autoptr(Node) node = node_new();
    node->driver = g_strdup("ipmi");
    node->owner = g_strdup(owner);
    node->lessee = g_strdup(lessee);
    node->shard = g_strdup(shard);
    scratch_insert(db, &node_resource, node);
    g_autoptr(Port) port = port_new();
    port->address = g_strdup(address);
    port->node_uuid = g_strdup(node->uuid);
    scratch_insert(db, &port_resource, port);
}

/* Compares a list of ports with addresses, in the order of creation. */
static void
ports_are(Db *db, DbListQuery query, const char *expected)
{
    g_autoptr(GError) error = NULL;
    const DbColumn columns[] = {{.field = resource_field(&port_resource, "uuid")},
                                {.field = resource_field(&port_resource, "address")}};
    g_autoptr(DbSelection) selection = db_selection_new(&port_resource, columns, 2);
    query.selection = selection;
    Page page = page_new();
    if (!db_list(db, &query, read_row, &page, &error))
        fail_msg("%s", error->message);
    g_ptr_array_add(page.values, NULL);
    g_autofree char *found = g_strjoinv(",", (char **)page.values->pdata);
    assert_string_equal(found, expected);
    page_clear(&page);
}

static void
a_project_sees_the_items_of_its_nodes_and_their_markers(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    add_port(db, "a", "x", NULL, "s1");
    add_port(db, "b", "y", "x", "s2");
    add_port(db, "c", "y", "y", "s1");
    add_port(db, "d", NULL, NULL, NULL);
    DbListQuery query = {.ownership = DB_OWNED_BY_NODE, .project = "x"};
    ports_are(db, query, "a,b");
    query.project = "' OR '1'='1";
    ports_are(db, query, "");
    query.project = NULL;
    ports_are(db, query, "a,b,c,d");
    db_list_filter(&query, "shard", DB_FILTER_NODE_IN, db_text("s1,s3"));
    ports_are(db, query, "a,c");
    query.project = "x";
    ports_are(db, query, "a");
    query = (DbListQuery){.ownership = DB_OWNED_BY_NOBODY, .project = "x"};
    ports_are(db, query, "a,b,c,d");
    finds(db, NULL, DB_FILTER_PROJECT, "z", "");
}

static void
another_projects_item_is_no_marker(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    add_port(db, "a", "x", NULL, NULL);
    add_port(db, "b", "y", NULL, NULL);
    g_autoptr(Port) other = db_record_find(db, &port_resource, "address", "a", &error);
    const DbColumn uuid = {.field = resource_field(&port_resource, "uuid")};
    g_autoptr(DbSelection) selection = db_selection_new(&port_resource, &uuid, 1);
    DbListQuery query = {.selection = selection,
                         .ownership = DB_OWNED_BY_NODE,
                         .project = "y",
                         .marker = other->uuid};
    Page page = page_new();
    assert_false(db_list(db, &query, read_row, &page, &error));
    assert_error(error, STEEL_ERROR_NOT_FOUND);
    page_clear(&page);
}

static void
filters_join_with_and_up_to_their_limit(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    add(db, "a", "x");
    add(db, "b", "x");
    DbListQuery query = {0};
    db_list_filter(&query, "name", DB_FILTER_EQUAL, db_text("b"));
    while (query.filter_count < DB_FILTER_LIMIT)
        db_list_filter(&query, "name", DB_FILTER_IN, db_text("a,b,c,d,e,f,g,h,i,j"));
    Page page = list(db, query, "name");
    assert_int_equal(page.keys->len, 1);
    assert_string_equal(g_ptr_array_index(page.values, 0), "b");
    page_clear(&page);
}

static void
each_resource_can_be_sorted_by_each_of_its_fields(void **state)
{
    static const Resource *const resources[] = {&node_resource,
                                                &port_resource,
                                                &portgroup_resource,
                                                &volume_connector_resource,
                                                &volume_target_resource,
                                                &chassis_resource,
                                                &allocation_resource,
                                                &deploy_template_resource,
                                                &runbook_resource,
                                                &inspection_rule_resource,
                                                &conductor_record_resource,
                                                &node_history_resource,
                                                &timeline_phase_resource,
                                                &bios_setting_resource};
    Db *db = ((const Scratch *)*state)->db;
    for (size_t i = 0; i < G_N_ELEMENTS(resources); i++)
        for (size_t k = 0; k < resources[i]->field_count; k++) {
            const Field *field = &resources[i]->fields[k];
            g_autoptr(GError) error = NULL;
            if (field->type == FIELD_COMPUTED)
                continue;
            Page page = page_new();
            const DbColumn column = {.field = field};
            g_autoptr(DbSelection) selection = db_selection_new(resources[i], &column, 1);
            DbListQuery query = {.selection = selection, .sort = field, .limit = 10};
            if (!db_list(db, &query, read_row, &page, &error))
                fail_msg("%s.%s: %s", resources[i]->name, field->name, error->message);
            page_clear(&page);
        }
}

#define scratch_test(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
#define filled_test(name) cmocka_unit_test_setup_teardown(name, setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        filled_test(paging_visits_each_row_once_as_one_long_list_would),
        filled_test(nulls_come_first_ascending_and_last_descending),
        filled_test(paging_keeps_to_its_filters),
        filled_test(a_page_is_one_statement_and_a_marker_one_more),
        filled_test(a_marker_that_is_gone_is_not_found),
        scratch_test(filters_find_their_rows_and_take_text_as_text),
        scratch_test(a_field_that_a_resource_does_not_have_is_refused),
        scratch_test(a_project_sees_the_items_of_its_nodes_and_their_markers),
        scratch_test(another_projects_item_is_no_marker),
        scratch_test(filters_join_with_and_up_to_their_limit),
        scratch_test(each_resource_can_be_sorted_by_each_of_its_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
