/* Orders cross from one thread to another in order, and a full mailbox says so.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/error.h"
#include "lab/mailbox.h"

#include <glib.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ORDERS 20000

static void *
put_many(void *data)
{
    Mailbox *mailbox = data;
    for (uintptr_t i = 1; i <= ORDERS; i++) {
        MailboxOrder order = {.recipient = (void *)i, .control = IPMI_CHASSIS_ON};
        while (!mailbox_put(mailbox, &order, NULL))
            sched_yield(); /* full: the other thread is taking */
    }
    return NULL;
}

static void
orders_arrive_in_the_order_they_were_put(void **state)
{
    (void)state;
    g_autoptr(Mailbox) mailbox = mailbox_new(NULL);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, put_many, mailbox), 0);
    uintptr_t expected = 1;
    while (expected <= ORDERS) {
        struct pollfd polled = {.fd = mailbox_fd(mailbox), .events = POLLIN};
        assert_int_equal(poll(&polled, 1, 20000), 1);
        MailboxOrder order;
        while (mailbox_take(mailbox, &order))
            assert_int_equal((uintptr_t)order.recipient, expected++);
    }
    pthread_join(thread, NULL);
}

static void
full_mailbox_refuses_and_takes_again(void **state)
{
    (void)state;
    g_autoptr(Mailbox) mailbox = mailbox_new(NULL);
    MailboxOrder order = {.control = IPMI_CHASSIS_OFF};
    g_autoptr(GError) error = NULL;
    unsigned count = 0;
    while (count < 100000 && mailbox_put(mailbox, &order, &error))
        count++;
    assert_int_equal(count, 1024);
    assert_true(steel_error_is(error, STEEL_ERROR_BMC_BUSY));
    assert_true(mailbox_take(mailbox, &order));
    assert_true(mailbox_put(mailbox, &order, NULL));
}

static void
empty_mailbox_is_not_readable(void **state)
{
    (void)state;
    g_autoptr(Mailbox) mailbox = mailbox_new(NULL);
    MailboxOrder order = {.control = IPMI_CHASSIS_OFF};
    assert_true(mailbox_put(mailbox, &order, NULL));
    assert_true(mailbox_take(mailbox, &order));
    assert_false(mailbox_take(mailbox, &order));
    struct pollfd polled = {.fd = mailbox_fd(mailbox), .events = POLLIN};
    assert_int_equal(poll(&polled, 1, 0), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_arrive_in_the_order_they_were_put),
        cmocka_unit_test(full_mailbox_refuses_and_takes_again),
        cmocka_unit_test(empty_mailbox_is_not_readable),
    };
    return cmocka_run_group_tests_name("lab/mailbox", tests, NULL, NULL);
}
