/* The iLO itself: licence, reset, account; the contract is in ilo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include "common/json_text.h"

#include <string.h>

/* ---- licence ---- */

static char *
licence_by_ribcl(const Ilo *ilo, GError **error)
{
    static const RibclCommand get = {"RIB_INFO", false, {"GET_ALL_LICENSES", NULL, NULL}};
    g_auto(RibclAnswer) answer = {0};
    if (!ilo_ribcl(ilo, &get, &answer, error))
        return NULL;
    const char *type = ribcl_value(ribcl_child(answer.data, "LICENSE"), "LICENSE_TYPE");
    if (type != NULL)
        return g_strdup(type);
    ilo_lacks(error, "a licence");
    return NULL;
}

char *
ilo_get_licence(const Ilo *ilo, GError **error)
{
    if (ilo->dialect == NULL)
        return licence_by_ribcl(ilo, error);
    json_auto_t *manager = ilo_fetch(ilo, ilo->dialect->manager, error);
    return manager == NULL
               ? NULL
               : g_strdup(ilo_require_text(manager, ilo->dialect->licence, "a licence", error));
}

bool
ilo_activate_licence(const Ilo *ilo, const char *key, GError **error)
{
    if (ilo->dialect == NULL) {
        const char *const attributes[] = {"KEY", key, NULL};
        const RibclElement activate[] = {{"ACTIVATE", attributes, NULL}, {0}};
        const RibclCommand command = {"RIB_INFO", true, {"LICENSE", NULL, activate}};
        return ilo_ribcl(ilo, &command, NULL, error);
    }
    json_auto_t *manager = ilo_fetch(ilo, ilo->dialect->manager, error);
    if (manager == NULL)
        return false;
    const char *uri =
        ilo_require_text(manager, ilo->dialect->licence_service, "a licence to change", error);
    return uri != NULL && ilo_post(ilo, uri, json_pack("{s:s}", "LicenseKey", key), error);
}

/* ---- reset ---- */

static bool
reset_by_redfish(const Ilo *ilo, GError **error)
{
    json_auto_t *manager = ilo_fetch(ilo, ilo->dialect->manager, error);
    if (manager == NULL)
        return false;
    const char *target = ilo_require_text(manager, "Actions/#Manager.Reset/target",
                                          "an action that resets it", error);
    return target != NULL && ilo_post(ilo, target, json_object(), error);
}

bool
ilo_reset(const Ilo *ilo, GError **error)
{
    static const RibclCommand command = {"RIB_INFO", true, {"RESET_RIB", NULL, NULL}};
    if (ilo->dialect == NULL)
        return ilo_ribcl(ilo, &command, NULL, error);
    if (ilo->dialect->actions)
        return reset_by_redfish(ilo, error);
    return ilo_post(ilo, ilo->dialect->manager, json_pack("{s:s}", "Action", "Reset"), error);
}

/* ---- the account ---- */

typedef struct Account {
    const char *username;
    char *uri; /* owned; NULL: not found */
} Account;

static bool
ilo_look_at_account(void *user, const char *uri, const json_t *member)
{
    Account *account = user;
    const char *name = json_string_member(member, "UserName");
    if (name == NULL || uri == NULL || strcmp(name, account->username) != 0)
        return true;
    account->uri = g_strdup(uri);
    return false;
}

static bool
password_by_ribcl(const Ilo *ilo, const char *password, GError **error)
{
    const char *const user[] = {"USER_LOGIN", ilo->target->username, NULL}, *const value[] = {
                                                                                "VALUE", password,
                                                                                NULL};
    const RibclElement change[] = {{"PASSWORD", value, NULL}, {0}};
    const RibclCommand command = {"USER_INFO", true, {"MOD_USER", user, change}};
    return ilo_ribcl(ilo, &command, NULL, error);
}

bool
ilo_set_password(const Ilo *ilo, const char *password, GError **error)
{
    if (ilo->dialect == NULL)
        return password_by_ribcl(ilo, password, error);
    Account account = {ilo->target->username, NULL};
    if (!ilo_each_member(ilo, ilo->dialect->accounts, ilo_look_at_account, &account, error))
        return false;
    g_autofree char *uri = account.uri;
    if (uri == NULL)
        return steel_fail(error, STEEL_ERROR_BMC_REFUSED,
                          "the iLO has no local account '%.40s' whose password could be changed",
                          account.username);
    return ilo_patch(ilo, uri, json_pack("{s:s}", "Password", password), error);
}
