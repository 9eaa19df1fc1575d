/* What the files of this folder share: requests, and the names that differ between dialects.
 *
 * What takes a GError fails, blocks and may be called as ilo.h says of its functions. A json_t *
 * returned is a new reference, and texts are borrowed from the resource they were found in, unless
 * it says otherwise; resources given are borrowed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/guard.h"
#include "bmc/ilo/ilo.h"
#include "bmc/redfish/client.h"

/* ---- dialects (dialect.c) ---- */

/* A word within the name of a boot source, and the device that it means. */
typedef struct IloBootWord {
    const char *word;
    IloBootDevice device;
} IloBootWord;

/* The JSON of HP's REST and of Redfish has the same things in other places. Paths have '/' between
 * the names of members; links are paths to a URI within the resource that the comment names. */
struct IloDialect {
    const char *name;
    const char *system, *manager, *accounts, *cards; /* URIs */
    const char *members;                             /* of a collection; each is a link at `self` */
    const char *self;
    /* in the system */
    const char *power, *post_state, *uefi_class, *uefi_targets;
    const char *bios, *secure_boot; /* links */
    /* in the manager */
    const char *media, *licence_service; /* links */
    const char *licence;                 /* its name */
    /* in the BIOS resource */
    const char *settings, *boot_order, *iscsi, *mappings, *defaults; /* links */
    const char *attributes; /* where the settings are; NULL: in the resource itself */
    /* in secure boot */
    const char *secure_boot_on;
    /* in a virtual drive */
    const char *oem; /* member of Oem: "Hp", "Hpe" */
    /* in a card */
    const char *card_path;
    /* in an iSCSI resource */
    const char *attempts, *attempt_instance, *attempt_name, *attempt_state, *attempt_lun;
    /* the first word that fits counts; ends with a NULL word */
    const IloBootWord *boot_words;
    const char *uefi_mode_word; /* to write */
    bool settings_by_post;      /* all settings at once are written by POST */
    bool actions;               /* Redfish's: POST to a target, not to the resource */
};

extern const IloDialect ilo_rest, ilo_redfish;

/* ---- the client's memory (client.c) ---- */

/* Borrowed from the client. */
HttpEngine *ilo_engine(const IloClient *client);
BmcGuard *ilo_guard(const IloClient *client);
RedfishClient *ilo_redfish_client(const IloClient *client); /* NULL: none */

/* False if the iLO was not asked yet. *dialect: NULL: it has RIBCL alone. */
bool ilo_recall(const Ilo *ilo, const IloDialect **dialect);
void ilo_remember(const Ilo *ilo, const IloDialect *dialect);

/* The iLO may be another one, or have another firmware: it is asked again. */
void ilo_forget(const Ilo *ilo);

/* ---- requests (request.c) ---- */

/* An answer. */
typedef struct IloAnswer {
    int status;
    json_t *body; /* owned; an object, empty if the answer had none */
    char *etag;   /* owned; NULL: none */
    char *allow;  /* owned; NULL: none */
} IloAnswer;

void ilo_answer_clear(IloAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IloAnswer, ilo_answer_clear)

/* One request for JSON. A status of 300 or more is an error in the iLO's own words.
 *
 * uri   a path of the iLO, as it names it
 * body  borrowed; NULL: none
 * etag  for If-Match; NULL: none
 * answer  out, NULL: not wanted; untouched on failure */
bool ilo_request(const Ilo *ilo, const char *method, const char *uri, const json_t *body,
                 const char *etag, IloAnswer *answer, GError **error);

/* The body of a GET, a new reference. */
json_t *ilo_fetch(const Ilo *ilo, const char *uri, GError **error);

/* body is taken. */
bool ilo_patch(const Ilo *ilo, const char *uri, json_t *body, GError **error);
bool ilo_post(const Ilo *ilo, const char *uri, json_t *body, GError **error);

/* How the Redfish client reaches the iLO. *address: what the target borrows; the caller frees. */
RedfishTarget ilo_redfish_target(const Ilo *ilo, char **address);

/* One RIBCL command. answer: NULL: not wanted. */
bool ilo_ribcl(const Ilo *ilo, const RibclCommand *command, RibclAnswer *answer, GError **error);

/* ---- paths (path.c) ---- */

/* The value at a path, or NULL; borrowed. */
const json_t *ilo_at(const json_t *resource, const char *path);
const char *ilo_text_at(const json_t *resource, const char *path);

/* ---- what is in a resource (resource.c) ---- */

/* UNSUPPORTED: "this machine's iLO does not have ...". Always false. */
bool ilo_lacks(GError **error, const char *what);
/* The text at a path, which must be there: UNSUPPORTED, as above. */
const char *ilo_require_text(const json_t *resource, const char *path, const char *what,
                             GError **error);

/* Fetches what a link of a resource names. *uri: borrowed from the resource; NULL: not wanted. */
json_t *ilo_follow(const Ilo *ilo, const json_t *resource, const char *link, const char *what,
                   const char **uri, GError **error);

/* The resources of the machine, and of its BIOS; UNSUPPORTED: this one has none. */
json_t *ilo_system(const Ilo *ilo, GError **error);
json_t *ilo_bios(const Ilo *ilo, GError **error);

/* Calls `visit` with each member of a collection until it returns false. Members are bounded in
 * number. False: an error, not the end. */
typedef bool (*IloVisit)(void *user, const char *uri, const json_t *member);
bool ilo_each_member(const Ilo *ilo, const char *collection, IloVisit visit, void *user,
                     GError **error);

/* Of an iLO 5; UNSUPPORTED names `what` (security.c). */
json_t *ilo_security_service(const Ilo *ilo, const char *what, GError **error);

/* Writes settings of the BIOS for the next POST; `settings` is taken. */
bool ilo_write_bios(const Ilo *ilo, json_t *settings, bool all, GError **error);

/* ---- what an inspection finds beside the needed (capabilities.c) ---- */

/* The largest of each, in bytes. A machine with volumes shows its system those, not the drives that
 * they are made of. */
typedef struct IloDisks {
    int64_t volume, drive;
} IloDisks;

/* Adds to found["capabilities"] what a machine with an iLO 5 can do, and
 * found["security_parameters"] as the iLO's security dashboard has them: {name: {"security_status",
 * "state", "ignore"}}; to disks, the logical and physical drives of SmartStorage. What cannot be
 * read is left out. system, manager: their resources. */
void ilo_take_abilities(const Ilo *ilo, const json_t *system, const json_t *manager, json_t *found,
                        IloDisks *disks);

/* Adds what a drive is: has_ssd, has_rotational, ... */
void ilo_take_drive(json_t *capabilities, const json_t *drive);

/* UNSUPPORTED unless the machine is in UEFI mode; `what` begins the sentence (boot_mode.c). */
bool ilo_require_uefi(const Ilo *ilo, const char *what, GError **error);
