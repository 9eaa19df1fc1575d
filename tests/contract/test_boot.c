/* What every boot driver must do (src/drivers/boot/boot.h).
 * SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include "drivers/boot/boot.h"

static void
cleans_up_when_nothing_was_prepared(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    for (int i = 0; i < 2; i++) {
        boot_clean_up_instance(subject->task, &error);
        assert_no_error(error);
        boot_clean_up_ramdisk(subject->task, &error);
        assert_no_error(error);
    }
    assert_false(boot_reports_progress(subject->task));
}

static void
prepares_an_instance_twice(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    assert_true(subject->interface->validate(subject->task, &error));
    boot_prepare_instance(subject->task, &error);
    assert_no_error(error);
    json_auto_t *first = json_deep_copy(subject->task->node->driver_internal_info);
    bool reports = boot_reports_progress(subject->task);
    boot_prepare_instance(subject->task, &error);
    assert_no_error(error);
    assert_true(json_equal(first, subject->task->node->driver_internal_info));
    assert_int_equal(boot_reports_progress(subject->task), reports);
}

static void
leaves_nothing_behind(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    boot_prepare_instance(subject->task, &error);
    assert_no_error(error);
    for (int i = 0; i < 2; i++) {
        boot_clean_up_instance(subject->task, &error);
        assert_no_error(error);
    }
    assert_null(json_object_get(subject->task->node->driver_internal_info, "boot"));
    assert_false(boot_reports_progress(subject->task));
    assert_true(task_reload(subject->task, &error));
    assert_null(json_object_get(subject->task->node->driver_internal_info, "boot"));
}

static void
prepares_a_ramdisk_or_refuses_in_a_sentence(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *parameters = json_pack("{s:s}", "ipa-api-url", "http://192.0.2.1:6385");
    bool prepared = boot_prepare_ramdisk(subject->task, parameters, &error);
    if (!prepared)
        assert_error(&error, STEEL_ERROR_MISSING, "deploy_kernel");
    boot_clean_up_ramdisk(subject->task, &error);
    assert_no_error(error);
}

int
main(void)
{
    static const ContractCase cases[] = {
        {"cleans up when nothing was prepared", cleans_up_when_nothing_was_prepared},
        {"prepares an instance twice to the same end", prepares_an_instance_twice},
        {"leaves nothing behind", leaves_nothing_behind},
        {"prepares a ramdisk or refuses in a sentence",
         prepares_a_ramdisk_or_refuses_in_a_sentence},
    };
    return contract_run(INTERFACE_BOOT, cases, G_N_ELEMENTS(cases));
}
