/* What every transport of rpc does alike: test_contract PROGRAM WAY...; the conductor is a process
 * of PROGRAM, except for `local`. `oslo` needs RabbitMQ (tests/on-cluster).
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/backoff.h"
#include "common/http_client.h"
#include "common/json_text.h"
#include "common/time_text.h"
#include "contract.h"
#include "fake_conductor.h"
#include "hand.h"
#include "rpc/amqp.h"
#include "rpc/json_rpc_client.h"
#include "rpc/message.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NODE "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"
enum { LIMIT_S = 60, START_LIMIT_MS = 60000 };

static const char *program;

/* The answers to the calls of one test. */
typedef struct Got {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned count;
    json_t *result; /* of the last answer; owned */
    GError *error;  /* likewise */
} Got;

typedef struct World World;

typedef struct Way {
    const char *name; /* as in [DEFAULT]rpc_transport */
    void (*open)(World *world);
    void (*close)(World *world);
    /* Sends a message as it is; the answer's text, for the caller. NULL: no messages travel. */
    char *(*send)(World *world, const char *text);
} Way;

struct World {
    const Way *way;
    char *host;
    pid_t conductor; /* 0: none */
    int input, output;
    unsigned port;
    JsonRpcClient *json;
    AmqpClient *amqp;
    const RpcCarrier *carrier; /* NULL: local */
    void *carrier_self;
    Got got;
};

/* ---- the conductor ---- */

