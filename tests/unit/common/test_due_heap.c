/* The heap of due times keeps its order through any mix of setting, moving and removing.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/due_heap.h"

enum { ENTRIES = 500, MOVES = 20000 };

static DueEntry *
earliest(DueEntry *entries)
{
    DueEntry *first = NULL;
    for (size_t i = 0; i < ENTRIES; i++)
        if (entries[i].position != 0 && (first == NULL || entries[i].due_ms < first->due_ms))
            first = &entries[i];
    return first;
}

static void
the_first_is_always_the_earliest(void **state)
{
    static DueEntry entries[ENTRIES];
    DueHeap heap = {0};
    uint32_t dice = 1;
    (void)state;
    for (int i = 0; i < MOVES; i++) {
        dice = dice * 1103515245u + 12345u;
        DueEntry *entry = &entries[dice / 65536 % ENTRIES];
        if (dice % 5 == 0)
            due_heap_remove(&heap, entry);
        else
            due_heap_set(&heap, entry, dice / 7 % 1000);
        const DueEntry *first = due_heap_first(&heap);
        const DueEntry *expected = earliest(entries);
        assert_int_equal(first == NULL, expected == NULL);
        if (first != NULL)
            assert_int_equal(first->due_ms, expected->due_ms);
    }
    uint64_t last_ms = 0;
    for (DueEntry *first; (first = due_heap_first(&heap)) != NULL;) {
        assert_true(first->due_ms >= last_ms);
        last_ms = first->due_ms;
        due_heap_remove(&heap, first);
    }
    due_heap_clear(&heap);
}

static void
the_wait_is_what_epoll_takes(void **state)
{
    DueHeap heap = {0};
    DueEntry entry = {0};
    (void)state;
    assert_int_equal(due_heap_wait_ms(&heap, 5), -1);
    due_heap_set(&heap, &entry, 100);
    assert_int_equal(due_heap_wait_ms(&heap, 40), 60);
    assert_int_equal(due_heap_wait_ms(&heap, 100), 0);
    assert_int_equal(due_heap_wait_ms(&heap, 140), 0);
    due_heap_set(&heap, &entry, UINT64_MAX);
    assert_int_equal(due_heap_wait_ms(&heap, 0), INT32_MAX);
    due_heap_clear(&heap);
    assert_int_equal(entry.position, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_always_the_earliest),
        cmocka_unit_test(the_wait_is_what_epoll_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
