/* The inside of a simulated BMC: its state, and one function from a datagram to the answer. It owns
 * no socket and no thread, so that tests and fuzzers feed it bytes; server.c adds those.
 *
 * Threads: one at a time for each BMC, the server's in a real one, unless a function says any. That
 * thread holds no lock when it calls; functions that need the lock say REQUIRES. Nothing blocks.
 * now_ms is monotonic.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "bmc/ipmi/bmc/server.h"
#include "bmc/ipmi/wire/crypto.h"
#include "bmc/ipmi/wire/packet.h"
#include "bmc/ipmi/wire/rakp.h"
#include "bmc/ipmi/wire/sensor.h"
#include "bmc/ipmi/wire/socket.h"
#include "bmc/ipmi/wire/sol_link.h"
#include "common/lock.h"

enum {
    BMC_USERS_MAX = 15,
    BMC_SESSIONS_MAX = 32,
    BMC_SEL_MAX = 128,
    BMC_SEL_ENTRY_SIZE = 16,
    BMC_ACKNOWLEDGE_SIZE = 2,
    BMC_CHANGE_BEGUN = 1, /* of boot option 0, "set in progress" */
    BMC_SOL_PARAMETER_SIZE = 2,
};

typedef struct BmcUser {
    uint8_t name_size;
    uint8_t name[IPMI_USERNAME_MAX];
    uint8_t password[IPMI_PASSWORD_MAX]; /* zero-padded */
    IpmiPrivilege privilege;
} BmcUser;

typedef enum BmcSessionState {
    BMC_SESSION_OPENED,
    BMC_SESSION_CHALLENGED,
    BMC_SESSION_ACTIVE
} BmcSessionState;

typedef struct BmcSession {
    BmcSessionState state;
    uint8_t tag; /* of the last login message, to answer repeated ones alike */
    IpmiLogin login;
    IpmiKeys keys;
    unsigned user_id; /* from 1 */
    IpmiPrivilege privilege_limit;
    IpmiPrivilege privilege;
    uint64_t last_seen_ms;
    IpmiWindow sequences_in;
    uint32_t sequence_out;
    bool answered; /* the four below hold the last request and its answer */
    IpmiRequest last_request;
    uint8_t last_sequence; /* rqSeq */
    IpmiResponse last_response;
} BmcSession;

/* Boot options, 28.12. Guarded by IpmiBmc.lock. */
typedef struct BmcBootOptions {
    uint8_t set_in_progress;
    uint8_t valid_clearing;
    uint8_t acknowledge[BMC_ACKNOWLEDGE_SIZE];
    uint8_t flags[IPMI_BOOT_FLAGS_SIZE];
    bool flags_locked;
    bool held;          /* a change has begun and not ended */
    uint64_t expiry_ms; /* when unused flags become void; 0: no countdown */
} BmcBootOptions;

/* Serial over LAN; server thread only. */
typedef struct BmcSol {
    uint32_t session_id; /* the BMC's id of the session that has the serial port; 0: none */
    uint32_t told_id;    /* of the one that is to hear that it has it no longer; 0: none */
    IpmiPeer peer;       /* where its datagrams go */
    SolLink link;
    uint8_t parameters[IPMI_SOL_PARAMETER_COUNT][BMC_SOL_PARAMETER_SIZE];
} BmcSol;

struct IpmiBmc {
    const IpmiBmcOps *ops; /* borrowed; never NULL */
    void *user_data;
    BmcUser users[BMC_USERS_MAX];
    size_t user_count;
    uint16_t port;

    GPtrArray *sessions; /* of BmcSession, owned; server thread only */
    bool reset_pending;  /* server thread only: drop all sessions after this answer */
    bool taken;          /* server thread only: the datagram was good and has no answer */
    IpmiPeer from;       /* server thread only: who has sent the datagram that is answered */
    BmcSol sol;
    /* Called, without a lock, when ipmi_bmc_speak() may have something to say; any thread. NULL:
     * nobody asks for it. */
    void (*wake)(void *wake_data);
    void *wake_data;

    Lock lock; /* never held in a callback */
    IpmiBmcFaults faults GUARDED;
    uint64_t started_ms GUARDED; /* when faults.starting_code no longer counts */
    uint32_t manufacturer GUARDED;
    uint16_t product GUARDED;
    uint8_t guid[IPMI_GUID_SIZE] GUARDED;
    uint8_t kg[IPMI_KG_MAX] GUARDED;
    bool kg_set GUARDED;
    unsigned boot_flag_timeout_ms GUARDED;
    unsigned session_timeout_ms GUARDED;
    unsigned session_slots GUARDED;
    bool power GUARDED;             /* where ops->get_power is NULL */
    uint8_t restore_policy GUARDED; /* bits 6:5 of the chassis status, here 0..2 */
    uint8_t restart_cause GUARDED;
    BmcBootOptions boot GUARDED;
    GByteArray *sel GUARDED; /* whole entries */
    uint16_t sel_next_id GUARDED;
    uint16_t sel_reservation GUARDED;
    bool sol_active GUARDED;
    GByteArray *serial GUARDED; /* owned: what the serial port has sent; NULL: nothing yet */
    IpmiBmcStats stats GUARDED;
};

