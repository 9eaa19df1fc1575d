/* Password files: who may log in, which lines are skipped, and the effect of a changed file.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/basic.h"
#include "auth/htpasswd.h"
#include "common/log.h"

#include <crypt.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* bcrypt of a password at the least cost, with a prefix of four characters. */
static char *
hash_of(const char *prefix, const char *password)
{
    g_autofree char *setting = g_strdup_printf("%s04$abcdefghijklmnopqrstuu", prefix);
    struct crypt_data *data = g_new0(struct crypt_data, 1);
    char *hash = g_strdup(crypt_rn(password, setting, data, (int)sizeof *data));
    g_free(data);
    return hash;
}

static Htpasswd *
parse(const char *text, char **warnings)
{
    g_autoptr(GError) error = NULL;
    Htpasswd *htpasswd = htpasswd_parse("h", text, strlen(text), warnings, &error);
    if (htpasswd == NULL)
        fail_msg("%s", error->message);
    return htpasswd;
}

static void
users_log_in_with_their_own_password_only(void **state)
{
    (void)state;
    g_autofree char *y = hash_of("$2y$", "rose"), *b = hash_of("$2b$", "tulip"),
                    *a = hash_of("$2a$", "");
    g_autofree char *text =
        g_strdup_printf("# gardeners\n\n  ann:%s\r\nbob:%s:a comment\nkim:%s", y, b, a);
    g_autofree char *warnings = NULL;
    g_autoptr(Htpasswd) htpasswd = parse(text, &warnings);
    assert_null(warnings);
    assert_int_equal(htpasswd_count(htpasswd), 3);
    assert_true(htpasswd_verify(htpasswd, "ann", "rose"));
    assert_true(htpasswd_verify(htpasswd, "bob", "tulip"));
    assert_true(htpasswd_verify(htpasswd, "kim", ""));
    assert_false(htpasswd_verify(htpasswd, "ann", "tulip"));
    assert_false(htpasswd_verify(htpasswd, "ann", "ros"));
    assert_false(htpasswd_verify(htpasswd, "ann", ""));
    assert_false(htpasswd_verify(htpasswd, "Ann", "rose"));
    assert_false(htpasswd_verify(htpasswd, "eve", "rose"));
    assert_false(htpasswd_verify(htpasswd, "", ""));
}

static void
nobody_logs_in_with_an_empty_file(void **state)
{
    (void)state;
    g_autoptr(Htpasswd) htpasswd = parse("", NULL);
    assert_false(htpasswd_verify(htpasswd, "ann", "rose"));
    assert_false(htpasswd_verify(htpasswd, "", ""));
}

static void
unusable_lines_are_skipped_and_reported_without_their_hash(void **state)
{
    (void)state;
    g_autofree char *good = hash_of("$2y$", "rose");
    g_autofree char *again = hash_of("$2y$", "lily");
    g_autofree char *text = g_strdup_printf("ann:%s\n"
                                            "md5:$apr1$secretsalt$hash\n"
                                            "plain:secretpassword\n"
                                            "short:$2y$04$secret\n"
                                            "nonsense\n"
                                            ":%s\n"
                                            "ann:%s\n"
                                            "slow:$2y$31$%s\n"
                                            "odd:$2y$0x$%s\n",
                                            good, good, again, good + 7, good + 7);
    g_autofree char *warnings = NULL;
    g_autoptr(Htpasswd) htpasswd = parse(text, &warnings);
    assert_int_equal(htpasswd_count(htpasswd), 1);
    assert_true(htpasswd_verify(htpasswd, "ann", "rose"));
    assert_false(htpasswd_verify(htpasswd, "ann", "lily"));
    assert_false(htpasswd_verify(htpasswd, "plain", "secretpassword"));
    for (int line = 2; line <= 9; line++) {
        g_autofree char *place = g_strdup_printf("h:%d: ", line);
        if (strstr(warnings, place) == NULL)
            fail_msg("line %d is not named in:\n%s", line, warnings);
    }
    assert_null(strstr(warnings, "secret"));
    assert_null(strstr(warnings, "$2y$04"));
}

static void
huge_and_binary_files_are_refused(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autofree char *big = g_strnfill(HTPASSWD_FILE_LIMIT + 1, '\n');
    assert_null(htpasswd_parse("h", big, HTPASSWD_FILE_LIMIT + 1, NULL, &error));
    g_clear_error(&error);
    assert_null(htpasswd_parse("h", "a\0b", 3, NULL, &error));
    g_clear_error(&error);
    g_autofree char *hash = hash_of("$2y$", "rose");
    GString *many = g_string_new(NULL);
    for (int i = 0; i <= HTPASSWD_USER_LIMIT; i++)
        g_string_append_printf(many, "u%d:%s\n", i, hash);
    assert_null(htpasswd_parse("h", many->str, many->len, NULL, &error));
    g_string_free(many, TRUE);
}

/* ---- with a file ---- */

typedef struct World {
    char *folder, *path;
    Basic *basic;
} World;

static void
write_users(const World *world, const char *password)
{
    g_autofree char *hash = hash_of("$2y$", password);
    g_autofree char *text = g_strdup_printf("ann:%s\n", hash);
    g_autoptr(GError) error = NULL;
    if (!g_file_set_contents(world->path, text, -1, &error))
        fail_msg("%s", error->message);
}

static int
set_up(void **state)
{
    World *world = g_new0(World, 1);
    log_set_level(LOG_LEVEL_ERROR);
    world->folder = g_dir_make_tmp("steel-htpasswd-XXXXXX", NULL);
    world->path = g_build_filename(world->folder, "htpasswd", NULL);
    world->basic = basic_new(world->path);
    write_users(world, "rose");
    *state = world;
    return 0;
}

