/* Power of the machine; the contract is in ilo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include <string.h>

static const char *const yes[] = {"HOST_POWER", "Yes", NULL};
static const char *const no[] = {"HOST_POWER", "No", NULL};
static const char *const no_toggle[] = {"TOGGLE", "NO", NULL};

/* How each action is said. RIBCL: a command; JSON: the word of a reset, or of the button. */
static const struct {
    RibclElement ribcl; /* no name: RIBCL does not have it */
    const char *reset_type, *push_type;
    int wanted_on; /* nothing is sent if the machine is so already; -1: always sent */
} actions[ILO_POWER_ACTION_COUNT] = {
    [ILO_POWER_ON] = {{"SET_HOST_POWER", yes, NULL}, "On", NULL, 1},
    [ILO_POWER_FORCE_OFF] = {{"SET_HOST_POWER", no, NULL}, "ForceOff", NULL, 0},
    [ILO_POWER_RESET] = {{"RESET_SERVER", NULL, NULL}, "ForceRestart", NULL, -1},
    [ILO_POWER_PRESS] = {{"PRESS_PWR_BTN", NULL, NULL}, NULL, "Press", -1},
    [ILO_POWER_HOLD] = {{"HOLD_PWR_BTN", no_toggle, NULL}, NULL, "PressAndHold", 0},
    [ILO_POWER_NMI] = {{NULL, NULL, NULL}, "Nmi", NULL, -1},
};

/* Redfish: the target of an action, in the system. */
static const char reset_target[] = "Actions/#ComputerSystem.Reset/target";
static const char button_target[] = "Oem/Hpe/Actions/#HpeComputerSystemExt.PowerButton/target";

static bool
read_word(const char *word, bool *on, GError **error)
{
    if (word == NULL)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL,
                          "the iLO does not say whether the machine is on");
    /* "PoweringOff" is still on */
    *on = g_ascii_strcasecmp(word, "ON") == 0 || g_ascii_strcasecmp(word, "PoweringOff") == 0;
    return true;
}

static bool
power_by_ribcl(const Ilo *ilo, bool *on, GError **error)
{
    static const RibclCommand command = {
        "SERVER_INFO", false, {"GET_HOST_POWER_STATUS", NULL, NULL}};
    g_auto(RibclAnswer) answer = {0};
    return ilo_ribcl(ilo, &command, &answer, error) &&
           read_word(ribcl_attribute(answer.data, "HOST_POWER"), on, error);
}

bool
ilo_get_power(const Ilo *ilo, bool *on, GError **error)
{
    if (ilo->dialect == NULL)
        return power_by_ribcl(ilo, on, error);
    json_auto_t *system = ilo_system(ilo, error);
    return system != NULL && read_word(ilo_text_at(system, ilo->dialect->power), on, error);
}

static bool
act_by_ribcl(const Ilo *ilo, IloPowerAction action, GError **error)
{
    RibclCommand command = {"SERVER_INFO", true, actions[action].ribcl};
    return command.element.name != NULL ? ilo_ribcl(ilo, &command, NULL, error)
                                        : ilo_lacks(error, "an NMI button over RIBCL");
}

/* The body of an action, of a reset or of the button. */
static json_t *
body_of(const Ilo *ilo, IloPowerAction action)
{
    const char *reset = actions[action].reset_type, *push = actions[action].push_type;
    if (ilo->dialect->actions)
        return reset != NULL ? json_pack("{s:s}", "ResetType", reset)
                             : json_pack("{s:s}", "PushType", push);
    return reset != NULL ? json_pack("{s:s,s:s}", "Action", "Reset", "ResetType", reset)
                         : json_pack("{s:s,s:s,s:s}", "Action", "PowerButton", "Target", "/Oem/Hp",
                                     "PushType", push);
}

static bool
act_by_json(const Ilo *ilo, IloPowerAction action, GError **error)
{
    const char *uri = ilo->dialect->system;
    json_auto_t *system = NULL;
    if (ilo->dialect->actions) {
        const char *path = actions[action].reset_type != NULL ? reset_target : button_target;
        system = ilo_system(ilo, error);
        uri = system != NULL ? ilo_require_text(system, path, "this power action", error) : NULL;
    }
    return uri != NULL && ilo_post(ilo, uri, body_of(ilo, action), error);
}

bool
ilo_set_power(const Ilo *ilo, IloPowerAction action, GError **error)
{
    bool on = false;
    if (actions[action].wanted_on >= 0) {
        if (!ilo_get_power(ilo, &on, error))
            return false;
        if (on == (actions[action].wanted_on == 1))
            return true;
    }
    return ilo->dialect == NULL ? act_by_ribcl(ilo, action, error)
                                : act_by_json(ilo, action, error);
}

char *
ilo_get_post_state(const Ilo *ilo, GError **error)
{
    if (ilo->dialect == NULL) {
        ilo_lacks(error, "a state of the self-test (POST)");
        return NULL;
    }
    json_auto_t *system = ilo_system(ilo, error);
    if (system == NULL)
        return NULL;
    return g_strdup(ilo_require_text(system, ilo->dialect->post_state,
                                     "a state of the self-test (POST)", error));
}
