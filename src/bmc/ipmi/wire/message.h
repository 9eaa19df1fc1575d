/* The words of IPMI that the client, the commands and the server share: network functions,
 * commands, completion codes, privilege levels, and one request and its response. Values are those
 * of IPMI 2.0 rev 1.1, appendix G and table 5-2.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bmc/ipmi/wire/completion.h"

enum {
    IPMI_PORT = 623,
    IPMI_DATA_MAX = 255, /* bytes of data in one request or response, completion code not counted */
    IPMI_USERNAME_MAX = 16, /* bytes */
    IPMI_PASSWORD_MAX = 20, /* bytes, IPMI 2.0 */
    IPMI_KG_MAX = 20,       /* bytes */
};

/* Network functions of requests; the response has the next (odd) number. */
enum {
    IPMI_NETFN_CHASSIS = 0x00,
    IPMI_NETFN_SENSOR = 0x04,
    IPMI_NETFN_APP = 0x06,
    IPMI_NETFN_STORAGE = 0x0a,
    IPMI_NETFN_TRANSPORT = 0x0c,
};

/* Commands of network function Chassis. */
enum {
    IPMI_CMD_CHASSIS_CAPABILITIES = 0x00,
    IPMI_CMD_CHASSIS_STATUS = 0x01,
    IPMI_CMD_CHASSIS_CONTROL = 0x02,
    IPMI_CMD_CHASSIS_IDENTIFY = 0x04,
    IPMI_CMD_SET_POWER_RESTORE_POLICY = 0x06,
    IPMI_CMD_SYSTEM_RESTART_CAUSE = 0x07,
    IPMI_CMD_SET_BOOT_OPTIONS = 0x08,
    IPMI_CMD_GET_BOOT_OPTIONS = 0x09,
    IPMI_CMD_POWER_ON_HOURS = 0x0f,
};

/* Commands of network function Sensor/Event. */
enum {
    IPMI_CMD_SENSOR_READING = 0x2d,
};

/* Commands of network function App. */
enum {
    IPMI_CMD_DEVICE_ID = 0x01,
    IPMI_CMD_COLD_RESET = 0x02,
    IPMI_CMD_WARM_RESET = 0x03,
    IPMI_CMD_SELF_TEST = 0x04,
    IPMI_CMD_SYSTEM_GUID = 0x37,
    IPMI_CMD_CHANNEL_AUTH_CAPABILITIES = 0x38,
    IPMI_CMD_SET_SESSION_PRIVILEGE = 0x3b,
    IPMI_CMD_CLOSE_SESSION = 0x3c,
    IPMI_CMD_SESSION_INFO = 0x3d,
    IPMI_CMD_SET_CHANNEL_ACCESS = 0x40,
    IPMI_CMD_CHANNEL_ACCESS = 0x41,
    IPMI_CMD_CHANNEL_INFO = 0x42,
    IPMI_CMD_USER_ACCESS = 0x44,
    IPMI_CMD_SET_USER_NAME = 0x45,
    IPMI_CMD_GET_USER_NAME = 0x46,
    IPMI_CMD_ACTIVATE_PAYLOAD = 0x48,
    IPMI_CMD_DEACTIVATE_PAYLOAD = 0x49,
    IPMI_CMD_PAYLOAD_STATUS = 0x4a,
    IPMI_CMD_PAYLOAD_INSTANCE = 0x4b,
    IPMI_CMD_SET_USER_PAYLOADS = 0x4c,
    IPMI_CMD_USER_PAYLOADS = 0x4d,
    IPMI_CMD_CHANNEL_PAYLOADS = 0x4e,
    IPMI_CMD_CHANNEL_PAYLOAD_VERSION = 0x4f,
    IPMI_CMD_CHANNEL_CIPHER_SUITES = 0x54,
};

/* Commands of network function Storage. */
enum {
    IPMI_CMD_FRU_INFO = 0x10,
    IPMI_CMD_SDR_INFO = 0x20,
    IPMI_CMD_SDR_RESERVE = 0x22,
    IPMI_CMD_SDR_GET = 0x23,
    IPMI_CMD_SEL_INFO = 0x40,
    IPMI_CMD_SEL_RESERVE = 0x42,
    IPMI_CMD_SEL_GET = 0x43,
    IPMI_CMD_SEL_CLEAR = 0x47,
    IPMI_CMD_SEL_TIME = 0x48,
    IPMI_CMD_SET_SEL_TIME = 0x49,
};

/* Commands of network function Transport. */
enum {
    IPMI_CMD_SET_SOL_PARAMETERS = 0x21,
    IPMI_CMD_SOL_PARAMETERS = 0x22,
};

typedef enum IpmiPrivilege {
    IPMI_PRIVILEGE_DEFAULT = 0, /* ADMINISTRATOR where a target names none */
    IPMI_PRIVILEGE_CALLBACK = 1,
    IPMI_PRIVILEGE_USER = 2,
    IPMI_PRIVILEGE_OPERATOR = 3,
    IPMI_PRIVILEGE_ADMINISTRATOR = 4,
} IpmiPrivilege;

/* One command for a BMC. A value: copy it freely. */
typedef struct IpmiRequest {
    uint8_t net_function; /* even, 0..62 */
    uint8_t command;
    uint8_t lun;                 /* 0..3 */
    bool ignore_completion_code; /* a refusal does not end the list; look at the response */
    bool answer_optional;        /* silence counts as success after three tries (BMC cold reset) */
    /* doing it twice does no harm: sent again when it is unclear whether it was done */
    bool repeatable;
    size_t size; /* bytes of data, 0..IPMI_DATA_MAX */
    uint8_t data[IPMI_DATA_MAX];
} IpmiRequest;

/* What the BMC said to one request. */
typedef struct IpmiResponse {
    uint8_t completion_code;
    size_t size; /* bytes of data after the completion code */
    uint8_t data[IPMI_DATA_MAX];
} IpmiResponse;

/* "ADMINISTRATOR", ... for messages. Static; never NULL; any thread. */
const char *ipmi_privilege_name(IpmiPrivilege privilege);

/* The level of a name as ipmitool -L takes it (any case): CALLBACK, USER, OPERATOR, ADMINISTRATOR.
 * False, without a GError, for any other word. */
bool ipmi_privilege_from_name(const char *name, IpmiPrivilege *privilege);

/* "Chassis Control", ... as IPMI's appendix G calls it; NULL for a command without a row. Static;
 * any thread. */
const char *ipmi_command_name(uint8_t net_function, uint8_t command);