static int
tear_down(void **state)
{
    World *world = *state;
    basic_free(world->basic);
    unlink(world->path);
    rmdir(world->folder);
    g_free(world->path);
    g_free(world->folder);
    g_free(world);
    return 0;
}

/* Logs in with "user:password". */
static IdentityOutcome
ask(const World *world, const char *login, bool may_block)
{
    g_autofree char *encoded = g_base64_encode((const guchar *)login, strlen(login));
    g_autofree char *header = g_strconcat("Basic ", encoded, NULL);
    g_autoptr(Bearer) bearer = NULL;
    g_autoptr(GError) error = NULL;
    IdentityOutcome outcome = basic_check(world->basic, header, may_block, &bearer, &error);
    assert_true((outcome == IDENTITY_KNOWN) == (bearer != NULL));
    assert_true((outcome == IDENTITY_FAILED) == (error != NULL));
    return outcome;
}

static void
a_checked_login_is_answered_without_waiting(void **state)
{
    const World *world = *state;
    assert_int_equal(ask(world, "ann:rose", false), IDENTITY_ASK);
    assert_int_equal(ask(world, "ann:rose", true), IDENTITY_KNOWN);
    assert_int_equal(ask(world, "ann:rose", false), IDENTITY_KNOWN);
    assert_int_equal(ask(world, "ann:lily", false), IDENTITY_ASK);
    assert_int_equal(ask(world, "ann:lily", true), IDENTITY_REFUSED);
    assert_int_equal(ask(world, "ann:lily", false), IDENTITY_REFUSED);
    assert_int_equal(ask(world, "eve:rose", true), IDENTITY_REFUSED);
}

static void
a_changed_file_counts_from_the_next_request_on(void **state)
{
    const World *world = *state;
    assert_int_equal(ask(world, "ann:rose", true), IDENTITY_KNOWN);
    write_users(world, "lily");
    assert_int_equal(ask(world, "ann:rose", false), IDENTITY_ASK);
    assert_int_equal(ask(world, "ann:rose", true), IDENTITY_REFUSED);
    assert_int_equal(ask(world, "ann:lily", true), IDENTITY_KNOWN);
    assert_int_equal(ask(world, "ann:lily", false), IDENTITY_KNOWN);
}

static void
without_a_file_every_login_fails_with_the_reason(void **state)
{
    const World *world = *state;
    assert_int_equal(ask(world, "ann:rose", true), IDENTITY_KNOWN);
    unlink(world->path);
    g_autoptr(Bearer) bearer = NULL;
    g_autoptr(GError) error = NULL;
    assert_int_equal(basic_check(world->basic, NULL, true, &bearer, &error), IDENTITY_FAILED);
    assert_true(steel_error_is(error, STEEL_ERROR_CONFIG));
    assert_non_null(strstr(error->message, world->path));
    assert_int_equal(ask(world, "ann:rose", true), IDENTITY_FAILED);
    write_users(world, "rose");
    assert_int_equal(ask(world, "ann:rose", true), IDENTITY_KNOWN);
}

static void
broken_login_headers_are_refused(void **state)
{
    const World *world = *state;
    g_autofree char *big = g_strnfill(10000, 'A');
    g_autofree char *long_header = g_strconcat("Basic ", big, NULL);
    const char *const headers[] = {
        NULL,
        "",
        "Basic",
        "Basic ",
        "Bearer YW5uOnJvc2U=",
        "Basic ????",
        "Basic YW5u",             /* ann */
        "Basic OnJvc2U=",         /* :rose */
        "Basic YW5uOnJvc2UAeA==", /* ann:rose NUL x */
        "Basic YW5uOnJvc2U= x",
        long_header,
    };
    g_autoptr(GError) error = NULL;
    assert_true(basic_refresh(world->basic, &error));
    for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
        Bearer *bearer = NULL;
        if (basic_check(world->basic, headers[i], true, &bearer, &error) != IDENTITY_REFUSED)
            fail_msg("header %zu was not refused", i);
    }
    Bearer *bearer = NULL; /* the scheme is not case sensitive */
    assert_int_equal(basic_check(world->basic, "basic YW5uOnJvc2U=", true, &bearer, &error),
                     IDENTITY_KNOWN);
    assert_string_equal(bearer->credentials.user_name, "ann");
    bearer_unref(bearer);
}

static void *
knock(void *data)
{
    const World *world = data;
    for (int i = 0; i < 30; i++) {
        IdentityOutcome outcome = ask(world, i % 3 == 0 ? "ann:rose" : "ann:lily", true);
        assert_true(outcome == IDENTITY_KNOWN || outcome == IDENTITY_REFUSED);
    }
    return NULL;
}

static void
threads_log_in_while_the_file_changes(void **state)
{
    World *world = *state;
    pthread_t threads[4];
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, knock, world), 0);
    for (int i = 0; i < 20; i++)
        write_users(world, i % 2 == 0 ? "lily" : "rose");
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    write_users(world, "lily");
    assert_int_equal(ask(world, "ann:lily", true), IDENTITY_KNOWN);
    assert_int_equal(ask(world, "ann:rose", true), IDENTITY_REFUSED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_log_in_with_their_own_password_only),
        cmocka_unit_test(nobody_logs_in_with_an_empty_file),
        cmocka_unit_test(unusable_lines_are_skipped_and_reported_without_their_hash),
        cmocka_unit_test(huge_and_binary_files_are_refused),
        cmocka_unit_test_setup_teardown(a_checked_login_is_answered_without_waiting, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_changed_file_counts_from_the_next_request_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_a_file_every_login_fails_with_the_reason, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(broken_login_headers_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(threads_log_in_while_the_file_changes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