/* One request on its way through a handler. */
typedef struct BmcCall {
    IpmiBmc *bmc;
    BmcSession *session; /* NULL outside of a session */
    uint64_t now_ms;
    const IpmiRequest *request;
    IpmiResponse *response; /* zeroed: "completed normally", no data */
    bool silent;            /* out: no answer */
} BmcCall;

typedef void (*BmcHandler)(BmcCall *call);

/* One command: who may call it, the least data it needs, who answers. */
typedef struct BmcCommand {
    uint8_t net_function;
    uint8_t command;
    uint8_t privilege; /* IpmiPrivilege; 0: also outside of a session */
    uint8_t least_size;
    BmcHandler handler;
} BmcCommand;

/* A BMC without a socket; users are copied, ops are borrowed until it is freed (NULL: a machine
 * that only keeps its power state). Errors: INVALID. */
IpmiBmc *ipmi_bmc_new(const IpmiBmcUser *users, size_t user_count, const IpmiBmcOps *ops,
                      void *user_data, GError **error);
void ipmi_bmc_free(IpmiBmc *bmc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IpmiBmc, ipmi_bmc_free)

/* Answers one datagram; returns the size of the answer, 0 for none. The faults of the wire (dead,
 * loss, latency, garbage, noise, duplicates) are not applied here.
 *
 * data, size   1 byte and more, whatever came
 * reply        room for IPMI_DATAGRAM_MAX bytes
 * Threads      one at a time per BMC
 */
size_t ipmi_bmc_answer(IpmiBmc *bmc, uint64_t now_ms, const uint8_t *data, size_t size,
                       uint8_t *reply);

/* What the BMC says unasked: the next datagram of Serial over LAN. Returns its size, 0 for none; to
 * be called until then.
 *
 * datagram     room for IPMI_DATAGRAM_MAX bytes
 * peer         out: where it goes to
 * due_ms       out: when to ask again although nothing has happened; 0: never
 * Threads      that of ipmi_bmc_answer() */
size_t ipmi_bmc_speak(IpmiBmc *bmc, uint64_t now_ms, uint8_t *datagram, IpmiPeer *peer,
                      uint64_t *due_ms);

/* bmc_login.c: payloads 10h, 12h and 14h. Each writes the answer's payload and returns its size, 0
 * for none. */
size_t bmc_open_session(IpmiBmc *bmc, uint64_t now_ms, const uint8_t *data, size_t size,
                        uint8_t *out, size_t capacity);
size_t bmc_rakp1(IpmiBmc *bmc, uint64_t now_ms, const uint8_t *data, size_t size, uint8_t *out,
                 size_t capacity);
size_t bmc_rakp3(IpmiBmc *bmc, uint64_t now_ms, const uint8_t *data, size_t size, uint8_t *out,
                 size_t capacity);

/* bmc_session.c: the sessions of a BMC, borrowed from it until they are dropped or replaced. NULL:
 * there is none of this id. */
BmcSession *bmc_session_find(IpmiBmc *bmc, uint32_t bmc_id);
/* NULL if all slots are taken (half-open ones older than a few seconds are replaced) or there are
 * no random numbers. */
BmcSession *bmc_session_add(IpmiBmc *bmc, uint64_t now_ms);
void bmc_session_drop(IpmiBmc *bmc, BmcSession *session);
void bmc_sessions_expire(IpmiBmc *bmc, uint64_t now_ms);

/* bmc_commands.c: finds the row and calls it, or answers why not. */
void bmc_execute(BmcCall *call);

/* Rows of the network functions, each ended by a row without handler. */
extern const BmcCommand bmc_app_commands[];
extern const BmcCommand bmc_chassis_commands[];
extern const BmcCommand bmc_sensor_commands[];
extern const BmcCommand bmc_storage_commands[];
extern const BmcCommand bmc_sol_commands[];

/* bmc_sol.c: a SOL payload of a session; false: it is none, or another session has the port. */
bool bmc_sol_receive(IpmiBmc *bmc, const BmcSession *session, uint64_t now_ms, const uint8_t *data,
                     size_t size);
void bmc_sol_init(IpmiBmc *bmc);
void bmc_sol_clear(IpmiBmc *bmc);

/* bmc_chassis.c */
void bmc_boot_flags_expire(IpmiBmc *bmc, uint64_t now_ms) REQUIRES(bmc->lock);

/* bmc_settings.c: the machine's power; calls ops. */
bool bmc_power_is_on(IpmiBmc *bmc);

/* bmc_sensors.c: how many sensors there are, and the repository's record of one of them. */
uint16_t bmc_sensor_count(void);
size_t bmc_sensor_record(size_t place, uint16_t id, uint8_t record[IPMI_SDR_MAX]);

/* bmc_storage.c: a power event (sensor type 22h, System ACPI Power State) for the log. Any
 * thread. */
void bmc_log_power_event(IpmiBmc *bmc, IpmiChassisControl control);

/* Fills a response; the size is bounded by IPMI_DATA_MAX. */
void bmc_respond(BmcCall *call, const void *data, size_t size);
/* As if the datagram had never come. */
void bmc_stay_silent(BmcCall *call);
/* The faults as they stand. Any thread. */
IpmiBmcFaults bmc_faults(IpmiBmc *bmc);
static inline void
bmc_refuse(BmcCall *call, uint8_t completion_code)
{
    call->response->completion_code = completion_code;
    call->response->size = 0;
}
