/* Security parameters of an iLO 5: a setting, and whether the dashboard judges it; the contract is
 * in ilo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include "common/json_text.h"

#include <string.h>

typedef enum Place { PLACE_ACCOUNTS, PLACE_MANAGER, PLACE_NETWORK, PLACE_SECURE_BOOT } Place;

static const struct {
    const char *word; /* of its name on the dashboard */
    Place place;
    const char *path; /* of the setting in the resource of that place */
    bool number;
} parameters[] = {
    [ILO_SECURITY_PASSWORD_LENGTH] = {"Minimum", PLACE_ACCOUNTS, "Oem/Hpe/MinPasswordLength", true},
    [ILO_SECURITY_FAILURE_LOGGING] = {"Failure Logging", PLACE_ACCOUNTS,
                                      "Oem/Hpe/AuthFailureLoggingThreshold", true},
    [ILO_SECURITY_PASSWORD_COMPLEXITY] = {"Password Complexity", PLACE_ACCOUNTS,
                                          "Oem/Hpe/EnforcePasswordComplexity", false},
    [ILO_SECURITY_RBSU_LOGIN] = {"Require Login", PLACE_MANAGER, "Oem/Hpe/RequiredLoginForiLORBSU",
                                 false},
    [ILO_SECURITY_HOST_AUTHENTICATION] = {"Host Authentication", PLACE_MANAGER,
                                          "Oem/Hpe/RequireHostAuthentication", false},
    [ILO_SECURITY_IPMI_OVER_LAN] = {"IPMI", PLACE_NETWORK, "IPMI/ProtocolEnabled", false},
    [ILO_SECURITY_SECURE_BOOT] = {"Secure Boot", PLACE_SECURE_BOOT, NULL, false},
};

static const char dashboard[] = "a security dashboard";

/* ---- the dashboard ---- */

typedef struct Search {
    const char *word;
    char *uri; /* owned; NULL: not found */
} Search;

static bool
ilo_look_at_parameter(void *user, const char *uri, const json_t *member)
{
    Search *search = user;
    const char *name = json_string_member(member, "Name");
    if (name == NULL || uri == NULL || strstr(name, search->word) == NULL)
        return true;
    search->uri = g_strdup(uri);
    return false;
}

json_t *
ilo_security_service(const Ilo *ilo, const char *what, GError **error)
{
    if (ilo->dialect == NULL || !ilo->dialect->actions) {
        ilo_lacks(error, what);
        return NULL;
    }
    json_auto_t *manager = ilo_fetch(ilo, ilo->dialect->manager, error);
    return manager == NULL ? NULL
                           : ilo_follow(ilo, manager, "Oem/Hpe/Links/SecurityService/@odata.id",
                                        what, NULL, error);
}

/* Where the dashboard has the parameter; the caller frees. */
static char *
find_parameter(const Ilo *ilo, const char *word, GError **error)
{
    Search search = {word, NULL};
    json_auto_t *service = ilo_security_service(ilo, dashboard, error);
    json_auto_t *board =
        service == NULL
            ? NULL
            : ilo_follow(ilo, service, "Links/SecurityDashboard/@odata.id", dashboard, NULL, error);
    const char *collection =
        board == NULL ? NULL
                      : ilo_require_text(board, "SecurityParameters/@odata.id", dashboard, error);
    if (collection == NULL ||
        !ilo_each_member(ilo, collection, ilo_look_at_parameter, &search, error))
        return NULL;
    if (search.uri == NULL)
        steel_fail(error, STEEL_ERROR_BMC_REFUSED,
                   "the iLO's security dashboard has no parameter with the name \"%s\"", word);
    return search.uri;
}

/* ---- the setting ---- */

/* {"Oem": {"Hpe": {"X": value}}} of "Oem/Hpe/X"; takes the value. */
static json_t *
body_of(const char *path, json_t *value)
{
    g_auto(GStrv) words = g_strsplit(path, "/", -1);
    for (guint i = g_strv_length(words); i-- > 0;) {
        json_t *around = json_object();
        json_object_set_new(around, words[i], value);
        value = around;
    }
    return value;
}

/* The resource that has the setting; the caller frees. */
static char *
uri_of_place(const Ilo *ilo, Place place, GError **error)
{
    if (place == PLACE_ACCOUNTS)
        return g_strdup("/redfish/v1/AccountService/");
    if (place == PLACE_MANAGER)
        return g_strdup(ilo->dialect->manager);
    json_auto_t *manager = ilo_fetch(ilo, ilo->dialect->manager, error);
    return manager == NULL ? NULL
                           : g_strdup(ilo_require_text(manager, "NetworkProtocol/@odata.id",
                                                       "network protocols to change", error));
}

static bool
change_setting(const Ilo *ilo, IloSecurity parameter, int64_t value, GError **error)
{
    Place place = parameters[parameter].place;
    if (place == PLACE_SECURE_BOOT)
        return ilo_set_secure_boot(ilo, value != 0, error);
    g_autofree char *uri = uri_of_place(ilo, place, error);
    json_t *setting = parameters[parameter].number ? json_integer(value) : json_boolean(value != 0);
    json_t *body = body_of(parameters[parameter].path, setting);
    if (uri != NULL)
        return ilo_patch(ilo, uri, body, error);
    json_decref(body);
    return false;
}

bool
ilo_set_security(const Ilo *ilo, IloSecurity parameter, int64_t value, bool ignore, GError **error)
{
    g_autofree char *uri = find_parameter(ilo, parameters[parameter].word, error);
    return uri != NULL && ilo_patch(ilo, uri, json_pack("{s:b}", "Ignore", ignore), error) &&
           change_setting(ilo, parameter, value, error);
}
