/* The verbs of provisioning on top of the IPMI client: power, boot device, identity and reset of
 * the BMC. Each exists as a request builder with a response parser (pure), as a blocking call for
 * workers and as an asynchronous call. What they are given is borrowed for the call; out-parameters
 * are untouched on failure.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/client/client.h"
#include "bmc/ipmi/wire/chassis.h"

/* ---- power ---- */

/* Get Chassis Status and Chassis Control (IPMI 2.0, 28.2 and 28.3). */
void ipmi_build_chassis_status(IpmiRequest *request);
void ipmi_build_chassis_control(IpmiRequest *request, IpmiChassisControl control);
/* Errors: BMC_PROTOCOL (short). */
bool ipmi_parse_chassis_status(const IpmiResponse *response, bool *on, GError **error);

/* Blocking, from a worker thread. Errors: those of ipmi_client_submit(). */
bool ipmi_get_power(IpmiClient *client, const IpmiTarget *target, bool *on,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool ipmi_chassis_control(IpmiClient *client, const IpmiTarget *target, IpmiChassisControl control,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Called once, on the engine thread (see IpmiDone). `on` means nothing when error is set; the error
 * is borrowed. */
typedef void (*IpmiPowerDone)(void *user_data, bool on, const GError *error);
/* Called once, on the engine thread; NULL is success; the error is borrowed. */
typedef void (*IpmiVerbDone)(void *user_data, const GError *error);

/* As above, from any thread, without waiting. */
void ipmi_get_power_async(IpmiClient *client, const IpmiTarget *target, IpmiPowerDone done,
                          void *user_data);
void ipmi_chassis_control_async(IpmiClient *client, const IpmiTarget *target,
                                IpmiChassisControl control, IpmiVerbDone done, void *user_data);

/* ---- boot device ---- */

typedef struct IpmiBootRequest {
    IpmiBootDevice device;
    bool persistent;
    bool efi;
    /* First tell the BMC not to clear the flags 60 s after a power verb (parameter 3, 03h 08h).
     * Ironic does unless driver_info/ipmi_disable_boot_timeout is false. */
    bool disable_timeout;
    /* Byte 2 of the flags as it is, for boards that want another selector (Supermicro with UEFI:
     * 24h for disk); 0: by device. */
    uint8_t device_byte;
    bool release; /* first end a change under way: set complete */
    bool unlock;  /* first mark the flags as unlocked */
} IpmiBootRequest;

enum { IPMI_BOOT_SEQUENCE_MAX = 8 };

/* The requests that set a boot device, as ipmitool's "chassis bootdev" sends them: [set complete],
 * [unlock], [parameter 3], set in progress, acknowledge, flags, commit, set complete. Refusals are
 * ignored except of the flags themselves.
 * Returns how many were written. `flags_index` out: which of them carries the flags. */
size_t ipmi_build_set_boot_device(const IpmiBootRequest *boot,
                                  IpmiRequest requests[IPMI_BOOT_SEQUENCE_MAX],
                                  size_t *flags_index);
/* Get System Boot Options, parameter 5 (IPMI 2.0, 28.13). */
void ipmi_build_get_boot_device(IpmiRequest *request);
/* Errors: BMC_PROTOCOL (short, another parameter). */
bool ipmi_parse_boot_device(const IpmiResponse *response, IpmiBootFlags *flags, GError **error);

/* Blocking, from a worker thread. Errors: those of ipmi_client_submit(); reading: those of
 * ipmi_parse_boot_device() too. */
bool ipmi_set_boot_device(IpmiClient *client, const IpmiTarget *target, const IpmiBootRequest *boot,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool ipmi_get_boot_device(IpmiClient *client, const IpmiTarget *target, IpmiBootFlags *flags,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Called once, on the engine thread; flags are borrowed, and mean nothing when error (borrowed) is
 * set. */
typedef void (*IpmiBootFlagsDone)(void *user_data, const IpmiBootFlags *flags, const GError *error);
/* As above, from any thread, without waiting. */
void ipmi_set_boot_device_async(IpmiClient *client, const IpmiTarget *target,
                                const IpmiBootRequest *boot, IpmiVerbDone done, void *user_data);
void ipmi_get_boot_device_async(IpmiClient *client, const IpmiTarget *target,
                                IpmiBootFlagsDone done, void *user_data);

/* ---- the BMC itself ---- */

typedef struct IpmiDeviceId {
    uint8_t device_id;
    uint8_t firmware_major;
    uint8_t firmware_minor; /* decimal, unpacked from BCD */
    uint8_t ipmi_major;
    uint8_t ipmi_minor;
    uint32_t manufacturer; /* IANA enterprise number */
    uint16_t product;
} IpmiDeviceId;

/* Get Device ID (IPMI 2.0, 20.1), which every BMC answers. */
void ipmi_build_device_id(IpmiRequest *request);
/* Errors: BMC_PROTOCOL (short). */
bool ipmi_parse_device_id(const IpmiResponse *response, IpmiDeviceId *id, GError **error);
/* Blocking, from a worker thread. Errors: those of ipmi_client_submit(), BMC_PROTOCOL. */
bool ipmi_get_device_id(IpmiClient *client, const IpmiTarget *target, IpmiDeviceId *id,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "HPE", "Supermicro", ... of an enterprise number; NULL when not in the table. Static. */
const char *ipmi_manufacturer_name(uint32_t manufacturer);

/* Cold and Warm Reset (IPMI 2.0, 20.2 and 20.3) restart the BMC, not the machine; most BMCs are
 * silent for a while after. The calls block, from a worker thread. Errors: those of
 * ipmi_client_submit(). */
void ipmi_build_bmc_reset(IpmiRequest *request, bool cold);
bool ipmi_bmc_cold_reset(IpmiClient *client, const IpmiTarget *target,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool ipmi_bmc_warm_reset(IpmiClient *client, const IpmiTarget *target,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- raw ---- */

/* Reads "0x00 0x08 0x03 0x08": network function, command, data, with blanks or commas between;
 * hexadecimal after 0x, else decimal, as ipmitool's raw. Errors: INVALID. */
bool ipmi_parse_raw(const char *text, IpmiRequest *request,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Sends one request; a refusal is BMC_REFUSED unless request->ignore_completion_code. */
bool ipmi_raw(IpmiClient *client, const IpmiTarget *target, const IpmiRequest *request,
              IpmiResponse *response, GError **error) G_GNUC_WARN_UNUSED_RESULT;
