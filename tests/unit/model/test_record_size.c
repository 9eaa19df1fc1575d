/* The limits of records: what counts, the errors, and that a record beyond the limit may shrink.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/record_size.h"
#include "model/resources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const SizeLimits limits = {.field = 1000, .record = 2500};

/* An object that takes this many bytes: {"x":"yyy"}. */
static void
fill(json_t **member, size_t size)
{
    g_autofree char *text = g_strnfill(size - strlen("{\"x\":\"\"}"), 'y');
    json_decref(*member);
    *member = json_pack("{s:s}", "x", text);
    assert_int_equal(json_size(*member), size);
}

static bool
fits(const Node *node, const Node *original, const char *part)
{
    g_autoptr(GError) error = NULL;
    bool good = record_size_check(&node_resource, node, original, &limits, &error);
    assert_int_equal(good, error == NULL);
    if (!good) {
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
        if (strstr(error->message, part) == NULL)
            fail_msg("'%s' does not say '%s'", error->message, part);
    }
    return good;
}

static void
a_field_that_is_too_large_is_named_with_the_limit(void **state)
{
    g_autoptr(Node) node = node_new();
    (void)state;
    fill(&node->extra, 1000);
    assert_true(fits(node, NULL, ""));
    fill(&node->extra, 1001);
    assert_false(fits(node, NULL, "extra: it would take 1001 bytes, more than the 1000"));
    fill(&node->extra, 10);
    g_autofree char *reason = g_strnfill(1001, 'r');
    record_set_text(&node->maintenance_reason, reason);
    assert_false(fits(node, NULL, "maintenance_reason: it would take 1001 bytes"));
}

static void
all_fields_together_have_a_limit_and_the_largest_is_named(void **state)
{
    g_autoptr(Node) node = node_new();
    (void)state;
    fill(&node->extra, 900);
    fill(&node->properties, 950);
    fill(&node->driver_info, 600);
    assert_true(fits(node, NULL, ""));
    fill(&node->driver_info, 700);
    assert_false(fits(node, NULL, "bytes, more than the 2500 that all its fields together may"));
    assert_false(fits(node, NULL, "its largest field is properties with 950"));
}

static void
a_record_beyond_the_limit_may_stay_or_shrink_but_not_grow(void **state)
{
    g_autoptr(Node) before = node_new();
    (void)state;
    fill(&before->extra, 3000);
    g_autoptr(Node) node = node_copy(before);
    record_set_text(&node->name, "renamed");
    assert_true(fits(node, before, ""));
    fill(&node->extra, 2990);
    assert_true(fits(node, before, ""));
    fill(&node->extra, 3001);
    assert_false(fits(node, before, "extra"));
    fill(&node->extra, 3000);
    fill(&node->properties, 20);
    assert_false(fits(node, before, "all its fields together"));
}

static void
a_config_drive_is_not_counted(void **state)
{
    g_autoptr(Node) node = node_new();
    g_autofree char *drive = g_strnfill(100000, 'd');
    (void)state;
    fill(&node->instance_info, 900);
    json_object_set_new(node->instance_info, "configdrive", json_string(drive));
    assert_true(fits(node, NULL, ""));
    json_object_set_new(node->instance_info, "image_source",
                        json_string("http://a/very/long/name/"
                                    "of/an/image/that/is/put/"
                                    "on/the/disk/of/a/machine/"
                                    "that/has/one"));
    assert_false(fits(node, NULL, "instance_info: it would take 10"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_that_is_too_large_is_named_with_the_limit),
        cmocka_unit_test(all_fields_together_have_a_limit_and_the_largest_is_named),
        cmocka_unit_test(a_record_beyond_the_limit_may_stay_or_shrink_but_not_grow),
        cmocka_unit_test(a_config_drive_is_not_counted),
    };
    return cmocka_run_group_tests_name("record_size", tests, NULL, NULL);
}
