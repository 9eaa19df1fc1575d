/* Completion codes and privilege levels in words.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/message.h"

#include <glib.h>

static const char *const completion_texts[256] = {
    [IPMI_CC_OK] = "completed normally",
    [IPMI_CC_PARAMETER_UNSUPPORTED] = "parameter not supported",
    [IPMI_CC_SET_IN_PROGRESS] = "another change is in progress",
    [IPMI_CC_READ_ONLY] = "parameter is read-only",
    [IPMI_CC_BUSY] = "node busy",
    [IPMI_CC_INVALID_COMMAND] = "invalid command",
    [IPMI_CC_INVALID_FOR_LUN] = "invalid command for this LUN",
    [IPMI_CC_TIMEOUT] = "timeout while processing the command",
    [IPMI_CC_OUT_OF_SPACE] = "out of space",
    [IPMI_CC_RESERVATION_LOST] = "reservation cancelled or invalid",
    [IPMI_CC_TRUNCATED] = "request data truncated",
    [IPMI_CC_LENGTH_INVALID] = "request data length invalid",
    [IPMI_CC_LENGTH_EXCEEDED] = "request data field length limit exceeded",
    [IPMI_CC_OUT_OF_RANGE] = "parameter out of range",
    [IPMI_CC_CANNOT_RETURN_COUNT] = "cannot return the number of requested data bytes",
    [IPMI_CC_NOT_PRESENT] = "requested sensor, data or record not present",
    [IPMI_CC_INVALID_FIELD] = "invalid data field in the request",
    [IPMI_CC_ILLEGAL_FOR_SENSOR] = "command illegal for this sensor or record type",
    [IPMI_CC_NO_RESPONSE] = "command response could not be provided",
    [IPMI_CC_DUPLICATE] = "cannot execute a duplicated request",
    [0xd0] = "SDR repository in update mode",
    [0xd1] = "device firmware in update mode",
    [IPMI_CC_INITIALIZING] = "BMC initialization in progress",
    [IPMI_CC_DESTINATION_UNAVAILABLE] = "destination unavailable",
    [IPMI_CC_INSUFFICIENT_PRIVILEGE] = "insufficient privilege level",
    [IPMI_CC_NOT_IN_THIS_STATE] = "not supported in the present state",
    [0xd6] = "command sub-function disabled or unavailable",
    [IPMI_CC_UNSPECIFIED] = "unspecified error",
};

static const char *const privilege_names[] = {
    [IPMI_PRIVILEGE_DEFAULT] = "ADMINISTRATOR",
    [IPMI_PRIVILEGE_CALLBACK] = "CALLBACK",
    [IPMI_PRIVILEGE_USER] = "USER",
    [IPMI_PRIVILEGE_OPERATOR] = "OPERATOR",
    [IPMI_PRIVILEGE_ADMINISTRATOR] = "ADMINISTRATOR",
};

const char *
ipmi_completion_text(uint8_t completion_code)
{
    if (completion_texts[completion_code] != NULL)
        return completion_texts[completion_code];
    if (completion_code >= 0x01 && completion_code <= 0x7e)
        return "device specific (OEM) completion code";
    if (completion_code >= 0x80 && completion_code <= 0xbe)
        return "command specific completion code";
    return "reserved completion code";
}

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
    {IPMI_NETFN_CHASSIS, IPMI_CMD_CHASSIS_CAPABILITIES,      "Get Chassis Capabilities"               },
    {IPMI_NETFN_CHASSIS, IPMI_CMD_CHASSIS_STATUS,            "Get Chassis Status"                     },
    {IPMI_NETFN_CHASSIS, IPMI_CMD_CHASSIS_CONTROL,           "Chassis Control"                        },
    {IPMI_NETFN_CHASSIS, IPMI_CMD_CHASSIS_IDENTIFY,          "Chassis Identify"                       },
    {IPMI_NETFN_CHASSIS, IPMI_CMD_SET_BOOT_OPTIONS,          "Set System Boot Options"                },
    {IPMI_NETFN_CHASSIS, IPMI_CMD_GET_BOOT_OPTIONS,          "Get System Boot Options"                },
    {IPMI_NETFN_APP,     IPMI_CMD_DEVICE_ID,                 "Get Device ID"                          },
    {IPMI_NETFN_APP,     IPMI_CMD_COLD_RESET,                "Cold Reset"                             },
    {IPMI_NETFN_APP,     IPMI_CMD_WARM_RESET,                "Warm Reset"                             },
    {IPMI_NETFN_APP,     IPMI_CMD_SYSTEM_GUID,               "Get System GUID"                        },
    {IPMI_NETFN_APP,     IPMI_CMD_CHANNEL_AUTH_CAPABILITIES, "Get Channel Authentication Capabilities"},
    {IPMI_NETFN_APP,     IPMI_CMD_SET_SESSION_PRIVILEGE,     "Set Session Privilege Level"            },
    {IPMI_NETFN_APP,     IPMI_CMD_CLOSE_SESSION,             "Close Session"                          },
    {IPMI_NETFN_APP,     IPMI_CMD_CHANNEL_CIPHER_SUITES,     "Get Channel Cipher Suites"              },
    {IPMI_NETFN_STORAGE, IPMI_CMD_SDR_INFO,                  "Get SDR Repository Info"                },
    {IPMI_NETFN_STORAGE, IPMI_CMD_SDR_GET,                   "Get SDR"                                },
    {IPMI_NETFN_STORAGE, IPMI_CMD_SEL_INFO,                  "Get SEL Info"                           },
    {IPMI_NETFN_STORAGE, IPMI_CMD_SEL_GET,                   "Get SEL Entry"                          },
};

const char *
ipmi_command_name(uint8_t net_function, uint8_t command)
{
    for (size_t i = 0; i < G_N_ELEMENTS(command_names); i++)
        if (command_names[i].net_function == net_function && command_names[i].command == command)
            return command_names[i].name;
    return NULL;
}
