/* One session of the client as a state machine: fed with datagrams and the time, it says what to
 * send and when to wake it. It owns no socket and no thread, so that tests and fuzzers drive it;
 * client.c does for real.
 *
 * Threads: one at a time for each session. Nothing blocks; `send` and `payload` are called from
 * within and must not free the session. now_ms is monotonic and does not go back.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/client/client.h"
#include "bmc/ipmi/wire/channel.h"
#include "bmc/ipmi/wire/packet.h"
#include "bmc/ipmi/wire/rakp.h"

/* In the order a session goes through them. */
typedef enum SessionStep {
    SESSION_CAPABILITIES,
    SESSION_OPEN,
    SESSION_RAKP_1,
    SESSION_RAKP_3,
    SESSION_PRIVILEGE,
    SESSION_REQUESTS,
    SESSION_HELD,      /* only a session that is held: it is open, and payloads come and go */
    SESSION_KEEPALIVE, /* a request that shows both ends that the other one lives */
    SESSION_RELEASE,   /* gives back what the session has: Serial over LAN */
    SESSION_CLOSE,
    SESSION_ENDED,
} SessionStep;

/* What earlier sessions have taught about a BMC. The owner of a session copies it in before the
 * start and out after each event. All zeros: nothing. */
typedef struct IpmiMemory {
    int suite;                  /* the last one that worked; 0: none */
    uint64_t suite_ms;          /* when it became that one */
    bool no_capabilities;       /* it does not answer Get Channel Authentication Capabilities */
    unsigned closes_unanswered; /* Close Session in a row; from two on it is not waited for */
    bool quick;                 /* its last session answered all that was not lost at once */
    bool proven;                /* the two below hold */
    uint8_t salt[IPMI_RANDOM_SIZE];
    uint8_t digest[IPMI_DIGEST_MAX]; /* of the credentials that worked last */
} IpmiMemory;

/* A refusal that anybody who sends with the BMC's address could have sent, because it does not name
 * our session id. It is noted, and believed only when the step has been repeated and no valid
 * answer came: a status of a login message, or one of these. */
enum {
    SESSION_NO_DOUBT = 0,
    SESSION_DOUBT_IPMI_15 = 0x100, /* "speaks IPMI 1.5 only" */
};

typedef struct IpmiSession {
    /* What is wanted; fixed after ipmi_session_new(). */
    char *where; /* owned; "address:port" for messages */
    uint8_t username_size;
    uint8_t username[IPMI_USERNAME_MAX];
    uint8_t password[IPMI_PASSWORD_MAX];
    uint8_t kg[IPMI_KG_MAX];
    bool kg_given;
    int suite_wanted; /* -1: any */
    IpmiPrivilege privilege;
    unsigned retransmit_ms;
    unsigned deadline_after_ms;
    IpmiCodeSet passing;
    bool (*may_send)(void *user); /* as in IpmiTarget */
    void *may_send_user;
    IpmiRequest *requests; /* owned */
    size_t request_count;
    void (*send)(void *user_data, const uint8_t *bytes, size_t size);
    /* A SOL payload has come. NULL: the session ends with its last request; else it is held then,
     * until ipmi_session_release(). Not called once it is being released. */
    void (*payload)(void *user_data, const uint8_t *bytes, size_t size);
    void *user_data;

    /* The step of the login, or the request. */
    SessionStep step;
    uint64_t due_ms; /* call ipmi_session_expire() then */
    uint64_t deadline_ms;
    uint64_t asked_ms; /* when this step was sent first */
    unsigned tries;    /* sends in this step */
    unsigned repeats;  /* sends beyond the first, in this login */
    unsigned restarts; /* logins begun again because the BMC had lost the session */
    bool pausing;      /* the BMC was busy: at due_ms the step is repeated */
    uint8_t paused_by; /* the completion code that said so; 0: it had no free session */
    bool logged_in;    /* keys are valid, the BMC holds a session */
    bool kg_required;  /* as the BMC tells */
    uint8_t tag;       /* of the login message under way */
    uint8_t sequence;  /* rqSeq of the latest copy of the request under way, 0..63 */
    uint8_t sequences; /* how many rqSeq before and with it belong to the same request */
    uint32_t packet_sequence;
    unsigned doubt;         /* the refusal noted in this step; SESSION_NO_DOUBT: none */
    bool told_capabilities; /* the BMC has answered that query, */
    bool told_ipmi_15;      /* and says this, which nothing proves */
    bool suites_refused[2]; /* 17, 3 */
    unsigned suite_turn;    /* how many suites got no answer at all */
    bool trusted;           /* these credentials have worked before */
    bool slow;              /* an answer to a first copy took longer than memory.quick means */
    IpmiMemory memory;
    IpmiLogin login;
    IpmiKeys keys;
    IpmiWindow window; /* sequence numbers of the BMC's packets */
    bool window_open;  /* the first of them has come */

    /* What came of it. */
    bool finished;           /* responses or error are final; the session may still be closing */
    GError *error;           /* owned */
    IpmiResponse *responses; /* owned, request_count elements */
    size_t response_count;
    unsigned heard;   /* datagrams that were answers */
    unsigned ignored; /* garbage, duplicates, late ones */
    int send_errno;   /* of the last send that failed; 0: none did */
} IpmiSession;

