/* The OpenAPI document: it describes every route or says why not, every row of its table belongs to
 * a route, every reference has a target.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi.h"

#include "api/controllers/controllers.h"
#include "model/resources.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *document;

static int
set_up(void **state)
{
    (void)state;
    document = openapi_document();
    return document != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void)state;
    json_decref(document);
    return 0;
}

static json_t *
member(const json_t *value, const char *path)
{
    g_auto(GStrv) keys = g_strsplit(path, "|", 0);
    for (char **key = keys; *key != NULL; key++)
        value = json_object_get(value, *key);
    return (json_t *)(uintptr_t)value;
}

static json_t *
operation(const Route *route)
{
    bool bare = route->flags & ROUTE_UNVERSIONED || strcmp(route->pattern, "v1") == 0;
    g_autofree char *method = g_ascii_strdown(http_method_name(route->method), -1);
    g_autofree char *path =
        g_strdup_printf("paths|%s%s|%s", bare ? "/" : "/v1/", route->pattern, method);
    return member(document, path);
}

/* Routes that only refuse. */
static bool
is_refused(const Route *route)
{
    return route->handler == missing_ident || route->handler == not_permitted ||
           route->handler == shard_get || route->handler == method_missing;
}

static void
every_route_is_described_with_a_way_to_succeed(void **state)
{
    (void)state;
    size_t count;
    const Route *routes = route_table(&count);
    for (size_t i = 0; i < count; i++) {
        const json_t *found = operation(&routes[i]);
        if (is_refused(&routes[i]) != (found == NULL))
            fail_msg("%s %s", http_method_name(routes[i].method), routes[i].pattern);
        if (found == NULL)
            continue;
        const json_t *responses = json_object_get(found, "responses");
        if (json_object_size(responses) < 2 || json_object_get(responses, "default") == NULL)
            fail_msg("%s %s has no answer", http_method_name(routes[i].method), routes[i].pattern);
        assert_string_equal(json_string_member(found, "x-since"),
                            api_version_text(routes[i].since));
        if (routes[i].policy != NULL)
            assert_string_equal(json_string_member(found, "x-policy"), routes[i].policy);
    }
}

