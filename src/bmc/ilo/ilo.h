/* HPE iLO, over whichever protocol an iLO has: RIBCL (Gen8), HP's REST (iLO 4, Gen9), Redfish
 * (iLO 5, Gen10). It knows nothing of nodes.
 *
 * Every function blocks: each of its requests until target->deadline_ms, or target->timeout_ms if
 * that is earlier. Threads: any; an Ilo is used by one at a time.
 *
 * Errors of every function:
 *   BMC_UNREACHABLE  no answer
 *   BMC_AUTH         user name or password, or a certificate that is not trusted
 *   BMC_BUSY         the iLO is being reset, or the machine is in its self-test (POST)
 *   BMC_REFUSED      the iLO's own words
 *   BMC_PROTOCOL     an answer that no iLO sends
 *   UNSUPPORTED      this iLO, this machine or its boot mode does not have it; or the licence
 *   INVALID          an argument that the protocol cannot carry
 *
 * Source: HPE iLO 4 Scripting and Command Line Guide; HPE iLO 4 and iLO 5 REST API references.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ilo/ribcl.h"
#include "bmc/redfish/resource.h"

#include <jansson.h>
#include <stdint.h>

/* The iLO and the login. Borrowed for as long as the Ilo is used. */
typedef struct IloTarget {
    const char *address; /* IPv4, IPv6 (also in brackets) or a name */
    uint16_t port;       /* 0: 443 */
    const char *username, *password;
    bool insecure;       /* accept any certificate */
    const char *ca_file; /* PEM bundle, or a folder as c_rehash(1) makes it; NULL: the system's */
    int timeout_ms;      /* of a request; 0: 60,000 */
    int64_t deadline_ms; /* of time_monotonic_ms(), for all requests; 0: none */
    /* As in RedfishTarget; all of RIBCL is POSTs. */
    bool (*may_send)(void *user);
    void *may_send_user;
} IloTarget;

/* Remembers which generation each iLO is. One for the process; any thread. */
typedef struct IloClient IloClient;
typedef struct HttpEngine HttpEngine;
typedef struct BmcGuard BmcGuard;
typedef struct RedfishClient RedfishClient;

/* All are borrowed until the client is freed.
 *
 * engine   sends the requests
 * guard    remembers refused logins, whatever protocol an iLO refused them in
 * redfish  has the sessions of iLOs that speak Redfish; NULL: each request carries the login */
IloClient *ilo_client_new(HttpEngine *engine, BmcGuard *guard, RedfishClient *redfish);

/* NULL is fine. No other thread may use it then. */
void ilo_client_free(IloClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IloClient, ilo_client_free)

typedef struct IloDialect IloDialect;

/* One iLO, ready to be asked. A value; nothing to free. */
typedef struct Ilo {
    IloClient *client;
    const IloTarget *target;
    const IloDialect *dialect; /* of its JSON; NULL: it has RIBCL alone */
} Ilo;

