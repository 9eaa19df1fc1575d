/* RIBCL: what is sent, and what every kind of answer means.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "bmc/ilo/ribcl.h"
#include "common/secret.h"

#define START "<?xml version=\"1.0\"?>\r\n<RIBCL VERSION=\"2.23\">\r\n"
#define END "</RIBCL>\r\n"
#define GOOD START "<RESPONSE\r\n    STATUS=\"0x0000\"\r\n    MESSAGE='No error'\r\n     />\r\n" END
#define DATA(xml) START "<RESPONSE STATUS=\"0x0000\" MESSAGE='No error'/>" xml END
#define SAYS(status, message) START "<RESPONSE STATUS=\"" status "\" MESSAGE='" message "'/>" END

static const char *const once_boot[] = {"value", "CDROM", NULL};

static void
a_request_holds_login_block_and_command(void **state)
{
    const RibclCommand command = {"SERVER_INFO", true, {"SET_ONE_TIME_BOOT", once_boot, NULL}};
    GError *error = NULL;
    char *text = ribcl_request("admin", "secret", &command, &error);
    (void)state;
    assert_null(error);
    assert_string_equal(text, "<RIBCL VERSION=\"2.0\">\r\n"
                              "<LOGIN USER_LOGIN=\"admin\" PASSWORD=\"secret\">\r\n"
                              "<SERVER_INFO MODE=\"write\"><SET_ONE_TIME_BOOT value=\"CDROM\"/>"
                              "</SERVER_INFO>\r\n</LOGIN>\r\n</RIBCL>\r\n");
    secret_free(text);
}

static void
a_request_has_elements_within_its_command(void **state)
{
    static const char *const once[] = {"VALUE", "BOOT_ONCE", NULL},
                             *const protect[] = {"VALUE", "YES", NULL},
                             *const device[] = {"DEVICE", "CDROM", NULL};
    const RibclElement children[] = {
        {"VM_BOOT_OPTION", once, NULL}, {"VM_WRITE_PROTECT", protect, NULL}, {0}};
    const RibclCommand command = {"RIB_INFO", true, {"SET_VM_STATUS", device, children}};
    char *text = ribcl_request("a", "b", &command, NULL);
    (void)state;
    assert_non_null(strstr(text, "<SET_VM_STATUS DEVICE=\"CDROM\"><VM_BOOT_OPTION "
                                 "VALUE=\"BOOT_ONCE\"/><VM_WRITE_PROTECT VALUE=\"YES\"/>"
                                 "</SET_VM_STATUS>"));
    secret_free(text);
}

static void
values_cannot_leave_their_quotes(void **state)
{
    const RibclCommand command = {"SERVER_INFO", false, {"GET_HOST_POWER_STATUS", NULL, NULL}};
    char *text = ribcl_request("a\"><b", "&\"<>'\xc3\xa9", &command, NULL);
    (void)state;
    assert_non_null(strstr(text, "USER_LOGIN=\"a&quot;&gt;&lt;b\" "
                                 "PASSWORD=\"&amp;&quot;&lt;&gt;&apos;\xc3\xa9\">"));
    secret_free(text);
}

static void
what_xml_cannot_carry_is_refused(void **state)
{
    static const char *const bad[] = {"a\nb", "a\x01", "a\x7f", "a\xff", "\xc2\x85"};
    const RibclCommand command = {"SERVER_INFO", false, {"GET_HOST_POWER_STATUS", NULL, NULL}};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(ribcl_request("user", bad[i], &command, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
        assert_non_null(strstr(error->message, "PASSWORD"));
        assert_null(strstr(error->message, bad[i]));
    }
}

static void
read_good(const char *body, RibclAnswer *answer)
{
    g_autoptr(GError) error = NULL;
    if (!ribcl_answer_read(body, strlen(body), "secret", answer, &error))
        fail_msg("%s", error->message);
}

static void
data_is_found_among_several_documents(void **state)
{
    g_auto(RibclAnswer) answer = {0};
    (void)state;
    read_good(GOOD GOOD GOOD DATA("<GET_HOST_POWER HOST_POWER=\"ON\"/>") GOOD GOOD, &answer);
    assert_string_equal(answer.data->name, "GET_HOST_POWER");
    assert_string_equal(ribcl_attribute(answer.data, "host_power"), "ON");
    assert_null(answer.message);
}

static void
data_has_the_shape_that_was_sent(void **state)
{
    g_auto(RibclAnswer) answer = {0};
    (void)state;
    read_good(GOOD DATA("<GET_ALL_LICENSES><LICENSE><LICENSE_TYPE VALUE=\"iLO 4 &amp; more\"/>"
                        "<LICENSE_CLASS value='FQL'/></LICENSE><LICENSE/></GET_ALL_LICENSES>"),
              &answer);
    const RibclNode *licence = ribcl_child(answer.data, "license");
    assert_int_equal(answer.data->children->len, 2);
    assert_string_equal(ribcl_value(licence, "LICENSE_TYPE"), "iLO 4 & more");
    assert_string_equal(ribcl_value(licence, "LICENSE_CLASS"), "FQL");
    assert_null(ribcl_value(licence, "LICENSE_KEY"));
    assert_null(ribcl_child(NULL, "LICENSE"));
}

static void
a_message_beside_success_is_kept(void **state)
{
    g_auto(RibclAnswer) answer = {0};
    (void)state;
    read_good(GOOD SAYS("0x0000", "Host power is already ON.") GOOD, &answer);
    assert_string_equal(answer.message, "Host power is already ON.");
    assert_null(answer.data);
}

static void
bytes_that_are_not_utf8_are_latin1(void **state)
{
    g_auto(RibclAnswer) answer = {0};
    (void)state;
    read_good(DATA("<A B=\"Geh\xe4use\"/>"), &answer);
    assert_string_equal(ribcl_attribute(answer.data, "B"), "Geh\xc3\xa4use");
}

static void
each_status_has_its_class(void **state)
{
    static const struct {
        const char *body;
        SteelErrorCode code;
        const char *words;
    } cases[] = {
        {GOOD SAYS("0x005F", "Login failed."), STEEL_ERROR_BMC_AUTH, "Login failed."},
        {GOOD SAYS("0x005F", "No."), STEEL_ERROR_BMC_AUTH, "No."},
        {GOOD SAYS("0x000A", "User login name was not found"), STEEL_ERROR_BMC_AUTH, "0x000A"},
        {GOOD SAYS("0x0099", "Login credentials rejected."), STEEL_ERROR_BMC_AUTH, "rejected"},
        {GOOD GOOD SAYS("0x003C", "Feature not supported - GET_PENDING_BOOT_MODE") GOOD,
         STEEL_ERROR_UNSUPPORTED, "PENDING"},
        {GOOD SAYS("0x0001", "Syntax error: Line #3: syntax error near \"X\"."),
         STEEL_ERROR_UNSUPPORTED, "Line #3"},
        {GOOD SAYS("0x0035", "An invalid Virtual Media option has been given"),
         STEEL_ERROR_BMC_REFUSED, "0x0035"},
        {GOOD SAYS("0x0004", "Password is too short."), STEEL_ERROR_BMC_REFUSED, "too short"},
        {"", STEEL_ERROR_BMC_PROTOCOL, "no XML"},
        {"<html>404</html>", STEEL_ERROR_BMC_PROTOCOL, "no XML"},
        {"<?xml version=\"1.0\"?><html/>", STEEL_ERROR_BMC_PROTOCOL, "no RIBCL"},
        {"<?xml version=\"1.0\"?><RIBCL/>", STEEL_ERROR_BMC_PROTOCOL, "RESPONSE"},
        {GOOD START "<RESPONSE STATUS=\"0x0000\" MESSAGE='No", STEEL_ERROR_BMC_PROTOCOL, "cut off"},
        {SAYS("none", ""), STEEL_ERROR_BMC_PROTOCOL, "STATUS"},
        {START "<RESPONSE MESSAGE=''/>" END, STEEL_ERROR_BMC_PROTOCOL, "STATUS"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(RibclAnswer) answer = {0};
        g_autoptr(GError) error = NULL;
        assert_false(
            ribcl_answer_read(cases[i].body, strlen(cases[i].body), NULL, &answer, &error));
        if (!steel_error_is(error, cases[i].code) || strstr(error->message, cases[i].words) == NULL)
            fail_msg("case %zu: %s", i, error->message);
        assert_null(answer.data);
    }
}

static void
an_error_never_has_the_password(void **state)
{
    static const char body[] = SAYS("0x0001", "Syntax error near: &lt;LOGIN USER_LOGIN=\"admin\" "
                                              "PASSWORD=\"a&amp;amp;b\"&gt; or a&amp;b");
    g_auto(RibclAnswer) answer = {0};
    g_autoptr(GError) error = NULL;
    (void)state;
    assert_false(ribcl_answer_read(body, strlen(body), "a&b", &answer, &error));
    assert_null(strstr(error->message, "a&b"));
    assert_null(strstr(error->message, "a&amp;b"));
    assert_non_null(strstr(error->message, "PASSWORD=\"******\""));
}

static bool
is_refused(const char *body, size_t size)
{
    g_auto(RibclAnswer) answer = {0};
    g_autoptr(GError) error = NULL;
    bool good = ribcl_answer_read(body, size, NULL, &answer, &error);
    assert_true(good || steel_error_is(error, STEEL_ERROR_BMC_PROTOCOL));
    return !good;
}

static void
entities_are_refused(void **state)
{
    static const char *const bodies[] = {
        "<?xml version=\"1.0\"?><!DOCTYPE RIBCL [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>"
        "<RIBCL><RESPONSE STATUS=\"0\" MESSAGE=\"&b;\"/></RIBCL>",
        "<?xml version=\"1.0\"?><!DOCTYPE RIBCL [<!ENTITY f SYSTEM \"file:///etc/hostname\">]>"
        "<RIBCL><RESPONSE STATUS=\"0\" MESSAGE=\"x\"/><A>&f;</A></RIBCL>",
        "<?xml version=\"1.0\"?><!DOCTYPE RIBCL SYSTEM \"http://127.0.0.1:1/x.dtd\">"
        "<RIBCL><RESPONSE STATUS=\"0\" MESSAGE=\"x\"/></RIBCL>",
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++)
        assert_true(is_refused(bodies[i], strlen(bodies[i])));
}

static char *
repeat(const char *before, const char *middle, size_t count, const char *after)
{
    GString *text = g_string_new(before);
    for (size_t i = 0; i < count; i++)
        g_string_append(text, middle);
    g_string_append(text, after);
    return g_string_free(text, FALSE);
}

#define OPEN START "<RESPONSE STATUS=\"0x0000\" MESSAGE='No error'/><A>"

static void
an_answer_has_limits(void **state)
{
    g_autofree char *many = repeat("", GOOD, RIBCL_DOCUMENTS_MAX, ""),
                    *too_many = repeat("", GOOD, RIBCL_DOCUMENTS_MAX + 1, ""),
                    *deep = repeat(OPEN, "<A>", RIBCL_DEPTH_MAX + 1, ""),
                    *closed = repeat(deep, "</A>", RIBCL_DEPTH_MAX + 2, END),
                    *full = repeat(OPEN, "<A/>", RIBCL_ELEMENTS_MAX, "</A>" END),
                    *usual = repeat(OPEN, "<A/>", RIBCL_ELEMENTS_MAX / 2, "</A>" END),
                    *huge = g_strnfill(RIBCL_ANSWER_MAX + 1, ' ');
    (void)state;
    assert_false(is_refused(many, strlen(many)));
    assert_true(is_refused(too_many, strlen(too_many)));
    assert_true(is_refused(closed, strlen(closed)));
    assert_true(is_refused(full, strlen(full)));
    assert_false(is_refused(usual, strlen(usual)));
    memcpy(huge, GOOD, strlen(GOOD));
    assert_true(is_refused(huge, RIBCL_ANSWER_MAX + 1));
    assert_false(is_refused(huge, RIBCL_ANSWER_MAX));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_holds_login_block_and_command),
        cmocka_unit_test(a_request_has_elements_within_its_command),
        cmocka_unit_test(values_cannot_leave_their_quotes),
        cmocka_unit_test(what_xml_cannot_carry_is_refused),
        cmocka_unit_test(data_is_found_among_several_documents),
        cmocka_unit_test(data_has_the_shape_that_was_sent),
        cmocka_unit_test(a_message_beside_success_is_kept),
        cmocka_unit_test(bytes_that_are_not_utf8_are_latin1),
        cmocka_unit_test(each_status_has_its_class),
        cmocka_unit_test(an_error_never_has_the_password),
        cmocka_unit_test(entities_are_refused),
        cmocka_unit_test(an_answer_has_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
