/* What every row of every kind must be (src/drivers/interface.h): well named, described, with sane
 * steps.
 * SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include <string.h>

static void
check_properties(const Interface *interface)
{
    for (const PropertyDef *row = interface->properties; row != NULL && row->name != NULL; row++)
        assert_true(row->help != NULL && *row->help != '\0');
}

static void
check_arguments(const StepDef *step)
{
    if (step->arguments == NULL)
        return;
    json_auto_t *arguments = driver_fixture_json(step->arguments);
    const char *name;
    json_t *argument;
    assert_true(json_object_size(arguments) > 0);
    json_object_foreach(arguments, name, argument)
    {
        assert_non_null(json_string_member(argument, "description"));
        assert_true(json_is_boolean(json_object_get(argument, "required")));
    }
}

static void
check_steps(const Interface *interface, StepKind kind)
{
    const StepDef *steps = interface->steps[kind];
    for (const StepDef *step = steps; step != NULL && step->name != NULL; step++) {
        assert_non_null(step->run);
        assert_true(step->priority >= 0);
        check_arguments(step);
        for (const StepDef *other = steps; other != step; other++)
            assert_string_not_equal(other->name, step->name);
    }
}

static void
each_row_is_named_and_its_steps_and_properties_described(void **state)
{
    (void)state;
    size_t count;
    const InterfaceRow *rows = interface_rows(&count);
    for (size_t i = 0; i < count; i++) {
        assert_true(*rows[i].interface->name != '\0');
        assert_true(rows[i].hardware_types != 0);
        check_properties(rows[i].interface);
        for (StepKind kind = 0; kind < STEP_KIND_COUNT; kind++)
            check_steps(rows[i].interface, kind);
        for (size_t j = 0; j < i; j++)
            if (rows[j].type == rows[i].type)
                assert_string_not_equal(rows[j].interface->name, rows[i].interface->name);
    }
}

/* The keys that its validate wants are those it calls required. */
static void
required_properties_are_missed(void **state)
{
    (void)state;
    size_t count, checked = 0;
    const InterfaceRow *rows = interface_rows(&count);
    for (size_t i = 0; i < count; i++)
        for (const PropertyDef *key = rows[i].interface->properties; key && key->name; key++) {
            if (!key->required)
                continue;
            g_autoptr(GError) error = NULL;
            DriverFixture *fixture = driver_fixture_new(NULL);
            Node *node = driver_fixture_node(fixture, "fake-hardware");
            record_set_text(node_interface_field(node, rows[i].type), rows[i].interface->name);
            json_object_del(node->driver_info, key->name);
            Task *task = driver_fixture_begin(fixture, node);
            assert_false(rows[i].interface->validate(task, &error));
            assert_error(&error, STEEL_ERROR_MISSING, key->name);
            driver_fixture_free(fixture);
            checked++;
        }
    assert_true(checked > 0);
}

static void
each_hardware_type_supports_something_of_every_kind(void **state)
{
    (void)state;
    size_t count;
    const InterfaceRow *rows = interface_rows(&count);
    for (int i = 0; i < HARDWARE_TYPE_COUNT; i++)
        for (int type = 0; type < INTERFACE_COUNT; type++) {
            bool found = false;
            for (size_t j = 0; j < count; j++)
                found = found || ((int)rows[j].type == type &&
                                  (rows[j].hardware_types & hardware_types[i].bit) != 0);
            if (!found)
                fail_msg("%s has no %s interface", hardware_types[i].name,
                         interface_type_name((InterfaceType)type));
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_named_and_its_steps_and_properties_described),
        cmocka_unit_test(required_properties_are_missed),
        cmocka_unit_test(each_hardware_type_supports_something_of_every_kind),
    };
    return cmocka_run_group_tests_name("contract_interfaces", tests, NULL, NULL);
}