/* Finds out which protocol the iLO has: asks it the first time, and again after a failure. */
bool ilo_open(IloClient *client, const IloTarget *target, Ilo *ilo,
              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The iLO is not needed any more: its session, if there is one, is deleted soon. Does not block. */
void ilo_leave(const IloClient *client, const IloTarget *target);

/* An operator has changed how the iLO is reached: it is asked at once, with this login too. Any
 * thread; does not block. */
void ilo_absolve(const IloClient *client, const IloTarget *target);

/* How the functions of bmc/redfish reach the same iLO, with the same login and in the same session.
 *
 * bmc      out: borrows from the Ilo's target and from *address, which the caller frees
 * Errors   UNSUPPORTED: only servers from Gen10 on have an iLO with all of Redfish */
bool ilo_get_redfish(const Ilo *ilo, RedfishBmc *bmc, char **address,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The server's name: "ProLiant DL380 Gen9". The caller frees. */
char *ilo_get_model(const Ilo *ilo, GError **error);

/* ---- power ---- */

typedef enum IloPowerAction {
    ILO_POWER_ON,
    ILO_POWER_FORCE_OFF,
    ILO_POWER_RESET, /* without a shutdown */
    ILO_POWER_PRESS, /* the button: asks the system to shut down, or switches on */
    ILO_POWER_HOLD,  /* the button, held: off */
    ILO_POWER_NMI,
    ILO_POWER_ACTION_COUNT
} IloPowerAction;

bool ilo_get_power(const Ilo *ilo, bool *on, GError **error);

/* Does not wait for the effect. Nothing is sent if the machine is in the wanted state already. */
bool ilo_set_power(const Ilo *ilo, IloPowerAction action, GError **error);

/* Where the machine stands with its self-test: "PowerOff", "InPost", "InPostDiscoveryComplete",
 * "FinishedPost", "Reset", "Null", "Unknown". The caller frees. UNSUPPORTED on Gen8. */
char *ilo_get_post_state(const Ilo *ilo, GError **error);

/* ---- boot device ---- */

typedef enum IloBootDevice {
    ILO_BOOT_NONE, /* read only: none is set, or one that is not in this list */
    ILO_BOOT_NETWORK,
    ILO_BOOT_CDROM,
    ILO_BOOT_DISK,
    ILO_BOOT_ISCSI,     /* an entry of UEFI that a set iSCSI target makes at the next POST */
    ILO_BOOT_UEFI_HTTP, /* the URL of ilo_set_http_boot_url */
    ILO_BOOT_DEVICE_COUNT
} IloBootDevice;

/* The device of the next boot, with *persistent false, if one is set for it; otherwise that of all
 * boots, with *persistent true. */
bool ilo_get_boot_device(const Ilo *ilo, IloBootDevice *device, bool *persistent, GError **error);
bool ilo_set_boot_device(const Ilo *ilo, IloBootDevice device, bool persistent, GError **error);

/* ---- boot mode ---- */

typedef enum IloBootMode { ILO_MODE_UNKNOWN, ILO_MODE_LEGACY, ILO_MODE_UEFI } IloBootMode;

/* The mode in force, and the one that the next POST brings. */
bool ilo_get_boot_mode(const Ilo *ilo, IloBootMode *mode, GError **error);
bool ilo_get_pending_boot_mode(const Ilo *ilo, IloBootMode *mode, GError **error);
bool ilo_set_pending_boot_mode(const Ilo *ilo, IloBootMode mode, GError **error);

/* Which modes the machine has. */
bool ilo_get_supported_boot_modes(const Ilo *ilo, bool *legacy, bool *uefi, GError **error);

/* ---- virtual media ---- */

typedef enum IloMedium { ILO_MEDIUM_FLOPPY, ILO_MEDIUM_CDROM, ILO_MEDIUM_COUNT } IloMedium;

/* "FLOPPY", "CDROM"; static. */
const char *ilo_medium_name(IloMedium medium);

typedef struct IloMediumStatus {
    bool inserted;
    char *url; /* owned; NULL: none */
} IloMediumStatus;

void ilo_medium_status_clear(IloMediumStatus *status);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IloMediumStatus, ilo_medium_status_clear)

bool ilo_get_medium(const Ilo *ilo, IloMedium medium, IloMediumStatus *status, GError **error);

/* Inserts an image by its http:// or https:// URL, in place of one that is there. */
bool ilo_insert_medium(const Ilo *ilo, IloMedium medium, const char *url, GError **error);

/* Nothing is sent if the drive is empty. */
bool ilo_eject_medium(const Ilo *ilo, IloMedium medium, GError **error);

/* The next reset boots from the image in the CD drive, and the one after it ejects the image. */
bool ilo_boot_medium_once(const Ilo *ilo, bool once, GError **error);

/* ---- UEFI iSCSI boot ---- */

/* A target. Borrowed. */
typedef struct IloIscsiTarget {
    const char *iqn;
    const char *address;
    uint16_t port;
    const char *lun;               /* "1", or SAM-2 groups */
    const char *username, *secret; /* CHAP; NULL: none */
    const char *initiator;         /* the machine's own name; NULL: it keeps the one it has */
} IloIscsiTarget;

/* Sets the target for the cards with these addresses, NULL-terminated; an empty list: for every
 * card that can boot. Attempts that an earlier call has made for more cards are disabled. It holds
 * from the next POST on. UNSUPPORTED in legacy boot mode; INVALID: the machine has no such card. */
bool ilo_set_iscsi_target(const Ilo *ilo, const IloIscsiTarget *target, const char *const *macs,
                          GError **error);

/* Disables every attempt of the machine. */
bool ilo_clear_iscsi_target(const Ilo *ilo, GError **error);

/* *there: whether the machine has made a boot entry of a target, so that ILO_BOOT_ISCSI can be
 * set. */
bool ilo_has_iscsi_entry(const Ilo *ilo, bool *there, GError **error);

/* The machine's own iSCSI name in force, or NULL without an error. The caller frees. */
char *ilo_get_iscsi_initiator(const Ilo *ilo, GError **error);

/* True if the machine's firmware can boot from iSCSI volumes. */
bool ilo_can_boot_iscsi(const Ilo *ilo, bool *can, GError **error);

/* ---- secure boot: UEFI only; from the next POST on ---- */

typedef enum IloSecureBootKeys { ILO_KEYS_RESET, ILO_KEYS_CLEAR } IloSecureBootKeys;

bool ilo_get_secure_boot(const Ilo *ilo, bool *on, GError **error);
bool ilo_set_secure_boot(const Ilo *ilo, bool on, GError **error);
bool ilo_change_secure_boot_keys(const Ilo *ilo, IloSecureBootKeys change, GError **error);

/* ---- BIOS settings: Gen9 and later ---- */

/* {name: value}, a new reference: those in force, or those of the next POST. */
json_t *ilo_get_bios_settings(const Ilo *ilo, bool pending, GError **error);

/* settings: {name: value}, borrowed. */
bool ilo_set_bios_settings(const Ilo *ilo, const json_t *settings, GError **error);
bool ilo_reset_bios_settings(const Ilo *ilo, GError **error);

/* The URL that UEFI HTTP boot fetches; "" removes it. */
bool ilo_set_http_boot_url(const Ilo *ilo, const char *url, GError **error);

/* ---- the iLO itself ---- */

/* The name of its licence: "iLO 4 Advanced", "iLO Standard". The caller frees. */
char *ilo_get_licence(const Ilo *ilo, GError **error);
bool ilo_activate_licence(const Ilo *ilo, const char *key, GError **error);

/* Does not wait until it answers again. */
bool ilo_reset(const Ilo *ilo, GError **error);

/* Of the account that target->username names. */
bool ilo_set_password(const Ilo *ilo, const char *password, GError **error);

/* ---- security: iLO 5 ---- */

typedef enum IloSecurity {
    ILO_SECURITY_PASSWORD_LENGTH, /* the least that an account may have */
    ILO_SECURITY_FAILURE_LOGGING, /* after how many failed logins one is logged; 0: never */
    ILO_SECURITY_PASSWORD_COMPLEXITY,
    ILO_SECURITY_RBSU_LOGIN, /* the set-up at the machine's console asks for a login */
    ILO_SECURITY_HOST_AUTHENTICATION,
    ILO_SECURITY_IPMI_OVER_LAN,
    ILO_SECURITY_SECURE_BOOT,
    ILO_SECURITY_COUNT
} IloSecurity;

/* Changes the setting of a parameter of the security dashboard.
 *
 * value   of the first two; of the others 1: on, 0: off
 * ignore  the dashboard's overall status leaves the parameter out */
bool ilo_set_security(const Ilo *ilo, IloSecurity parameter, int64_t value, bool ignore,
                      GError **error);

/* Lets the iLO make a key and a request for a certificate with these names, which takes up to ten
 * minutes. names: {"City": str, ...}, borrowed. */
bool ilo_request_certificate(const Ilo *ilo, const json_t *names, GError **error);

/* *pem: the request that was made last; NULL: there is none, or it is being made. The caller frees.
 */
bool ilo_get_certificate_request(const Ilo *ilo, char **pem, GError **error);

/* Gives the iLO the certificate of its last request; it resets then. */
bool ilo_import_certificate(const Ilo *ilo, const char *pem, GError **error);

/* What the firmware trusts when it boots from an https URL: SHA-256 fingerprints as "AA:BB:...", an
 * array and a new reference; their removal, and more of them, at the next POST. Each change takes
 * the place of one that waits for it. UEFI only.
 *
 * pems  an array of certificates in PEM; borrowed */
json_t *ilo_get_authorities(const Ilo *ilo, GError **error);
bool ilo_remove_authorities(const Ilo *ilo, const json_t *prints, GError **error);
bool ilo_add_authorities(const Ilo *ilo, const json_t *pems, GError **error);

/* ---- array controllers: iLO 5; changes come at the next POST ---- */

/* [{"model": str, "location": str, "drives": [{"location": str, "media": "HDD" or "SSD",
 * "interface": str, "size_gb": int, "health": str, "erasure": "none", "running", "done" or
 * "failed"}], and of those that can be asked for changes "settings": where, "logical": [{"id": str,
 * "name": str, "raid_level": "1+0", "size_gb": int, "drives": [location]}], "wrong": [message of
 * the last change that was not made]}], a new reference. */
json_t *ilo_get_controllers(const Ilo *ilo, GError **error);

/* "Raid10" for "1+0"; NULL: controllers do not make it. Static. */
const char *ilo_raid_word(const char *level);

/* settings: of a controller; body: a SmartStorageConfig's, borrowed. */
bool ilo_put_logical_drives(const Ilo *ilo, const char *settings, const json_t *body,
                            GError **error);

/* What the iLO calls "block", "overwrite", "crypto" and "zero"; NULL: another word. Static. */
const char *ilo_erase_pattern(const char *word);

/* locations: texts of drives without logical drives; pattern: a word of ilo_erase_pattern. */
bool ilo_erase_drives(const Ilo *ilo, const char *settings, const json_t *locations,
                      const char *pattern, GError **error);

/* Erases all data of the machine, its settings, and the iLO's own: also its accounts. */
bool ilo_erase_machine(const Ilo *ilo, GError **error);

/* ---- firmware: Gen9 and later ---- */

typedef enum IloUpdate {
    ILO_UPDATE_NONE, /* idle: none has begun, or the iLO has reset since */
    ILO_UPDATE_RUNNING,
    ILO_UPDATE_DONE,
    ILO_UPDATE_FAILED
} IloUpdate;

/* Has the iLO fetch a firmware file from its http:// or https:// URL and install it; does not
 * wait. Which component it is for says the file. */
bool ilo_update_firmware(const Ilo *ilo, const char *url, GError **error);

/* How the last update stands. */
bool ilo_get_update(const Ilo *ilo, IloUpdate *update, GError **error);

/* ---- sensors ---- */

/* Fans, temperatures, power and drives, as redfish_sensors_read has them; a new reference. */
json_t *ilo_get_sensors(const Ilo *ilo, GError **error);

/* ---- inspection ---- */

/* What the machine has: {"memory_mb": int, "cpus": int, "cpu_arch": str, "local_gb": int,
 * "macs": {"Port 1": "aa:bb:..."}, "capabilities": {name: str}, "security_parameters": {name:
 * {...}}}, a new reference. What the iLO does
 * not say is absent. */
json_t *ilo_inspect(const Ilo *ilo, GError **error);
