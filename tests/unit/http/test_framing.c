/* Requests that have only one meaning.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/framing.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
refuses_bodies_whose_end_is_not_certain(void **state)
{
    static const struct {
        const char *headers, *version; /* "Name: value" by ";" */
        bool good;
    } rows[] = {
        {"Host: a",                                               "HTTP/1.1", true},
        {"Content-Length: 5",                                     "HTTP/1.1", true},
        {"Transfer-Encoding: chunked",                            "HTTP/1.1", true},
        {"transfer-encoding: Chunked",                            "HTTP/1.1", true},
        {"Content-Length: 5;content-length: 6",                   "HTTP/1.1", false},
        {"Content-Length: 5;Content-Length: 5",                   "HTTP/1.1", false},
        {"Content-Length: 5;Transfer-Encoding: chunked",          "HTTP/1.1", false},
        {"Transfer-Encoding: gzip",                               "HTTP/1.1", false},
        {"Transfer-Encoding: gzip, chunked",                      "HTTP/1.1", false},
        {"Transfer-Encoding: chunked;Transfer-Encoding: chunked", "HTTP/1.1", false},
        {"Transfer-Encoding: chunked",                            "HTTP/1.0", false},
        {"X-Content-Length: 5;Content-Length: 5",                 "HTTP/1.1", true},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Framing framing = {0};
        g_auto(GStrv) lines = g_strsplit(rows[i].headers, ";", -1);
        for (char **line = lines; *line != NULL; line++) {
            char *colon = strchr(*line, ':');
            framing_note(&framing, *line, (size_t)(colon - *line), colon + 2);
        }
        if ((framing_fault(&framing, rows[i].version) == NULL) != rows[i].good)
            fail_msg("%s %s", rows[i].version, rows[i].headers);
    }
}

static void
finds_a_nul_in_the_request_line(void **state)
{
    static const char plain[] = "/v1/nodes/a\0HTTP/1.1", blanks[] = "/v1/nodes/a\0  HTTP/1.1",
                      hidden[] = "/v1/nodes/a\0b\0HTTP/1.1", last[] = "/v1/nodes/a\0\0HTTP/1.1";
    (void)state;
    assert_false(framing_has_nul(plain, 11, plain + 12));
    assert_false(framing_has_nul(blanks, 11, blanks + 14));
    assert_true(framing_has_nul(hidden, 11, hidden + 14));
    assert_true(framing_has_nul(last, 11, last + 13));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bodies_whose_end_is_not_certain),
        cmocka_unit_test(finds_a_nul_in_the_request_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
