/* Messages of rpc: what was written is read the same, and nothing else is taken.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/message.h"

#include "common/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ID "6c7a2c2e-0b5c-4f0e-9d5e-0d4a1f1f2a11"
#define NODE "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"

static void
a_call_comes_as_it_was_sent(void **state)
{
    (void)state;
    json_auto_t *arguments = json_pack("{s:s, s:i}", "target", "active", "é", 7);
    json_auto_t *judged = json_pack("{s:{s:s, s:n}}", NODE, "owner", "p1", "lessee");
    const RpcCall call = {
        .method = RPC_PROVISION,
        .node_uuid = NODE,
        .arguments = arguments,
        .judged = judged,
        .context = {.request_id = "req-1", .user_id = "u1", .global_request_id = "req-2"}};
    g_autofree char *text = rpc_request_write(&call, ID, 1000, 60000, true);
    g_auto(RpcRequest) request = {.id = ""};
    assert_true(rpc_request_read(text, strlen(text), &request, NULL));
    assert_string_equal(request.id, ID);
    assert_int_equal(request.call.method, RPC_PROVISION);
    assert_string_equal(request.call.node_uuid, NODE);
    assert_true(json_equal(request.call.arguments, arguments));
    assert_true(json_equal(request.call.judged, judged));
    assert_string_equal(request.call.context.request_id, "req-1");
    assert_string_equal(request.call.context.user_id, "u1");
    assert_string_equal(request.call.context.global_request_id, "req-2");
    assert_null(request.call.context.project_id);
    assert_int_equal(request.version, rpc_method_version(RPC_PROVISION));
    assert_int_equal(request.sent_ms, 1000);
    assert_int_equal(request.limit_ms, 60000);
    assert_true(request.again);
}

static void
a_call_without_a_node_and_judgement_has_neither(void **state)
{
    (void)state;
    json_auto_t *arguments = json_object();
    const RpcCall call = {.method = RPC_DRIVER_PROPERTIES, .arguments = arguments};
    g_autofree char *text = rpc_request_write(&call, ID, 0, 1, false);
    g_auto(RpcRequest) request = {.id = ""};
    assert_true(rpc_request_read(text, strlen(text), &request, NULL));
    assert_null(request.call.node_uuid);
    assert_null(request.call.judged);
    assert_false(request.again);
}

#define PARAMS(more) "{\"arguments\":{},\"version\":1,\"sent_ms\":1,\"limit_ms\":1" more "}"
#define MESSAGE(method, params)                                                                    \
    "{\"jsonrpc\":\"2.0\",\"id\":\"" ID "\",\"method\":" method ",\"params\":" params "}"

static void
a_call_of_another_shape_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "7",
        "{\"jsonrpc\":\"1.0\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"update\",\"params\":" PARAMS("") "}",
        MESSAGE("7", PARAMS("")),
        MESSAGE("\"update\"", "[]"),
        MESSAGE("\"update\"", "{\"version\":1,\"sent_ms\":1,\"limit_ms\":1}"),
        MESSAGE("\"update\"", "{\"arguments\":[],\"version\":1,\"sent_ms\":1,\"limit_ms\":1}"),
        MESSAGE("\"update\"", "{\"arguments\":{},\"version\":-1,\"sent_ms\":1,\"limit_ms\":1}"),
        MESSAGE("\"update\"", "{\"arguments\":{},\"version\":1,\"sent_ms\":\"1\",\"limit_ms\":1}"),
        MESSAGE("\"update\"", "{\"arguments\":{},\"version\":1,\"sent_ms\":1,\"limit_ms\":0}"),
        MESSAGE("\"update\"",
                "{\"arguments\":{},\"version\":1,\"sent_ms\":1,\"limit_ms\":99999999999}"),
        MESSAGE("\"update\"", PARAMS(",\"node\":\"../1\"")),
        MESSAGE("\"update\"", PARAMS(",\"node\":7")),
        MESSAGE("\"update\"", PARAMS(",\"judged\":[]")),
        MESSAGE("\"update\"", PARAMS(",\"judged\":{\"a\":\"b\"}")),
        MESSAGE("\"update\"", PARAMS(",\"context\":{\"user_id\":7}")),
        MESSAGE("\"update\"", PARAMS(",\"again\":1")),
    };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_auto(RpcRequest) request = {.id = ""};
        g_autoptr(GError) error = NULL;
        assert_false(rpc_request_read(texts[i], strlen(texts[i]), &request, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    }
    static const char good[] = MESSAGE("\"update\"", PARAMS(""));
    g_auto(RpcRequest) request = {.id = ""};
    assert_true(rpc_request_read(good, strlen(good), &request, NULL));
}

static void
an_unknown_method_is_one_of_another_version(void **state)
{
    (void)state;
    static const char text[] = MESSAGE("\"fly\"", PARAMS(""));
    g_auto(RpcRequest) request = {.id = ""};
    g_autoptr(GError) error = NULL;
    assert_false(rpc_request_read(text, strlen(text), &request, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_RPC_VERSION));
    assert_string_equal(request.id, ID);
}

static void
each_error_keeps_its_code_and_sentence(void **state)
{
    (void)state;
    for (int code = 0; code < STEEL_ERROR_COUNT; code++) {
        g_autoptr(GError) error = g_error_new(steel_error_quark(), code, "sentence %d", code);
        g_autofree char *text = rpc_answer_write(ID, 1, NULL, error);
        g_auto(RpcAnswer) answer = {.id = ""};
        assert_true(rpc_answer_read(text, strlen(text), &answer, NULL));
        assert_string_equal(answer.id, ID);
        assert_null(answer.result);
        assert_int_equal(answer.error->code, code);
        assert_string_equal(answer.error->message, error->message);
    }
}

static void
a_result_comes_as_it_was_sent(void **state)
{
    (void)state;
    json_auto_t *result = json_pack("{s:[i, n, s]}", "a", 1, "x");
    g_autofree char *text = rpc_answer_write(ID, 3, result, NULL);
    g_auto(RpcAnswer) answer = {.id = ""};
    assert_true(rpc_answer_read(text, strlen(text), &answer, NULL));
    assert_true(json_equal(answer.result, result));
    assert_null(answer.error);
    assert_int_equal(answer.version, 3);
}

static void
an_answer_of_another_shape_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"" ID "\",\"version\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"" ID "\",\"version\":1,\"result\":7}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"" ID "\",\"result\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"" ID "\",\"version\":1,\"error\":\"x\"}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_auto(RpcAnswer) answer = {.id = ""};
        g_autoptr(GError) error = NULL;
        assert_false(rpc_answer_read(texts[i], strlen(texts[i]), &answer, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    }
}

static void
an_error_that_nobody_knows_is_an_internal_one(void **state)
{
    (void)state;
    static const char text[] =
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"version\":9,\"error\":"
        "{\"code\":418,\"message\":\"a teapot\",\"data\":{\"code\":\"TEA\"}}}";
    g_auto(RpcAnswer) answer = {.id = ""};
    assert_true(rpc_answer_read(text, strlen(text), &answer, NULL));
    assert_true(steel_error_is(answer.error, STEEL_ERROR_INTERNAL));
    assert_string_equal(answer.error->message, "a teapot");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_comes_as_it_was_sent),
        cmocka_unit_test(a_call_without_a_node_and_judgement_has_neither),
        cmocka_unit_test(a_call_of_another_shape_is_refused),
        cmocka_unit_test(an_unknown_method_is_one_of_another_version),
        cmocka_unit_test(each_error_keeps_its_code_and_sentence),
        cmocka_unit_test(a_result_comes_as_it_was_sent),
        cmocka_unit_test(an_answer_of_another_shape_is_refused),
        cmocka_unit_test(an_error_that_nobody_knows_is_an_internal_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
