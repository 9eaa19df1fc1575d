/* The provision state machine: Ironic's edges and no others; the verbs of clients in each state;
 * its picture.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/provision_states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Ironic's machine up to API 1.82, written down a second time from its documentation: "event>state"
 * per state. */
static const struct {
    const char *from, *edges;
} machine[] = {
    {"enroll", "manage>verifying"},
    {"verifying", "done>manageable,fail>enroll"},
    {"manageable", "provide>cleaning,clean>cleaning,inspect>inspecting,adopt>adopting"},
    {"available", "deploy>deploying,manage>manageable"},
    {"active", "rebuild>deploying,delete>deleting,rescue>rescuing,service>servicing"},
    {"deploying", "fail>deploy failed,wait>wait call-back,hold>deploy hold,done>active"},
    {"deploy hold", "unhold>wait call-back,abort>deploy failed"},
    {"wait call-back",
     "hold>deploy hold,resume>deploying,fail>deploy failed,abort>deploy failed,delete>deleting"},
    {"deploy failed", "rebuild>deploying,deploy>deploying,delete>deleting"},
    {"deleting", "fail>error,clean>cleaning"},
    {"error", "rebuild>deploying,delete>deleting"},
    {"cleaning",
     "done>available,fail>clean failed,wait>clean wait,hold>clean hold,manage>manageable"},
    {"clean hold", "unhold>clean wait,abort>clean failed"},
    {"clean wait", "hold>clean hold,fail>clean failed,abort>clean failed,resume>cleaning"},
    {"clean failed", "manage>manageable"},
    {"inspecting", "done>manageable,fail>inspect failed,wait>inspect wait"},
    {"inspect wait", "done>manageable,fail>inspect failed,abort>inspect failed,resume>inspecting"},
    {"inspect failed", "manage>manageable,inspect>inspecting"},
    {"adopting", "done>active,fail>adopt failed"},
    {"adopt failed", "adopt>adopting,manage>manageable"},
    {"rescuing", "done>rescue,wait>rescue wait,fail>rescue failed"},
    {"rescue wait", "resume>rescuing,fail>rescue failed,abort>rescue failed,delete>deleting"},
    {"rescue", "rescue>rescuing,delete>deleting,unrescue>unrescuing"},
    {"rescue failed", "rescue>rescuing,unrescue>unrescuing,delete>deleting"},
    {"unrescuing", "done>active,fail>unrescue failed"},
    {"unrescue failed", "rescue>rescuing,unrescue>unrescuing,delete>deleting"},
    {"servicing", "done>active,wait>service wait,hold>service hold,fail>service failed"},
    {"service wait", "resume>servicing,hold>service hold,fail>service failed,abort>service failed,"
                     "delete>deleting"},
    {"service hold", "unhold>service wait,service>servicing,fail>service failed,"
                     "abort>service failed"},
    {"service failed", "service>servicing,rescue>rescuing,wait>service wait,hold>service hold,"
                       "abort>active,delete>deleting"},
};

/* The target of a state and an event in the list above; NULL if there is none. The caller frees. */
static char *
expected(const char *from, const char *event)
{
    for (size_t i = 0; i < G_N_ELEMENTS(machine); i++) {
        if (strcmp(machine[i].from, from) != 0)
            continue;
        g_auto(GStrv) edges = g_strsplit(machine[i].edges, ",", -1);
        for (char **edge = edges; *edge != NULL; edge++)
            if (g_str_has_prefix(*edge, event) && (*edge)[strlen(event)] == '>')
                return g_strdup(*edge + strlen(event) + 1);
        return NULL;
    }
    fail_msg("%s is not in the list", from);
    return NULL;
}

