/* The queue of the IPMI client: which submission talks to which BMC, and when; the contract is in
 * client_internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/client/client_internal.h"

#include <string.h>

#include "common/error.h"

enum {
    SLOTS_KEPT = 262144,
    /* A submission waits behind others to the same BMC for this many times its own deadline. */
    QUEUE_PATIENCE = 3,
    /* A BMC that lets this many copies of a datagram go out does not hold up those behind it. */
    PLACE_TRIES = 3,
};

/* ---- jobs and slots ---- */

static void
leave_place(Job *job)
{
    if (job->has_place)
        job->client->places--;
    job->has_place = false;
}

static void
free_job(Job *job)
{
    leave_place(job);
    client_socket_leave(job->socket);
    g_free(job->address);
    g_free(job->place);
    g_free(job->guard_key);
    ipmi_session_free(job->session);
    g_clear_error(&job->error);
    g_free(job);
}

static void
free_slot(void *data)
{
    g_free(data);
}

static unsigned
hash_peer(const void *key)
{
    return ipmi_peer_hash(key);
}

static gboolean
equal_peers(const void *a, const void *b)
{
    return ipmi_peer_equal(a, b);
}

static gboolean
is_idle(void *key, void *value, void *user_data)
{
    (void)key;
    (void)user_data;
    const Slot *slot = value;
    return slot->active == NULL && slot->waiting.length == 0;
}

GHashTable *
ipmi_slots_new(void)
{
    return g_hash_table_new_full(hash_peer, equal_peers, NULL, free_slot);
}

static Slot *
slot_of(IpmiClient *client, const IpmiPeer *peer)
{
    Slot *slot = g_hash_table_lookup(client->slots, peer);
    if (slot != NULL)
        return slot;
    if (g_hash_table_size(client->slots) >= SLOTS_KEPT)
        g_hash_table_foreach_remove(client->slots, is_idle, NULL);
    slot = g_new0(Slot, 1);
    slot->peer = *peer;
    g_hash_table_insert(client->slots, &slot->peer, slot);
    return slot;
}

static void
call_done(Job *job, const GError *error)
{
    IpmiDone done = job->done;
    const IpmiSession *session = job->session;
    if (done == NULL)
        return;
    job->done = NULL;
    if (error != NULL)
        atomic_fetch_add_explicit(&job->client->failures, 1, memory_order_relaxed);
    done(job->user_data, session != NULL ? session->responses : NULL,
         session != NULL ? session->response_count : 0, error);
}

/* ---- the life of a job ---- */

static void start_next(IpmiClient *client, Slot *slot);

static void
end_job(Job *job)
{
    IpmiClient *client = job->client;
    Slot *slot = job->slot;
    due_heap_remove(&client->due, &job->due);
    if (slot != NULL && slot->active == job) {
        slot->active = NULL;
        if (job->state == JOB_RUNNING) {
            slot->used = true;
            slot->last_end_ms = due_now_ms();
        }
    }
    free_job(job);
    if (slot != NULL)
        start_next(client, slot);
}

/* After each change of a session: reports to its owner, sets its due time, or ends it. */
static void
job_advance(Job *job)
{
    IpmiSession *session = job->session;
    job->slot->memory = session->memory;
    if (session->finished && job->done != NULL) {
        ipmi_guard_note(job);
        call_done(job, session->error);
    }
    if (session->step == SESSION_ENDED)
        end_job(job);
    else
        due_heap_set(&job->client->due, &job->due, session->due_ms);
}

static void fail_job(Job *job, GError *error);

static void
start_job(Job *job)
{
    GError *error = NULL;
    if (!ipmi_guard_allows(job, &error)) {
        fail_job(job, error);
        return;
    }
    job->state = JOB_RUNNING;
    job->session->memory = job->slot->memory;
    ipmi_session_start(job->session, due_now_ms());
    job_advance(job);
}

static void
start_next(IpmiClient *client, Slot *slot)
{
    Job *job = slot->active == NULL ? g_queue_pop_head(&slot->waiting) : NULL;
    if (job == NULL)
        return;
    uint64_t now_ms = due_now_ms();
    uint64_t start_ms = slot->used ? slot->last_end_ms + job->min_interval_ms : 0;
    slot->active = job;
    if (start_ms > now_ms) {
        job->state = JOB_PAUSED;
        due_heap_set(&client->due, &job->due, start_ms);
        return;
    }
    /* Its timer starts it: the end of one job must not recurse into the next ones. */
    job->state = JOB_PAUSED;
    due_heap_set(&client->due, &job->due, now_ms);
}

static void
enqueue(Job *job)
{
    GError *error = NULL;
    if (!ipmi_guard_allows(job, &error)) {
        fail_job(job, error);
        return;
    }
    Slot *slot = slot_of(job->client, &job->peers[job->peer_index]);
    job->slot = slot;
    job->state = JOB_QUEUED;
    due_heap_set(&job->client->due, &job->due,
                 due_now_ms() + (uint64_t)QUEUE_PATIENCE * job->deadline_after_ms);
    if (slot->active != NULL)
        leave_place(job); /* it waits for others at this BMC, and needs nothing meanwhile */
    g_queue_push_tail(&slot->waiting, job);
    start_next(job->client, slot);
}

static void
fail_job(Job *job, GError *error)
{
    call_done(job, error);
    g_error_free(error);
    end_job(job);
}

