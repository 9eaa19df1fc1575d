/* The heartbeat's thread; the contract is in heartbeat.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/heartbeat.h"

#include "agent/api_client.h"
#include "agent/commands.h"
#include "agent_protocol/heartbeat_pace.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/time_text.h"

#include <pthread.h>

#define AREA "agent.heartbeat"

struct Heartbeat {
    ApiClient client;
    char *callback_url; /* owned */
    pthread_t thread;
    Lock lock;
    pthread_cond_t changed;
    bool forced GUARDED, stopping GUARDED;
    int64_t last_ms; /* only the thread uses it, and all below */
    unsigned failures;
    json_t *told; /* owned: the last progress that the service was told; NULL: none */
};

static double
random_part(void)
{
    uint32_t bits;
    secret_random(&bits, sizeof bits);
    return (double)bits / UINT32_MAX;
}

static int64_t
timeout_of(Agent *agent)
{
    lock_acquire(&agent->lock);
    int64_t timeout_s = agent->heartbeat_timeout_s;
    lock_release(&agent->lock);
    return timeout_s;
}

/* Between two words about progress; 0: none are wanted. */
static int64_t
interval_ms(Agent *agent)
{
    lock_acquire(&agent->lock);
    int64_t interval_s = agent->progress_interval_s;
    lock_release(&agent->lock);
    return interval_s * 1000;
}

static void
call(Heartbeat *heartbeat)
{
    g_autoptr(GError) error = NULL;
    bool conflict = false;
    bool good =
        api_client_heartbeat(&heartbeat->client, heartbeat->callback_url, &conflict, &error);
    heartbeat->last_ms = time_monotonic_ms();
    heartbeat->failures = good ? 0 : heartbeat->failures + 1;
    if (good)
        log_debug(AREA, "the service has accepted the heartbeat");
    else if (conflict)
        log_warning(AREA, "the node is locked: %s", error->message);
    else
        log_error(AREA, "the service was not reached: %s", error->message);
}

/* Tells how far the command has come, if that has changed. */
static void
tell_progress(Heartbeat *heartbeat)
{
    Agent *agent = heartbeat->client.agent;
    g_autoptr(GError) error = NULL;
    json_t *progress = interval_ms(agent) > 0 ? commands_progress(agent->commands) : NULL;
    if (progress == NULL || json_equal(progress, heartbeat->told)) {
        json_decref(progress);
        return;
    }
    json_decref(heartbeat->told);
    heartbeat->told = progress;
    if (!api_client_progress(&heartbeat->client, progress, &error))
        log_debug(AREA, "the service was not told of the progress: %s", error->message);
}

typedef enum Turn { TURN_END, TURN_CALL, TURN_PROGRESS } Turn;

/* Sleeps until the next call, or the next word about progress, is due. */
static Turn
next_turn(Heartbeat *heartbeat, int64_t due_ms)
{
    int64_t pause_ms = interval_ms(heartbeat->client.agent);
    int64_t progress_ms = pause_ms > 0 ? time_monotonic_ms() + pause_ms : INT64_MAX;
    Turn turn = TURN_END;
    lock_acquire(&heartbeat->lock);
    while (!heartbeat->stopping) {
        int64_t now = time_monotonic_ms();
        int64_t until =
            heartbeat->forced ? MIN(due_ms, heartbeat->last_ms + HEARTBEAT_FORCED_GAP_MS) : due_ms;
        turn = now >= until ? TURN_CALL : now >= progress_ms ? TURN_PROGRESS : TURN_END;
        if (turn != TURN_END)
            break;
        lock_wait_until(&heartbeat->lock, &heartbeat->changed, MIN(until, progress_ms));
    }
    if (turn == TURN_CALL)
        heartbeat->forced = false;
    lock_release(&heartbeat->lock);
    return turn;
}

/* Sleeps until the next heartbeat is due. Returns false if the thread must end. */
static bool
wait_for_turn(Heartbeat *heartbeat)
{
    int64_t due_ms = heartbeat->last_ms + heartbeat_pause_ms(timeout_of(heartbeat->client.agent),
                                                             heartbeat->failures, random_part());
    Turn turn;
    while ((turn = next_turn(heartbeat, due_ms)) != TURN_END) {
        tell_progress(heartbeat);
        if (turn == TURN_CALL)
            return true;
    }
    return false;
}

static void *
heartbeat_thread(void *data)
{
    Heartbeat *heartbeat = data;
    do
        call(heartbeat);
    while (wait_for_turn(heartbeat));
    return NULL;
}

static void
heartbeat_free(Heartbeat *heartbeat)
{
    pthread_cond_destroy(&heartbeat->changed);
    lock_destroy(&heartbeat->lock);
    g_free(heartbeat->callback_url);
    json_decref(heartbeat->told);
    g_free(heartbeat);
}

Heartbeat *
heartbeat_start(Agent *agent, const char *callback_url, GError **error)
{
    Heartbeat *heartbeat = g_new0(Heartbeat, 1);
    heartbeat->client.agent = agent;
    heartbeat->callback_url = g_strdup(callback_url);
    lock_init(&heartbeat->lock, LOCK_RANK_AGENT_HEARTBEAT);
    lock_condition_init(&heartbeat->changed);
    int code = pthread_create(&heartbeat->thread, NULL, heartbeat_thread, heartbeat);
    if (code == 0)
        return heartbeat;
    heartbeat_free(heartbeat);
    agent_fail(error, AGENT_ERROR_HEARTBEAT, "no thread can be started: %s", g_strerror(code));
    return NULL;
}

void
heartbeat_force(Heartbeat *heartbeat)
{
    if (heartbeat == NULL)
        return;
    lock_acquire(&heartbeat->lock);
    heartbeat->forced = true;
    pthread_cond_signal(&heartbeat->changed);
    lock_release(&heartbeat->lock);
}

void
heartbeat_stop(Heartbeat *heartbeat)
{
    if (heartbeat == NULL)
        return;
    lock_acquire(&heartbeat->lock);
    heartbeat->stopping = true;
    pthread_cond_signal(&heartbeat->changed);
    lock_release(&heartbeat->lock);
    pthread_join(heartbeat->thread, NULL);
    heartbeat_free(heartbeat);
}
