/* The conductor under test; the contract is in conductor_fixture.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor_fixture.h"
#include "conductor/transition.h"

#include "common/time_text.h"
#include "db/sql.h"

#include <glib/gstdio.h>
#include <time.h>

#define LIMIT_MS 60000

static void
configure(const char *const *settings)
{
    static const char *const own[] = {
        "enabled_hardware_types=fake-hardware",   "host=test-host",
        "conductor.sync_power_state_interval=0",  "conductor.automated_clean=false",
        "conductor.node_locked_retry_attempts=0", NULL};
    g_autoptr(GError) error = NULL;
    Config *config = config_new();
    const char *const *lists[] = {own, settings};
    for (size_t list = 0; list < G_N_ELEMENTS(lists); list++)
        for (size_t i = 0; lists[list] != NULL && lists[list][i] != NULL; i++)
            if (!config_set(config, lists[list][i], &error))
                fail_msg("%s", error->message);
    if (!config_finish(config, &error))
        fail_msg("%s", error->message);
    config_publish(config);
}

ConductorFixture *
conductor_fixture_new(const char *const *settings)
{
    g_autoptr(GError) error = NULL;
    ConductorFixture *fixture = g_new0(ConductorFixture, 1);
    configure(settings);
    fixture->folder = g_dir_make_tmp("steel-conductor-XXXXXX", NULL);
    assert_non_null(fixture->folder);
    g_autofree char *url = g_strdup_printf("sqlite:///%s/db", fixture->folder);
    fixture->db = db_open(url, &db_throw_away, &error);
    if (fixture->db == NULL)
        fail_msg("%s", error->message);
    fixture->events = events_new();
    fixture->listener = events_listen(fixture->events, &(EventReader){0});
    conductor_fixture_start(fixture);
    return fixture;
}

void
conductor_fixture_start(ConductorFixture *fixture)
{
    g_autoptr(GError) error = NULL;
    const ConductorServices services = {.db = fixture->db, .events = fixture->events};
    fixture->conductor = conductor_new(&services, &error);
    if (fixture->conductor == NULL)
        fail_msg("%s", error->message);
}

void
conductor_fixture_stop(ConductorFixture *fixture)
{
    conductor_stop(fixture->conductor);
    conductor_free(g_steal_pointer(&fixture->conductor));
}

void
conductor_fixture_free(ConductorFixture *fixture)
{
    static const char *const files[] = {"db", "db-wal", "db-shm", "db.lock"};
    conductor_fixture_stop(fixture);
    events_unlisten(fixture->listener);
    events_free(fixture->events);
    db_close(fixture->db);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(fixture->folder, files[i], NULL);
        g_unlink(path);
    }
    g_rmdir(fixture->folder);
    g_free(fixture->folder);
    g_free(fixture);
    config_shutdown();
}

int
conductor_fixture_setup(void **state)
{
    *state = conductor_fixture_new(NULL);
    return 0;
}

int
conductor_fixture_teardown(void **state)
{
    conductor_fixture_free(*state);
    return 0;
}

json_t *
conductor_fixture_json(const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *value = json_text_parse(text, strlen(text), 0, &error);
    if (value == NULL)
        fail_msg("%s: %s", text, error->message);
    return value;
}

/* Where an answer arrives, on a thread of the conductor. */
typedef struct Reply {
    pthread_mutex_t lock;
    pthread_cond_t came;
    bool done;
    json_t *result;
    GError *error;
} Reply;

static void
take_reply(json_t *result, const GError *error, void *user_data)
{
    Reply *reply = user_data;
    pthread_mutex_lock(&reply->lock);
    reply->result = json_deep_copy(result);
    reply->error = error != NULL ? g_error_copy(error) : NULL;
    reply->done = true;
    pthread_cond_signal(&reply->came);
    pthread_mutex_unlock(&reply->lock);
}

json_t *
conductor_fixture_call(ConductorFixture *fixture, RpcMethod method, const char *node_uuid,
                       const char *arguments, GError **error)
{
    Reply reply = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
    json_t *judged = fixture->judged != NULL ? conductor_fixture_json(fixture->judged) : NULL;
    const RpcCall call = {.method = method,
                          .node_uuid = node_uuid,
                          .judged = judged,
                          .arguments = conductor_fixture_json(arguments),
                          .context = {.request_id = "req-test"}};
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += LIMIT_MS / 1000;
    conductor_transport.call(fixture->conductor, &call, take_reply, &reply);
    json_decref(judged);
    int status = 0;
    pthread_mutex_lock(&reply.lock);
    while (!reply.done && status == 0)
        status = pthread_cond_timedwait(&reply.came, &reply.lock, &limit);
    pthread_mutex_unlock(&reply.lock);
    assert_int_equal(status, 0);
    assert_int_equal(reply.result == NULL, reply.error != NULL);
    if (reply.error != NULL)
        g_propagate_error(error, reply.error);
    return reply.result;
}

