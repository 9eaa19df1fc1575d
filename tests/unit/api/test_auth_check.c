/* Check strings: what they admit, what they refuse, and the errors of broken ones.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Credentials own their texts; these belong to the program. */
#define TEXT(literal) ((char *)(uintptr_t)(literal))
#define LIST(...) ((char **)(uintptr_t)(const char *const[]){__VA_ARGS__, NULL})

/* The caller in these tests. */
static const Credentials member = {
    .user_id = TEXT("u1"),
    .project_id = TEXT("p1"),
    .project_name = TEXT("blue"),
    .roles = LIST("Member", "reader"),
    .is_admin_project = true,
    .service_roles = LIST("service"),
};
static const Credentials system_admin = {
    .user_id = TEXT("u2"),
    .system_scope = TEXT("all"),
    .roles = LIST("admin", "member", "reader"),
};
static const Credentials nobody = {.is_public = true};

enum { MEMBER, SYSTEM, NOBODY };
static const Credentials *const people[] = {&member, &system_admin, &nobody};

/* clang-format off */
static const struct {
    const char *text;
    int who;
    const char *owner, *lessee;
    Verdict verdict;
} rows[] = {
    {"",                                             NOBODY, NULL, NULL, VERDICT_YES},
    {"  \t\n",                                       NOBODY, NULL, NULL, VERDICT_YES},
    {"@",                                            NOBODY, NULL, NULL, VERDICT_YES},
    {"!",                                            SYSTEM, NULL, NULL, VERDICT_NO},
    {"not !",                                        NOBODY, NULL, NULL, VERDICT_YES},
    {"not not @",                                    NOBODY, NULL, NULL, VERDICT_YES},
    {"role:member",                                  MEMBER, NULL, NULL, VERDICT_YES},
    {"role:MEMBER",                                  MEMBER, NULL, NULL, VERDICT_YES},
    {"role:memb",                                    MEMBER, NULL, NULL, VERDICT_NO},
    {"role:members",                                 MEMBER, NULL, NULL, VERDICT_NO},
    {"role:admin",                                   MEMBER, NULL, NULL, VERDICT_NO},
    {"role:member",                                  NOBODY, NULL, NULL, VERDICT_NO},
    {"ROLE:member",                                  MEMBER, NULL, NULL, VERDICT_NO}, /* roles are lower case here */
    {"role:admin or role:reader",                    MEMBER, NULL, NULL, VERDICT_YES},
    {"role:admin and role:reader",                   MEMBER, NULL, NULL, VERDICT_NO},
    {"role:admin AND role:reader OR @",              MEMBER, NULL, NULL, VERDICT_YES},
    {"@ or ! and !",                                 MEMBER, NULL, NULL, VERDICT_YES}, /* and binds closer than or */
    {"(@ or !) and !",                               MEMBER, NULL, NULL, VERDICT_NO},
    {"! and ! or @",                                 MEMBER, NULL, NULL, VERDICT_YES},
    {"not ! and !",                                  MEMBER, NULL, NULL, VERDICT_NO},  /* not binds closest */
    {"not (! and !)",                                MEMBER, NULL, NULL, VERDICT_YES},
    {"((role:reader))",                              MEMBER, NULL, NULL, VERDICT_YES},
    {"( role:reader )",                              MEMBER, NULL, NULL, VERDICT_YES},
    {"project_id:p1",                                MEMBER, NULL, NULL, VERDICT_YES},
    {"tenant:p1 and user:u1",                        MEMBER, NULL, NULL, VERDICT_YES},
    {"project_id:P1",                                MEMBER, NULL, NULL, VERDICT_NO},
    {"project_id:p1 ",                               SYSTEM, NULL, NULL, VERDICT_NO},
    {"project_id:None",                              SYSTEM, NULL, NULL, VERDICT_YES},
    {"project_id:None",                              MEMBER, NULL, NULL, VERDICT_NO},
    {"system_scope:all",                             SYSTEM, NULL, NULL, VERDICT_YES},
    {"system_scope:all",                             MEMBER, NULL, NULL, VERDICT_NO},
    {"is_public_api:True",                           NOBODY, NULL, NULL, VERDICT_YES},
    {"is_public_api:True",                           MEMBER, NULL, NULL, VERDICT_NO},
    {"is_admin_project:True",                        MEMBER, NULL, NULL, VERDICT_YES},
    {"roles:reader",                                 MEMBER, NULL, NULL, VERDICT_YES},
    {"service_roles:service",                        MEMBER, NULL, NULL, VERDICT_YES},
    {"service_roles:service",                        SYSTEM, NULL, NULL, VERDICT_NO},
    {"shoe_size:43",                                 MEMBER, NULL, NULL, VERDICT_NO},
    {"token.user.id:u1",                             MEMBER, NULL, NULL, VERDICT_NO},
    {"rule:there_is_none",                           SYSTEM, NULL, NULL, VERDICT_NO},
    {"not rule:there_is_none",                       SYSTEM, NULL, NULL, VERDICT_YES},
    {"project_id:%(node.owner)s",                    MEMBER, "p1", NULL, VERDICT_YES},
    {"project_id:%(node.owner)s",                    MEMBER, "p2", "p1", VERDICT_NO},
    {"project_id:%(node.lessee)s",                   MEMBER, "p2", "p1", VERDICT_YES},
    {"project_id:%(node.owner)s",                    MEMBER, NULL, NULL, VERDICT_NO},
    {"project_id:%(node.owner)s",                    SYSTEM, NULL, NULL, VERDICT_NO}, /* an absent project is not the owner of an absent owner */
    {"project_id:%(node.owner)s",                    MEMBER, "p11", NULL, VERDICT_NO},
    {"project_id:%(node.owner)s",                    MEMBER, "p", NULL, VERDICT_NO},
    {"project_id:%(allocation.owner)s",              MEMBER, "p1", NULL, VERDICT_NO}, /* it is a node's owner */
    {"project_id:%(project_id)s",                    MEMBER, NULL, NULL, VERDICT_YES},
    {"project_id:%(node.colour)s",                   MEMBER, "p1", NULL, VERDICT_NO},
    {"project_name:%(config.service_project_name)s", MEMBER, NULL, NULL, VERDICT_YES},
    {"project_name:%(config.service_project_name)s", SYSTEM, NULL, NULL, VERDICT_NO},
    {"'p1':%(node.owner)s",                          NOBODY, "p1", NULL, VERDICT_YES},
    {"\"p1\":%(node.owner)s",                        NOBODY, "p2", NULL, VERDICT_NO},
    {"True:%(is_public_api)s",                       NOBODY, NULL, NULL, VERDICT_YES},
    {"None:%(node.owner)s",                          NOBODY, NULL, NULL, VERDICT_NO},
    {"43:43",                                        NOBODY, NULL, NULL, VERDICT_YES},
    {"project_id:x%(node.owner)s",                   MEMBER, "p1", NULL, VERDICT_NO},
    {"project_id:p%(node.owner)s",                   MEMBER, "1", NULL, VERDICT_YES},
    {"project_id:%(node.owner)s%(node.lessee)s",     MEMBER, "p", "1", VERDICT_YES},
    {"'100%':100%%",                                 NOBODY, NULL, NULL, VERDICT_YES},
    {"role:a:b",                                     MEMBER, NULL, NULL, VERDICT_NO},
};

