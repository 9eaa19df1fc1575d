/* Inserts and ejects media over Redfish; the contract is in redfish_media.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/redfish_media.h"

#include "bmc/redfish/media.h"
#include "common/config.h"
#include "common/json_text.h"
#include "drivers/management/management.h"
#include "drivers/redfish_node.h"
#include "model/capabilities.h"
#include "model/provision_states.h"

static const RedfishMedia kinds[VIRTUAL_MEDIA_KINDS] = {
    [VIRTUAL_MEDIA_CD] = REDFISH_MEDIA_CD, [VIRTUAL_MEDIA_FLOPPY] = REDFISH_MEDIA_FLOPPY};

/* iDRACs boot no media that were inserted over Redfish before firmware 6.00. */
enum { OLDEST_DELL_FIRMWARE = 6 };

static bool
is_dell(const Node *node)
{
    const char *vendor = json_string_member(node->properties, "vendor");
    g_auto(GStrv) words = g_strsplit(vendor != NULL ? vendor : "", " ", -1);
    return g_strv_contains((const char *const *)words, "Dell");
}

static bool
check_dell(const Task *task, const RedfishVisit *visit, GError **error)
{
    g_autofree char *version = redfish_manager_firmware(&visit->bmc, &visit->system, error);
    if (version == NULL)
        return false;
    return g_ascii_strtoull(version, NULL, 10) >= OLDEST_DELL_FIRMWARE ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "The %s boot interface is not suitable for node %s with vendor %s and BMC "
                      "version %s, upgrade to 6.00.00.00 or newer, or use boot interface ipxe",
                      task->driver.boot->interface.name, task->node->uuid,
                      json_string_member(task->node->properties, "vendor"),
                      *version != '\0' ? version : "unknown");
}

static bool
redfish_media_check(Task *task, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    return !is_dell(task->node) ||
           (redfish_visit_begin(task, &visit, error) && check_dell(task, &visit, error));
}

static bool
redfish_media_put_in(Task *task, VirtualMediaKind kind, const char *url, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    return redfish_visit_begin(task, &visit, error) &&
           redfish_media_insert(&visit.bmc, &visit.system, kinds[kind], url, error);
}

static bool
redfish_media_take_out(Task *task, VirtualMediaKind kind, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    return redfish_visit_begin(task, &visit, error) &&
           redfish_media_eject(&visit.bmc, &visit.system, kinds[kind], error);
}

static bool
redfish_media_has_in(Task *task, VirtualMediaKind kind, bool *in, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    return redfish_visit_begin(task, &visit, error) &&
           redfish_media_is_in(&visit.bmc, &visit.system, kinds[kind], in, error);
}

/* The second key is the older spelling of the first. */
static bool
redfish_media_has_floppy(const Task *task)
{
    const json_t *own = json_object_get(task->node->driver_info, "config_via_removable");
    if (json_is_nothing(own))
        own = json_object_get(task->node->driver_info, "config_via_floppy");
    return json_is_truthy(own);
}

const char *
redfish_media_kernel_words(void)
{
    return config_string(config_current(), OPT_REDFISH_KERNEL_APPEND_PARAMS);
}

bool
redfish_media_in_swift(VirtualMediaSwift *place)
{
    const Config *config = config_current();
    place->container = config_string(config, OPT_REDFISH_SWIFT_CONTAINER);
    place->life_s = config_integer(config, OPT_REDFISH_SWIFT_OBJECT_EXPIRY_TIMEOUT);
    return config_boolean(config, OPT_REDFISH_USE_SWIFT);
}

bool
redfish_media_set_secure_boot(Task *task, bool on, GError **error)
{
    ProvisionState state = state_from_wire(task->node->provision_state);
    bool runs = state == STATE_ACTIVE || state == STATE_ADOPTING;
    return runs || !capability_wants_secure_boot(task->node) ||
           management_set_secure_boot(task, on, error);
}

const VirtualMedia redfish_media = {
    .check = redfish_media_check,
    .insert = redfish_media_put_in,
    .eject = redfish_media_take_out,
    .is_in = redfish_media_has_in,
    .cd_for_all_starts = true,
    .has_floppy = redfish_media_has_floppy,
    .kernel_words = redfish_media_kernel_words,
    .in_swift = redfish_media_in_swift,
};
