/* Delays, failures and waits of the fake interfaces; the contract is in fake.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/fake.h"

#include "common/backoff.h"
#include "common/log.h"
#include "model/internal_info.h"

#include <string.h>

enum { LONGEST_DELAY_MS = 3600 * 1000, AGAIN_MS = 100 };

const PropertyDef fake_properties[] = {
    {"fake", false,
     "How the fake interfaces behave: an object of \"<kind>.<function>\": {\"delay_ms\", \"fail\", "
     "\"message\", \"times\", \"wait\", \"again\", \"state\"}, and \"agent\" with the steps of an "
     "agent. "
     "Optional."},
    {0},
};

static const char *const codes[] = {
#define ERROR_ROW(code, class_name, http_status, retryable) #code,
#include "common/error.def"
#undef ERROR_ROW
};

static const json_t *
fake_orders(const Task *task, const char *action)
{
    return json_object_get(json_object_get(task->node->driver_info, "fake"), action);
}

bool
fake_flag(const Task *task, const char *action, const char *member)
{
    return json_is_truthy(json_object_get(fake_orders(task, action), member));
}

const char *
fake_text(const Task *task, const char *action, const char *member)
{
    return json_string_member(fake_orders(task, action), member);
}

static int64_t
number(const json_t *order, const char *member, int64_t absent)
{
    int64_t value;
    return json_integer_member(order, member, &value) ? value : absent;
}

static int64_t
count_of(const Task *task, const char *key)
{
    return number(info_json(task->node, INFO_FAKE_COUNTS), key, 0);
}

/* Counts are saved at once: the task of a failing function may never be saved. */
static void
set_count(Task *task, const char *key, int64_t count)
{
    json_t *counts = info_json(task->node, INFO_FAKE_COUNTS);
    if (!json_is_object(counts)) {
        counts = json_object();
        info_set_json(task->node, INFO_FAKE_COUNTS, counts);
    }
    json_object_set_new(counts, key, json_integer(count));
    g_autoptr(GError) error = NULL;
    if (task->exclusive && !task_save(task, &error))
        log_warning("drivers.fake", "the count of %s could not be written: %s", key,
                    error->message);
}

static bool
fake_delay(const Task *task, const char *action, int64_t delay_ms, GError **error)
{
    unsigned wanted = (unsigned)CLAMP(delay_ms, 0, LONGEST_DELAY_MS);
    unsigned granted = wanted == 0 ? 0 : task_time_left_ms(task, wanted);
    if (granted > 0)
        backoff_sleep(granted);
    return granted == wanted ||
           steel_fail(error, STEEL_ERROR_TIMEOUT, "fake %s: not done before the deadline", action);
}

static bool
fail_with(const char *action, const char *code, const char *message, GError **error)
{
    for (int i = 0; i < STEEL_ERROR_COUNT; i++)
        if (strcmp(codes[i], code) == 0)
            return steel_fail(error, (SteelErrorCode)i, "%s",
                              message != NULL ? message : "the fake driver was told to fail");
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "driver_info fake %s: there is no error code '%.40s'", action, code);
}

bool
fake_act(Task *task, const char *action, GError **error)
{
    const json_t *order = fake_orders(task, action);
    if (order == NULL)
        return true;
    if (!fake_delay(task, action, number(order, "delay_ms", 0), error))
        return false;
    const char *code = json_string_member(order, "fail");
    if (code == NULL)
        return true;
    int64_t times = number(order, "times", INT64_MAX), count = count_of(task, action);
    if (count >= times)
        return true;
    g_autofree char *words = g_strdup(json_string_member(order, "message"));
    g_autofree char *wanted = g_strdup(code);
    set_count(task, action, count + 1);
    return fail_with(action, wanted, words, error);
}

/* True the first `wanted` times in a row; INT64_MAX: always, and uncounted. */
static bool
is_within_first(Task *task, const char *action, const char *answer, int64_t wanted)
{
    g_autofree char *key = g_strdup_printf("%s.%s", action, answer);
    int64_t count = count_of(task, key);
    if (wanted <= 0 || wanted == INT64_MAX)
        return wanted > 0;
    set_count(task, key, count < wanted ? count + 1 : 0);
    return count < wanted;
}

StepOutcome
fake_step(Task *task, const char *action, GError **error)
{
    const json_t *order = fake_orders(task, action);
    int64_t pause_ms = number(order, "again_ms", AGAIN_MS);
    if (is_within_first(task, action, "again", number(order, "again", 0)))
        return step_again(CLAMP(pause_ms, 0, LONGEST_DELAY_MS));
    if (!fake_act(task, action, error))
        return step_failed();
    order = fake_orders(task, action);
    int64_t limit_s = number(order, "wait_timeout_s", 0);
    int64_t limit_ms = limit_s < 0 ? STEP_DEADLINE_STAYS : MIN(limit_s, INT_MAX) * 1000;
    int64_t waits =
        json_is_true(json_object_get(order, "wait")) ? INT64_MAX : number(order, "wait", 0);
    if (is_within_first(task, action, "wait", waits))
        return step_wait(limit_ms);
    if (is_within_first(task, action, "restart", number(order, "restart", 0)))
        return (StepOutcome){STEP_RESTART, 0};
    return step_done();
}
