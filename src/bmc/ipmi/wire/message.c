/* Privilege levels and commands in words.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/wire/message.h"

#include <glib.h>

static const char *const privilege_names[] = {
    [IPMI_PRIVILEGE_DEFAULT] = "ADMINISTRATOR",
    [IPMI_PRIVILEGE_CALLBACK] = "CALLBACK",
    [IPMI_PRIVILEGE_USER] = "USER",
    [IPMI_PRIVILEGE_OPERATOR] = "OPERATOR",
    [IPMI_PRIVILEGE_ADMINISTRATOR] = "ADMINISTRATOR",
};

const char *
ipmi_privilege_name(IpmiPrivilege privilege)
{
    return (size_t)privilege < G_N_ELEMENTS(privilege_names) ? privilege_names[privilege]
                                                             : "unknown";
}

bool
ipmi_privilege_from_name(const char *name, IpmiPrivilege *privilege)
{
    for (IpmiPrivilege level = IPMI_PRIVILEGE_CALLBACK; level <= IPMI_PRIVILEGE_ADMINISTRATOR;
         level++) {
        if (g_ascii_strcasecmp(name, privilege_names[level]) == 0) {
            *privilege = level;
            return true;
        }
    }
    return false;
}

static const struct {
    uint8_t net_function;
    uint8_t command;
    const char *name;
} command_names[] = {
    {IPMI_NETFN_CHASSIS, IPMI_CMD_CHASSIS_CAPABILITIES, "Get Chassis Capabilities"},
    {IPMI_NETFN_CHASSIS, IPMI_CMD_CHASSIS_STATUS, "Get Chassis Status"},
    {IPMI_NETFN_CHASSIS, IPMI_CMD_CHASSIS_CONTROL, "Chassis Control"},
    {IPMI_NETFN_CHASSIS, IPMI_CMD_CHASSIS_IDENTIFY, "Chassis Identify"},
    {IPMI_NETFN_CHASSIS, IPMI_CMD_SET_BOOT_OPTIONS, "Set System Boot Options"},
    {IPMI_NETFN_CHASSIS, IPMI_CMD_GET_BOOT_OPTIONS, "Get System Boot Options"},
    {IPMI_NETFN_APP, IPMI_CMD_DEVICE_ID, "Get Device ID"},
    {IPMI_NETFN_APP, IPMI_CMD_COLD_RESET, "Cold Reset"},
    {IPMI_NETFN_APP, IPMI_CMD_WARM_RESET, "Warm Reset"},
    {IPMI_NETFN_APP, IPMI_CMD_SYSTEM_GUID, "Get System GUID"},
    {IPMI_NETFN_APP, IPMI_CMD_CHANNEL_AUTH_CAPABILITIES, "Get Channel Authentication Capabilities"},
    {IPMI_NETFN_APP, IPMI_CMD_SET_SESSION_PRIVILEGE, "Set Session Privilege Level"},
    {IPMI_NETFN_APP, IPMI_CMD_CLOSE_SESSION, "Close Session"},
    {IPMI_NETFN_APP, IPMI_CMD_CHANNEL_CIPHER_SUITES, "Get Channel Cipher Suites"},
    {IPMI_NETFN_APP, IPMI_CMD_ACTIVATE_PAYLOAD, "Activate Payload"},
    {IPMI_NETFN_APP, IPMI_CMD_DEACTIVATE_PAYLOAD, "Deactivate Payload"},
    {IPMI_NETFN_SENSOR, IPMI_CMD_SENSOR_READING, "Get Sensor Reading"},
    {IPMI_NETFN_STORAGE, IPMI_CMD_SDR_INFO, "Get SDR Repository Info"},
    {IPMI_NETFN_STORAGE, IPMI_CMD_SDR_GET, "Get SDR"},
    {IPMI_NETFN_STORAGE, IPMI_CMD_SEL_INFO, "Get SEL Info"},
    {IPMI_NETFN_STORAGE, IPMI_CMD_SEL_GET, "Get SEL Entry"},
};

const char *
ipmi_command_name(uint8_t net_function, uint8_t command)
{
    for (size_t i = 0; i < G_N_ELEMENTS(command_names); i++)
        if (command_names[i].net_function == net_function && command_names[i].command == command)
            return command_names[i].name;
    return NULL;
}
