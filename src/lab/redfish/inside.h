/* The inside of a simulated Redfish BMC; private to this folder.
 *
 * A function of a RedfishCall that returns nothing makes the answer, also a refusal, by redfish_say
 * and redfish_refuse; there are no GErrors inside. Any thread; what REQUIRES the lock must not
 * block: images are fetched without it. A json_t * returned is a new value, NULL if there is none,
 * and a char * the caller's to free, unless it says borrowed. Texts given are borrowed for the
 * call.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include "common/lock.h"
#include "common/secret.h"
#include "lab/redfish/bmc.h"

enum {
    SESSIONS_MAX = 64,
    SESSION_ID_SIZE = 24,
};

typedef struct RedfishSession {
    char id[SESSION_ID_SIZE];
    char token[SECRET_TEXT_SIZE];
    int64_t last_used_ms; /* monotonic */
    int uses;
} RedfishSession;

/* Resources as they stand in data/. The members of an object's member "..." stand in the object
 * itself. A string "$a.b" is the value of the BMC's state at a.b,
 * "$:name" one that is computed (live.c). Of what requests make (records.c), "$#tasks" is the
 * number, "$@tasks" the members of the collection, and "$*tasks" the one of the path. Constant. */
typedef struct RedfishTree {
    json_t *document; /* owned */
    RedfishKind kind;
    GHashTable *resources; /* path in lower case, without slash at the end -> RedfishResource */
} RedfishTree;

typedef struct RedfishResource {
    const char *path;   /* in the spelling of the tree; borrowed */
    const json_t *body; /* borrowed */
} RedfishResource;

struct RedfishBmc {
    const RedfishMachineOps *ops; /* borrowed; NULL: no machine */
    void *user;                   /* borrowed */
    const RedfishTree *tree;

    Lock lock;
    json_t *state GUARDED; /* owned: what the resources tell, see "state" in data/ */
    char *password GUARDED;
    RedfishSession sessions[SESSIONS_MAX] GUARDED;
    unsigned session_count GUARDED;
    bool power GUARDED;
    int64_t post_begun_ms GUARDED; /* monotonic */
    int knobs[REDFISH_KNOB_COUNT] GUARDED;
    bool drive_busy[REDFISH_SLOT_COUNT] GUARDED; /* an image is being fetched for it */
    int64_t silent_until_ms GUARDED;             /* monotonic: the BMC is resetting */
    unsigned generation GUARDED;                 /* counts what has made all ETags stale */
    bool paused GUARDED;                         /* the machine is halted, and on */
    unsigned last_record GUARDED;                /* the number of the record made last */
    RedfishStats stats GUARDED;
};

/* One request on its way. */
typedef struct RedfishCall {
    RedfishBmc *bmc;
    const RedfishRequest *request;
    RedfishAnswer *answer;
    bool rest;       /* HP's REST, not Redfish */
    char *path;      /* in lower case, without slash at the end; owned */
    const char *id;  /* the last word of the path */
    json_t *body;    /* of the request; owned; NULL: none */
    json_t *content; /* of the answer; owned; NULL: none */
    char *xml;       /* the answer instead of content; owned; NULL: none */
    bool garbage;    /* the text becomes neither */
    int huge_mib;    /* are appended to the text */
} RedfishCall;

typedef enum RedfishMessage {
#define MESSAGE(code, id, status, severity, text, resolution) REDFISH_MESSAGE_##code,
#include "lab/redfish/messages.def"
#undef MESSAGE
    REDFISH_MESSAGE_COUNT
} RedfishMessage;

/* ---- answers (reply.c) ---- */

/* Takes `content`; NULL: an answer without a body. */
void redfish_say(RedfishCall *call, unsigned status, json_t *content);
void redfish_add_header(RedfishCall *call, const char *name, const char *value);
/* An error body in DMTF's shape. related: "#/Boot/BootSourceOverrideMode" or NULL. */
void redfish_refuse(RedfishCall *call, RedfishMessage message, const char *related,
                    const char *first, const char *second);
/* All messages as a registry has them; a new object. */
json_t *redfish_messages_registry(void);

/* ---- faults that a test has asked for (faults.c) ---- */

/* True if the request is answered with one. */
bool redfish_fault_answers(RedfishCall *call) REQUIRES(call->bmc->lock);
/* Spoils the content of an answer, and says what becomes of its text. */
void redfish_fault_spoil(RedfishCall *call) REQUIRES(call->bmc->lock);
/* Spoils the text; takes it. NULL stays NULL. */
char *redfish_fault_text(const RedfishCall *call, char *text);

/* ---- the tree (tree.c, live.c, state.c) ---- */

