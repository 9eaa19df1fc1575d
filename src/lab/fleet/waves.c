/* A fleet that deploys itself; the contract is in waves.h.
 *
 * One thread reads the states of all nodes about once a second and decides; a few others ask the
 * API. A node belongs to the deciding thread while its `answer` is not UNDER_WAY, and to one job of
 * the pool while it is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/waves_inside.h"

#include "common/error.h"
#include "common/json_text.h"
#include "common/time_text.h"
#include "lab/fleet/wave_api.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    CLIENTS = 8,
    POLL_MS = 1000,
    GLANCE_MS = 100,   /* at the machines meanwhile */
    SETTLE_MS = 60000, /* active nodes: until their machines have started from their disks */
    IDLE = -1,
    UNDER_WAY = -2,
};

/* ---- what is asked ---- */

static json_t *
node_body(const WaveMember *node)
{
    static const char *const own[] = {"ipmi_address", "ipmi_port", "ipmi_username",
                                      "ipmi_password"};
    const LabOptions *options = node->waves->options;
    json_t *body = json_pack("{s:s, s:s, s:s}", "driver", "ipmi", "deploy_interface", "direct",
                             "boot_interface", "ipxe");
    json_t *driver_info = json_object(), *instance_info = json_object();
    for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
        json_object_set(driver_info, own[i], json_object_get(node->machine, own[i]));
    json_object_set_new(instance_info, "image_source", json_string(options->image));
    if (options->image_sha256 != NULL) {
        json_object_set_new(instance_info, "image_os_hash_algo", json_string("sha256"));
        json_object_set_new(instance_info, "image_os_hash_value",
                            json_string(options->image_sha256));
    }
    json_object_set(body, "uuid", json_object_get(node->machine, "uuid"));
    json_object_set(body, "name", json_object_get(node->machine, "name"));
    json_object_set_new(body, "driver_info", driver_info);
    json_object_set_new(body, "instance_info", instance_info);
    if (node->waves->more != NULL)
        json_object_update_recursive(body, node->waves->more);
    return body;
}

static bool
stopping(Waves *waves)
{
    lock_acquire(&waves->lock);
    bool stops = waves->stopping;
    lock_release(&waves->lock);
    return stops;
}

/* A PoolJob: asks for one node. */
static void
waves_ask(void *data)
{
    WaveMember *node = data;
    Waves *waves = node->waves;
    int status = 0;
    char *refusal = NULL;
    bool asks = !stopping(waves);
    if (asks && node->verb != NULL)
        status = wave_api_provision(waves->api, json_string_member(node->machine, "uuid"),
                                    node->verb, &refusal);
    else if (asks) {
        json_auto_t *body = node_body(node);
        status =
            wave_api_enrol(waves->api, body, json_string_member(node->machine, "mac"), &refusal);
    }
    g_free(node->refusal);
    node->refusal = refusal;
    atomic_store(&node->answer, status);
}

static void
ask(WaveMember *node, const char *verb)
{
    node->verb = verb;
    g_free(node->asked_state);
    node->asked_state = g_strdup(node->state);
    atomic_store(&node->answer, UNDER_WAY);
    if (!pool_submit(node->waves->pool, waves_ask, node, NULL))
        atomic_store(&node->answer, IDLE);
}

/* ---- what is decided ---- */

static void
end_node(WaveMember *node, WaveEnd end)
{
    Wave *wave = &node->waves->waves[node->index / (unsigned)node->waves->options->wave_size];
    node->end = end;
    node->ended_ms = time_monotonic_ms();
    wave->ended++;
    if (wave->ended == wave->size)
        wave->ended_ms = node->ended_ms;
}

static void
note_answer(WaveMember *node)
{
    int status = atomic_load(&node->answer);
    atomic_store(&node->answer, IDLE);
    bool taken = wave_answered(&node->plan, node->asked_state, node->verb, status);
    if (taken && node->began_ms == 0 && node->verb != NULL && strcmp(node->verb, "active") == 0)
        node->began_ms = time_monotonic_ms();
}

