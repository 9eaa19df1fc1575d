/* A ComputerSystem: power, boot override, boot mode, secure boot. Functions with a RedfishBmc block
 * and are for workers, with the errors of resource.h; the others are pure.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/redfish/resource.h"

/* Quirks of the maker, as bits (quirks.def). */
enum {
    REDFISH_QUIRK_USB_CD = 1 << 0,
    REDFISH_QUIRK_ALWAYS_ENABLED = 1 << 1,
    REDFISH_QUIRK_SYNC_BOOT_MODE = 1 << 2,
};

typedef enum RedfishPower {
    REDFISH_POWER_UNKNOWN, /* Paused, absent, or a word that is not known */
    REDFISH_POWER_ON,      /* also PoweringOn */
    REDFISH_POWER_OFF,     /* also PoweringOff */
} RedfishPower;

/* A system as it was read. */
typedef struct RedfishSystem {
    char *path;       /* owned */
    json_t *document; /* owned */
    unsigned quirks;
} RedfishSystem;

void redfish_system_clear(RedfishSystem *system);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RedfishSystem, redfish_system_clear)

/* Reads a system.
 *
 * path    NULL: the only one of the service
 * Errors  also INVALID: there are several, and none is named */
bool redfish_system_read(const RedfishBmc *bmc, const char *path, RedfishSystem *system,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The path of the only member of the Systems of a collection; NULL with INVALID for several, with
 * BMC_PROTOCOL for none. */
char *redfish_only_member(const json_t *collection, GError **error);

unsigned redfish_quirks_of(const json_t *system);
RedfishPower redfish_power_of(const json_t *system);

/* What the system says of its power, for messages: "the power state 'Paused'" or "no power state";
 * the caller frees. */
char *redfish_power_words(const json_t *system);

/* The health of the whole machine: "OK", "Warning" or "Critical", static; NULL if the system does
 * not tell. */
const char *redfish_health_of(const json_t *system);

/* Reads the state, and the health, without waiting. done is called on the engine's thread, as
 * RedfishDone; `power` and `health` mean nothing with an error. Threads: any. */
typedef void (*RedfishPowerDone)(void *user_data, RedfishPower power, const char *health,
                                 const GError *error);
void redfish_power_submit(RedfishClient *client, const RedfishTarget *target, const char *path,
                          RedfishPowerDone done, void *user_data);

/* Resets: "On", "ForceOff", "GracefulShutdown", "ForceRestart", "Nmi", ... Errors: also BMC_REFUSED
 * where the system does not list the type, with those that it lists. */
bool redfish_system_reset(const RedfishBmc *bmc, const RedfishSystem *system, const char *type,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The boot override, as read or as wanted; NULL: absent, or not to be set. */
typedef struct RedfishBoot {
    const char *target;   /* "Pxe" */
    const char *enabled;  /* "Once", "Continuous", "Disabled" */
    const char *mode;     /* "UEFI", "Legacy" */
    const char *http_uri; /* what the target UefiHttp fetches */
} RedfishBoot;

/* What the system says; borrowed from its document. */
RedfishBoot redfish_system_boot(const RedfishSystem *system);

/* Sets the keys that are wanted, each where the BMC takes it: in the settings object if that has
 * the key, else on the system. A target that the system does not list is BMC_REFUSED with those
 * that it lists. */
bool redfish_system_set_boot(const RedfishBmc *bmc, const RedfishSystem *system,
                             const RedfishBoot *wanted, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The firmware version of the system's manager that is a BMC; the caller frees; "" if none tells
 * it. */
char *redfish_manager_firmware(const RedfishBmc *bmc, const RedfishSystem *system, GError **error);

/* Whether the next start is to be a secure one. UNSUPPORTED: the system has no SecureBoot resource,
 * or does not tell. */
bool redfish_secure_boot_get(const RedfishBmc *bmc, const RedfishSystem *system, bool *enabled,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool redfish_secure_boot_set(const RedfishBmc *bmc, const RedfishSystem *system, bool enabled,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* keys: "ResetAllKeysToDefault", "DeleteAllKeys" */
bool redfish_secure_boot_reset_keys(const RedfishBmc *bmc, const RedfishSystem *system,
                                    const char *keys, GError **error) G_GNUC_WARN_UNUSED_RESULT;
