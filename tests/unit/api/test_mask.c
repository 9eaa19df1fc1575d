/* Masking during the copy gives the same as masking the parsed value.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/mask.h"
#include "common/json_text.h"
#include "model/secrets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The mask of the parsed value, as text. */
static char *
masked_tree(const char *text)
{
    json_t *value = json_text_parse(text, strlen(text), 0, NULL);
    assert_non_null(value);
    secret_mask(value);
    char *masked = json_text_dump(value);
    json_decref(value);
    return masked;
}

static void
assert_same(const char *text)
{
    json_t *value = json_text_parse(text, strlen(text), 0, NULL);
    assert_non_null(value);
    g_autofree char *stored = json_text_dump(value); /* as the database has it */
    json_decref(value);
    g_autofree char *expected = masked_tree(stored);
    g_autoptr(GString) out = g_string_new("x");
    mask_append(out, stored, strlen(stored));
    assert_string_equal(out->str + 1, expected);
}

static void
masks_like_the_parsed_value(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        "{\"a\":1}",
        "{\"ipmi_password\":\"x\"}",
        "{\"a\":1,\"PassWord\":\"x\",\"b\":[1,2]}",
        "{\"token\":null,\"secret\":false,\"passphrase\":\"\",\"password\":0,\"new_pass\":true}",
        "{\"secret\":{\"a\":[\"]}\\\"\"]},\"b\":2}",
        "{\"secrets\":[1,{\"x\":2}],\"c\":{\"deep_token\":{\"y\":1},\"z\":\"password\"}}",
        "{\"a\":\"password\",\"b\":[\"token\",\"secret\"]}",
        "{\"a\\\"password\":\"x\",\"b\\\\\":\"token\\\\\",\"c\":\"\\\"secret\\\":\\\"x\\\"\"}",
        "[{\"password\":\"a\"},[{\"token\":\"b\"}],\"password\"]",
        "{\"configdrive\":\"aGVsbG8=\",\"image_url\":\"http://x\",\"image_source\":\"y\"}",
        "{\"a_very_long_key_that_does_not_fit_the_cache_but_holds_a_password\":\"x\"}",
        "{\"\":{\"\":\"x\"},\"password\":{}}",
        "{\"password\":-1.5e10,\"n\":-1.5e10}",
        "{\"\\token\":\"x\",\"a\\\\token\":\"y\",\"\\u00e9token\":\"z\"}",
        "\"password\"",
        "5",
    };
    for (int turn = 0; turn < 2; turn++) /* the second time from the kept verdicts */
        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
            assert_same(texts[i]);
}

static void
does_not_run_over_the_end_of_broken_text(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"password\"",
                                        "{\"password\":",
                                        "{\"password\":\"x",
                                        "{\"password\":[",
                                        "\"",
                                        "{\"a",
                                        "{\"password\":{\"\\",
                                        "{\"a\\",
                                        ""};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        size_t size = strlen(texts[i]);
        g_autofree char *exact = g_memdup2(texts[i], MAX(size, 1)); /* without NUL */
        g_autoptr(GString) out = g_string_new(NULL);
        mask_append(out, exact, size);
        assert_null(strstr(out->str, "x"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_like_the_parsed_value),
        cmocka_unit_test(does_not_run_over_the_end_of_broken_text),
    };
    return cmocka_run_group_tests_name("api_mask", tests, NULL, NULL);
}