static void
every_edge_of_ironic_is_there_and_every_other_pair_is_refused(void **state)
{
    size_t legal = 0, refused = 0;
    (void)state;
    for (int from = 0; from < STATE_COUNT; from++)
        for (int event = 0; event < EVENT_COUNT; event++) {
            const char *wire = state_info((ProvisionState)from)->wire;
            const char *name = event_name((ProvisionEvent)event);
            g_autofree char *wanted = expected(wire, name);
            ProvisionState to = state_next((ProvisionState)from, (ProvisionEvent)event);
            if ((wanted == NULL) != (to == STATE_NONE) ||
                (wanted != NULL && strcmp(state_info(to)->wire, wanted) != 0))
                fail_msg("%s by %s leads to %s, not %s", wire, name,
                         to != STATE_NONE ? state_info(to)->wire : "nothing",
                         wanted != NULL ? wanted : "nothing");
            *(wanted != NULL ? &legal : &refused) += 1;
        }
    size_t count = 0;
    state_edges(&count);
    assert_int_equal(legal, count);
    assert_int_equal(legal + refused, STATE_COUNT * EVENT_COUNT);
    assert_int_equal(STATE_COUNT, G_N_ELEMENTS(machine));
}

static void
reach(ProvisionState from, bool *seen)
{
    if (seen[from])
        return;
    seen[from] = true;
    for (int event = 0; event < EVENT_COUNT; event++) {
        ProvisionState to = state_next(from, (ProvisionEvent)event);
        if (to != STATE_NONE)
            reach(to, seen);
    }
}

static void
every_state_is_reached_from_enroll_and_can_be_left(void **state)
{
    bool seen[STATE_COUNT] = {false};
    (void)state;
    reach(STATE_ENROLL, seen);
    for (int from = 0; from < STATE_COUNT; from++) {
        bool back[STATE_COUNT] = {false};
        if (!seen[from])
            fail_msg("%s is not reached", state_info((ProvisionState)from)->wire);
        reach((ProvisionState)from, back);
        if (!back[STATE_ACTIVE])
            fail_msg("%s never leads to active", state_info((ProvisionState)from)->wire);
    }
}

static void
wire_names_read_back_and_no_other_text_is_a_state(void **state)
{
    static const char *const bad[] = {NULL, "", "Enroll", "DEPLOYWAIT", "active ", "deleted"};
    (void)state;
    for (int i = 0; i < STATE_COUNT; i++) {
        const StateInfo *info = state_info((ProvisionState)i);
        assert_int_equal(state_from_wire(info->wire), i);
        assert_true(strlen(info->wire) <= 15);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        assert_int_equal(state_from_wire(bad[i]), STATE_NONE);
}

static void
each_state_is_of_one_kind_and_only_unstable_ones_have_a_stable_target(void **state)
{
    (void)state;
    for (int i = 0; i < STATE_COUNT; i++) {
        const StateInfo *info = state_info((ProvisionState)i);
        int kinds = 0;
        for (unsigned bit = STATE_IS_STABLE; bit <= STATE_IS_FAILURE; bit <<= 1)
            kinds += (info->flags & bit) != 0;
        kinds += (info->flags & STATE_IS_HELD) != 0;
        assert_int_equal(kinds, 1);
        bool stable = info->flags & STATE_IS_STABLE;
        assert_int_equal(stable, info->target == STATE_NONE);
        if (!stable)
            assert_true(state_info(info->target)->flags & STATE_IS_STABLE);
        if (strstr(info->wire, "failed") != NULL)
            assert_true(info->flags & STATE_IS_FAILURE);
        if (strstr(info->wire, "wait") != NULL)
            assert_true(info->flags & STATE_IS_WAITING);
        if (strstr(info->wire, "hold") != NULL)
            assert_true(info->flags & STATE_IS_HELD);
    }
}

static void
wire_list(unsigned flag, const char *expected_list)
{
    g_autoptr(GString) list = g_string_new(NULL);
    for (int i = 0; i < STATE_COUNT; i++)
        if (state_info((ProvisionState)i)->flags & flag)
            g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "",
                                   state_info((ProvisionState)i)->wire);
    assert_string_equal(list->str, expected_list);
}

static void
updates_and_deletion_are_open_in_the_states_ironic_opens_them(void **state)
{
    (void)state;
    wire_list(STATE_UPDATE_ALLOWED,
              "verifying, deploy failed, error, clean failed, inspecting, inspect wait, "
              "inspect failed, adopt failed, rescue failed, unrescue failed, service hold, "
              "service failed");
    wire_list(STATE_DELETE_ALLOWED, "enroll, manageable, available, adopt failed");
}

