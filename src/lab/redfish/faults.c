/* Faults that a test has asked for by knobs: requests that are answered with one, and answers that
 * are spoiled. The contract is in inside.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/time_text.h"

#include <string.h>

#define MIB ((size_t)1024 * 1024)

/* ---- requests that are answered with a fault ---- */

/* True if the client is sent to the path with a slash at its end. */
static bool redirect(RedfishCall *call) REQUIRES(call->bmc->lock);

static bool
redirect(RedfishCall *call)
{
    const char *path = call->request->path;
    if (call->bmc->knobs[REDFISH_KNOB_SLASH_REDIRECT] == 0 || g_str_has_suffix(path, "/") ||
        redfish_tree_find(call->bmc->tree, call->path) == NULL)
        return false;
    g_autofree char *location = g_strconcat(path, "/", NULL);
    redfish_add_header(call, "Location", location);
    redfish_say(call, 308, NULL);
    return true;
}

static bool fails_at_random(RedfishCall *call) REQUIRES(call->bmc->lock);

static bool
fails_at_random(RedfishCall *call)
{
    uint16_t dice;
    int percent = call->bmc->knobs[REDFISH_KNOB_FAIL_PERCENT];
    secret_random(&dice, sizeof dice);
    if (dice % 100 >= percent)
        return false;
    redfish_refuse(call, REDFISH_MESSAGE_UNAVAILABLE, NULL, "1", NULL);
    call->answer->status = (unsigned)call->bmc->knobs[REDFISH_KNOB_FAIL_STATUS];
    return true;
}

static bool is_silent(RedfishCall *call) REQUIRES(call->bmc->lock);

static bool
is_silent(RedfishCall *call)
{
    int64_t left = call->bmc->silent_until_ms - time_monotonic_ms();
    if (left <= 0)
        return false;
    g_autofree char *seconds = g_strdup_printf("%d", (int)((left + 999) / 1000));
    redfish_add_header(call, "Retry-After", seconds);
    redfish_refuse(call, REDFISH_MESSAGE_UNAVAILABLE, NULL, seconds, NULL);
    return true;
}

/* Each path leads to itself. */
static bool redirect_in_circle(RedfishCall *call) REQUIRES(call->bmc->lock);

static bool
redirect_in_circle(RedfishCall *call)
{
    if (call->bmc->knobs[REDFISH_KNOB_REDIRECT_LOOP] == 0)
        return false;
    redfish_add_header(call, "Location", call->request->path);
    redfish_say(call, 308, NULL);
    return true;
}

bool
redfish_fault_answers(RedfishCall *call)
{
    return fails_at_random(call) || is_silent(call) || redirect_in_circle(call) || redirect(call);
}

/* ---- answers that are spoiled ---- */

/* Members whose words are of an enumeration. */
static bool
is_enumeration(const char *name)
{
    static const char *const names[] = {"PowerState",
                                        "BootSourceOverrideTarget",
                                        "BootSourceOverrideEnabled",
                                        "BootSourceOverrideMode",
                                        "IndicatorLED",
                                        "State",
                                        "Health",
                                        "HealthRollup",
                                        "TaskState",
                                        "TaskStatus",
                                        "ConnectedVia",
                                        "SecureBootCurrentBoot"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static json_t *
other_type(const json_t *value)
{
    if (json_is_string(value))
        return json_integer(42);
    if (json_is_array(value))
        return json_pack("{s:s}", "first", "of several");
    return json_is_null(value) ? json_array() : json_string("forty-two");
}

/* A member as it is told. NULL: it is left out. */
typedef json_t *(*SpoilMember)(const char *name, const json_t *value);

static json_t *
with_other_type(const char *name, const json_t *value)
{
    (void)name;
    return json_is_object(value) ? json_deep_copy(value) : other_type(value);
}

static json_t *
without_link(const char *name, const json_t *value)
{
    return strcmp(name, "@odata.id") == 0 ? NULL : json_deep_copy(value);
}

static json_t *
with_unknown_word(const char *name, const json_t *value)
{
    return json_is_string(value) && is_enumeration(name) ? json_string("Unheard-of")
                                                         : json_deep_copy(value);
}

static json_t *
spoiled(const char *name, const json_t *value, SpoilMember spoil)
{
    const char *key;
    json_t *told = spoil(name, value), *member;
    void *next;
    size_t i;
    json_object_foreach_safe(told, next, key, member)
    {
        json_t *other = spoiled(key, member, spoil);
        if (other != NULL)
            json_object_set_new(told, key, other);
        else
            json_object_del(told, key);
    }
    json_array_foreach(told, i, member) json_array_set_new(told, i, spoiled(name, member, spoil));
    return told;
}

void
redfish_fault_spoil(RedfishCall *call)
{
    static const struct {
        RedfishKnob knob;
        SpoilMember spoil;
    } rows[] = {{REDFISH_KNOB_WRONG_TYPES, with_other_type},
                {REDFISH_KNOB_NO_LINKS, without_link},
                {REDFISH_KNOB_UNKNOWN_WORDS, with_unknown_word}};
    const int *knobs = call->bmc->knobs;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (knobs[rows[i].knob] != 0 && call->content != NULL)
            redfish_say(call, call->answer->status, spoiled("", call->content, rows[i].spoil));
    call->garbage = knobs[REDFISH_KNOB_GARBAGE] != 0;
    call->huge_mib = knobs[REDFISH_KNOB_HUGE_MIB];
    call->answer->cut = knobs[REDFISH_KNOB_HALF_ANSWERS] != 0;
}

/* Spaces at the end belong to no document. */
static char *
with_spaces(char *text, size_t size)
{
    size_t length = strlen(text);
    text = g_realloc(text, length + size + 1);
    memset(text + length, ' ', size);
    text[length + size] = '\0';
    return text;
}

char *
redfish_fault_text(const RedfishCall *call, char *text)
{
    if (text != NULL && call->garbage) {
        g_free(text);
        text = g_strdup("<html><body>{\"Something\": has gone wrong.");
    }
    return text != NULL && call->huge_mib > 0 ? with_spaces(text, (size_t)call->huge_mib * MIB)
                                              : text;
}