static const char *const bad[] = {
    "role",
    ":admin",
    "and",
    "or role:admin",
    "role:admin or",
    "role:admin and and role:member",
    "not",
    "(role:admin",
    "role:admin)",
    "()",
    "role:admin role:member",
    "role:admin (role:member)",
    "\"admin\"",
    "http:policy.example",
    "https:policy.example",
    "http://",
    "https:///path",
    "http://h/%(node.owner)",
    "project_id:%",
    "project_id:%s",
    "project_id:%(node.owner)",
    "project_id:%()s",
    "project_id:%(node.owner)d",
};
/* clang-format on */

static Verdict
evaluate(const char *text, const CheckContext *context)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Check) check = check_parse(text, &error);
    if (check == NULL)
        fail_msg("\"%s\": %s", text, error->message);
    return check_evaluate(check, context);
}

static void
check_strings_admit_only_the_callers_they_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const CheckContext context = {.credentials = people[rows[i].who],
                                      .object = "node",
                                      .owner = rows[i].owner,
                                      .lessee = rows[i].lessee,
                                      .service_project_name = "blue"};
        Verdict verdict = evaluate(rows[i].text, &context);
        if (verdict != rows[i].verdict)
            fail_msg("row %zu: \"%s\" gave %d", i, rows[i].text, verdict);
    }
}

static void
broken_check_strings_are_refused_with_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        Check *check = check_parse(bad[i], &error);
        if (check != NULL)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_true(steel_error_is(error, STEEL_ERROR_CONFIG));
        assert_true(strlen(error->message) > 10);
    }
}

/* A server that records its requests. */
typedef struct Server {
    char url[256];
    unsigned asked;
    Verdict verdict;
} Server;

static Verdict
ask_server(void *user_data, const char *url, const CheckContext *context)
{
    Server *server = user_data;
    assert_non_null(context->credentials);
    g_strlcpy(server->url, url, sizeof server->url);
    server->asked++;
    return server->verdict;
}