static void
resolve(Job *job)
{
    GError *error = NULL;
    IpmiClient *client = job->client;
    job->id = ++client->next_id;
    job->state = JOB_RESOLVING;
    if (!ipmi_resolver_ask(client->resolver, job->id, job->address, job->port, &error)) {
        fail_job(job, error);
        return;
    }
    g_hash_table_insert(client->resolving, &job->id, job);
    due_heap_set(&client->due, &job->due, due_now_ms() + job->deadline_after_ms);
}

static void
begin_job(Job *job)
{
    job->has_place = job->paced;
    job->client->places += job->paced;
    if (job->error != NULL)
        fail_job(job, g_steal_pointer(&job->error));
    else if (job->peer_count > 0)
        enqueue(job);
    else
        resolve(job);
}

void
ipmi_job_admit(Job *job)
{
    if (job->paced && job->client->places >= ipmi_pace_places(&job->client->pace))
        g_queue_push_tail(&job->client->held, job);
    else
        begin_job(job);
}

void
ipmi_jobs_release(IpmiClient *client)
{
    while (client->places < ipmi_pace_places(&client->pace) && client->held.length > 0)
        begin_job(g_queue_pop_head(&client->held));
}

void
ipmi_job_resolved(IpmiClient *client, const IpmiResolved *answer)
{
    Job *job = g_hash_table_lookup(client->resolving, &answer->id);
    if (job == NULL)
        return; /* its deadline was earlier */
    g_hash_table_remove(client->resolving, &answer->id);
    if (answer->peer_count == 0) {
        fail_job(job, g_error_new(steel_error_quark(), STEEL_ERROR_BMC_UNREACHABLE,
                                  "name %s does not resolve: %s", job->address, answer->problem));
        return;
    }
    memcpy(job->peers, answer->peers, sizeof job->peers);
    job->peer_count = answer->peer_count;
    enqueue(job);
}

/* A name has several addresses: until one has answered, the next copy goes to the next address
 * without another job. */
static void
rotate_peer(Job *job)
{
    if (job->peer_count < 2 || job->session->heard > 0)
        return;
    size_t next = (job->peer_index + 1) % job->peer_count;
    Slot *slot = slot_of(job->client, &job->peers[next]);
    if (slot->active != NULL || slot == job->slot)
        return;
    Slot *left = job->slot;
    left->active = NULL;
    slot->active = job;
    job->slot = slot;
    job->peer_index = next;
    job->session->memory = slot->memory;
    client_socket_leave(
        g_steal_pointer(&job->socket)); /* the next address may be of another family */
    start_next(job->client, left);
}

void
ipmi_job_expire(Job *job, uint64_t now_ms)
{
    switch (job->state) {
    case JOB_RESOLVING:
        g_hash_table_remove(job->client->resolving, &job->id);
        fail_job(job, g_error_new(steel_error_quark(), STEEL_ERROR_BMC_UNREACHABLE,
                                  "name %s was not resolved within %g s", job->address,
                                  job->deadline_after_ms / 1000.0));
        return;
    case JOB_PAUSED:
        start_job(job);
        return;
    case JOB_RUNNING:
        if (job->session->tries > 0)
            rotate_peer(job);
        ipmi_session_expire(job->session, now_ms);
        if (job->session->tries >= PLACE_TRIES)
            leave_place(job);
        job_advance(job);
        return;
    case JOB_QUEUED:
        g_queue_remove(&job->slot->waiting, job);
        fail_job(
            job,
            g_error_new(
                steel_error_quark(), STEEL_ERROR_BMC_BUSY,
                "%s:%u is being asked for others, who were not through within %g s; do several "
                "nodes have the same BMC address?",
                job->address, job->port, QUEUE_PATIENCE * job->deadline_after_ms / 1000.0));
        return;
    }
}

/* ---- events from outside ---- */

bool
ipmi_job_receive(IpmiClient *client, const ClientSocket *socket, const IpmiPeer *peer,
                 const uint8_t *bytes, size_t size)
{
    Slot *slot = g_hash_table_lookup(client->slots, peer);
    Job *job = slot != NULL ? slot->active : NULL;
    if (job == NULL || job->state != JOB_RUNNING || job->socket != socket)
        return false;
    uint64_t now_ms = due_now_ms();
    unsigned copies = job->session->tries; /* of what this may answer */
    if (!ipmi_session_receive(job->session, now_ms, bytes, size))
        return false;
    if (job->paced)
        ipmi_pace_note(&client->pace, copies, now_ms);
    job_advance(job);
    return true;
}

void
ipmi_job_cancel(Job *job)
{
    static const char text[] = "the IPMI client was stopped";
    if (job->state == JOB_RUNNING)
        ipmi_session_abort(job->session, STEEL_ERROR_CANCELLED, text);
    if (job->done != NULL) {
        g_autoptr(GError) error =
            g_error_new_literal(steel_error_quark(), STEEL_ERROR_CANCELLED, text);
        call_done(job, error);
    }
    free_job(job);
}

void
ipmi_jobs_cancel(IpmiClient *client)
{
    GHashTableIter iterator;
    void *value;
    due_heap_clear(&client->due);
    for (Job *job; (job = g_queue_pop_head(&client->held)) != NULL;)
        ipmi_job_cancel(job);
    g_hash_table_iter_init(&iterator, client->resolving);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        ipmi_job_cancel(value);
    g_hash_table_iter_init(&iterator, client->slots);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        Slot *slot = value;
        if (slot->active != NULL)
            ipmi_job_cancel(slot->active);
        for (Job *job; (job = g_queue_pop_head(&slot->waiting)) != NULL;)
            ipmi_job_cancel(job);
    }
}
