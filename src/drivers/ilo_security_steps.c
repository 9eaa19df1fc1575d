/* Steps that change security parameters of an iLO; the contract is in ilo_steps.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ilo_steps.h"

#include "common/json_text.h"

#include <string.h>

enum { PARAMETERS_MAX = 64, LENGTH_DEFAULT = 8, LENGTH_MAX = 39, THRESHOLD_DEFAULT = 1 };

/* What Ironic calls those that are on or off. */
static const struct {
    const char *name;
    IloSecurity parameter;
} switches[] = {
    {"password_complexity",         ILO_SECURITY_PASSWORD_COMPLEXITY},
    {"require_login_for_ilo_rbsu",  ILO_SECURITY_RBSU_LOGIN},
    {"ipmi_over_lan",               ILO_SECURITY_IPMI_OVER_LAN},
    {"secure_boot",                 ILO_SECURITY_SECURE_BOOT},
    {"require_host_authentication", ILO_SECURITY_HOST_AUTHENTICATION},
};

typedef struct Change {
    IloSecurity parameter;
    int64_t value;
    bool ignore;
} Change;

static bool
ilo_work_security(const Ilo *ilo, const void *user, GError **error)
{
    const Change *change = user;
    return ilo_set_security(ilo, change->parameter, change->value, change->ignore, error);
}

static bool
flag_of(const json_t *object, const char *key, bool fallback)
{
    bool flag = fallback;
    json_read_boolean(json_object_get(object, key), &flag);
    return flag;
}

/* ---- numbers ---- */

/* The number of an argument; the fallback if it is not given. */
static bool
read_number(const json_t *args, const char *key, int64_t fallback, int64_t *number)
{
    *number = fallback;
    return json_is_nothing(json_object_get(args, key)) &&
                   !json_is_integer(json_object_get(args, key))
               ? true
               : json_integer_member(args, key, number);
}

StepOutcome
ilo_step_password_length(Task *task, const json_t *args, GError **error)
{
    Change change = {ILO_SECURITY_PASSWORD_LENGTH, 0, flag_of(args, "ignore", false)};
    if (read_number(args, "password_length", LENGTH_DEFAULT, &change.value) && change.value >= 0 &&
        change.value <= LENGTH_MAX)
        return ilo_step_perform(task, "update_minimum_password_length", ilo_work_security, &change,
                                error);
    steel_fail(error, STEEL_ERROR_INVALID, "password_length must be a number from 0 to %d",
               LENGTH_MAX);
    return step_failed();
}

StepOutcome
ilo_step_failure_logging(Task *task, const json_t *args, GError **error)
{
    static const char known[] = {0, 1, 2, 3, 5};
    Change change = {ILO_SECURITY_FAILURE_LOGGING, 0, flag_of(args, "ignore", false)};
    if (read_number(args, "logging_threshold", THRESHOLD_DEFAULT, &change.value) &&
        change.value >= 0 && change.value <= 5 &&
        memchr(known, (int)change.value, sizeof known) != NULL)
        return ilo_step_perform(task, "update_auth_failure_logging_threshold", ilo_work_security,
                                &change, error);
    steel_fail(error, STEEL_ERROR_INVALID, "logging_threshold must be 0, 1, 2, 3 or 5");
    return step_failed();
}

/* ---- a list ---- */

static bool
read_change(const json_t *row, Change *change, GError **error)
{
    const char *name = json_string_member(row, "param");
    if (name == NULL || *name == '\0')
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "security_parameters: an object is missing the required 'param' field");
    for (size_t i = 0; i < G_N_ELEMENTS(switches); i++)
        if (strcmp(switches[i].name, name) == 0) {
            *change = (Change){switches[i].parameter, flag_of(row, "enable", true),
                               flag_of(row, "ignore", false)};
            return true;
        }
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "Security parameter '%.60s' is not a valid parameter. Supported values are: "
                      "password_complexity, require_login_for_ilo_rbsu, ipmi_over_lan, "
                      "secure_boot, require_host_authentication",
                      name);
}

/* All are read before the first is changed. */
static GArray *
read_changes(const json_t *args, GError **error)
{
    const json_t *list = json_object_get(args, "security_parameters"), *row;
    g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(Change));
    size_t i;
    if (json_array_size(list) == 0 || json_array_size(list) > PARAMETERS_MAX) {
        steel_fail(error, STEEL_ERROR_MISSING,
                   "step security_parameters_update needs the argument security_parameters, a "
                   "list of 1 to %d objects with param",
                   PARAMETERS_MAX);
        return NULL;
    }
    json_array_foreach((json_t *)(uintptr_t)list, i, row)
    {
        Change change;
        if (!read_change(row, &change, error))
            return NULL;
        g_array_append_val(changes, change);
    }
    return g_steal_pointer(&changes);
}

StepOutcome
ilo_step_security_parameters(Task *task, const json_t *args, GError **error)
{
    g_autoptr(GArray) changes = read_changes(args, error);
    StepOutcome outcome = changes != NULL ? step_done() : step_failed();
    for (guint i = 0; outcome.result == STEP_DONE && i < changes->len; i++)
        outcome = ilo_step_perform(task, "security_parameters_update", ilo_work_security,
                                   &g_array_index(changes, Change, i), error);
    return outcome;
}