static void
start_conductor(World *world)
{
    int in[2], out[2];
    assert_true(pipe(in) == 0 && pipe(out) == 0);
    world->conductor = fork();
    if (world->conductor == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close(in[1]);
        close(out[0]);
        execl(program, program, world->way->name, world->host, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    world->input = in[1];
    FILE *said = fdopen(out[0], "r");
    assert_int_equal(fscanf(said, "ready %u", &world->port), 1);
    fclose(said);
}

static void
end_conductor(World *world)
{
    if (world->conductor == 0)
        return;
    kill(world->conductor, SIGKILL);
    waitpid(world->conductor, NULL, 0);
    close(world->input);
    world->conductor = 0;
}

/* ---- calls ---- */

static void
got_done(json_t *result, const GError *error, void *user_data)
{
    Got *got = user_data;
    pthread_mutex_lock(&got->mutex);
    json_decref(got->result);
    g_clear_error(&got->error);
    got->result = json_incref(result);
    got->error = error != NULL ? g_error_copy(error) : NULL;
    got->count++;
    pthread_cond_signal(&got->changed);
    pthread_mutex_unlock(&got->mutex);
}

static void
wait_for_answers(World *world, unsigned count)
{
    Got *got = &world->got;
    pthread_mutex_lock(&got->mutex);
    while (got->count < count)
        pthread_cond_wait(&got->changed, &got->mutex);
    pthread_mutex_unlock(&got->mutex);
}

/* Sends a call with these arguments, which are taken. */
static void
begin(World *world, json_t *arguments)
{
    const RpcCall call = {.method = RPC_PROVISION,
                          .node_uuid = NODE,
                          .arguments = arguments,
                          .context = {.request_id = "req-1", .user_id = "u1"}};
    if (world->carrier == NULL)
        fake_conductor.call(NULL, &call, got_done, &world->got);
    else
        world->carrier->send(world->carrier_self, world->host, &call, got_done, &world->got);
}

/* The same, and waits for its answer: world->got. */
static void
call(World *world, json_t *arguments)
{
    unsigned before = world->got.count;
    begin(world, arguments);
    wait_for_answers(world, before + 1);
}

static json_t *
order(const char *what)
{
    return json_pack("{s:s}", "do", what);
}

static json_int_t
executed(World *world)
{
    call(world, order("count"));
    assert_null(world->got.error);
    return json_integer_value(json_object_get(world->got.result, "executed"));
}

static void
assert_failed(const World *world, SteelErrorCode code)
{
    assert_null(world->got.result);
    if (!steel_error_is(world->got.error, code))
        fail_msg("%s", world->got.error->message);
}

/* ---- the ways ---- */

static void
local_open(World *world)
{
    (void)world;
}

static void
json_open(World *world)
{
    start_conductor(world);
    g_free(world->host);
    world->host = g_strdup_printf("127.0.0.1:%u", world->port);
    world->json = json_rpc_client_new(config_current(), NULL);
    assert_non_null(world->json);
    world->carrier = &json_rpc_carrier;
    world->carrier_self = world->json;
}

static void
json_close(World *world)
{
    json_rpc_client_free(world->json);
}

static char *
json_send(World *world, const char *text)
{
    g_autofree char *url = json_rpc_url(world->host, 0, false);
    g_auto(HttpResponse) response = {0};
    const HttpRequest request = {
        .method = "POST", .url = url, .body = text, .body_size = strlen(text)};
    assert_true(http_request(&request, &response, NULL));
    assert_int_equal(response.status, 200);
    return g_strdup(response.body);
}

/* The conductor's queue is there some time after its process. */
static void
amqp_open(World *world)
{
    Backoff pauses = {20, 500, time_monotonic_ms() + START_LIMIT_MS, NULL};
    start_conductor(world);
    world->amqp = amqp_client_new(config_current(), NULL, NULL);
    assert_non_null(world->amqp);
    world->carrier = &amqp_carrier;
    world->carrier_self = world->amqp;
    do
        call(world, order("count"));
    while (world->got.error != NULL && backoff_pause(&pauses));
    assert_null(world->got.error);
}

static void
amqp_close(World *world)
{
    assert_true(amqp_client_free(world->amqp));
}

static char *
amqp_send_text(World *world, const char *text)
{
    return hand_send(world->host, text);
}

static const Way ways[] = {
    {"local",    local_open, local_open, NULL},
    {"json-rpc", json_open,  json_close, json_send},
    {"oslo",     amqp_open,  amqp_close, amqp_send_text},
};

/* ---- worlds ---- */

static int
world_setup(void **state)
{
    char uuid[UUID_TEXT_SIZE];
    World *world = g_new0(World, 1);
    world->way = *state;
    world->host = g_strconcat("c-", uuid_generate(uuid), NULL);
    pthread_mutex_init(&world->got.mutex, NULL);
    pthread_cond_init(&world->got.changed, NULL);
    contract_configure(
        world->carrier == NULL && world->way->send == NULL ? "none" : world->way->name, LIMIT_S);
    world->way->open(world);
    *state = world;
    return 0;
}

static int
world_teardown(void **state)
{
    World *world = *state;
    world->way->close(world);
    end_conductor(world);
    json_decref(world->got.result);
    g_clear_error(&world->got.error);
    pthread_cond_destroy(&world->got.changed);
    pthread_mutex_destroy(&world->got.mutex);
    g_free(world->host);
    g_free(world);
    return 0;
}

/* ---- every way ---- */

static void
a_call_and_its_answer_come_whole(void **state)
{
    World *world = *state;
    call(world, json_pack("{s:s, s:s}", "do", "echo", "text", "é\"\\\n\x01"));
    json_auto_t *wanted = json_pack("{s:s, s:s, s:s, s:s, s:s}", "text", "é\"\\\n\x01", "node",
                                    NODE, "method", "provision", "user", "u1", "request", "req-1");
    json_object_del(world->got.result, "executed");
    assert_null(world->got.error);
    assert_true(json_equal(world->got.result, wanted));
}

static void
an_error_keeps_its_code_and_its_sentence(void **state)
{
    World *world = *state;
    call(world, order("fail"));
    assert_failed(world, STEEL_ERROR_LOCKED);
    assert_string_equal(world->got.error->message, FAKE_SENTENCE);
}

static void
a_big_call_and_a_big_answer_come_whole(void **state)
{
    enum { SIZE = 4 * 1024 * 1024 };
    World *world = *state;
    g_autofree char *text = g_malloc(SIZE + 1);
    memset(text, 'x', SIZE);
    text[SIZE] = '\0';
    call(world, json_pack("{s:s, s:s}", "do", "echo", "text", text));
    assert_null(world->got.error);
    assert_string_equal(json_string_member(world->got.result, "text"), text);
}

static void
many_calls_are_answered_while_one_hangs(void **state)
{
    enum { CALLS = 200 };
    World *world = *state;
    unsigned before = world->got.count;
    begin(world, order("hang"));
    for (int i = 0; i < CALLS; i++)
        begin(world, order("count"));
    wait_for_answers(world, before + CALLS);
    assert_null(world->got.error);
}

/* ---- where messages travel ---- */

static void
a_call_without_an_answer_ends_when_no_conductor_begins_it_any_more(void **state)
{
    World *world = *state;
    contract_configure(world->way->name, 1);
    int64_t begun_ms = time_monotonic_ms();
    call(world, order("hang"));
    assert_failed(world, STEEL_ERROR_RPC_TIMEOUT);
    assert_true(time_monotonic_ms() - begun_ms >= 1000 + RPC_LIMIT_MARGIN_MS);
    assert_non_null(strstr(world->got.error->message, "rpc_response_timeout"));
}

static void
the_death_of_the_conductor_is_told_before_the_deadline(void **state)
{
    World *world = *state;
    call(world, order("die"));
    assert_failed(world, STEEL_ERROR_NO_CONDUCTOR);
    assert_non_null(strstr(world->got.error->message, world->host));
    call(world, order("count")); /* and nobody is there now */
    assert_failed(world, STEEL_ERROR_NO_CONDUCTOR);
}

/* A message with this method and version, sent so long ago; the caller frees. */
static char *
message(const char *method, unsigned version, int64_t age_ms)
{
    char id[UUID_TEXT_SIZE];
    json_auto_t *made =
        json_pack("{s:s, s:s, s:s, s:{s:{}, s:{s:s, s:s}, s:i, s:I, s:i}}", "jsonrpc", "2.0", "id",
                  uuid_generate(id), "method", method, "params", "context", "arguments", "do",
                  "echo", "text", "t", "version", (int)version, "sent_ms",
                  (json_int_t)(g_get_real_time() / 1000 - age_ms), "limit_ms", 60000);
    return json_text_dump(made);
}

/* Sends it by hand and reads its answer. */
static void
send_and_read(World *world, const char *text, RpcAnswer *answer)
{
    g_autofree char *answered = world->way->send(world, text);
    assert_true(rpc_answer_read(answered, strlen(answered), answer, NULL));
    assert_int_equal(answer->version, CONTRACT_SERVER_VERSION);
}

static void
a_message_that_comes_twice_is_executed_once(void **state)
{
    World *world = *state;
    g_autofree char *text = message("provision", 1, 0);
    json_int_t before = executed(world);
    g_autofree char *first = world->way->send(world, text);
    g_autofree char *second = world->way->send(world, text);
    assert_non_null(strstr(first, "\"result\""));
    assert_string_equal(first, second);
    assert_int_equal(executed(world), before + 1);
}

static void
a_message_past_its_deadline_is_not_executed(void **state)
{
    World *world = *state;
    g_autofree char *text = message("provision", 1, 70000);
    g_auto(RpcAnswer) answer = {.id = ""};
    json_int_t before = executed(world);
    send_and_read(world, text, &answer);
    assert_true(steel_error_is(answer.error, STEEL_ERROR_RPC_TIMEOUT));
    assert_int_equal(executed(world), before);
}

static void
a_method_that_the_conductor_has_not_is_refused(void **state)
{
    World *world = *state;
    g_autofree char *text = message("fly", 1, 0);
    g_auto(RpcAnswer) answer = {.id = ""};
    send_and_read(world, text, &answer);
    assert_true(steel_error_is(answer.error, STEEL_ERROR_RPC_VERSION));
}

static void
an_older_call_is_executed_and_a_newer_one_is_refused(void **state)
{
    World *world = *state;
    g_autofree char *older = message("provision", 1, 0);
    g_autofree char *same = message("provision", CONTRACT_SERVER_VERSION, 0);
    g_autofree char *newer = message("provision", CONTRACT_SERVER_VERSION + 1, 0);
    const char *const texts[] = {older, same, newer};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_auto(RpcAnswer) answer = {.id = ""};
        send_and_read(world, texts[i], &answer);
        assert_int_equal(answer.result == NULL, i == 2);
        if (i == 2)
            assert_true(steel_error_is(answer.error, STEEL_ERROR_RPC_VERSION));
    }
}

static void
what_is_no_message_is_answered(void **state)
{
    World *world = *state;
    g_auto(RpcAnswer) answer = {.id = ""};
    send_and_read(world, "{\"jsonrpc\":", &answer);
    assert_true(steel_error_is(answer.error, STEEL_ERROR_INVALID));
}

/* ---- all of it ---- */

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, world_setup, world_teardown, NULL                                             \
    }