static void
another_server_is_asked_only_if_its_answer_decides(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct {
        const char *text, *owner;
        Verdict says, verdict;
        const char *url; /* NULL if it is not called */
    } cases[] = {
        {"http://h/x",                        NULL,    VERDICT_YES,    VERDICT_YES,    "http://h/x"},
        {"http://h/x",                        NULL,    VERDICT_NO,     VERDICT_NO,     "http://h/x"},
        {"https://h:1/%(node.owner)s/%(user_id)s?%%", "o 1/", VERDICT_YES, VERDICT_YES, "https://h:1/o%201%2F/u1?%"},
        {"http://h/%(node.owner)s",           NULL,    VERDICT_YES,    VERDICT_FAILED, NULL},
        {"http://h/%(nothing)s",              NULL,    VERDICT_YES,    VERDICT_FAILED, NULL},
        {"@ or http://h/",                    NULL,    VERDICT_FAILED, VERDICT_YES,    NULL},
        {"! and http://h/",                   NULL,    VERDICT_FAILED, VERDICT_NO,     NULL},
        {"not http://h/",                     NULL,    VERDICT_NO,     VERDICT_YES,    "http://h/"},
        {"not http://h/",                     NULL,    VERDICT_FAILED, VERDICT_FAILED, "http://h/"},
        {"http://h/ or @",                    NULL,    VERDICT_FAILED, VERDICT_FAILED, "http://h/"},
        {"(http://h/ and @) or @",            NULL,    VERDICT_FAILED, VERDICT_FAILED, "http://h/"},
        {"@ and not (! or http://h/)",        NULL,    VERDICT_FAILED, VERDICT_FAILED, "http://h/"},
    };
    /* clang-format on */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Server server = {.verdict = cases[i].says};
        const CheckContext context = {.credentials = &member,
                                      .object = "node",
                                      .owner = cases[i].owner,
                                      .remote = ask_server,
                                      .remote_data = &server};
        if (evaluate(cases[i].text, &context) != cases[i].verdict)
            fail_msg("row %zu: \"%s\"", i, cases[i].text);
        assert_int_equal(server.asked, cases[i].url != NULL);
        assert_string_equal(server.url, cases[i].url != NULL ? cases[i].url : "");
    }
}

static void
without_the_target_no_server_is_asked(void **state)
{
    (void)state;
    Server server = {.verdict = VERDICT_YES};
    CheckContext context = {.credentials = &member,
                            .object = "node",
                            .target_unknown = true,
                            .remote = ask_server,
                            .remote_data = &server};
    assert_int_equal(evaluate("http://h/", &context), VERDICT_DEPENDS);
    assert_int_equal(server.asked, 0);
    context.target_unknown = false;
    context.remote = NULL; /* no server may be called here */
    assert_int_equal(evaluate("http://h/", &context), VERDICT_FAILED);
}

static void
endless_nesting_and_length_are_refused(void **state)
{
    (void)state;
    g_autoptr(GString) deep = g_string_new(NULL);
    for (int i = 0; i < 1000; i++)
        g_string_append(deep, "not ");
    g_string_append(deep, "@");
    g_autoptr(GError) error = NULL;
    assert_null(check_parse(deep->str, &error));
    g_clear_error(&error);
    g_autoptr(GString) longer = g_string_new("@");
    for (int i = 0; i < 5000; i++)
        g_string_append(longer, " or @");
    assert_null(check_parse(longer->str, &error));
    g_clear_error(&error);
    g_autofree char *big = g_strnfill(100 * 1024, 'x');
    assert_null(check_parse(big, &error));
}

static void
without_the_target_only_checks_of_it_stay_open(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int who;
        Verdict verdict;
    } open[] = {
        {"project_id:%(node.owner)s",                                      MEMBER, VERDICT_DEPENDS},
        {"role:admin and project_id:%(node.owner)s",                       MEMBER, VERDICT_NO},
        {"role:member and project_id:%(node.owner)s",                      MEMBER, VERDICT_DEPENDS},
        {"role:member or project_id:%(node.owner)s",                       MEMBER, VERDICT_YES},
        {"project_id:%(node.owner)s or role:member",                       MEMBER, VERDICT_YES},
        {"not project_id:%(node.owner)s",                                  MEMBER, VERDICT_DEPENDS},
        {"project_id:%(node.owner)s",                                      SYSTEM, VERDICT_NO},
        {"project_id:x%(node.owner)s",                                     MEMBER, VERDICT_NO},
        {"project_id:%(node.owner)s and role:nosuch",                      MEMBER, VERDICT_NO},
        {"(role:admin and system_scope:all) or project_id:%(node.owner)s", SYSTEM, VERDICT_YES},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(open); i++) {
        const CheckContext context = {
            .credentials = people[open[i].who], .object = "node", .target_unknown = true};
        if (evaluate(open[i].text, &context) != open[i].verdict)
            fail_msg("row %zu: \"%s\"", i, open[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_strings_admit_only_the_callers_they_name),
        cmocka_unit_test(broken_check_strings_are_refused_with_a_reason),
        cmocka_unit_test(another_server_is_asked_only_if_its_answer_decides),
        cmocka_unit_test(without_the_target_no_server_is_asked),
        cmocka_unit_test(endless_nesting_and_length_are_refused),
        cmocka_unit_test(without_the_target_only_checks_of_it_stay_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