void
conductor_fixture_do(ConductorFixture *fixture, RpcMethod method, const char *node_uuid,
                     const char *arguments)
{
    g_autoptr(GError) error = NULL;
    json_t *result = conductor_fixture_call(fixture, method, node_uuid, arguments, &error);
    if (result == NULL)
        fail_msg("%s %s: %s", rpc_method_name(method), arguments, error->message);
    json_decref(result);
}

void
conductor_fixture_refused(ConductorFixture *fixture, RpcMethod method, const char *node_uuid,
                          const char *arguments, SteelErrorCode code, const char *part)
{
    g_autoptr(GError) error = NULL;
    json_t *result = conductor_fixture_call(fixture, method, node_uuid, arguments, &error);
    if (result != NULL)
        fail_msg("%s %s was accepted", rpc_method_name(method), arguments);
    if (!steel_error_is(error, code) || strstr(error->message, part) == NULL)
        fail_msg("expected '...%s...', not %s: %s", part, steel_error_info(error)->code,
                 error->message);
}

Node *
conductor_fixture_node(ConductorFixture *fixture, const char *state, const char *driver_info)
{
    g_autoptr(GError) error = NULL;
    Node *node = node_new();
    node->driver = g_strdup("fake-hardware");
    node->provision_state = g_strdup(state);
    node->power_state = g_strdup("power off");
    if (driver_info != NULL) {
        json_decref(node->driver_info);
        node->driver_info = conductor_fixture_json(driver_info);
    }
    if (!registry_complete_node(fixture->conductor->registry, node, &error) ||
        !db_record_insert(fixture->db, &node_resource, node, &error))
        fail_msg("%s", error->message);
    return node;
}

Node *
conductor_fixture_load(const ConductorFixture *fixture, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    Node *node = db_record_find(fixture->db, &node_resource, "uuid", uuid, &error);
    if (node == NULL)
        fail_msg("%s", error->message);
    return node;
}

Task *
conductor_fixture_lock(ConductorFixture *fixture, const char *uuid)
{
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    int64_t limit = time_monotonic_ms() + LIMIT_MS;
    for (;;) {
        g_autoptr(GError) error = NULL;
        Task *task = task_acquire(fixture->conductor, uuid, TASK_EXCLUSIVE, "test", &error);
        if (task != NULL)
            return task;
        if (!steel_error_is(error, STEEL_ERROR_LOCKED) || time_monotonic_ms() > limit)
            fail_msg("%s", error->message);
        nanosleep(&pause, NULL);
    }
}

Node *
conductor_fixture_await(const ConductorFixture *fixture, const char *uuid, const char *state)
{
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    int64_t limit = time_monotonic_ms() + LIMIT_MS;
    for (;;) {
        Node *node = conductor_fixture_load(fixture, uuid);
        if (node->reservation == NULL && strcmp(node->provision_state, state) == 0)
            return node;
        if (time_monotonic_ms() > limit)
            fail_msg("the node is in %s, not %s, locked by %s (%s), last error %s",
                     node->provision_state, state, node->reservation, node->reservation_purpose,
                     node->last_error);
        node_free(node);
        nanosleep(&pause, NULL); /* between two looks, not instead of one */
    }
}

void
conductor_fixture_await_that(const ConductorFixture *fixture, const char *condition)
{
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    int64_t limit = time_monotonic_ms() + LIMIT_MS;
    for (;;) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) found =
            db_records_where(fixture->db, &node_resource, condition, NULL, 0, &error);
        if (found == NULL)
            fail_msg("%s", error->message);
        if (found->len > 0)
            return;
        if (time_monotonic_ms() > limit)
            fail_msg("no node came to satisfy: %s", condition);
        nanosleep(&pause, NULL); /* between two looks, not instead of one */
    }
}

void
conductor_fixture_write(const ConductorFixture *fixture, const char *column, const char *value)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *sql = g_strdup_printf("UPDATE nodes SET \"%s\" = ?1", column);
    const DbValue values[] = {db_text(value)};
    if (!db_execute(fixture->db, sql, values, 1, NULL, &error))
        fail_msg("%s", error->message);
}

json_t *
conductor_fixture_event(ConductorFixture *fixture, const char *type)
{
    unsigned view;
    int64_t lost;
    for (;;) {
        const Event *event = events_next(fixture->listener, &view, &lost);
        if (event == NULL)
            return NULL;
        bool found = strcmp(event->type, type) == 0;
        json_t *told = found ? json_pack("{s:s, s:o}", "type", event->type, "payload",
                                         json_loadb(event->text, event->size, 0, NULL))
                             : NULL;
        event_release(event);
        if (found)
            return told;
    }
}
