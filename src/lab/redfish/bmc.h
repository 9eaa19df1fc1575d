/* A simulated BMC that speaks Redfish: its resources, and one function from a request to the
 * answer. It owns no socket and no thread, so that tests and fuzzers feed it requests; server.h
 * adds those. It knows no machine: it gives orders by RedfishMachineOps, and the machine tells it
 * of power and boots. Without ops the machine is simulated as well.
 *
 * Sources: DMTF DSP0266 1.15, DSP0268; the resources stand in data/.
 * Threads: any; an owner that frees a BMC sees to it that no other thread has it. Only the answer
 * to a slow request blocks (redfish_request_is_slow).
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct RedfishBmc RedfishBmc;

typedef enum RedfishPower {
    REDFISH_POWER_ON,
    REDFISH_POWER_OFF,     /* at once, like pulling the plug */
    REDFISH_POWER_RESTART, /* at once; the machine is on */
    REDFISH_POWER_CYCLE,   /* off at once, and on a moment later */
    REDFISH_POWER_PRESS,   /* the power button of a machine that is on: the system may heed it */
    REDFISH_POWER_NMI
} RedfishPower;

typedef enum RedfishSlot { REDFISH_SLOT_CD, REDFISH_SLOT_STICK, REDFISH_SLOT_COUNT } RedfishSlot;

/* What virtual media are to be made of. All borrowed. */
typedef struct RedfishMedium {
    const char *url;                 /* http or https */
    const char *username, *password; /* NULL: none */
    bool verify;                     /* the server's certificate */
} RedfishMedium;

/* What a BMC asks of its machine. */
typedef struct RedfishMachineOps {
    /* Gives an order that is carried out soon. Called with the BMC's lock held: must not block, nor
     * call the BMC. Errors: BMC_BUSY. */
    bool (*power)(void *user, RedfishPower power, GError **error);
    /* Fetches an image and puts it into a drive, which is empty. Blocks; called without the lock.
     * Errors: HTTP, TIMEOUT, TOO_LARGE, IO, BMC_BUSY. */
    bool (*insert)(void *user, RedfishSlot slot, const RedfishMedium *medium, GError **error);
    /* Empties a drive; as `power`. Errors: BMC_BUSY. */
    bool (*eject)(void *user, RedfishSlot slot, GError **error);
} RedfishMachineOps;

typedef enum RedfishKind {
    REDFISH_KIND_PLAIN,
    REDFISH_KIND_ILO5,
    REDFISH_KIND_ILO4, /* of a Gen9: HP's REST, RIBCL, and plain Redfish */
    REDFISH_KIND_GEN8, /* an iLO 4 that speaks RIBCL alone */
    REDFISH_KIND_COUNT
} RedfishKind;

/* "redfish", "ilo5", "ilo4" and "ilo4-gen8". False: no such kind. */
bool redfish_kind_parse(const char *word, RedfishKind *kind);

/* What the machine is. Borrowed for the call that takes it. */
typedef struct RedfishIdentity {
    RedfishKind kind;
    const char *name;
    const char *uuid;
    const char *mac;
    const char *second_mac;          /* of an iLO's second port; NULL: there is one port */
    const char *username, *password; /* of the BMC's one account */
    int memory_mib;
    int processors;
    int64_t disk_bytes;
    bool uefi; /* the boot mode it starts with */
} RedfishIdentity;

typedef enum RedfishBootDevice {
#define BOOT_DEVICE(code, name) REDFISH_BOOT_##code,
#include "lab/redfish/boot_devices.def"
#undef BOOT_DEVICE
    REDFISH_BOOT_COUNT
} RedfishBootDevice;

/* A volume that the firmware attaches. Texts are cut to their room. */
typedef struct RedfishIscsi {
    bool wanted;
    char iqn[224], initiator[224];
    char address[64];
    char username[128], secret[128]; /* "": no CHAP */
    int port, lun;
} RedfishIscsi;

enum { REDFISH_URL_MAX = 1024 };