static const struct CMUnitTest everywhere[] = {
    TEST(a_call_and_its_answer_come_whole),
    TEST(an_error_keeps_its_code_and_its_sentence),
    TEST(a_big_call_and_a_big_answer_come_whole),
    TEST(many_calls_are_answered_while_one_hangs),
};
static const struct CMUnitTest with_messages[] = {
    TEST(a_call_without_an_answer_ends_when_no_conductor_begins_it_any_more),
    TEST(the_death_of_the_conductor_is_told_before_the_deadline),
    TEST(a_message_that_comes_twice_is_executed_once),
    TEST(a_message_past_its_deadline_is_not_executed),
    TEST(a_method_that_the_conductor_has_not_is_refused),
    TEST(an_older_call_is_executed_and_a_newer_one_is_refused),
    TEST(what_is_no_message_is_answered),
};

static void
add(GArray *tests, const struct CMUnitTest *rows, size_t count, const Way *way)
{
    for (size_t i = 0; i < count; i++) {
        struct CMUnitTest test = rows[i];
        test.name = g_strdup_printf("%s: %s", way->name, rows[i].name);
        test.initial_state = (void *)(uintptr_t)way;
        g_array_append_val(tests, test);
    }
}

int
main(int count, char **words)
{
    GArray *tests = g_array_new(FALSE, FALSE, sizeof(struct CMUnitTest));
    program = words[1];
    for (int i = 2; i < count; i++) {
        for (size_t way = 0; way < G_N_ELEMENTS(ways); way++) {
            if (strcmp(ways[way].name, words[i]) != 0)
                continue;
            add(tests, everywhere, G_N_ELEMENTS(everywhere), &ways[way]);
            if (ways[way].send != NULL)
                add(tests, with_messages, G_N_ELEMENTS(with_messages), &ways[way]);
        }
    }
    int failed = _cmocka_run_group_tests("contract", (const struct CMUnitTest *)(void *)tests->data,
                                         tests->len, NULL, NULL);
    for (guint i = 0; i < tests->len; i++)
        g_free((void *)(uintptr_t)g_array_index(tests, struct CMUnitTest, i).name);
    g_array_free(tests, TRUE);
    return failed;
}
