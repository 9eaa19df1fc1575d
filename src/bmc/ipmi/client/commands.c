/* Provisioning's verbs as IPMI requests and responses; the blocking and the asynchronous calls
 * share builders and parsers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/client/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bmc/ipmi/wire/bytes.h"
#include "common/error.h"

enum {
    POWER_IS_ON = 0x01,
    KEEP_WITHOUT_CONTROL = 0x08, /* parameter 3: do not clear the flags after 60 s */
    ACKNOWLEDGE_BIOS = 0x01,     /* parameter 4: the flags are for the BIOS */
    SET_COMPLETE = 0,            /* parameter 0 */
    SET_IN_PROGRESS = 1,
    SET_COMMIT = 2,
    PARAMETER_MASK = 0x7f,
    DEVICE_ID_SIZE = 9, /* to the end of the manufacturer; some BMCs leave the product out */
};

static void
build(IpmiRequest *request, uint8_t net_function, uint8_t command, const uint8_t *data, size_t size)
{
    *request = (IpmiRequest){.net_function = net_function, .command = command, .size = size};
    if (size > 0)
        memcpy(request->data, data, size);
}

/* ---- power ---- */

void
ipmi_build_chassis_status(IpmiRequest *request)
{
    build(request, IPMI_NETFN_CHASSIS, IPMI_CMD_CHASSIS_STATUS, NULL, 0);
    request->repeatable = true;
}

void
ipmi_build_chassis_control(IpmiRequest *request, IpmiChassisControl control)
{
    const uint8_t data = (uint8_t)control;
    build(request, IPMI_NETFN_CHASSIS, IPMI_CMD_CHASSIS_CONTROL, &data, 1);
    request->repeatable =
        control == IPMI_CHASSIS_ON || control == IPMI_CHASSIS_OFF || control == IPMI_CHASSIS_SOFT;
}

bool
ipmi_parse_chassis_status(const IpmiResponse *response, bool *on, GError **error)
{
    if (response->size < 1)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "the chassis status is empty");
    *on = (response->data[0] & POWER_IS_ON) != 0;
    return true;
}

bool
ipmi_get_power(IpmiClient *client, const IpmiTarget *target, bool *on, GError **error)
{
    IpmiRequest request;
    IpmiResponse response;
    ipmi_build_chassis_status(&request);
    return ipmi_client_call(client, target, &request, 1, &response, error) &&
           ipmi_parse_chassis_status(&response, on, error);
}

bool
ipmi_chassis_control(IpmiClient *client, const IpmiTarget *target, IpmiChassisControl control,
                     GError **error)
{
    IpmiRequest request;
    ipmi_build_chassis_control(&request, control);
    if (ipmi_client_call(client, target, &request, 1, NULL, error))
        return true;
    g_prefix_error(error, "power %s: ", ipmi_chassis_control_name(control));
    return false;
}

/* ---- asynchronous calls ---- */

/* The caller's callback. */
typedef struct Pending {
    IpmiPowerDone power_done;
    IpmiVerbDone verb_done;
    IpmiBootFlagsDone flags_done;
    void *user_data;
} Pending;

static Pending *
pending_new(const Pending *wanted)
{
    return g_memdup2(wanted, sizeof *wanted);
}

static void
power_is_read(void *user_data, const IpmiResponse *responses, size_t count, const GError *error)
{
    g_autofree Pending *pending = user_data;
    g_autoptr(GError) malformed = NULL;
    bool on = false;
    (void)count;
    if (error == NULL && !ipmi_parse_chassis_status(&responses[0], &on, &malformed))
        error = malformed;
    pending->power_done(pending->user_data, on, error);
}

void
ipmi_get_power_async(IpmiClient *client, const IpmiTarget *target, IpmiPowerDone done,
                     void *user_data)
{
    IpmiRequest request;
    ipmi_build_chassis_status(&request);
    ipmi_client_submit(client, target, &request, 1, power_is_read,
                       pending_new(&(Pending){.power_done = done, .user_data = user_data}));
}

