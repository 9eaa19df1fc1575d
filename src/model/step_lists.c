/* Lists of steps; the contract is in step_lists.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/step_lists.h"

#include "common/json_text.h"

#include <string.h>

const StepListKind step_list_of_template = {.word = "deploy template", .number = "priority"};
const StepListKind step_list_of_runbook = {
    .word = "runbook",
    .number = "order",
    .firmware = true,
    .args_optional = true,
};

static bool
interface_known(const StepListKind *kind, const char *interface)
{
    static const char *const interfaces[] = {"power", "management", "deploy",
                                             "bios",  "raid",       "vendor"};
    for (size_t i = 0; interface != NULL && i < G_N_ELEMENTS(interfaces); i++)
        if (strcmp(interface, interfaces[i]) == 0)
            return true;
    return kind->firmware && g_strcmp0(interface, "firmware") == 0;
}

static bool
step_valid(const StepListKind *kind, const json_t *step, GError **error)
{
    const char *name = json_string_member(step, "step");
    const json_t *args = json_object_get(step, "args");
    bool args_good = json_is_object(args) || (args == NULL && kind->args_optional);
    int64_t number = -1;
    if (!interface_known(kind, json_string_member(step, "interface")) || name == NULL ||
        *name == '\0' || !args_good || !json_integer_member(step, kind->number, &number) ||
        number < 0 || json_object_size(step) != (args != NULL ? 4 : 3))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "a step of a %s is {\"interface\": power, management, deploy, bios, "
                          "raid%s or vendor, \"step\": name, \"args\": object, \"%s\": at least 0}",
                          kind->word, kind->firmware ? ", firmware" : "", kind->number);
    return true;
}

bool
step_same(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "interface"), json_object_get(b, "interface")) &&
           json_equal(json_object_get(a, "step"), json_object_get(b, "step"));
}

static bool
stands_once(const StepListKind *kind, const json_t *steps, size_t index, GError **error)
{
    const json_t *step = json_array_get(steps, index);
    for (size_t i = 0; i < index; i++)
        if (step_same(step, json_array_get(steps, i)))
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "duplicate steps: %s.%s may stand once in a %s",
                              json_string_member(step, "interface"),
                              json_string_member(step, "step"), kind->word);
    return true;
}

bool
step_list_valid(const StepListKind *kind, const json_t *steps, GError **error)
{
    if (steps == NULL)
        return true;
    if (!json_is_array(steps) || json_array_size(steps) == 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "a %s needs at least one step", kind->word);
    for (size_t i = 0; i < json_array_size(steps); i++)
        if (!step_valid(kind, json_array_get(steps, i), error) ||
            !stands_once(kind, steps, i, error))
            return false;
    return true;
}

bool
step_list_complete(const StepListKind *kind, json_t *steps, GError **error)
{
    size_t index;
    json_t *step;
    if (!step_list_valid(kind, steps, error))
        return false;
    json_array_foreach(steps, index, step)
    {
        int64_t number = 0;
        (void)json_integer_member(step, kind->number, &number);
        json_object_set_new(step, kind->number, json_integer(number));
        if (json_object_get(step, "args") == NULL)
            json_object_set_new(step, "args", json_object());
    }
    return true;
}

static int64_t
number_of(const StepListKind *kind, const json_t *step)
{
    return json_integer_value(json_object_get(step, kind->number));
}

/* The index at which an item with this number goes into a list of items in order. */
static size_t
place_of(const GArray *numbers, int64_t number)
{
    size_t place = numbers->len;
    while (place > 0 && g_array_index(numbers, int64_t, place - 1) > number)
        place--;
    return place;
}

json_t *
step_list_in_order(const StepListKind *kind, const json_t *steps)
{
    json_t *ordered = json_array();
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(int64_t));
    size_t index;
    json_t *step;
    json_array_foreach(steps, index, step)
    {
        int64_t number = number_of(kind, step);
        size_t place = place_of(numbers, number);
        json_t *copy = json_copy(step);
        json_object_del(copy, kind->number);
        json_array_insert_new(ordered, place, copy);
        g_array_insert_val(numbers, place, number);
    }
    return ordered;
}

json_t *
steps_in_order(const json_t *steps)
{
    json_t *ordered = steps != NULL ? json_array() : NULL;
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(int64_t));
    size_t index;
    int64_t number = 0;
    json_t *step;
    json_array_foreach(steps, index, step)
    {
        (void)json_integer_member(step, "order", &number); /* else that of the one before it */
        size_t place = place_of(numbers, number);
        json_array_insert(ordered, place, step);
        g_array_insert_val(numbers, place, number);
    }
    return ordered;
}
