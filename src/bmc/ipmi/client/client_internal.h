/* What the engine (client.c) and its queue (client_queue.c) share: submissions as jobs, and a slot
 * per BMC through which its jobs pass one at a time. For these two files only; all functions are
 * called on the engine thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/client/client.h"
#include "common/lock.h"

#include <pthread.h>
#include <stdatomic.h>

#include "bmc/ipmi/client/client_pace.h"
#include "bmc/ipmi/client/client_sockets.h"
#include "bmc/ipmi/client/resolver.h"
#include "bmc/ipmi/client/session.h"
#include "common/due_heap.h"

typedef enum JobState { JOB_RESOLVING, JOB_QUEUED, JOB_PAUSED, JOB_RUNNING } JobState;

typedef struct Slot Slot;

/* One submission. */
typedef struct Job {
    DueEntry due; /* first member: the heap gives it back */
    IpmiClient *client;
    uint64_t id;
    JobState state;
    char *address; /* owned */
    uint16_t port;
    char *place, *guard_key; /* owned; what the guard calls the BMC and the login */
    unsigned min_interval_ms;
    unsigned deadline_after_ms;
    bool paced;
    bool has_place; /* one of the client's `places` */
    IpmiPeer peers[IPMI_RESOLVED_MAX];
    size_t peer_count; /* 0: not resolved yet */
    size_t peer_index;
    Slot *slot;           /* borrowed; NULL before it has one */
    IpmiSession *session; /* owned; NULL: the arguments were wrong */
    ClientSocket *socket; /* what the session's datagrams leave by; NULL: none yet */
    unsigned restarts;    /* of the session, when it got the socket */
    GError *error;        /* owned; why there is no session */
    IpmiDone done;        /* NULL once called */
    void *user_data;
} Job;

/* A BMC: who talks to it now, who waits, and what was learnt. */
struct Slot {
    IpmiPeer peer;
    Job *active;    /* owned */
    GQueue waiting; /* of Job, owned */
    bool used;
    uint64_t last_end_ms;
    IpmiMemory memory;
};

struct IpmiClient {
    pthread_t thread;
    int epoll_fd;
    int wake_fd;
    IpmiResolver *resolver;
    BmcGuard *guard; /* borrowed; NULL: none */
    IpmiPace pace;
    _Atomic uint64_t submissions, sent, received, ignored, retransmissions, failures;

    /* Engine thread only. */
    ClientSockets sockets;
    DueHeap due;
    GHashTable *slots;     /* IpmiPeer in Slot -> Slot, owned */
    GHashTable *resolving; /* id in Job -> Job, owned */
    uint64_t next_id;
    unsigned places; /* taken by paced jobs that are under way */
    GQueue held;     /* of Job, owned: paced ones that wait for a place */

    Lock lock;
    GQueue incoming GUARDED; /* of Job, owned */
    bool stopping GUARDED;
};

/* Slots by their peer: the table owns them. */
GHashTable *ipmi_slots_new(void);

/* What the guard calls the BMC and the login of a target; the caller frees. */
char *ipmi_place_of(const IpmiTarget *target);
char *ipmi_guard_key(const BmcGuard *guard, const IpmiTarget *target);

/* Whether the job may begin: its BMC does not rest, and has not refused its login. Errors:
 * BMC_UNREACHABLE, BMC_AUTH. */
bool ipmi_guard_allows(const Job *job, GError **error);
/* Tells the guard what came of a job whose session is finished. */
void ipmi_guard_note(const Job *job);

/* A new submission reaches the engine, which owns it from here: it is resolved if need be, waits
 * for its turn, runs, tells its owner and is freed. */
void ipmi_job_admit(Job *job);

/* Gives the places that are free to jobs that are held. Not from an IpmiDone. */
void ipmi_jobs_release(IpmiClient *client);

/* The resolver has an answer; one for a job that has ended meanwhile is passed over. */
void ipmi_job_resolved(IpmiClient *client, const IpmiResolved *answer);

/* The job's time in the heap has come: the pause is over, an answer is overdue, or patience has
 * ended. */
void ipmi_job_expire(Job *job, uint64_t now_ms);

/* A datagram for the session with this peer on this socket. False: there is none, or it was not an
 * answer. */
bool ipmi_job_receive(IpmiClient *client, const ClientSocket *socket, const IpmiPeer *peer,
                      const uint8_t *bytes, size_t size);

/* Tells the owner that the client was stopped, and frees the job. */
void ipmi_job_cancel(Job *job);

/* The same for all jobs that were admitted. */
void ipmi_jobs_cancel(IpmiClient *client);