static void
verb_is_done(void *user_data, const IpmiResponse *responses, size_t count, const GError *error)
{
    g_autofree Pending *pending = user_data;
    (void)responses;
    (void)count;
    if (pending->verb_done != NULL)
        pending->verb_done(pending->user_data, error);
}

void
ipmi_chassis_control_async(IpmiClient *client, const IpmiTarget *target, IpmiChassisControl control,
                           IpmiVerbDone done, void *user_data)
{
    IpmiRequest request;
    ipmi_build_chassis_control(&request, control);
    ipmi_client_submit(client, target, &request, 1, verb_is_done,
                       pending_new(&(Pending){.verb_done = done, .user_data = user_data}));
}

/* ---- boot device ---- */

/* A request that sets a boot option; `tolerated`: a refusal does not matter. */
static void
build_boot_option(IpmiRequest *request, uint8_t parameter, const uint8_t *data, size_t size,
                  bool tolerated)
{
    uint8_t bytes[1 + IPMI_BOOT_FLAGS_SIZE] = {parameter};
    if (size > 0)
        memcpy(bytes + 1, data, size);
    build(request, IPMI_NETFN_CHASSIS, IPMI_CMD_SET_BOOT_OPTIONS, bytes, 1 + size);
    request->ignore_completion_code = tolerated;
    request->repeatable = true;
}

size_t
ipmi_build_set_boot_device(const IpmiBootRequest *boot,
                           IpmiRequest requests[IPMI_BOOT_SEQUENCE_MAX], size_t *flags_index)
{
    static const uint8_t in_progress = SET_IN_PROGRESS, commit = SET_COMMIT,
                         complete = SET_COMPLETE, keep = KEEP_WITHOUT_CONTROL;
    static const uint8_t acknowledge[] = {ACKNOWLEDGE_BIOS, ACKNOWLEDGE_BIOS};
    const IpmiBootFlags flags = {
        .valid = true,
        .persistent = boot->persistent,
        .efi = boot->efi,
        .device = boot->device,
    };
    uint8_t bytes[IPMI_BOOT_FLAGS_SIZE];
    size_t count = 0;
    ipmi_boot_flags_pack(&flags, bytes);
    if (boot->device_byte != 0)
        bytes[1] = boot->device_byte;
    if (boot->release)
        build_boot_option(&requests[count++], IPMI_BOOT_OPTION_SET_IN_PROGRESS, &complete, 1, true);
    if (boot->unlock) /* the parameter without data: bit 7, "locked", is 0 */
        build_boot_option(&requests[count++], IPMI_BOOT_OPTION_FLAGS, NULL, 0, true);
    if (boot->disable_timeout)
        build_boot_option(&requests[count++], IPMI_BOOT_OPTION_VALID_CLEARING, &keep, 1, true);
    build_boot_option(&requests[count++], IPMI_BOOT_OPTION_SET_IN_PROGRESS, &in_progress, 1, true);
    build_boot_option(&requests[count++], IPMI_BOOT_OPTION_INFO_ACKNOWLEDGE, acknowledge,
                      sizeof acknowledge, true);
    *flags_index = count;
    build_boot_option(&requests[count++], IPMI_BOOT_OPTION_FLAGS, bytes, sizeof bytes, false);
    build_boot_option(&requests[count++], IPMI_BOOT_OPTION_SET_IN_PROGRESS, &commit, 1, true);
    build_boot_option(&requests[count++], IPMI_BOOT_OPTION_SET_IN_PROGRESS, &complete, 1, true);
    return count;
}

void
ipmi_build_get_boot_device(IpmiRequest *request)
{
    const uint8_t data[] = {IPMI_BOOT_OPTION_FLAGS, 0, 0};
    build(request, IPMI_NETFN_CHASSIS, IPMI_CMD_GET_BOOT_OPTIONS, data, sizeof data);
    request->repeatable = true;
}