static void
every_row_of_the_table_belongs_to_a_route(void **state)
{
    (void)state;
    static const struct {
        HttpMethod method;
        const char *pattern;
    } rows[] = {
#define SCHEMA(name, json)
#define FIELDS(name, resource, fields)
#define ANSWER(method, pattern, status, schema, media) {HTTP_##method, pattern},
#define BODY(method, pattern, schema) {HTTP_##method, pattern},
#define ARGUMENTS(method, pattern, names) {HTTP_##method, pattern},
#define REFUSED(method, pattern) {HTTP_##method, pattern},
#include "api/openapi.def"
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (route_named(rows[i].method, rows[i].pattern) == NULL)
            fail_msg("there is no %s %s", http_method_name(rows[i].method), rows[i].pattern);
}

static void
check_references(const json_t *value)
{
    const char *key;
    json_t *item;
    size_t index;
    json_array_foreach(value, index, item) check_references(item);
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
    {
        if (strcmp(key, "$ref") != 0) {
            check_references(item);
            continue;
        }
        const char *target = json_string_value(item);
        assert_true(g_str_has_prefix(target, "#/"));
        g_autofree char *path = g_strdelimit(g_strdup(target + 2), "/", '|');
        if (member(document, path) == NULL)
            fail_msg("%s leads nowhere", target);
    }
}

static void
every_reference_leads_somewhere(void **state)
{
    (void)state;
    check_references(document);
}

static void
operations_have_names_of_their_own_and_name_their_captures(void **state)
{
    (void)state;
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    const char *path, *method;
    json_t *item, *found;
    json_object_foreach(json_object_get(document, "paths"), path, item)
    {
        json_object_foreach(item, method, found)
        {
            assert_true(g_hash_table_add(
                names, (void *)(uintptr_t)json_string_member(found, "operationId")));
            size_t captures = 0, named = 0, index;
            json_t *parameter;
            for (const char *p = path; *p != '\0'; p++)
                captures += *p == '{';
            json_array_foreach(json_object_get(found, "parameters"), index, parameter) named +=
                g_strcmp0(json_string_member(parameter, "in"), "path") == 0;
            assert_int_equal(captures, named);
        }
    }
}

static void
a_resource_is_as_its_field_table_says(void **state)
{
    (void)state;
    const json_t *node = member(document, "components|schemas|Node|properties");
    for (size_t i = 0; i < node_resource.field_count; i++) {
        const Field *field = &node_resource.fields[i];
        const json_t *property = json_object_get(node, field->name);
        assert_int_equal(property != NULL, !(field->flags & FIELD_INTERNAL));
        if (property != NULL && field->since > 1)
            assert_string_equal(json_string_member(property, "x-since"),
                                api_version_text(field->since));
    }
    static const struct {
        const char *path, *json;
    } rows[] = {
        {"Node|properties|uuid", "{\"type\":\"string\",\"format\":\"uuid\",\"maxLength\":36}"},
        {"Node|properties|maintenance", "{\"type\":\"boolean\"}"},
        {"Port|properties|address",
         "{\"type\":\"string\",\"pattern\":\"^([0-9a-f]{2}:){5}[0-9a-f]{2}$\"}"},
        {"VolumeTarget|properties|boot_index", "{\"type\":\"integer\"}"},
        {"Port|properties|physical_network",
         "{\"type\":[\"string\",\"null\"],\"maxLength\":64,\"x-since\":\"1.34\"}"},
        {"VolumeTargetCreate|required",
         "[\"node_uuid\",\"volume_type\",\"boot_index\",\"volume_id\"]"},
        {"NodeSummary|required", "[\"uuid\",\"instance_uuid\",\"power_state\",\"provision_state\","
                                 "\"maintenance\",\"links\"]"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("components|schemas|%s", rows[i].path);
        g_autofree char *text = json_text_dump(member(document, path));
        assert_string_equal(text, rows[i].json);
    }
}

static void
filters_are_described_with_their_versions(void **state)
{
    (void)state;
    const json_t *parameters = member(document, "paths|/v1/nodes|get|parameters");
    const char *wanted[] = {"limit", "marker", "sort_key", "detail", "associated", "shard"};
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        size_t index;
        json_t *parameter;
        bool found = false;
        json_array_foreach(parameters, index, parameter)
        {
            const char *name = json_string_member(parameter, "name");
            if (g_strcmp0(name, wanted[i]) != 0)
                continue;
            found = true;
            if (strcmp(name, "shard") == 0)
                assert_string_equal(json_string_member(parameter, "x-since"), "1.82");
            if (strcmp(name, "associated") == 0)
                assert_string_equal(json_string_value(member(parameter, "schema|type")), "boolean");
        }
        if (!found)
            fail_msg("%s", wanted[i]);
    }
}

static void *
read_text(void *size)
{
    return (void *)(uintptr_t)openapi_text(size);
}

static void
the_text_is_made_once_for_all_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    size_t sizes[4];
    void *texts[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_text, &sizes[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], &texts[i]);
    for (int i = 0; i < 4; i++) {
        assert_ptr_equal(texts[i], texts[0]);
        assert_int_equal(sizes[i], strlen(texts[0]));
    }
    json_auto_t *parsed = json_loads(texts[0], JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_equal(parsed, document));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_described_with_a_way_to_succeed),
        cmocka_unit_test(every_row_of_the_table_belongs_to_a_route),
        cmocka_unit_test(every_reference_leads_somewhere),
        cmocka_unit_test(operations_have_names_of_their_own_and_name_their_captures),
        cmocka_unit_test(a_resource_is_as_its_field_table_says),
        cmocka_unit_test(filters_are_described_with_their_versions),
        cmocka_unit_test(the_text_is_made_once_for_all_threads),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
