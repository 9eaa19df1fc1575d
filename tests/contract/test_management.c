/* What every management driver must do (src/drivers/management/management.h).
 * SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include "drivers/management/management.h"

#include <string.h>

/* A machine boots from iSCSI by its firmware once it was given a target, and was in its self-test
 * since. */
static void
make_iscsi_entry(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    if (subject->task->driver.management->set_iscsi_boot_target == NULL)
        return;
    management_set_iscsi_boot_target(subject->task, &error);
    assert_no_error(error);
    ilo_device_post(subject->fixture->ilo);
}

static void
remembers_each_boot_device(Subject *subject)
{
    const ManagementOps *management = subject->task->driver.management;
    make_iscsi_entry(subject);
    for (size_t i = 0; management->boot_devices[i] != NULL; i++)
        for (int persistent = 0; persistent <= 1; persistent++) {
            g_autoptr(GError) error = NULL;
            BootDevice device = {"", -1};
            management_set_boot_device(subject->task, management->boot_devices[i], persistent,
                                       &error);
            assert_no_error(error);
            management_get_boot_device(subject->task, &device, &error);
            assert_no_error(error);
            if (contract_is(subject, "noop")) { /* the order is fixed in the machine */
                assert_string_equal(device.device, "pxe");
                continue;
            }
            assert_string_equal(device.device, management->boot_devices[i]);
            assert_int_equal(device.persistent, persistent);
        }
}

static void
refuses_unknown_words_and_names_the_known(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    const ManagementOps *management = subject->task->driver.management;
    assert_false(management_set_boot_device(subject->task, "drum", true, &error));
    assert_error(&error, STEEL_ERROR_INVALID, "it may be: pxe");
    if (management->boot_modes == NULL)
        return;
    assert_false(management_set_boot_mode(subject->task, "coreboot", &error));
    assert_error(&error, STEEL_ERROR_INVALID, "it may be: ");
}

static void
sets_each_boot_mode(Subject *subject)
{
    const ManagementOps *management = subject->task->driver.management;
    g_autoptr(GError) error = NULL;
    if (management->boot_modes == NULL) {
        assert_false(management_set_boot_mode(subject->task, "uefi", &error));
        assert_error(&error, STEEL_ERROR_UNSUPPORTED, "setting the boot mode");
        return;
    }
    for (size_t i = 0; management->boot_modes[i] != NULL; i++) {
        management_set_boot_mode(subject->task, management->boot_modes[i], &error);
        assert_no_error(error);
    }
}

/* Each member that is NULL is refused in one sentence; each that is there answers. */
static void
answers_or_refuses_everything(Subject *subject)
{
    ManagementOps none = {.interface = *subject->interface};
    g_autoptr(GError) error = NULL;
    BootDevice device;
    subject->task->driver.management = &none;
    assert_false(management_set_boot_device(subject->task, "pxe", true, &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "does not support setting the boot device");
    assert_false(management_get_boot_device(subject->task, &device, &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "does not support reading the boot device");
    assert_false(management_set_secure_boot(subject->task, true, &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "does not support setting secure boot");
    assert_false(management_inject_nmi(subject->task, &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "does not support injecting an NMI");
    assert_false(management_set_iscsi_boot_target(subject->task, &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "does not support booting iSCSI volumes");
    assert_false(management_clear_iscsi_boot_target(subject->task, &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "does not support booting iSCSI volumes");
    assert_null(management_supported_indicators(subject->task, NULL, &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "does not support indicators");
    assert_null(management_get_indicator(subject->task, "system", "led", &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "does not support reading indicators");
    assert_false(management_set_indicator(subject->task, "system", "led", "ON", &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "does not support setting indicators");
}

static void
set_indicator(Subject *subject, const char *component, const char *name, const json_t *row)
{
    g_autoptr(GError) error = NULL;
    const json_t *states = json_object_get(row, "states");
    bool readonly = json_is_true(json_object_get(row, "readonly"));
    assert_true(json_array_size(states) > 0);
    for (size_t i = 0; i < json_array_size(states); i++) {
        const char *wanted = json_string_value(json_array_get(states, i));
        if (management_set_indicator(subject->task, component, name, wanted, &error) == readonly)
            fail_msg("%s of %s is read-only, or could not be set", name, component);
        g_clear_error(&error);
        g_autofree char *is = management_get_indicator(subject->task, component, name, &error);
        assert_no_error(error);
        if (!readonly)
            assert_string_equal(is, wanted);
    }
    assert_false(management_set_indicator(subject->task, component, name, "PINK", &error));
    assert_error(&error, STEEL_ERROR_INVALID, name);
}

static void
sets_and_reads_each_indicator(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    if (subject->task->driver.management->supported_indicators == NULL)
        return;
    json_auto_t *all = management_supported_indicators(subject->task, NULL, &error);
    assert_no_error(error);
    const char *component, *name;
    json_t *members, *row;
    json_object_foreach(all, component, members)
    {
        json_auto_t *one = management_supported_indicators(subject->task, component, &error);
        assert_int_equal(json_object_size(one), 1);
        json_object_foreach(members, name, row)
        {
            set_indicator(subject, component, name, row);
        }
    }
    assert_null(management_get_indicator(subject->task, "system", "no-such", &error));
    assert_error(&error, STEEL_ERROR_INVALID, "no-such");
}

static void
fails_with_an_error_and_leaves_the_result_alone(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    BootDevice untouched = {"bios", 1};
    if (contract_is(subject, "noop"))
        return; /* there is nothing that could fail */
    contract_break(subject, "management.get_boot_device");
    assert_false(management_get_boot_device(subject->task, &untouched, &error));
    assert_string_equal(untouched.device, "bios");
    assert_error(&error, STEEL_ERROR_BMC_AUTH, "");
    contract_break(subject, "management.set_boot_device");
    assert_false(management_set_boot_device(subject->task, "pxe", true, &error));
    assert_error(&error, STEEL_ERROR_BMC_AUTH, "");
}

int
main(void)
{
    static const ContractCase cases[] = {
        {"remembers each boot device", remembers_each_boot_device},
        {"refuses unknown words and names the known", refuses_unknown_words_and_names_the_known},
        {"sets each boot mode or says that it cannot", sets_each_boot_mode},
        {"is not asked for what it does not have", answers_or_refuses_everything},
        {"sets and reads each indicator", sets_and_reads_each_indicator},
        {"fails with an error and leaves the result alone",
         fails_with_an_error_and_leaves_the_result_alone},
    };
    return contract_run(INTERFACE_MANAGEMENT, cases, G_N_ELEMENTS(cases));
}