bool
ipmi_parse_boot_device(const IpmiResponse *response, IpmiBootFlags *flags, GError **error)
{
    if (response->size < 2 + IPMI_BOOT_FLAGS_SIZE ||
        (response->data[1] & PARAMETER_MASK) != IPMI_BOOT_OPTION_FLAGS)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "%zu bytes are no boot flags",
                          response->size);
    ipmi_boot_flags_unpack(response->data + 2, flags);
    return true;
}

bool
ipmi_set_boot_device(IpmiClient *client, const IpmiTarget *target, const IpmiBootRequest *boot,
                     GError **error)
{
    IpmiRequest requests[IPMI_BOOT_SEQUENCE_MAX];
    size_t flags_index;
    size_t count = ipmi_build_set_boot_device(boot, requests, &flags_index);
    if (ipmi_client_call(client, target, requests, count, NULL, error))
        return true;
    g_prefix_error(error, "boot device %s: ", ipmi_boot_device_name(boot->device));
    return false;
}

bool
ipmi_get_boot_device(IpmiClient *client, const IpmiTarget *target, IpmiBootFlags *flags,
                     GError **error)
{
    IpmiRequest request;
    IpmiResponse response;
    ipmi_build_get_boot_device(&request);
    return ipmi_client_call(client, target, &request, 1, &response, error) &&
           ipmi_parse_boot_device(&response, flags, error);
}

void
ipmi_set_boot_device_async(IpmiClient *client, const IpmiTarget *target,
                           const IpmiBootRequest *boot, IpmiVerbDone done, void *user_data)
{
    IpmiRequest requests[IPMI_BOOT_SEQUENCE_MAX];
    size_t flags_index;
    size_t count = ipmi_build_set_boot_device(boot, requests, &flags_index);
    ipmi_client_submit(client, target, requests, count, verb_is_done,
                       pending_new(&(Pending){.verb_done = done, .user_data = user_data}));
}

static void
flags_are_read(void *user_data, const IpmiResponse *responses, size_t count, const GError *error)
{
    g_autofree Pending *pending = user_data;
    g_autoptr(GError) malformed = NULL;
    IpmiBootFlags flags = {0};
    (void)count;
    if (error == NULL && !ipmi_parse_boot_device(&responses[0], &flags, &malformed))
        error = malformed;
    pending->flags_done(pending->user_data, &flags, error);
}

void
ipmi_get_boot_device_async(IpmiClient *client, const IpmiTarget *target, IpmiBootFlagsDone done,
                           void *user_data)
{
    IpmiRequest request;
    ipmi_build_get_boot_device(&request);
    ipmi_client_submit(client, target, &request, 1, flags_are_read,
                       pending_new(&(Pending){.flags_done = done, .user_data = user_data}));
}

/* ---- the BMC itself ---- */

/* IANA's enterprise numbers of the usual makers of servers. */
static const struct {
    uint32_t number;
    const char *name;
} manufacturers[] = {
    {2,     "IBM"},
    {11,    "HPE"},
    {42,    "Oracle"},
    {343,   "Intel"},
    {373,   "Quanta"},
    {674,   "Dell"},
    {2011,  "Huawei"},
    {5771,  "Cisco"},
    {7244,  "Quanta"},
    {10368, "Fujitsu"},
    {10876, "Supermicro"},
    {15370, "GIGABYTE"},
    {19046, "Lenovo"},
    {20301, "Lenovo"},
    {37945, "Inspur"},
    {40092, "Wiwynn"},
    {47196, "HPE"},
    {47488, "Supermicro"},
    {49622, "ASRockRack"},
};

const char *
ipmi_manufacturer_name(uint32_t manufacturer)
{
    for (size_t i = 0; i < G_N_ELEMENTS(manufacturers); i++)
        if (manufacturers[i].number == manufacturer)
            return manufacturers[i].name;
    return NULL;
}

void
ipmi_build_device_id(IpmiRequest *request)
{
    build(request, IPMI_NETFN_APP, IPMI_CMD_DEVICE_ID, NULL, 0);
    request->answer_optional = true; /* some BMCs stay silent; nothing depends on it */
    request->repeatable = true;
}