/* The state that the list has of a node. */
static void
read_state(WaveMember *node, const json_t *listed)
{
    g_free(node->state);
    g_free(node->fault);
    node->state = g_strdup(json_string_member(listed, "provision_state"));
    node->fault = g_strdup(json_string_member(listed, "last_error"));
}

static void
decide(WaveMember *node, const json_t *listed)
{
    const Waves *waves = node->waves;
    const char *verb;
    read_state(node, listed);
    bool begun = node->index / (unsigned)waves->options->wave_size < waves->begun;
    switch (
        wave_advice(&node->plan, node->state, begun, (unsigned)waves->options->retries, &verb)) {
    case WAVE_WAIT:
        return;
    case WAVE_ENROL:
    case WAVE_ASK:
        ask(node, verb);
        return;
    case WAVE_ACTIVE:
        end_node(node, ENDED_ACTIVE);
        return;
    case WAVE_FAILED:
        end_node(node, ENDED_FAILED);
        return;
    }
}

/* True if all nodes are available, or beyond. */
static bool
all_available(const Waves *waves)
{
    for (unsigned i = 0; i < waves->count; i++) {
        const WaveMember *node = &waves->nodes[i];
        const char *verb;
        if (node->end != NOT_ENDED)
            continue;
        if (node->state == NULL || strcmp(node->state, "available") != 0 ||
            wave_advice(&node->plan, node->state, false, 0, &verb) != WAVE_WAIT)
            return false;
    }
    return true;
}

static double
seconds_since(int64_t since_ms)
{
    return (double)(time_monotonic_ms() - since_ms) / 1000;
}

static void
begin_wave(Waves *waves)
{
    Wave *wave = &waves->waves[waves->begun++];
    wave->began_ms = time_monotonic_ms();
    if (waves->options->json)
        return;
    printf("%8.1f s  wave %u of %u begins: %u nodes\n", seconds_since(waves->started_ms),
           waves->begun, waves->wave_count, wave->size);
    fflush(stdout);
}

static void
begin_what_is_due(Waves *waves)
{
    if (waves->begun == waves->wave_count)
        return;
    const Wave *last = waves->begun > 0 ? &waves->waves[waves->begun - 1] : NULL;
    if (last != NULL ? wave_is_over(last->ended, last->size) : all_available(waves))
        begin_wave(waves);
}

static void
count_settled(Waves *waves)
{
    waves->settled = 0;
    for (unsigned i = 0; i < waves->count; i++)
        waves->settled +=
            waves->nodes[i].end == ENDED_ACTIVE && machines_run_instance(waves->machines, i);
}

/* What was answered is noted before the list is read, so that a list is never older than an
 * answer. */
static void
round_of(Waves *waves)
{
    bool *idle = g_new0(bool, waves->count);
    for (unsigned i = 0; i < waves->count; i++) {
        WaveMember *node = &waves->nodes[i];
        if (atomic_load(&node->answer) >= 0)
            note_answer(node);
        idle[i] = node->end == NOT_ENDED && atomic_load(&node->answer) == IDLE;
    }
    json_auto_t *listed = wave_api_nodes(waves->api);
    for (unsigned i = 0; listed != NULL && i < waves->count; i++) {
        WaveMember *node = &waves->nodes[i];
        if (idle[i])
            decide(node, json_object_get(listed, json_string_member(node->machine, "uuid")));
    }
    if (listed != NULL)
        begin_what_is_due(waves);
    g_free(idle);
}

/* ---- the thread ---- */

static void
rest(Waves *waves, int64_t ms)
{
    int64_t end = time_monotonic_ms() + ms;
    lock_acquire(&waves->lock);
    while (!waves->stopping && lock_wait_until(&waves->lock, &waves->condition, end))
        ;
    lock_release(&waves->lock);
}