/* Copies target and requests.
 *
 * where         for messages
 * Errors        INVALID, as in ipmi_client_submit()
 */
IpmiSession *ipmi_session_new(const IpmiTarget *target, const char *where,
                              const IpmiRequest *requests, size_t count,
                              void (*send)(void *user_data, const uint8_t *bytes, size_t size),
                              void *user_data, GError **error);
void ipmi_session_free(IpmiSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IpmiSession, ipmi_session_free)

/* Sends the first datagram; the deadline counts from now on. session->memory may be set before. */
void ipmi_session_start(IpmiSession *session, uint64_t now_ms);
/* A datagram from the BMC's address, whatever it is. False: it was ignored. */
bool ipmi_session_receive(IpmiSession *session, uint64_t now_ms, const uint8_t *data, size_t size);
/* To be called when due_ms has come. */
void ipmi_session_expire(IpmiSession *session, uint64_t now_ms);
/* Ends it now: tells the BMC once if there is a session. An unfinished one fails with this code and
 * text. */
void ipmi_session_abort(IpmiSession *session, int code, const char *text);

/* A SOL payload for the BMC, in a session that is held. False: there is none, or it failed. */
bool ipmi_session_send_payload(IpmiSession *session, const uint8_t *payload, size_t size);
/* Ends a session that is held: gives SOL back and closes. One that is not yet is closed at once. */
void ipmi_session_release(IpmiSession *session, uint64_t now_ms);

/* ---- between the source files of the session ---- */

/* session.c: goes to a step and sends its first datagram. */
void session_begin(IpmiSession *session, SessionStep step, uint64_t now_ms);
/* Ends the requests with an error (taken) or, NULL, with success; then closes the session. */
void session_finish(IpmiSession *session, uint64_t now_ms, GError *error);
/* Closes the session, after session_finish() or a release. */
void session_close(IpmiSession *session, uint64_t now_ms);
/* The last request is answered, or a sign of life: the session is held. */
void session_hold(IpmiSession *session, uint64_t now_ms);
void session_fail(IpmiSession *session, uint64_t now_ms, int code, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* Tries the step again after a pause, because of this completion code, or (0) because no session is
 * free. */
void session_pause(IpmiSession *session, uint64_t now_ms, uint8_t completion_code);
/* Begins the login again with new ids; false, and nothing done, after too many tries. */
bool session_restart(IpmiSession *session, uint64_t now_ms);
/* The request of a step that is an IPMI message. */
void session_step_request(const IpmiSession *session, IpmiRequest *request);

/* session_answers.c: the next request, or the end. */
void session_next_request(IpmiSession *session, uint64_t now_ms);

/* session_login.c: the datagrams of the login steps and the answers to them. */
bool session_build_open(IpmiSession *session, uint8_t *out, size_t *size, GError **error);
bool session_build_rakp1(IpmiSession *session, uint8_t *out, size_t *size, GError **error);
bool session_build_rakp3(IpmiSession *session, uint8_t *out, size_t *size, GError **error);
void session_capabilities(IpmiSession *session, uint64_t now_ms, const IpmiLanMessage *message);
/* False: not an answer to what was asked. */
bool session_login_answer(IpmiSession *session, uint64_t now_ms, const IpmiPacket *packet);
/* Chooses a suite and begins the login, or fails if none is left. */
void session_login(IpmiSession *session, uint64_t now_ms);

/* session_refusals.c: the suite to propose next; NULL when all that may be proposed were
 * refused. */
const IpmiSuite *session_suite(const IpmiSession *session);
/* Open Session has got no answer: may another suite be proposed? */
bool session_may_turn_suite(const IpmiSession *session);
/* A login message was answered with a status. `named_id` is the session id that the answer names:
 * our own proves that the BMC has sent it, and the refusal holds at once; without it (0) it is
 * noted. */
void session_refused(IpmiSession *session, uint64_t now_ms, uint32_t named_id, uint8_t status);
/* The time for a valid answer is over: what was noted holds. */
void session_believe(IpmiSession *session, uint64_t now_ms);
/* The BMC will not have the proposed suite; `why` in words. */
void session_suite_refused(IpmiSession *session, uint64_t now_ms, const char *why);
/* Login with user and password failed: "what \"user\"; check ...". */
void session_fail_user(IpmiSession *session, uint64_t now_ms, const char *what, const char *check);
/* What the session has learnt when it is logged in. */
void session_learn(IpmiSession *session, uint64_t now_ms);
/* Have the session's credentials worked before? */
bool session_is_trusted(const IpmiSession *session);
