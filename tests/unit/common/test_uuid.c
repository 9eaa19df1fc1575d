/* UUIDs: form, version, and that none repeats, also from many threads.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/uuid.h"

#include <glib.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define THREADS 4
#define EACH 5000

static void
a_new_uuid_is_valid_and_of_version_4(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        char text[UUID_TEXT_SIZE];
        assert_ptr_equal(uuid_generate(text), text);
        assert_true(uuid_valid(text));
        assert_int_equal(text[14], '4');
        assert_non_null(strchr("89ab", text[19]));
        for (const char *p = text; *p != '\0'; p++)
            assert_false(g_ascii_isupper(*p));
    }
}

static void *
generate(void *data)
{
    char(*texts)[UUID_TEXT_SIZE] = data;
    for (int i = 0; i < EACH; i++)
        uuid_generate(texts[i]);
    return NULL;
}

static void
no_uuid_comes_twice_from_several_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    char(*texts)[UUID_TEXT_SIZE] = g_malloc(sizeof *texts * THREADS * EACH);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, generate, texts + i * EACH), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (int i = 0; i < THREADS * EACH; i++)
        assert_true(g_hash_table_add(seen, texts[i]));
    g_free(texts);
}

static void
only_the_form_of_a_uuid_is_valid(void **state)
{
    static const char *const good[] = {"00000000-0000-0000-0000-000000000000",
                                       "1BE26C0B-03F2-4D2E-AE87-C02D7F33C781",
                                       "1be26c0b-03f2-4d2e-ae87-c02d7f33c781"};
    static const char *const bad[] = {NULL,
                                      "",
                                      "1be26c0b03f24d2eae87c02d7f33c781",
                                      "1be26c0b-03f2-4d2e-ae87-c02d7f33c78",
                                      "1be26c0b-03f2-4d2e-ae87-c02d7f33c7811",
                                      "1be26c0b-03f2-4d2e-ae87-c02d7f33c78g",
                                      "1be26c0b-03f2-4d2e-ae87_c02d7f33c781",
                                      "{1be26c0b-03f2-4d2e-ae87-c02d7f33c7}",
                                      " 1be26c0b-03f2-4d2e-ae87-c02d7f33c78",
                                      "1be26c0b-03f2-4d2e-ae87-c02d7f33c7\xc3\xa4"};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
        assert_true(uuid_valid(good[i]));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        assert_false(uuid_valid(bad[i]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_uuid_is_valid_and_of_version_4),
        cmocka_unit_test(no_uuid_comes_twice_from_several_threads),
        cmocka_unit_test(only_the_form_of_a_uuid_is_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
