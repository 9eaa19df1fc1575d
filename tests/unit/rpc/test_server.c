/* The conductor's side of rpc: once is once, late is never, and all that is kept is bounded.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/server.h"

#include "rpc/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A conductor that keeps its calls until the test answers them. */
typedef struct Fake {
    RpcServer *server;
    unsigned calls;
    RpcDone done[8];
    void *user_data[8];
    bool at_once; /* answers itself */
} Fake;

static void
fake_call(void *self, const RpcCall *call, RpcDone done, void *user_data)
{
    Fake *fake = self;
    json_decref(call->arguments);
    if (fake->at_once) {
        json_auto_t *result = json_pack("{s:i}", "call", (int)fake->calls++);
        done(result, NULL, user_data);
        return;
    }
    assert_in_range(fake->calls, 0, 7);
    fake->done[fake->calls] = done;
    fake->user_data[fake->calls++] = user_data;
}

static const RpcTransport fake_transport = {.name = "fake", .call = fake_call};

static void
fake_answer(Fake *fake, unsigned call)
{
    json_auto_t *result = json_pack("{s:i}", "call", (int)call);
    fake->done[call](result, NULL, fake->user_data[call]);
}

/* What came back, the last answer. */
typedef struct Got {
    unsigned count;
    RpcAnswer answer;
} Got;

static void
got_clear(Got *got)
{
    rpc_answer_clear(&got->answer);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Got, got_clear)

static void
got_reply(void *user_data, const char *text, size_t size)
{
    Got *got = user_data;
    rpc_answer_clear(&got->answer);
    assert_true(rpc_answer_read(text, size, &got->answer, NULL));
    got->count++;
}

static Fake *
fake_new(unsigned version, int64_t now_ms)
{
    Fake *fake = g_new0(Fake, 1);
    const RpcServerOptions options = {.transport = &fake_transport,
                                      .self = fake,
                                      .host = "c1",
                                      .version = version,
                                      .now_ms = now_ms};
    fake->server = rpc_server_new(&options);
    return fake;
}

static void
fake_free(Fake *fake)
{
    rpc_server_free(fake->server);
    g_free(fake);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fake, fake_free)

static int64_t
now(void)
{
    return g_get_real_time() / 1000;
}

static char *
message(char id[UUID_TEXT_SIZE], int64_t sent_ms, bool again)
{
    json_auto_t *arguments = json_object();
    const RpcCall call = {.method = RPC_SET_POWER, .arguments = arguments};
    return rpc_request_write(&call, id, sent_ms, 60000, again);
}

static void
take(Fake *fake, const char *text, bool again, Got *got)
{
    rpc_server_take(fake->server, text, strlen(text), again, got_reply, got);
}

static void
a_message_that_comes_twice_is_executed_once(void **state)
{
    (void)state;
    g_autoptr(Fake) fake = fake_new(0, 0);
    g_auto(Got) first = {0}, second = {0}, third = {0};
    char id[UUID_TEXT_SIZE];
    g_autofree char *text = message(uuid_generate(id), now(), false);
    take(fake, text, false, &first);
    take(fake, text, true, &second); /* while it is at work */
    assert_int_equal(fake->calls, 1);
    assert_int_equal(rpc_server_busy(fake->server), 1);
    assert_int_equal(first.count + second.count, 0);
    fake_answer(fake, 0);
    assert_int_equal(first.count, 1);
    assert_int_equal(second.count, 1);
    take(fake, text, true, &third); /* when it is done */
    assert_int_equal(fake->calls, 1);
    assert_int_equal(third.count, 1);
    assert_true(json_equal(first.answer.result, third.answer.result));
    assert_int_equal(rpc_server_busy(fake->server), 0);
}

static void
a_message_past_its_deadline_is_not_executed(void **state)
{
    (void)state;
    g_autoptr(Fake) fake = fake_new(0, 0);
    g_auto(Got) got = {0};
    char id[UUID_TEXT_SIZE];
    g_autofree char *text = message(uuid_generate(id), now() - 70000, false);
    take(fake, text, false, &got);
    assert_int_equal(fake->calls, 0);
    assert_true(steel_error_is(got.answer.error, STEEL_ERROR_RPC_TIMEOUT));
}

static void
a_message_that_an_earlier_process_may_have_had_is_not_executed(void **state)
{
    (void)state;
    g_autoptr(Fake) fake = fake_new(0, now());
    g_auto(Got) got = {0}, later = {0};
    char id[UUID_TEXT_SIZE];
    g_autofree char *text = message(uuid_generate(id), now() - 1000, true);
    take(fake, text, false, &got);
    assert_int_equal(fake->calls, 0);
    assert_true(steel_error_is(got.answer.error, STEEL_ERROR_NO_CONDUCTOR));
    g_autoptr(Fake) older = fake_new(0, now() - 30000); /* which was there all the time */
    take(older, text, true, &later);
    assert_int_equal(older->calls, 1);
    fake_answer(older, 0);
}

static void
an_older_conductor_refuses_a_newer_call_and_says_both_versions(void **state)
{
    (void)state;
    g_autoptr(Fake) fake = fake_new(1, 0);
    g_auto(Got) got = {0};
    char id[UUID_TEXT_SIZE];
    g_autofree char *text = message(uuid_generate(id), now(), false);
    char *version = strstr(text, "\"version\":1");
    assert_non_null(version);
    version[strlen("\"version\":")] = '7';
    take(fake, text, false, &got);
    assert_int_equal(fake->calls, 0);
    assert_true(steel_error_is(got.answer.error, STEEL_ERROR_RPC_VERSION));
    assert_non_null(strstr(got.answer.error->message, "version 1"));
    assert_non_null(strstr(got.answer.error->message, "version 7"));
    assert_int_equal(got.answer.version, 1);
}

static void
what_cannot_be_read_is_answered(void **state)
{
    (void)state;
    g_autoptr(Fake) fake = fake_new(0, 0);
    g_auto(Got) got = {0};
    take(fake, "{\"jsonrpc\":", false, &got);
    assert_int_equal(got.count, 1);
    assert_true(steel_error_is(got.answer.error, STEEL_ERROR_INVALID));
}

static void
the_oldest_answers_are_forgotten(void **state)
{
    (void)state;
    g_autoptr(Fake) fake = fake_new(0, 0);
    g_auto(Got) got = {0};
    char first[UUID_TEXT_SIZE], id[UUID_TEXT_SIZE];
    g_autofree char *oldest = message(uuid_generate(first), now(), false);
    fake->at_once = true;
    take(fake, oldest, false, &got);
    for (unsigned i = 0; i < RPC_REMEMBERED_MOST + 1; i++) {
        g_autofree char *text = message(uuid_generate(id), now(), false);
        take(fake, text, false, &got);
    }
    unsigned before = fake->calls;
    take(fake, oldest, false, &got);
    assert_int_equal(fake->calls, before + 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_that_comes_twice_is_executed_once),
        cmocka_unit_test(a_message_past_its_deadline_is_not_executed),
        cmocka_unit_test(a_message_that_an_earlier_process_may_have_had_is_not_executed),
        cmocka_unit_test(an_older_conductor_refuses_a_newer_call_and_says_both_versions),
        cmocka_unit_test(what_cannot_be_read_is_answered),
        cmocka_unit_test(the_oldest_answers_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
