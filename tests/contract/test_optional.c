/* What the drivers of optional things must do: they do it, or they say in one sentence that the
 * node has none (src/drivers/{bios,console,inspect,raid,rescue,vendor}).
 * SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include "drivers/bios/bios.h"
#include "drivers/console/console.h"
#include "drivers/inspect/inspect.h"
#include "drivers/raid/raid.h"
#include "drivers/rescue/rescue.h"
#include "drivers/vendor/vendor.h"

/* The "no-..." rows. */
static bool
stands_for_none(const Subject *subject)
{
    return g_str_has_prefix(subject->interface->name, "no-");
}

/* Success for what there is, UNSUPPORTED for what there is not. */
static void
settled(const Subject *subject, bool good, GError **error)
{
    if (stands_for_none(subject)) {
        assert_false(good);
        assert_error(error, STEEL_ERROR_UNSUPPORTED, "driver fake-hardware");
    } else {
        assert_no_error(*error);
        assert_true(good);
    }
}

static void
validates_or_says_that_there_is_none(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    bool valid =
        subject->interface->validate == NULL || subject->interface->validate(subject->task, &error);
    settled(subject, valid, &error);
}

static void
caches_settings(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    assert_true(bios_cache(subject->task, &error)); /* nothing to read is no failure */
}

static void
starts_and_stops_a_console(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    settled(subject, console_start(subject->task, &error), &error);
    json_auto_t *console = console_get(subject->task, &error);
    settled(subject, console != NULL, &error);
    settled(subject, console_stop(subject->task, &error), &error);
}

/* Every step of a kind; one that waits counts as good. True when there are any. */
static bool
runs_steps(Subject *subject, StepKind kind)
{
    g_autoptr(GError) error = NULL;
    const StepDef *first = subject->interface->steps[kind];
    for (const StepDef *step = first; step != NULL && step->name != NULL; step++) {
        StepOutcome outcome = step->run(subject->task, NULL, &error);
        assert_no_error(error);
        assert_true(outcome.result == STEP_DONE || outcome.result == STEP_WAIT);
    }
    return first != NULL && first->name != NULL;
}

static void
inspects(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    assert_int_equal(runs_steps(subject, STEP_KIND_INSPECT), !stands_for_none(subject));
    settled(subject, inspect_abort(subject->task, &error), &error);
}

static void
takes_a_raid_configuration(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *config =
        driver_fixture_json("{\"logical_disks\": [{\"size_gb\": 1, \"raid_level\": \"1\"}]}");
    settled(subject, raid_config_validate(subject->task, config, &error), &error);
}

static void
rescues_and_comes_back(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    assert_int_equal(runs_steps(subject, STEP_KIND_RESCUE), !stands_for_none(subject));
    assert_int_equal(runs_steps(subject, STEP_KIND_UNRESCUE), !stands_for_none(subject));
    assert_true(rescue_clean_up(subject->task, &error));
}

static void
describes_its_methods(Subject *subject)
{
    const VendorOps *vendor = subject->task->driver.vendor;
    const VendorMethod *lists[] = {vendor->node_methods, vendor->driver_methods};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        for (const VendorMethod *row = lists[i]; row != NULL && row->name != NULL; row++) {
            assert_non_null(row->run);
            assert_true(*row->http_methods != '\0' && *row->description != '\0');
        }
    if (stands_for_none(subject))
        assert_true(vendor->node_methods == NULL && vendor->driver_methods == NULL);
}

int
main(void)
{
    static const struct {
        InterfaceType type;
        ContractCase cases[2];
    } kinds[] = {
        {INTERFACE_BIOS,
         {{"validates or says that there is none", validates_or_says_that_there_is_none},
          {"caches settings", caches_settings}}},
        {INTERFACE_CONSOLE,
         {{"validates or says that there is none", validates_or_says_that_there_is_none},
          {"starts and stops a console", starts_and_stops_a_console}}},
        {INTERFACE_INSPECT,
         {{"validates or says that there is none", validates_or_says_that_there_is_none},
          {"inspects, or says that it cannot", inspects}}},
        {INTERFACE_RAID,
         {{"validates or says that there is none", validates_or_says_that_there_is_none},
          {"takes a RAID configuration", takes_a_raid_configuration}}},
        {INTERFACE_RESCUE,
         {{"validates or says that there is none", validates_or_says_that_there_is_none},
          {"rescues and comes back", rescues_and_comes_back}}},
        {INTERFACE_VENDOR,
         {{"validates or says that there is none", validates_or_says_that_there_is_none},
          {"describes its methods", describes_its_methods}}},
    };
    int failed = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        failed += contract_run(kinds[i].type, kinds[i].cases, G_N_ELEMENTS(kinds[i].cases));
    return failed;
}
