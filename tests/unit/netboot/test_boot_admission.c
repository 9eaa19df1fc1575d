/* Who may have a boot script: every decision is a row, and the invariants are checked for all
 * facts.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_admission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NONE BOOT_EVIDENCE_NONE
#define OURS BOOT_EVIDENCE_NODES
#define OTHERS BOOT_EVIDENCE_OTHERS
#define ROWS(array) (sizeof(array) / sizeof((array)[0]))

typedef struct Row {
    BootEvidence neighbour, lease;
    bool open, served, holder, attacher, own_reboots;
    BootVerdict verdict;
} Row;

static const Row rows[] = {
    /* neighbour, lease, window open, served, to the asker, attached last, own reboots allowed */
    /* the machine that Steel has just started */
    {OURS, NONE, true, false, false, false, true, BOOT_VERDICT_KNOWN},
    {NONE, OURS, true, false, false, false, true, BOOT_VERDICT_KNOWN},
    {NONE, NONE, true, false, false, false, true, BOOT_VERDICT_FIRST},
    {NONE, NONE, true, false, false, false, false, BOOT_VERDICT_FIRST},
    /* ... asks again; had another address in the boot before */
    {NONE, NONE, true, true, true, false, true, BOOT_VERDICT_AGAIN},
    {NONE, NONE, true, true, true, true, false, BOOT_VERDICT_AGAIN},
    {OURS, NONE, true, true, false, false, true, BOOT_VERDICT_KNOWN},
    {NONE, OURS, true, true, false, false, true, BOOT_VERDICT_KNOWN},
    /* a stranger was faster; the machine comes with the address of its last boot */
    {NONE, NONE, true, true, false, true, true, BOOT_VERDICT_ATTACHED},
    /* a stranger */
    {NONE, NONE, true, true, false, false, true, BOOT_VERDICT_TAKEN},
    {NONE, NONE, false, true, false, false, true, BOOT_VERDICT_CLOSED},
    {NONE, NONE, false, false, false, false, true, BOOT_VERDICT_CLOSED},
    {OTHERS, NONE, true, false, false, false, true, BOOT_VERDICT_OTHER_MACHINE},
    {OTHERS, OURS, true, false, false, false, true, BOOT_VERDICT_OTHER_MACHINE},
    {OTHERS, NONE, true, true, true, true, true, BOOT_VERDICT_OTHER_MACHINE},
    {OTHERS, NONE, false, false, false, true, true, BOOT_VERDICT_OTHER_MACHINE},
    {NONE, OTHERS, true, false, false, false, true, BOOT_VERDICT_OTHER_LEASE},
    {NONE, OTHERS, false, false, false, true, true, BOOT_VERDICT_OTHER_LEASE},
    /* a lease that is out of date, and the machine is seen on the link */
    {OURS, OTHERS, true, false, false, false, true, BOOT_VERDICT_KNOWN},
    /* the machine restarts by itself, long after */
    {OURS, NONE, false, true, false, false, true, BOOT_VERDICT_KNOWN},
    {NONE, OURS, false, true, true, true, true, BOOT_VERDICT_KNOWN},
    {NONE, NONE, false, true, true, true, true, BOOT_VERDICT_ATTACHED},
    {NONE, NONE, false, true, true, false, true, BOOT_VERDICT_CLOSED},
    /* ... where that is forbidden */
    {OURS, NONE, false, true, true, true, false, BOOT_VERDICT_OWN_REBOOT},
    {NONE, OURS, false, false, false, true, false, BOOT_VERDICT_OWN_REBOOT},
    {NONE, NONE, false, true, true, true, false, BOOT_VERDICT_OWN_REBOOT},
    {OTHERS, NONE, false, true, true, true, false, BOOT_VERDICT_OTHER_MACHINE},
};

static BootVerdict
decide(const Row *row)
{
    const BootFacts facts = {
        .neighbour = row->neighbour,
        .lease = row->lease,
        .window_open = row->open,
        .served = row->served,
        .holder = row->holder,
        .attacher = row->attacher,
        .own_reboots = row->own_reboots,
    };
    return boot_admission_decide(&facts);
}

static void
each_row_is_decided_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        if (decide(&rows[i]) != rows[i].verdict)
            fail_msg("row %zu: %s, not: %s", i, boot_verdict_words(decide(&rows[i])),
                     boot_verdict_words(rows[i].verdict));
}

static void
every_verdict_comes_of_some_row(void **state)
{
    (void)state;
    for (int verdict = 0; verdict < BOOT_VERDICT_COUNT; verdict++) {
        bool found = false;
        for (size_t i = 0; i < ROWS(rows); i++)
            found = found || rows[i].verdict == (BootVerdict)verdict;
        if (!found)
            fail_msg("no row: %s", boot_verdict_words((BootVerdict)verdict));
    }
}

/* All combinations, as a Row. */
static Row
combination(unsigned number)
{
    return (Row){.neighbour = (BootEvidence)(number / 32 % 3),
                 .lease = (BootEvidence)(number / 96),
                 .open = number & 1,
                 .served = number & 2,
                 .holder = number & 4,
                 .attacher = number & 8,
                 .own_reboots = number & 16};
}

static void
nobody_known_as_another_machine_is_ever_served(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 288; i++) {
        Row row = combination(i);
        bool served = boot_verdict_serves(decide(&row));
        bool other = row.neighbour == OTHERS || (row.neighbour == NONE && row.lease == OTHERS);
        if (other && served)
            fail_msg("combination %u", i);
    }
}

static void
outside_of_the_window_somebody_must_know_the_address(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 288; i++) {
        Row row = combination(i);
        bool known = row.neighbour == OURS || row.lease == OURS || row.attacher;
        if (!row.open && boot_verdict_serves(decide(&row)) && !(known && row.own_reboots))
            fail_msg("combination %u", i);
    }
}

static void
in_the_window_a_second_unknown_address_gets_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 288; i++) {
        Row row = combination(i);
        bool unknown = row.neighbour == NONE && row.lease == NONE && !row.holder && !row.attacher;
        if (row.open && row.served && unknown && boot_verdict_serves(decide(&row)))
            fail_msg("combination %u", i);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_decided_as_written),
        cmocka_unit_test(every_verdict_comes_of_some_row),
        cmocka_unit_test(nobody_known_as_another_machine_is_ever_served),
        cmocka_unit_test(outside_of_the_window_somebody_must_know_the_address),
        cmocka_unit_test(in_the_window_a_second_unknown_address_gets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
