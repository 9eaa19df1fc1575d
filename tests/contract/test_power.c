/* What every power driver must do (src/drivers/power/power.h).
 * SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include "drivers/power/power.h"

#include <pthread.h>

static PowerState
state_of(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    PowerState power = POWER_ERROR;
    power_get(subject->task, &power, &error);
    assert_no_error(error);
    return power;
}

static void
set(Subject *subject, PowerTarget target)
{
    g_autoptr(GError) error = NULL;
    power_set(subject->task, target, 5, &error);
    assert_no_error(error);
}

static void
reaches_each_target(Subject *subject)
{
    for (int from = 0; from < POWER_TARGET_COUNT; from++)
        for (int to = 0; to < POWER_TARGET_COUNT; to++) {
            if ((subject->task->driver.power->targets & 1u << from) == 0 ||
                (subject->task->driver.power->targets & 1u << to) == 0)
                continue;
            set(subject, (PowerTarget)from);
            set(subject, (PowerTarget)to);
            assert_int_equal(state_of(subject), power_target_state((PowerTarget)to));
        }
}

static void
takes_the_same_target_twice(Subject *subject)
{
    for (int i = 0; i < 2; i++) {
        set(subject, POWER_TARGET_ON);
        assert_int_equal(state_of(subject), POWER_ON);
    }
    for (int i = 0; i < 2; i++) {
        set(subject, POWER_TARGET_OFF);
        assert_int_equal(state_of(subject), POWER_OFF);
    }
}

static void
knows_on_off_and_reboot(Subject *subject)
{
    unsigned targets = subject->task->driver.power->targets;
    assert_int_equal(targets & POWER_HARD_TARGETS, POWER_HARD_TARGETS);
}

static void
refuses_what_it_does_not_know(Subject *subject)
{
    PowerOps without = *subject->task->driver.power;
    g_autoptr(GError) error = NULL;
    without.targets &= ~POWER_SOFT_TARGETS;
    subject->task->driver.power = &without;
    assert_false(power_set(subject->task, POWER_TARGET_SOFT_OFF, 5, &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "does not support 'soft power off'");
}

static void
fails_with_an_error_and_leaves_the_result_alone(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    PowerState untouched = POWER_ERROR;
    contract_break(subject, "power.get");
    assert_false(power_get(subject->task, &untouched, &error));
    assert_int_equal(untouched, POWER_ERROR);
    assert_error(&error, STEEL_ERROR_BMC_AUTH, "");
    contract_break(subject, "power.set");
    assert_false(power_set(subject->task, POWER_TARGET_ON, 5, &error));
    assert_error(&error, STEEL_ERROR_BMC_AUTH, "");
}

typedef struct Answer {
    pthread_mutex_t lock;
    pthread_cond_t came;
    int count;
    PowerState state;
    bool failed;
} Answer;

static void
answer_came(void *user_data, const PowerTold *told, const GError *error)
{
    Answer *answer = user_data;
    pthread_mutex_lock(&answer->lock);
    answer->count++;
    answer->state = told->state;
    answer->failed = error != NULL;
    pthread_cond_signal(&answer->came);
    pthread_mutex_unlock(&answer->lock);
}

static void
ask(Subject *subject, Answer *answer)
{
    subject->task->driver.power->get_async(&subject->fixture->services, subject->task->node,
                                           answer_came, answer);
    pthread_mutex_lock(&answer->lock);
    while (answer->count == 0) /* the test's time limit ends a wait forever */
        pthread_cond_wait(&answer->came, &answer->lock);
    pthread_mutex_unlock(&answer->lock);
}

static void
answers_without_a_thread(Subject *subject)
{
    Answer answer = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
    ask(subject, &answer);
    assert_int_equal(answer.count, 1);
    assert_false(answer.failed);
    assert_int_equal(answer.state, POWER_ON);
    answer.count = 0;
    contract_break(subject, "power.get");
    ask(subject, &answer);
    assert_true(answer.failed);
    answer.count = 0;
    json_object_clear(subject->task->node->driver_info);
    ask(subject, &answer);
    assert_true(answer.failed);
    assert_int_equal(answer.count, 1);
}

/* The sync's worker has a task without the node's lock: nothing may be saved. */
static void
answers_a_worker_without_the_lock(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    PowerState power = POWER_UNKNOWN;
    assert_non_null(subject->task->driver.power->get);
    subject->task->exclusive = false;
    assert_int_equal(state_of(subject), POWER_ON);
    contract_break(subject, "power.get");
    assert_false(power_get(subject->task, &power, &error));
    assert_non_null(error);
}

static void
answers_the_sync(Subject *subject)
{
    set(subject, POWER_TARGET_ON);
    if (subject->task->driver.power->get_async != NULL)
        answers_without_a_thread(subject);
    else
        answers_a_worker_without_the_lock(subject);
}

int
main(void)
{
    static const ContractCase cases[] = {
        {"reaches each target from each other", reaches_each_target},
        {"takes the same target twice", takes_the_same_target_twice},
        {"knows on, off and reboot", knows_on_off_and_reboot},
        {"refuses a target that it does not know", refuses_what_it_does_not_know},
        {"fails with an error and leaves the result alone",
         fails_with_an_error_and_leaves_the_result_alone},
        {"answers the sync exactly once", answers_the_sync},
    };
    return contract_run(INTERFACE_POWER, cases, G_N_ELEMENTS(cases));
}