bool
ipmi_parse_device_id(const IpmiResponse *response, IpmiDeviceId *id, GError **error)
{
    IpmiReader reader = ipmi_reader(response->data, response->size);
    if (response->size < DEVICE_ID_SIZE)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "device id of %zu bytes",
                          response->size);
    IpmiDeviceId parsed = {0};
    parsed.device_id = ipmi_read_u8(&reader);
    ipmi_read_skip(&reader, 1);
    parsed.firmware_major = ipmi_read_u8(&reader) & 0x7f;
    uint8_t minor = ipmi_read_u8(&reader);
    parsed.firmware_minor = (uint8_t)((minor >> 4) * 10 + (minor & 0x0f));
    uint8_t version = ipmi_read_u8(&reader);
    parsed.ipmi_major = version & 0x0f;
    parsed.ipmi_minor = version >> 4;
    ipmi_read_skip(&reader, 1);
    parsed.manufacturer = ipmi_read_le16(&reader);
    parsed.manufacturer |= (uint32_t)(ipmi_read_u8(&reader) & 0x0f) << 16;
    parsed.product = ipmi_read_left(&reader) >= 2 ? ipmi_read_le16(&reader) : 0;
    *id = parsed;
    return true;
}

bool
ipmi_get_device_id(IpmiClient *client, const IpmiTarget *target, IpmiDeviceId *id, GError **error)
{
    IpmiRequest request;
    IpmiResponse response;
    ipmi_build_device_id(&request);
    return ipmi_client_call(client, target, &request, 1, &response, error) &&
           ipmi_parse_device_id(&response, id, error);
}

void
ipmi_build_bmc_reset(IpmiRequest *request, bool cold)
{
    build(request, IPMI_NETFN_APP, cold ? IPMI_CMD_COLD_RESET : IPMI_CMD_WARM_RESET, NULL, 0);
    request->answer_optional = true; /* many restart before they answer */
}

static bool
bmc_reset(IpmiClient *client, const IpmiTarget *target, bool cold, GError **error)
{
    IpmiRequest request;
    ipmi_build_bmc_reset(&request, cold);
    return ipmi_client_call(client, target, &request, 1, NULL, error);
}

bool
ipmi_bmc_cold_reset(IpmiClient *client, const IpmiTarget *target, GError **error)
{
    return bmc_reset(client, target, true, error);
}

bool
ipmi_bmc_warm_reset(IpmiClient *client, const IpmiTarget *target, GError **error)
{
    return bmc_reset(client, target, false, error);
}

/* ---- raw ---- */

/* Reads one byte, hexadecimal after 0x, else decimal. */
static bool
parse_byte(const char *word, uint8_t *byte, GError **error)
{
    bool hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
    const char *digits = hex ? word + 2 : word;
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(digits, &end, hex ? 16 : 10);
    if (!g_ascii_isxdigit(digits[0]) || *end != '\0' || errno != 0 || value > UINT8_MAX)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "\"%.20s\" in an IPMI raw command is no byte (0x00 to 0xff, or 0 to 255)",
                          word);
    *byte = (uint8_t)value;
    return true;
}

bool
ipmi_parse_raw(const char *text, IpmiRequest *request, GError **error)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t,", -1);
    uint8_t bytes[2 + IPMI_DATA_MAX];
    size_t count = 0;
    for (char **word = words; *word != NULL; word++) {
        if (**word == '\0')
            continue;
        if (count == sizeof bytes)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "an IPMI raw command has at most %zu bytes", sizeof bytes);
        if (!parse_byte(*word, &bytes[count], error))
            return false;
        count++;
    }
    if (count < 2)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "an IPMI raw command begins with network function and command");
    if (bytes[0] > 62 || bytes[0] % 2 != 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "network function 0x%02x is not that of a request (even, up to 0x3e)",
                          bytes[0]);
    build(request, bytes[0], bytes[1], bytes + 2, count - 2);
    return true;
}

bool
ipmi_raw(IpmiClient *client, const IpmiTarget *target, const IpmiRequest *request,
         IpmiResponse *response, GError **error)
{
    return ipmi_client_call(client, target, request, 1, response, error);
}
