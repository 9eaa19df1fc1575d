/* The runner of contract tests; the contract is in contract.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include "drivers/deploy/deploy.h"

#include <string.h>

/* One case on one row: a test of cmocka, whose state it is. */
typedef struct Run {
    const InterfaceRow *row;
    const ContractCase *contract_case;
    char *name;
} Run;

static bool
has_row(InterfaceType type, const char *name)
{
    size_t count;
    const InterfaceRow *rows = interface_rows(&count);
    for (size_t i = 0; i < count; i++)
        if (rows[i].type == type && strcmp(rows[i].interface->name, name) == 0)
            return true;
    return false;
}

/* The interface of the same name, or of its first word: of "ilo-pxe" that is "ilo". */
static void
set_relative(Node *node, InterfaceType type, const char *name)
{
    g_autofree char *word = g_strndup(name, strcspn(name, "-"));
    if (has_row(type, name))
        record_set_text(node_interface_field(node, type), name);
    else if (has_row(type, word))
        record_set_text(node_interface_field(node, type), word);
}

static Node *
subject_node(const DriverFixture *fixture, const InterfaceRow *row)
{
    static const InterfaceType relatives[] = {INTERFACE_MANAGEMENT, INTERFACE_POWER};
    Node *node = driver_fixture_node(fixture, "fake-hardware");
    record_set_text(&node->storage_interface, "external");
    for (size_t i = 0; i < G_N_ELEMENTS(relatives); i++)
        set_relative(node, relatives[i], row->interface->name);
    record_set_text(node_interface_field(node, row->type), row->interface->name);
    return node;
}

/* A volume, or what takes its place for an interface that boots none. */
static void
give_instance(Subject *subject, InterfaceType type)
{
    const Task *task = subject->task;
    bool ramdisk = type == INTERFACE_DEPLOY && task->driver.deploy->boots_ramdisk;
    bool volume = type != INTERFACE_BOOT ||
                  (subject->interface->capabilities & CAPABILITY_ISCSI_VOLUME_BOOT) != 0;
    if (!ramdisk && volume) {
        driver_fixture_volume(subject->fixture);
        /* the firmware of iLOs boots it, and HTTP is for UEFI alone */
        if (g_str_has_prefix(subject->interface->name, "ilo") ||
            g_str_has_prefix(subject->interface->name, "http"))
            json_object_set_new(task->node->properties, "capabilities",
                                json_string("boot_mode:uefi,iscsi_boot:true"));
        return;
    }
    driver_fixture_port(subject->fixture, "52:54:00:00:00:01", true);
    json_object_set_new(task->node->instance_info, "kernel", json_string("http://192.0.2.1/k"));
    json_object_set_new(task->node->instance_info, "ramdisk", json_string("http://192.0.2.1/r"));
}

static void
run_case(void **state)
{
    const Run *run = *state;
    Subject subject = {.fixture = driver_fixture_new(NULL), .interface = run->row->interface};
    Node *node = subject_node(subject.fixture, run->row);
    subject.task = driver_fixture_begin(subject.fixture, node);
    give_instance(&subject, run->row->type);
    assert_ptr_equal(driver_set_interface(&subject.task->driver, run->row->type),
                     run->row->interface);
    run->contract_case->run(&subject);
    driver_fixture_free(subject.fixture);
}

int
contract_run(InterfaceType type, const ContractCase *cases, size_t count)
{
    size_t row_count, used = 0;
    const InterfaceRow *rows = interface_rows(&row_count);
    g_autofree Run *runs = g_new0(Run, row_count * count);
    g_autofree struct CMUnitTest *tests = g_new0(struct CMUnitTest, row_count * count);
    for (size_t i = 0; i < row_count; i++) {
        if (rows[i].type != type)
            continue;
        for (size_t j = 0; j < count; j++, used++) {
            runs[used] = (Run){&rows[i], &cases[j],
                               g_strdup_printf("%s %s: %s", interface_type_name(type),
                                               rows[i].interface->name, cases[j].sentence)};
            tests[used] = (struct CMUnitTest){
                .name = runs[used].name, .test_func = run_case, .initial_state = &runs[used]};
        }
    }
    g_autofree char *group = g_strdup_printf("contract_%s", interface_type_name(type));
    int failed = _cmocka_run_group_tests(group, tests, used, NULL, NULL);
    for (size_t i = 0; i < used; i++)
        g_free(runs[i].name);
    return failed;
}

void
contract_break(Subject *subject, const char *action)
{
    json_t *info = subject->task->node->driver_info;
    json_object_set_new(info, "ipmi_password", json_string("not-the-password"));
    json_object_set_new(info, "ilo_password", json_string("not-the-password"));
    json_object_set_new(info, "redfish_password", json_string("not-the-password"));
    json_object_set_new(info, "fake", json_pack("{s:{s:s}}", action, "fail", "BMC_AUTH"));
}

bool
contract_is(const Subject *subject, const char *name)
{
    return strcmp(subject->interface->name, name) == 0;
}