/* What the firmware decides at the start of a POST. */
typedef struct RedfishBoot {
    RedfishBootDevice device; /* NONE: as the machine likes */
    bool once, uefi;
    bool inserted[REDFISH_SLOT_COUNT]; /* drives that hold something */
    RedfishIscsi iscsi;                /* of a UEFI target */
    char url[REDFISH_URL_MAX + 1];     /* of UEFI HTTP boot; "": none that the firmware takes */
} RedfishBoot;

/* How the BMC behaves, see knobs.def. */
typedef enum RedfishKnob {
#define KNOB(code, name, least, most, standard, help) REDFISH_KNOB_##code,
#include "lab/redfish/knobs.def"
#undef KNOB
    REDFISH_KNOB_COUNT
} RedfishKnob;

/* Makes a BMC; redfish_bmc_free ends it, NULL is fine.
 *
 * identity  copied
 * ops       NULL: there is no machine. It and user are borrowed until the BMC is freed */
RedfishBmc *redfish_bmc_new(const RedfishIdentity *identity, const RedfishMachineOps *ops,
                            void *user);
void redfish_bmc_free(RedfishBmc *bmc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RedfishBmc, redfish_bmc_free)

/* ---- for the machine ---- */

/* The machine starts its firmware: pending settings come into force, a boot device for one boot is
 * used up, and the power is on. */
void redfish_bmc_begin_post(RedfishBmc *bmc, RedfishBoot *boot);

/* The authorities that the firmware trusts since the last POST: PEM, one certificate behind the
 * other; "" if there is none. The caller frees. */
char *redfish_bmc_authorities(RedfishBmc *bmc);

/* What the next POST would decide; changes nothing. */
void redfish_bmc_peek_boot(RedfishBmc *bmc, RedfishBoot *boot);

/* The machine is on or off. */
void redfish_bmc_set_power(RedfishBmc *bmc, bool on);

/* The machine is halted though its power is on, or runs again. */
void redfish_bmc_set_paused(RedfishBmc *bmc, bool paused);

/* "Pxe", "Cd", ... and "None"; static. */
const char *redfish_boot_device_name(RedfishBootDevice device);

/* ---- for requests ---- */

/* All borrowed. */
typedef struct RedfishRequest {
    const char *method;
    const char *path; /* decoded, without query */
    /* A header's value or NULL. */
    const char *(*header)(void *carrier, const char *name);
    void *carrier;
    const char *body; /* NULL: none */
    size_t body_size;
} RedfishRequest;

typedef struct RedfishAnswer {
    unsigned status;
    char *text;               /* of the body; owned; NULL: none */
    const char *content_type; /* static */
    GPtrArray *headers;       /* name, value, name, value ...; owned strings */
    bool cut;                 /* the connection ends in the middle of the body */
} RedfishAnswer;

/* Answers a request, also a wrong one: there is always an answer. answer: zeroed before, cleared
 * after by the caller. Blocks while an image is fetched. */
void redfish_bmc_answer(RedfishBmc *bmc, const RedfishRequest *request, RedfishAnswer *answer);
void redfish_answer_clear(RedfishAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RedfishAnswer, redfish_answer_clear)

/* True if the answer may take its time: the request must not be answered on a thread that others
 * wait for. */
bool redfish_request_is_slow(const RedfishRequest *request);

/* Bytes of a request's body that a BMC reads. */
#define REDFISH_BODY_LIMIT ((size_t)256 * 1024)

/* ---- for tests ---- */

/* Sets a knob by its name. Errors: INVALID naming the knobs there are, or the bounds. */
bool redfish_bmc_set_knob(RedfishBmc *bmc, const char *name, int value, GError **error);
/* Prints each with its bounds. */
void redfish_knobs_help(FILE *out);
int redfish_bmc_knob(RedfishBmc *bmc, RedfishKnob knob);

typedef struct RedfishStats {
    uint64_t requests;
    uint64_t sessions_opened, sessions_closed;
    unsigned sessions; /* open */
    unsigned posts;
    RedfishBootDevice booted; /* in the last one */
    bool once;                /* for this one boot */
} RedfishStats;
void redfish_bmc_stats(RedfishBmc *bmc, RedfishStats *stats);
