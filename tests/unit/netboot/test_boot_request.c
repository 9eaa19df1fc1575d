/* Paths, reports, tokens and ranges of requests are read strictly.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *path;
    BootRoute route;
} routes[] = {
    {"/boot.ipxe",                        BOOT_ROUTE_GENERIC},
    {"/boot/52-54-00-AB-cd-01.ipxe",      BOOT_ROUTE_SCRIPT},
    {"/boot/52:54:00:ab:CD:01.ipxe",      BOOT_ROUTE_SCRIPT},
    {"/boot/52-54-00-ab-cd-01/progress",  BOOT_ROUTE_PROGRESS},
    {"/boot/52-54-00-ab-cd-01",           BOOT_ROUTE_NONE},
    {"/boot/52-54-00-ab-cd-01/",          BOOT_ROUTE_NONE},
    {"/boot/52-54-00-ab-cd-01/progress/", BOOT_ROUTE_NONE},
    {"/boot/52-54-00-ab-cd-01.ipxe/x",    BOOT_ROUTE_NONE},
    {"/boot/52-54-00-ab-cd-01-02.ipxe",   BOOT_ROUTE_NONE},
    {"/boot/52-54-00-ab-cd.ipxe",         BOOT_ROUTE_NONE},
    {"/boot/52-54-00-ab-cd-0g.ipxe",      BOOT_ROUTE_NONE},
    {"/boot/525400abcd01.ipxe",           BOOT_ROUTE_NONE},
    {"/boot/",                            BOOT_ROUTE_NONE},
    {"/boot/../secret",                   BOOT_ROUTE_NONE},
    {"/boot",                             BOOT_ROUTE_FILE},
    {"/boot.ipxe/",                       BOOT_ROUTE_FILE},
    {"/",                                 BOOT_ROUTE_FILE},
    {"/images/a.img",                     BOOT_ROUTE_FILE},
};

static void
paths_lead_to_scripts_reports_and_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
        char mac[MAC_TEXT_SIZE] = "untouched";
        if (boot_route(routes[i].path, mac) != routes[i].route)
            fail_msg("%s: route %d", routes[i].path, (int)boot_route(routes[i].path, mac));
        bool addressed =
            routes[i].route == BOOT_ROUTE_SCRIPT || routes[i].route == BOOT_ROUTE_PROGRESS;
        assert_string_equal(mac, addressed ? "52:54:00:ab:cd:01" : "untouched");
    }
}

static const struct {
    BootProgressQuery query;
    const char *words;
} reports[] = {
    {{.phase = "san_hooked"}, ""},
    {{.phase = "san_hooked", .attempt = "1", .unlisted = ""}, "attempt 1"},
    {{.phase = "san_hooked", .attempt = "1", .unlisted = ".1.2"},
     "attempt 1, volume 1+2 attached, but not listed in the iBFT (no room, or IPv6): the system "
     "must log in to it by its own configuration"},
    {{.phase = "san_failed", .attempt = "2", .volume = "0", .number = "410d613c"},
     "attempt 2, volume 0: the target refused the CHAP login: check auth_username and "
     "auth_password (iPXE error 410d613c)"},
    {{.phase = "boot_failed", .number = "00000000"},
     "the firmware reports an error (iPXE error 00000000)"},
    {{.phase = "given_up", .detail = "no more"}, "no more"},
};

static void
reports_are_said_in_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(reports); i++) {
        g_autoptr(GError) error = NULL;
        BootPhase phase = BOOT_PHASE_COUNT;
        g_autofree char *words = boot_progress_words(&reports[i].query, &phase, &error);
        assert_non_null(words);
        assert_string_equal(words, reports[i].words);
        assert_string_equal(boot_phase_info(phase)->word, reports[i].query.phase);
    }
}

static void
reports_with_anything_unexpected_are_refused(void **state)
{
    (void)state;
    g_autofree char *long_detail = g_strnfill(BOOT_DETAIL_LENGTH + 1, 'x');
    const struct {
        BootProgressQuery query;
        const char *word;
    } bad[] = {
        {{.phase = NULL}, "phase"},
        {{.phase = ""}, "phase"},
        {{.phase = "script_served"}, "phase"},
        {{.phase = "unusable"}, "phase"},
        {{.phase = "SAN_HOOKED"}, "phase"},
        {{.phase = "san_failed", .volume = "-1"}, "volume"},
        {{.phase = "san_failed", .volume = "100"}, "volume"},
        {{.phase = "san_failed", .volume = ""}, "volume"},
        {{.phase = "san_failed", .attempt = "1\n2"}, "try"},
        {{.phase = "san_failed", .number = "410d613"}, "errno"},
        {{.phase = "san_failed", .number = "410d613g"}, "errno"},
        {{.phase = "san_failed", .number = "410d613c0"}, "errno"},
        {{.phase = "san_hooked", .unlisted = ".1,2"}, "unlisted"},
        {{.phase = "san_failed", .detail = "a\nb"}, "detail"},
        {{.phase = "san_failed", .detail = "\x1b[2J"}, "detail"},
        {{.phase = "san_failed", .detail = "\xc3\xa9"}, "detail"},
        {{.phase = "san_failed", .detail = long_detail}, "detail"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        BootPhase phase = BOOT_PHASE_COUNT;
        g_autofree char *words = boot_progress_words(&bad[i].query, &phase, &error);
        if (words != NULL)
            fail_msg("case %zu gave \"%s\"", i, words);
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
        assert_non_null(strstr(error->message, bad[i].word));
        assert_int_equal(phase, BOOT_PHASE_COUNT);
    }
}

static void
a_mac_address_is_read_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text, *mac;
    } rows[] = {
        {"52:54:00:ab:cd:01",   "52:54:00:ab:cd:01"},
        {"52-54-00-AB-CD-01",   "52:54:00:ab:cd:01"},
        {"52:54:00:ab:cd:01 ",  NULL},
        {"52:54:00:ab:cd:01:2", NULL},
        {"52:54:00:ab:cd:0",    NULL},
        {"52:54:00:ab:cd:0g",   NULL},
        {"525400abcd01",        NULL},
        {"",                    NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char mac[MAC_TEXT_SIZE] = "";
        assert_int_equal(boot_mac_read(rows[i].text, mac), rows[i].mac != NULL);
        assert_string_equal(mac, rows[i].mac != NULL ? rows[i].mac : "");
    }
}

static const struct {
    const char *header;
    ByteRange range;
    uint64_t first, last;
} ranges[] = {
    {NULL,                             BYTE_RANGE_WHOLE,         0,  0},
    {"bytes=0-0",                      BYTE_RANGE_PART,          0,  0},
    {"bytes=0-99",                     BYTE_RANGE_PART,          0,  99},
    {"bytes=10-19",                    BYTE_RANGE_PART,          10, 19},
    {"BYTES=10-",                      BYTE_RANGE_PART,          10, 99},
    {"bytes=99-200",                   BYTE_RANGE_PART,          99, 99},
    {"bytes=-1",                       BYTE_RANGE_PART,          99, 99},
    {"bytes=-500",                     BYTE_RANGE_PART,          0,  99},
    {"bytes=100-",                     BYTE_RANGE_UNSATISFIABLE, 0,  0},
    {"bytes=100-200",                  BYTE_RANGE_UNSATISFIABLE, 0,  0},
    {"bytes=-0",                       BYTE_RANGE_UNSATISFIABLE, 0,  0},
    {"bytes=20-10",                    BYTE_RANGE_WHOLE,         0,  0},
    {"bytes=0-1,4-5",                  BYTE_RANGE_WHOLE,         0,  0},
    {"bytes=",                         BYTE_RANGE_WHOLE,         0,  0},
    {"bytes=-",                        BYTE_RANGE_WHOLE,         0,  0},
    {"bytes=a-b",                      BYTE_RANGE_WHOLE,         0,  0},
    {"bytes=1-2x",                     BYTE_RANGE_WHOLE,         0,  0},
    {"bytes=--1",                      BYTE_RANGE_WHOLE,         0,  0},
    {"bytes=99999999999999999999999-", BYTE_RANGE_WHOLE,         0,  0},
    {"items=0-1",                      BYTE_RANGE_WHOLE,         0,  0},
};

static void
ranges_are_cut_to_the_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++) {
        uint64_t first = 0, last = 0;
        ByteRange range = byte_range_read(ranges[i].header, 100, &first, &last);
        if (range != ranges[i].range || first != ranges[i].first || last != ranges[i].last)
            fail_msg("%s: %d, %d to %d", ranges[i].header, (int)range, (int)first, (int)last);
    }
    uint64_t first = 0, last = 0;
    assert_int_equal(byte_range_read("bytes=0-", 0, &first, &last), BYTE_RANGE_UNSATISFIABLE);
    assert_int_equal(byte_range_read("bytes=-5", 0, &first, &last), BYTE_RANGE_UNSATISFIABLE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_lead_to_scripts_reports_and_files),
        cmocka_unit_test(reports_are_said_in_words),
        cmocka_unit_test(reports_with_anything_unexpected_are_refused),
        cmocka_unit_test(a_mac_address_is_read_whole),
        cmocka_unit_test(ranges_are_cut_to_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