/* The states in which PUT states/provision accepts each verb. */
static const struct {
    const char *word, *states;
    unsigned since;
} verbs[] = {
    {"active", "available,deploy failed", 1},
    {"deploy", "available,deploy failed", 73},
    {"rebuild", "active,deploy failed,error", 1},
    {"deleted",
     "active,wait call-back,deploy failed,error,rescue,rescue wait,rescue failed,unrescue failed,"
     "service wait,service failed",
     1},
    {"undeploy",
     "active,wait call-back,deploy failed,error,rescue,rescue wait,rescue failed,unrescue failed,"
     "service wait,service failed",
     73},
    {"manage", "enroll,available,clean failed,inspect failed,adopt failed", 4},
    {"provide", "manageable", 4},
    {"inspect", "manageable,inspect failed", 6},
    {"abort",
     "clean wait,inspect wait,rescue wait,wait call-back,clean hold,deploy hold,service wait,"
     "service hold,service failed",
     13},
    {"clean", "manageable", 15},
    {"adopt", "manageable,adopt failed", 17},
    {"rescue", "active,rescue,rescue failed,unrescue failed,service failed", 38},
    {"unrescue", "rescue,rescue failed,unrescue failed", 38},
    {"unhold", "clean hold,deploy hold,service hold", 85},
    {"service", "active,service hold,service failed", 87},
};

static bool
listed(const char *list, const char *separator, const char *word)
{
    g_auto(GStrv) words = g_strsplit(list, separator, -1);
    return g_strv_contains((const char *const *)words, word);
}

static void
each_verb_is_legal_in_its_states_and_refused_in_all_others(void **state)
{
    (void)state;
    for (size_t v = 0; v < G_N_ELEMENTS(verbs); v++) {
        const ProvisionVerb *verb = provision_verb(verbs[v].word);
        assert_non_null(verb);
        assert_int_equal(verb->since, verbs[v].since);
        for (int i = 0; i < STATE_COUNT; i++) {
            g_autoptr(GError) error = NULL;
            const char *wire = state_info((ProvisionState)i)->wire;
            g_autofree char *allowed = provision_verbs_allowed((ProvisionState)i);
            bool legal = listed(verbs[v].states, ",", wire);
            if (provision_verb_check(verb, (ProvisionState)i, &error) != legal)
                fail_msg("%s in %s: %s", verbs[v].word, wire, legal ? "refused" : "accepted");
            assert_int_equal(listed(allowed, ", ", verbs[v].word), legal);
            if (legal)
                continue;
            assert_true(steel_error_is(error, STEEL_ERROR_INVALID_STATE_REQUESTED));
            assert_non_null(strstr(error->message, wire));
            assert_non_null(strstr(error->message, verbs[v].word));
            assert_non_null(strstr(error->message, allowed)); /* the legal verbs */
        }
    }
    assert_null(provision_verb("hold"));
    assert_null(provision_verb("Active"));
    assert_null(provision_verb(NULL));
}

static void
the_picture_in_the_manual_is_printed_from_this_table(void **state)
{
    g_autofree char *printed = states_dot();
    g_autofree char *kept = NULL;
    g_autoptr(GError) error = NULL;
    (void)state;
    if (!g_file_get_contents(SOURCE_ROOT "/docs/states.dot", &kept, NULL, &error))
        fail_msg("%s", error->message);
    if (strcmp(printed, kept) != 0)
        fail_msg("docs/states.dot is not what `steeld states` prints; write it anew");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_edge_of_ironic_is_there_and_every_other_pair_is_refused),
        cmocka_unit_test(every_state_is_reached_from_enroll_and_can_be_left),
        cmocka_unit_test(wire_names_read_back_and_no_other_text_is_a_state),
        cmocka_unit_test(each_state_is_of_one_kind_and_only_unstable_ones_have_a_stable_target),
        cmocka_unit_test(updates_and_deletion_are_open_in_the_states_ironic_opens_them),
        cmocka_unit_test(each_verb_is_legal_in_its_states_and_refused_in_all_others),
        cmocka_unit_test(the_picture_in_the_manual_is_printed_from_this_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
