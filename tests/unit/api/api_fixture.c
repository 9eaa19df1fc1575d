/* The fixture; the contract is in api_fixture.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api_fixture.h"

#include "db/records.h"

#include <glib/gstdio.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

typedef struct Reply {
    ApiFixture *fixture;
    RpcDone done;
    void *user_data;
} Reply;

static void
answer(const Reply *reply)
{
    ApiFixture *fixture = reply->fixture;
    g_autoptr(GError) error = NULL;
    if (fixture->failure >= 0) {
        steel_fail(&error, (SteelErrorCode)fixture->failure, "as the test wants it");
        reply->done(NULL, error, reply->user_data);
        return;
    }
    json_t *empty = json_object();
    reply->done(fixture->result != NULL ? fixture->result : empty, NULL, reply->user_data);
    json_decref(empty);
}

static void *
answer_later(void *data)
{
    Reply *reply = data;
    const struct timespec pause = {.tv_nsec = 3 * 1000 * 1000};
    nanosleep(&pause, NULL);
    answer(reply);
    g_free(reply);
    return NULL;
}

static void
take_call(void *self, const RpcCall *call, RpcDone done, void *user_data)
{
    ApiFixture *fixture = self;
    __atomic_add_fetch(&fixture->calls, 1, __ATOMIC_ACQ_REL);
    const Reply reply = {fixture, done, user_data};
    if (fixture->on_own_thread) {
        json_decref(call->arguments);
        pthread_t thread;
        assert_int_equal(
            pthread_create(&thread, NULL, answer_later, g_memdup2(&reply, sizeof reply)), 0);
        pthread_detach(thread);
        return;
    }
    fixture->method = call->method;
    record_set_text(&fixture->node_uuid, call->node_uuid);
    json_decref(fixture->arguments);
    fixture->arguments = call->arguments;
    json_decref(fixture->judged);
    fixture->judged = json_deep_copy(call->judged);
    answer(&reply);
}

static const RpcTransport transport = {.name = "test", .call = take_call};

ApiFixture *
api_fixture_new(void)
{
    ApiFixture *fixture = g_new0(ApiFixture, 1);
    g_autoptr(GError) error = NULL;
    fixture->failure = -1;
    fixture->folder = g_dir_make_tmp("steel-api-XXXXXX", NULL);
    assert_non_null(fixture->folder);
    g_autofree char *url = g_strdup_printf("sqlite:///%s/db", fixture->folder);
    fixture->db = db_open(url, &db_throw_away, &error);
    if (fixture->db == NULL)
        fail_msg("%s", error->message);
    fixture->rpc = rpc_new(&transport, fixture);
    return fixture;
}

void
api_fixture_free(ApiFixture *fixture)
{
    rpc_free(fixture->rpc);
    db_close(fixture->db);
    static const char *const files[] = {"db", "db-wal", "db-shm"};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(fixture->folder, files[i], NULL);
        g_unlink(path);
    }
    g_rmdir(fixture->folder);
    g_free(fixture->folder);
    g_free(fixture->node_uuid);
    json_decref(fixture->arguments);
    json_decref(fixture->judged);
    json_decref(fixture->result);
    g_free(fixture);
}

char *
api_fixture_add_node(ApiFixture *fixture, const char *name)
{
    g_autoptr(Node) node = node_new();
    g_autoptr(GError) error = NULL;
    record_set_text(&node->driver, "ipmi");
    record_set_text(&node->name, name);
    record_set_text(&node->provision_state, "enroll");
    json_object_set_new(node->driver_info, "ipmi_password", json_string("hidden"));
    if (!db_record_insert(fixture->db, &node_resource, node, &error))
        fail_msg("%s", error->message);
    return g_strdup(node->uuid);
}
