/* Firmware updates by an iLO, which fetches the file itself; the contract is in ilo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include "common/json_text.h"

static const char what[] = "firmware updates by URL";

/* HP's REST writes them in capitals. */
static const struct {
    const char *word;
    IloUpdate update;
} states[] = {
    {"idle",      ILO_UPDATE_NONE},
    {"complete",  ILO_UPDATE_DONE},
    {"completed", ILO_UPDATE_DONE},
    {"error",     ILO_UPDATE_FAILED},
    {"uploading", ILO_UPDATE_RUNNING},
    {"verifying", ILO_UPDATE_RUNNING},
    {"writing",   ILO_UPDATE_RUNNING},
    {"updating",  ILO_UPDATE_RUNNING},
};

/* The update service, and its URI (owned). */
static json_t *
update_service(const Ilo *ilo, char **uri, GError **error)
{
    if (ilo->dialect == NULL) {
        ilo_lacks(error, what);
        return NULL;
    }
    if (ilo->dialect->actions) {
        *uri = g_strdup("/redfish/v1/UpdateService/");
        return ilo_fetch(ilo, *uri, error);
    }
    const char *named = NULL;
    json_auto_t *manager = ilo_fetch(ilo, ilo->dialect->manager, error);
    json_t *service = manager == NULL ? NULL
                                      : ilo_follow(ilo, manager, "Oem/Hp/links/UpdateService/href",
                                                   what, &named, error);
    *uri = g_strdup(named);
    return service;
}

bool
ilo_update_firmware(const Ilo *ilo, const char *url, GError **error)
{
    g_autofree char *uri = NULL;
    json_auto_t *service = update_service(ilo, &uri, error);
    if (service == NULL)
        return false;
    if (!ilo->dialect->actions)
        return ilo_post(ilo, uri,
                        json_pack("{s:s, s:s}", "Action", "InstallFromURI", "FirmwareURI", url),
                        error);
    const char *target =
        ilo_require_text(service, "Actions/#UpdateService.SimpleUpdate/target", what, error);
    return target != NULL && ilo_post(ilo, target, json_pack("{s:s}", "ImageURI", url), error);
}

bool
ilo_get_update(const Ilo *ilo, IloUpdate *update, GError **error)
{
    g_autofree char *uri = NULL;
    json_auto_t *service = update_service(ilo, &uri, error);
    const char *word =
        service == NULL ? NULL
                        : ilo_text_at(service, ilo->dialect->actions ? "Oem/Hpe/State" : "State");
    *update = ILO_UPDATE_RUNNING;
    for (size_t i = 0; word != NULL && i < G_N_ELEMENTS(states); i++)
        if (g_ascii_strcasecmp(states[i].word, word) == 0)
            *update = states[i].update;
    return service != NULL;
}