const RedfishTree *redfish_tree_get(RedfishKind kind);
/* The resource of a path of a call, or NULL. */
const RedfishResource *redfish_tree_find(const RedfishTree *tree, const char *path);
/* The state at "boot.target"; borrowed, NULL if absent. */
json_t *redfish_state(const RedfishBmc *bmc, const char *name) REQUIRES(bmc->lock);
const char *redfish_state_text(const RedfishBmc *bmc, const char *name) REQUIRES(bmc->lock);
/* Sets it; takes the value. The objects around it must be there. */
void redfish_state_set(json_t *state, const char *name, json_t *value);
/* A resource with its values put in; a new value, NULL if there is no such member. */
json_t *redfish_expand(const RedfishCall *call, const RedfishResource *resource)
    REQUIRES(call->bmc->lock);
/* "$:name"; a new value or NULL. */
json_t *redfish_live(const RedfishCall *call, const char *name) REQUIRES(call->bmc->lock);
/* The ETag of a resource's body, with quotes; the caller frees. */
char *redfish_etag(const RedfishBmc *bmc, const json_t *body) REQUIRES(bmc->lock);

/* ---- what requests do; each answers ---- */

/* Whether a path, in lower case, has members that can be changed. */
bool redfish_patch_is_known(const char *path);
void redfish_patch(RedfishCall *call, const RedfishResource *resource) REQUIRES(call->bmc->lock);
void redfish_session_open(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_session_close(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_system_reset(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_manager_reset(RedfishCall *call) REQUIRES(call->bmc->lock);

/* media.c */
void redfish_media_insert(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_media_eject(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_media_patch(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_media_fill(const RedfishBmc *bmc, RedfishBoot *boot) REQUIRES(bmc->lock);
/* bios.c */
void redfish_bios_reset(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_bios_password(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_secure_boot_keys(RedfishCall *call) REQUIRES(call->bmc->lock);
/* Pending settings come into force. */
void redfish_settings_apply(RedfishBmc *bmc) REQUIRES(bmc->lock);
void redfish_bios_post(RedfishCall *call) REQUIRES(call->bmc->lock);
/* iscsi.c */
void redfish_iscsi_patch(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_iscsi_apply(RedfishBmc *bmc, bool uefi) REQUIRES(bmc->lock);
void redfish_iscsi_fill(const RedfishBmc *bmc, RedfishBoot *boot) REQUIRES(bmc->lock);
/* New values: the attempts without their secrets, the initiator that is pending, and what UEFI can
 * boot from. */
json_t *redfish_iscsi_show(const RedfishCall *call, bool is_pending) REQUIRES(call->bmc->lock);
json_t *redfish_iscsi_initiator(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_boot_sources(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_boot_order(const RedfishCall *call) REQUIRES(call->bmc->lock);
/* ilo.c */
void redfish_power_button(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_licence_post(RedfishCall *call) REQUIRES(call->bmc->lock);
bool redfish_licence_activate(RedfishBmc *bmc, const char *key) REQUIRES(bmc->lock);
json_t *redfish_licence(const RedfishCall *call) REQUIRES(call->bmc->lock);
/* security.c: the security dashboard */
void redfish_security_patch(RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_security_members(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_security_parameter(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_security_status(const RedfishCall *call) REQUIRES(call->bmc->lock);
/* https_cert.c: the request for a certificate, and the certificate that comes of it */
void redfish_https_request(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_https_import(RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_https_pending(const RedfishCall *call) REQUIRES(call->bmc->lock);
/* tls_config.c: the authorities that the firmware trusts */
void redfish_tls_put(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_tls_apply(RedfishBmc *bmc) REQUIRES(bmc->lock);
json_t *redfish_tls_count(const RedfishCall *call) REQUIRES(call->bmc->lock);
/* What is told of them: [{"FingerPrint", "Subject"}], a new value. */
json_t *redfish_tls_certificates(const RedfishCall *call) REQUIRES(call->bmc->lock);
/* smart_storage.c: the array controller; changes at the next POST */
void redfish_config_put(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_config_patch(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_smart_storage_apply(RedfishBmc *bmc) REQUIRES(bmc->lock);
json_t *redfish_drive_members(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_drive(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_logical_members(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_logical_drive(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_config_logical(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_config_pending(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_config_physical(const RedfishCall *call) REQUIRES(call->bmc->lock);
/* update.c: firmware updates of iLOs */
json_t *redfish_update_state(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_rest_update_state(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_update_percent(const RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_rest_update_post(RedfishCall *call) REQUIRES(call->bmc->lock);
/* erase.c: settings and data of the whole machine */
void redfish_secure_erase(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_secure_erase_apply(RedfishBmc *bmc) REQUIRES(bmc->lock);
/* ribcl.c: HPE's XML language at /ribcl, and what anybody may read at /xmldata */
void redfish_ribcl(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_xmldata(RedfishCall *call) REQUIRES(call->bmc->lock);
/* boot.c: a reset by its type, which is known */
void redfish_power_order(RedfishCall *call, const char *type) REQUIRES(call->bmc->lock);
/* media.c, for ribcl_commands.c. slot by word "CDROM" or "FLOPPY"; false: there is no such */
bool redfish_media_find(const char *word, RedfishSlot *slot);
/* The state of a drive: {"image", "inserted", ...}; borrowed. */
json_t *redfish_media_state(const RedfishBmc *bmc, RedfishSlot slot) REQUIRES(bmc->lock);
/* False: it was refused, in an answer that Redfish would have. */
bool redfish_media_put(RedfishCall *call, RedfishSlot slot, const char *url)
    REQUIRES(call->bmc->lock);
bool redfish_media_take(RedfishCall *call, RedfishSlot slot) REQUIRES(call->bmc->lock);
/* Media that boot once: what the next POST boots, and what a POST does about them. */
void redfish_media_once(RedfishBmc *bmc) REQUIRES(bmc->lock);
/* Ejects what has been in a drive for as long as the knob eject-after-ms says. */
void redfish_media_expire(RedfishBmc *bmc) REQUIRES(bmc->lock);
/* records.c: what is made and deleted by requests */
void redfish_subscription_add(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_subscription_remove(RedfishCall *call) REQUIRES(call->bmc->lock);
/* volumes.c: RAID volumes, made at once or at the next POST */
void redfish_volume_add(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_volume_remove(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_volumes_apply(RedfishBmc *bmc) REQUIRES(bmc->lock);
/* New values: when volumes can be made. */
json_t *redfish_volumes_times(const RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_simple_update(RedfishCall *call) REQUIRES(call->bmc->lock);
/* The members of "tasks", "subscriptions" or "volumes", and one of them by its id. */
json_t *redfish_record_members(const RedfishCall *call, const char *kind) REQUIRES(call->bmc->lock);
json_t *redfish_record(const RedfishCall *call, const char *kind, const char *id)
    REQUIRES(call->bmc->lock);
/* A request for a member of a collection by what the kind knows; false: it was refused. Makes it
 * and answers 201. Deletes the one of the path. */
bool redfish_record_check(RedfishCall *call, const char *kind) REQUIRES(call->bmc->lock);
void redfish_record_create(RedfishCall *call, const char *kind) REQUIRES(call->bmc->lock);
void redfish_record_drop(RedfishCall *call, const char *kind) REQUIRES(call->bmc->lock);
/* Makes one without a request; takes `content`. Returns its number; the caller frees. */
char *redfish_record_put(RedfishBmc *bmc, const char *kind, json_t *content) REQUIRES(bmc->lock);
/* Begins a task that ends by itself at that time (monotonic; INT64_MAX: when something else says
 * so; 0: when it has run for the knob task-ms), and answers 202. Its number, borrowed; NULL:
 * refused. */
const char *redfish_task_begin(RedfishCall *call, int64_t due_ms) REQUIRES(call->bmc->lock);
void redfish_test_event(RedfishCall *call) REQUIRES(call->bmc->lock);
/* Answers the monitor of a task. */
void redfish_task_monitor(RedfishCall *call) REQUIRES(call->bmc->lock);

/* ports.c: they are numbered from 1. The MAC address is borrowed from the state. */
unsigned redfish_port_count(const RedfishBmc *bmc) REQUIRES(bmc->lock);
const char *redfish_port_mac(const RedfishBmc *bmc, unsigned number) REQUIRES(bmc->lock);
/* As UEFI writes it; the caller frees. */
char *redfish_port_path(unsigned number);
/* 2 for "NicBoot2"; 1 for every other, and for NULL. */
unsigned redfish_port_of_source(const char *source);
json_t *redfish_live_nic_sources(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_live_nic_subinstances(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_live_rest_ports(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_live_port_count(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_live_port_members(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_live_second_port(const RedfishCall *call) REQUIRES(call->bmc->lock);
/* rest.c: HP's REST of an iLO 4 */
void redfish_rest_system_post(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_rest_manager_post(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_rest_media_post(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_rest_secure_boot_patch(RedfishCall *call) REQUIRES(call->bmc->lock);
/* Makes what Redfish would answer HP's answer. */
void redfish_rest_dress(RedfishCall *call) REQUIRES(call->bmc->lock);
/* rest_iscsi.c */
void redfish_rest_iscsi_patch(RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_live_rest_iscsi(const RedfishCall *call) REQUIRES(call->bmc->lock);
json_t *redfish_live_rest_iscsi_pending(const RedfishCall *call) REQUIRES(call->bmc->lock);

/* ---- sessions (sessions.c) ---- */

/* Whether the request may be served: by a session's token, or by user name and password. */
bool redfish_authenticate(RedfishCall *call) REQUIRES(call->bmc->lock);
void redfish_sessions_expire(RedfishBmc *bmc) REQUIRES(bmc->lock);
void redfish_sessions_drop(RedfishBmc *bmc) REQUIRES(bmc->lock);
/* The BMC resets: its sessions end, and it does not answer for a while. */
void redfish_manager_silence(RedfishBmc *bmc) REQUIRES(bmc->lock);

/* ---- boots (boot.c) ---- */

void redfish_boot_begin(RedfishBmc *bmc, RedfishBoot *boot) REQUIRES(bmc->lock);
/* Milliseconds of POST that are left; 0: it is over, or the machine is off. */
int64_t redfish_post_left_ms(const RedfishBmc *bmc) REQUIRES(bmc->lock);
