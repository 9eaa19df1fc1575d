/* What the resources of a simulated Redfish BMC compute when they are read: the table of "$:name".
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/time_text.h"

#include <string.h>

typedef json_t *(*LiveValue)(const RedfishCall *call);
typedef struct LiveRow {
    const char *name;
    LiveValue value;
} LiveRow;

static json_t *
live_now(const RedfishCall *call)
{
    (void)call;
    char text[TIME_TEXT_SIZE];
    return json_string(time_now_text(text));
}

static json_t *
live_id(const RedfishCall *call)
{
    return json_string(call->id);
}

static json_t *live_power_state(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_power_state(const RedfishCall *call)
{
    bool paused = call->bmc->paused || call->bmc->knobs[REDFISH_KNOB_PAUSED] != 0;
    return json_string(paused ? "Paused" : call->bmc->power ? "On" : "Off");
}

/* Absent from systems that do not tell it. */
static json_t *live_boot_mode(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_boot_mode(const RedfishCall *call)
{
    return call->bmc->knobs[REDFISH_KNOB_NO_MODE] != 0
               ? NULL
               : json_deep_copy(redfish_state(call->bmc, "boot.mode"));
}

static json_t *live_boot_modes(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_boot_modes(const RedfishCall *call)
{
    return call->bmc->knobs[REDFISH_KNOB_NO_MODE] != 0
               ? NULL
               : json_deep_copy(redfish_state(call->bmc, "boot.modes"));
}

static json_t *live_reset_types(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_reset_types(const RedfishCall *call)
{
    bool graceful = call->bmc->knobs[REDFISH_KNOB_NO_GRACEFUL] == 0;
    json_t *types = json_deep_copy(redfish_state(call->bmc, "reset_types"));
    for (size_t i = json_array_size(types); !graceful && i-- > 0;)
        if (g_str_has_prefix(json_string_value(json_array_get(types, i)), "Graceful"))
            json_array_remove(types, i);
    return types;
}

static json_t *live_system_state(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_system_state(const RedfishCall *call)
{
    if (!call->bmc->power)
        return json_string("Disabled");
    return json_string(redfish_post_left_ms(call->bmc) > 0 ? "Starting" : "Enabled");
}

static json_t *live_boot_progress(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_boot_progress(const RedfishCall *call)
{
    if (!call->bmc->power)
        return json_string("None");
    return json_string(redfish_post_left_ms(call->bmc) > 0 ? "SystemHardwareInitializationComplete"
                                                           : "OSBootStarted");
}

/* Only machines that are on turn their fans, are warm, and take power. */
static json_t *live_fan_reading(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_fan_reading(const RedfishCall *call)
{
    return json_integer(call->bmc->power ? 3200 : 0);
}

static json_t *live_cpu_reading(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_cpu_reading(const RedfishCall *call)
{
    return json_integer(call->bmc->power ? 44 : 22);
}

static json_t *live_power_reading(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_power_reading(const RedfishCall *call)
{
    return json_integer(call->bmc->power ? 120 : 8);
}

static json_t *live_session_timeout(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_session_timeout(const RedfishCall *call)
{
    return json_integer(call->bmc->knobs[REDFISH_KNOB_SESSION_S]);
}

static json_t *live_session_count(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_session_count(const RedfishCall *call)
{
    return json_integer(call->bmc->session_count);
}

static json_t *live_session_members(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_session_members(const RedfishCall *call)
{
    json_t *members = json_array();
    for (unsigned i = 0; i < call->bmc->session_count; i++) {
        g_autofree char *path =
            g_strdup_printf("/redfish/v1/SessionService/Sessions/%s", call->bmc->sessions[i].id);
        json_array_append_new(members, json_pack("{s:s}", "@odata.id", path));
    }
    return members;
}

/* What will be in force after the next POST. */
static json_t *live_bios_pending(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_bios_pending(const RedfishCall *call)
{
    json_t *attributes = json_deep_copy(redfish_state(call->bmc, "bios.current"));
    json_object_update(attributes, redfish_state(call->bmc, "bios.pending"));
    return attributes;
}

/* Absent where a medium is changed by PATCH. */
static json_t *live_insert_actions(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_insert_actions(const RedfishCall *call)
{
    if (call->bmc->knobs[REDFISH_KNOB_NO_INSERT_ACTION] != 0)
        return NULL;
    const char *path = call->request->path;
    g_autofree char *base =
        g_strconcat(path, g_str_has_suffix(path, "/") ? "" : "/", "Actions/VirtualMedia.", NULL);
    g_autofree char *insert = g_strconcat(base, "InsertMedia", NULL);
    g_autofree char *eject = g_strconcat(base, "EjectMedia", NULL);
    return json_pack("{s:{s:s}, s:{s:s}}", "#VirtualMedia.InsertMedia", "target", insert,
                     "#VirtualMedia.EjectMedia", "target", eject);
}

/* Where an iLO's POST stands. */
static json_t *live_post_state(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_post_state(const RedfishCall *call)
{
    const RedfishBmc *bmc = call->bmc;
    int64_t past = time_monotonic_ms() - bmc->post_begun_ms;
    int64_t whole = bmc->knobs[REDFISH_KNOB_POST_MS];
    if (!bmc->power)
        return json_string("PowerOff");
    if (past < whole)
        return json_string("InPost");
    return json_string(past < whole + whole / 5 ? "InPostDiscoveryComplete" : "FinishedPost");
}

static json_t *live_uefi_targets(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_uefi_targets(const RedfishCall *call)
{
    return json_deep_copy(redfish_state(call->bmc, "boot.iscsi"));
}

static json_t *live_bios_defaults(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_bios_defaults(const RedfishCall *call)
{
    const json_t *state = json_object_get(call->bmc->tree->document, "state");
    return json_deep_copy(json_object_get(json_object_get(state, "bios"), "current"));
}

static json_t *live_iscsi_sources(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_iscsi_sources(const RedfishCall *call)
{
    return redfish_iscsi_show(call, false);
}

static json_t *live_iscsi_pending_sources(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_iscsi_pending_sources(const RedfishCall *call)
{
    return redfish_iscsi_show(call, true);
}

static json_t *live_rest_secure_boot(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_rest_secure_boot(const RedfishCall *call)
{
    return json_boolean(strcmp(redfish_state_text(call->bmc, "secure_boot.current"), "Enabled") ==
                        0);
}

/* An iLO tells of an empty drive with an empty text. */
static json_t *live_cd_image(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_cd_image(const RedfishCall *call)
{
    return json_string(redfish_state_text(call->bmc, "media.Cd.image"));
}

static json_t *live_floppy_image(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
live_floppy_image(const RedfishCall *call)
{
    return json_string(redfish_state_text(call->bmc, "media.Floppy.image"));
}

static json_t *
live_messages(const RedfishCall *call)
{
    (void)call;
    return redfish_messages_registry();
}

static const LiveRow rows[] = {
    {"security_members",           redfish_security_members},
    {"security_parameter",         redfish_security_parameter},
    {"security_status",            redfish_security_status},
    {"drive_members",              redfish_drive_members},
    {"drive",                      redfish_drive},
    {"logical_members",            redfish_logical_members},
    {"logical_drive",              redfish_logical_drive},
    {"config_logical",             redfish_config_logical},
    {"config_pending",             redfish_config_pending},
    {"config_physical",            redfish_config_physical},
    {"https_request",              redfish_https_pending},
    {"tls_count",                  redfish_tls_count},
    {"tls_certificates",           redfish_tls_certificates},
    {"post_state",                 live_post_state},
    {"uefi_targets",               live_uefi_targets},
    {"volume_times",               redfish_volumes_times},
    {"bios_defaults",              live_bios_defaults},
    {"iscsi_sources",              live_iscsi_sources},
    {"iscsi_pending_sources",      live_iscsi_pending_sources},
    {"iscsi_pending_initiator",    redfish_iscsi_initiator},
    {"boot_sources",               redfish_boot_sources},
    {"boot_order",                 redfish_boot_order},
    {"licence",                    redfish_licence},
    {"cd_image",                   live_cd_image},
    {"nic_sources",                redfish_live_nic_sources},
    {"nic_subinstances",           redfish_live_nic_subinstances},
    {"port_count",                 redfish_live_port_count},
    {"port_members",               redfish_live_port_members},
    {"second_port",                redfish_live_second_port},
    {"rest_ports",                 redfish_live_rest_ports},
    {"rest_secure_boot",           live_rest_secure_boot},
    {"rest_iscsi_sources",         redfish_live_rest_iscsi},
    {"rest_iscsi_pending_sources", redfish_live_rest_iscsi_pending},
    {"floppy_image",               live_floppy_image},
    {"update_state",               redfish_update_state},
    {"rest_update_state",          redfish_rest_update_state},
    {"update_percent",             redfish_update_percent},
    {"insert_actions",             live_insert_actions},
    {"bios_pending",               live_bios_pending},
    {"boot_mode",                  live_boot_mode},
    {"boot_modes",                 live_boot_modes},
    {"boot_progress",              live_boot_progress},
    {"cpu_reading",                live_cpu_reading},
    {"fan_reading",                live_fan_reading},
    {"id",                         live_id},
    {"messages",                   live_messages},
    {"now",                        live_now},
    {"power_reading",              live_power_reading},
    {"power_state",                live_power_state},
    {"reset_types",                live_reset_types},
    {"session_count",              live_session_count},
    {"session_members",            live_session_members},
    {"session_timeout",            live_session_timeout},
    {"system_state",               live_system_state},
};

json_t *
redfish_live(const RedfishCall *call, const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].value(call);
    return NULL;
}