static void *
waves_run(void *data)
{
    Waves *waves = data;
    int64_t limit = waves->started_ms + 1000 * (int64_t)waves->options->limit_s;
    while (!stopping(waves) && time_monotonic_ms() < limit && waves_count(waves, NOT_ENDED) > 0) {
        int64_t began = time_monotonic_ms();
        round_of(waves);
        /* A service that takes long for its list is not asked without a pause. */
        rest(waves, MAX(POLL_MS - (time_monotonic_ms() - began), time_monotonic_ms() - began));
    }
    limit = time_monotonic_ms() + SETTLE_MS;
    for (count_settled(waves); !stopping(waves) && time_monotonic_ms() < limit &&
                               waves->settled < waves_count(waves, ENDED_ACTIVE);
         count_settled(waves))
        rest(waves, GLANCE_MS);
    kill(getpid(), SIGTERM);
    return NULL;
}

static void
make_waves(Waves *waves)
{
    unsigned size = (unsigned)waves->options->wave_size;
    waves->wave_count = (waves->count + size - 1) / size;
    waves->waves = g_new0(Wave, waves->wave_count);
    for (unsigned i = 0; i < waves->wave_count; i++) {
        waves->waves[i].first = i * size;
        waves->waves[i].size = MIN(size, waves->count - i * size);
    }
}

static void
make_nodes(Waves *waves)
{
    waves->nodes = g_new0(WaveMember, waves->count);
    for (unsigned i = 0; i < waves->count; i++) {
        WaveMember *node = &waves->nodes[i];
        node->waves = waves;
        node->index = i;
        node->machine = machines_node(waves->machines, i);
        atomic_init(&node->answer, IDLE);
    }
}

Waves *
waves_start(const LabOptions *options, Machines *machines, GError **error)
{
    json_t *more = options->enrol != NULL
                       ? json_text_parse(options->enrol, strlen(options->enrol), 0, error)
                       : NULL;
    if (options->enrol != NULL && !json_is_object(more)) {
        json_decref(more);
        g_clear_error(error);
        steel_fail(error, STEEL_ERROR_INVALID, "--enrol is an object of JSON");
        return NULL;
    }
    Waves *waves = g_new0(Waves, 1);
    waves->options = options;
    waves->machines = machines;
    waves->more = more;
    waves->api = g_strdup(options->deploy_url);
    g_strchomp(waves->api);
    while (g_str_has_suffix(waves->api, "/"))
        waves->api[strlen(waves->api) - 1] = '\0';
    waves->count = (unsigned)options->agent_count;
    lock_init(&waves->lock, LOCK_RANK_FLEET_WAVES);
    lock_condition_init(&waves->condition);
    waves->pool = pool_new("waves", CLIENTS, waves->count);
    waves->started_ms = time_monotonic_ms();
    make_nodes(waves);
    make_waves(waves);
    waves->running = pthread_create(&waves->thread, NULL, waves_run, waves) == 0;
    if (waves->running)
        return waves;
    steel_fail(error, STEEL_ERROR_INTERNAL, "no thread could be started");
    waves_free(waves);
    return NULL;
}

void
waves_stop(Waves *waves)
{
    if (waves == NULL || !waves->running)
        return;
    lock_acquire(&waves->lock);
    waves->stopping = true;
    pthread_cond_signal(&waves->condition);
    lock_release(&waves->lock);
    pthread_join(waves->thread, NULL);
    waves->running = false;
    (void)!pool_finish(waves->pool, 0);
}

void
waves_free(Waves *waves)
{
    if (waves == NULL)
        return;
    waves_stop(waves);
    pool_free(waves->pool);
    for (unsigned i = 0; i < waves->count; i++) {
        json_decref(waves->nodes[i].machine);
        g_free(waves->nodes[i].state);
        g_free(waves->nodes[i].fault);
        g_free(waves->nodes[i].asked_state);
        g_free(waves->nodes[i].refusal);
    }
    pthread_cond_destroy(&waves->condition);
    lock_destroy(&waves->lock);
    json_decref(waves->more);
    g_free(waves->nodes);
    g_free(waves->waves);
    g_free(waves->api);
    g_free(waves);
}
