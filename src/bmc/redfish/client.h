/* A Redfish client for many BMCs: requests and answers, with the login kept between them. It knows
 * nothing of nodes, and of resources only what logins need.
 *
 *   - One session for each address, user and password, made at the first request and used until
 *     the client ends, or nothing was asked for a quarter of an hour; then it is deleted on the
 *     BMC. `auto` falls back to HTTP Basic where sessions do not work, as Ironic's client does.
 *   - A request that finds its session gone logs in once more and is repeated.
 *   - A refused login is not repeated for a while (bmc/guard.h).
 *   - BMCs take turns and rest as http_engine says.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/guard.h"
#include "bmc/redfish/answer.h"
#include "http_engine/engine.h"

typedef struct RedfishClient RedfishClient;

typedef enum RedfishAuth {
    REDFISH_AUTH_AUTO,
    REDFISH_AUTH_SESSION,
    REDFISH_AUTH_BASIC
} RedfishAuth;

/* A Redfish service and its login. Borrowed for the call: the client copies it and wipes its
 * copy. */
typedef struct RedfishTarget {
    const char *address;             /* "https://bmc.example:8443", without a path */
    const char *root;                /* NULL: "/redfish/v1/" */
    const char *username, *password; /* NULL or "": requests carry no login */
    RedfishAuth auth;
    bool insecure;       /* any certificate */
    const char *ca_path; /* file or folder of certificates; NULL: the system's */
    unsigned timeout_ms; /* of one request; 0: 60000 */
    unsigned connect_ms; /* of that for connecting; 0: 10000 */
    bool background;     /* others go first, and timeout_ms begins with its turn */
    /* Asked on the engine's thread right before a request that is no GET is sent, logins not
     * included: false ends it with LEASE_LOST. It must not block. NULL: always. */
    bool (*may_send)(void *user);
    void *may_send_user; /* lives until the request is done */
} RedfishTarget;

/* A copy whose texts are owned, and its end; the password is wiped. */
void redfish_target_copy(RedfishTarget *copy, const RedfishTarget *target);
void redfish_target_clear(RedfishTarget *copy);

typedef struct RedfishRequest {
    const char *method;   /* NULL: GET */
    const char *path;     /* "/redfish/v1/Systems/1" */
    const char *body;     /* JSON text; NULL: none */
    const char *if_match; /* NULL: none */
} RedfishRequest;

/* Called once for each request, on the engine's thread, under the rules of HttpEngineDone.
 *
 * answer  what the BMC said, also where it is a refusal; its members may be taken. status 0: it
 *         has not answered
 * error   NULL if the status is 2xx; borrowed */
typedef void (*RedfishDone)(void *user_data, RedfishAnswer *answer, const GError *error);

/* The engine and the guard are borrowed. */
RedfishClient *redfish_client_new(HttpEngine *engine, BmcGuard *guard);

/* The target is not needed any more: its session is deleted on the BMC, soon, and so is one that a
 * login under way makes. Requests that wait for that login, and those that are out and refused
 * without the session, fail with BMC_BUSY; later ones log in once more. Any thread; does not
 * block. */
void redfish_client_forget(RedfishClient *client, const RedfishTarget *target);

/* An operator has changed how the BMC is reached: it is asked at once, with this login too. Any
 * thread; does not block. */
void redfish_client_absolve(RedfishClient *client, const RedfishTarget *target);

/* Deletes all sessions on their BMCs and waits for that: a minute, and no longer than silence_ms
 * without an answer of any. Requests after it fail with CANCELLED. Returns how many calls had no
 * answer by then: as many sessions may be left open. Once, before http_engine_free. */
unsigned redfish_client_close(RedfishClient *client, unsigned silence_ms);

/* After http_engine_free: nothing calls back any more. NULL is fine. */
void redfish_client_free(RedfishClient *client);

/* Errors (in done): those of http_engine_submit and of redfish_answer_check; BMC_AUTH also for a
 * login that is not tried again yet. Threads: any. */
void redfish_submit(RedfishClient *client, const RedfishTarget *target,
                    const RedfishRequest *request, RedfishDone done, void *user_data);

/* The same, waiting for the end. For workers; not on the engine's thread.
 *
 * answer  out; cleared first, filled also on failure where the BMC has answered */
bool redfish_call(RedfishClient *client, const RedfishTarget *target, const RedfishRequest *request,
                  RedfishAnswer *answer, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For metrics. */
typedef struct RedfishStats {
    uint64_t requests;
    uint64_t logins;
    uint64_t sessions_open;
} RedfishStats;
void redfish_stats(RedfishClient *client, RedfishStats *stats);
