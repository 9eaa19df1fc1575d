/* Vendor methods are found by name and HTTP method, and described for clients.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "drivers/vendor/vendor.h"

static const VendorMethod methods[] = {
    {.name = "first", .http_methods = "POST,PUT", .description = "One.", .asynchronous = true},
    {.name = "second", .http_methods = "GET", .description = "Two.", .exclusive = true},
    {0},
};

static void
a_method_is_found_for_the_http_methods_it_takes(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    assert_ptr_equal(vendor_method(methods, "first", "PUT", &error), &methods[0]);
    assert_ptr_equal(vendor_method(methods, "second", "get", &error), &methods[1]);
    assert_null(vendor_method(methods, "second", "POST", &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "second takes GET");
    assert_null(vendor_method(methods, "third", "POST", &error));
    assert_error(&error, STEEL_ERROR_INVALID, "no vendor method third; known are: first, second");
    assert_null(vendor_method(NULL, "first", "POST", &error));
    assert_error(&error, STEEL_ERROR_INVALID, "known are: none");
}

static void
methods_are_described_as_clients_know_it(void **state)
{
    (void)state;
    json_auto_t *described = vendor_methods_json(methods);
    json_auto_t *expected = driver_fixture_json(
        "{\"first\": {\"http_methods\": [\"POST\", \"PUT\"], \"description\": \"One.\", \"async\": "
        "true, \"attach\": false, \"require_exclusive_lock\": false}, \"second\": "
        "{\"http_methods\": [\"GET\"], \"description\": \"Two.\", \"async\": false, \"attach\": "
        "false, \"require_exclusive_lock\": true}}");
    assert_true(json_equal(described, expected));
    json_auto_t *none = vendor_methods_json(NULL);
    assert_int_equal(json_object_size(none), 0);
}

static void
the_fake_methods_compare_a_word(void **state)
{
    (void)state;
    static const struct {
        const char *name, *word;
    } rows[] = {
        {"first_method",              "baz"},
        {"second_method",             "kazoo"},
        {"third_method_sync",         "meow"},
        {"fourth_method_shared_lock", "woof"},
    };
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = driver_fixture_begin(fixture, driver_fixture_node(fixture, "fake-hardware"));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        const VendorMethod *method =
            vendor_method(task->driver.vendor->node_methods, rows[i].name, "POST", &error);
        assert_non_null(method);
        json_auto_t *right = json_pack("{s:s}", "bar", rows[i].word);
        json_auto_t *wrong = json_pack("{s:s}", "bar", "moo");
        json_auto_t *yes = method->run(task, "POST", right, &error);
        json_auto_t *no = method->run(task, "POST", wrong, &error);
        assert_no_error(error);
        assert_true(json_is_true(yes));
        assert_true(json_is_false(no));
        assert_null(method->run(task, "POST", NULL, &error));
        assert_error(&error, STEEL_ERROR_MISSING, "bar");
    }
    driver_fixture_free(fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_method_is_found_for_the_http_methods_it_takes),
        cmocka_unit_test(methods_are_described_as_clients_know_it),
        cmocka_unit_test(the_fake_methods_compare_a_word),
    };
    return cmocka_run_group_tests_name("vendor", tests, NULL, NULL);
}
