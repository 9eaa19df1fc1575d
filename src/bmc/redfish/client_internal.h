/* What the files of the client share. For this folder only; functions are called on the engine's
 * thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/redfish/client.h"
#include "common/lock.h"

#include <pthread.h>
#include <stdatomic.h>

typedef enum RedfishSessionState {
    REDFISH_SESSION_NONE,  /* no login yet, or the BMC has ended it */
    REDFISH_SESSION_LOGIN, /* under way; requests wait */
    REDFISH_SESSION_TOKEN,
    REDFISH_SESSION_BASIC,
    REDFISH_SESSION_ANONYMOUS, /* no user is given */
} RedfishSessionState;

/* A service with a login. */
typedef struct RedfishSession {
    char *key;                                            /* owned; a digest of all that follows */
    char *address, *root, *username, *password, *ca_path; /* owned */
    bool insecure;
    RedfishAuth auth;
    unsigned timeout_ms, connect_ms; /* of the request that began the login */
    bool background;                 /* and whether it was one */

    RedfishClient *client;
    char *guard_key; /* owned */
    RedfishSessionState state;
    unsigned logins;               /* counts them; a request remembers which one it used */
    bool had_token;                /* sessions work here: no fall-back to Basic */
    char *sessions_path;           /* owned; NULL: not known yet */
    char *token;                   /* owned; wiped */
    char *location;                /* owned; of the session, NULL: it cannot be deleted */
    GQueue waiting;                /* of RedfishExchange, owned */
    struct RedfishExchange *trial; /* the first request with HTTP Basic; NULL: none is out */
    unsigned running;              /* exchanges that are on their way */
    unsigned farewells;            /* nodes of this login that have left */
    bool leaving;                  /* one has left during the login: what it makes is ended */
    uint64_t used_ms;
} RedfishSession;

/* A request on its way through login, sending, and once more. */
typedef struct RedfishExchange {
    RedfishClient *client;
    RedfishSession *session;               /* borrowed; NULL before it has one */
    RedfishTarget target;                  /* its texts are owned; until it has a session */
    char *method, *path, *body, *if_match; /* owned */
    unsigned login;                        /* which login it was sent with */
    bool with_token;                       /* and whether that was a session */
    bool repeated;                         /* it has logged in once more */
    unsigned farewells;                    /* of the session, when it was sent */
    RedfishDone done;
    void *user_data;
} RedfishExchange;

struct RedfishClient {
    HttpEngine *engine; /* borrowed */
    BmcGuard *guard;    /* borrowed */
    atomic_uint_fast64_t requests, logins, open;

    /* The engine's thread only. */
    GHashTable *sessions; /* key -> RedfishSession, owned */
    bool sweeping;        /* the clean-up of idle sessions is scheduled */
    bool closing;

    Lock lock;
    pthread_cond_t changed;
    unsigned busy GUARDED; /* calls to the engine that have not come back */
};

/* ---- session_table.c ---- */

/* The session of the target, made if need be. */
RedfishSession *redfish_session_of(RedfishClient *client, const RedfishTarget *target);
/* NULL: there is none. */
RedfishSession *redfish_session_find(RedfishClient *client, const RedfishTarget *target);
void redfish_session_free(void *session);
/* "https://host/redfish/v1/Systems" for a path; the caller frees. */
char *redfish_session_url(const RedfishSession *session, const char *path);
/* What the guard calls the BMC: "https://host:port"; the caller frees. */
char *redfish_place_of(const char *address);
/* Moves the answer of the engine. */
void redfish_answer_take(RedfishAnswer *answer, HttpResponse *response);

/* ---- session.c ---- */

/* Sends the exchange, after a login if need be. */
void redfish_exchange_begin(RedfishExchange *exchange);
/* A node of this login has left: ends the session on the BMC, or the one that a login under way
 * makes. Requests that are out log in no more. */
void redfish_session_leave(RedfishSession *session, unsigned timeout_ms);
/* Ends the session on the BMC; the object stays. */
void redfish_session_delete(RedfishSession *session, unsigned timeout_ms);
void redfish_exchange_free(RedfishExchange *exchange);
/* Tells the owner and frees. */
void redfish_exchange_fail(RedfishExchange *exchange, const GError *error);
/* A call to the engine begins or has come back. */
void redfish_busy(RedfishClient *client, int change);
