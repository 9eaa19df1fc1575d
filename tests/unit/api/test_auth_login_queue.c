/* Logins that wait to be checked: whose turn it is, which are refused, which are delayed.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/login_queue.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Checks that wait at a gate and record their order. */
typedef struct Gate {
    pthread_mutex_t mutex; /* guards everything below */
    pthread_cond_t changed;
    GString *begun;
    unsigned running;
    unsigned passes; /* how many may end */
} Gate;

typedef struct Try {
    Gate *gate;
    char name;
} Try;

static Gate gate = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static int
set_up(void **state)
{
    (void)state;
    gate.begun = g_string_new(NULL);
    gate.running = gate.passes = 0;
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    g_string_free(gate.begun, TRUE);
    return 0;
}

static void
check_login(void *data)
{
    g_autofree Try *attempt = data;
    pthread_mutex_lock(&gate.mutex);
    g_string_append_c(gate.begun, attempt->name);
    gate.running++;
    pthread_cond_broadcast(&gate.changed);
    while (gate.passes == 0)
        pthread_cond_wait(&gate.changed, &gate.mutex);
    gate.passes--;
    gate.running--;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
}

static void
let_pass(unsigned count)
{
    pthread_mutex_lock(&gate.mutex);
    gate.passes += count;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
}

/* Waits until this many checks have begun; their names in order. */
static char *
wait_begun(size_t count)
{
    pthread_mutex_lock(&gate.mutex);
    while (gate.begun->len < count)
        pthread_cond_wait(&gate.changed, &gate.mutex);
    char *begun = g_strdup(gate.begun->str);
    pthread_mutex_unlock(&gate.mutex);
    return begun;
}

/* Waits until all passes are used; otherwise the next check would take a pass of an earlier one. */
static void
wait_passed(void)
{
    pthread_mutex_lock(&gate.mutex);
    while (gate.passes > 0 || gate.running > 0)
        pthread_cond_wait(&gate.changed, &gate.mutex);
    pthread_mutex_unlock(&gate.mutex);
}

static LoginLane
lane(const char *text)
{
    LoginLane made = {.part = 0};
    assert_true(http_address_parse(text, strlen(text), &made.source));
    return made;
}

static bool
try_login(LoginQueue *queue, const LoginLane *from, char name)
{
    Try *attempt = g_new(Try, 1);
    *attempt = (Try){&gate, name};
    if (login_queue_submit(queue, from, check_login, attempt, NULL))
        return true;
    g_free(attempt);
    return false;
}

static void
one_address_does_not_keep_the_others_waiting(void **state)
{
    (void)state;
    LoginQueue *queue = login_queue_new("test", 2);
    const LoginLane crowd = lane("192.0.2.1"), other = lane("192.0.2.2");
    for (int i = 0; i < 10; i++)
        assert_true(try_login(queue, &crowd, 'c'));
    g_autofree char *first = wait_begun(1);
    assert_string_equal(first, "c"); /* half of two threads */
    assert_true(try_login(queue, &other, 'o'));
    g_autofree char *second = wait_begun(2);
    assert_string_equal(second, "co"); /* before nine checks that came earlier */
    let_pass(11);
    g_autofree char *all = wait_begun(11);
    login_queue_free(queue);
    assert_int_equal(gate.running, 0);
}

static void
a_full_queue_refuses_at_once(void **state)
{
    (void)state;
    LoginQueue *queue = login_queue_new("test", 2);
    const LoginLane crowd = lane("192.0.2.1"), other = lane("192.0.2.2");
    g_autoptr(GError) error = NULL;
    assert_true(try_login(queue, &crowd, 'c'));
    g_autofree char *begun =
        wait_begun(1); /* it has left the queue, and no other begins next to it */
    unsigned accepted = 1;
    while (accepted < 1000 && try_login(queue, &crowd, 'c'))
        accepted++;
    assert_int_equal(accepted, 33);
    assert_false(login_queue_submit(queue, &crowd, check_login, NULL, &error));
    assert_int_equal(error->code, STEEL_ERROR_IDENTITY_UNAVAILABLE);
    assert_true(try_login(queue, &other, 'o'));
    let_pass(accepted + 1);
    login_queue_free(queue);
}

static void
failures_delay_only_the_lane_that_failed(void **state)
{
    (void)state;
    LoginQueue *queue = login_queue_new("test", 4);
    const LoginLane guesser = lane("192.0.2.1"), second = lane("192.0.2.3"),
                    third = lane("192.0.2.4"), honest = lane("192.0.2.2");
    const LoginLane *const guessers[] = {&guesser, &second, &third};
    for (size_t i = 0; i < G_N_ELEMENTS(guessers); i++) {
        assert_true(try_login(queue, guessers[i], 'x'));
        let_pass(1);
        wait_passed();
        for (int j = 0; j < 5; j++)
            login_queue_judge(queue, guessers[i], false);
    }
    unsigned accepted = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(guessers); i++)
        for (int j = 0; j < 10; j++)
            accepted += try_login(queue, guessers[i], 'g');
    assert_in_range(accepted, 12, 15); /* four each, and those that have begun */
    assert_true(try_login(queue, &honest, 'h'));
    assert_true(try_login(queue, &honest, 'h'));
    /* three x, two g (half of the threads are for suspects), two h */
    g_autofree char *begun = wait_begun(7);
    unsigned of_honest = 0;
    for (const char *p = begun; *p != '\0'; p++)
        of_honest += *p == 'h';
    assert_int_equal(of_honest, 2);
    let_pass(accepted + 2);
    login_queue_free(queue);
}

static void
a_correct_login_makes_up_for_failures(void **state)
{
    (void)state;
    LoginQueue *queue = login_queue_new("test", 2);
    const LoginLane person = lane("192.0.2.1");
    assert_true(try_login(queue, &person, 'p'));
    let_pass(1);
    wait_passed();
    for (int i = 0; i < 5; i++)
        login_queue_judge(queue, &person, false);
    login_queue_judge(queue, &person, true);
    unsigned accepted = 0;
    while (accepted < 1000 && try_login(queue, &person, 'p'))
        accepted++;
    assert_true(accepted >= 32);
    let_pass(accepted);
    login_queue_free(queue);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_address_does_not_keep_the_others_waiting, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_full_queue_refuses_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failures_delay_only_the_lane_that_failed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_correct_login_makes_up_for_failures, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
