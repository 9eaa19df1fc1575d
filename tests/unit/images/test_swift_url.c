/* Temporary URLs of Swift, beside what other programs make of the same words.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/swift_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const SwiftUrl object = {.endpoint = "https://swift.example.org/v1/AUTH_account",
                                .container = "container",
                                .object = "object",
                                .key = "mykey",
                                .until_s = 1400003600};

static void
assert_url(const SwiftUrl *wanted, const char *expected)
{
    GError *error = NULL;
    g_autofree char *url = swift_temp_url(wanted, &error);
    if (error != NULL)
        fail_msg("%s", error->message);
    assert_string_equal(url, expected);
}

static void
assert_refused(const SwiftUrl *wanted, SteelErrorCode code, const char *part)
{
    GError *error = NULL;
    g_autofree char *url = swift_temp_url(wanted, &error);
    assert_null(url);
    assert_true(steel_error_is(error, code));
    if (strstr(error->message, part) == NULL)
        fail_msg("%s", error->message);
    g_error_free(error);
}

/* The signatures are those of `printf 'GET\n1400003600\n/v1/AUTH_account/container/object' |
 * openssl dgst -hmac mykey`. */
static void
test_each_digest_has_its_form(void **state)
{
    (void)state;
    SwiftUrl wanted = object;
    assert_url(&wanted,
               "https://swift.example.org/v1/AUTH_account/container/object"
               "?temp_url_sig=73a1515b9794c3559bf6b62b6a194d703abfb69d3e9eacf3de0795303996118f&"
               "temp_url_expires=1400003600");
    wanted.digest = "sha1";
    assert_url(
        &wanted,
        "https://swift.example.org/v1/AUTH_account/container/object"
        "?temp_url_sig=3c4defa8d5f7d82ca16c4e33313d5722ddd5be73&temp_url_expires=1400003600");
    wanted.digest = "sha512";
    assert_url(&wanted, "https://swift.example.org/v1/AUTH_account/container/object"
                        "?temp_url_sig=sha512%3AxWNbl3VDf0VEMfBfecsDADL_6XgEqbS3Bc9C1z6uHdjpby_"
                        "bcn1NS068-mlSeqQf2NoWxKptrQx9ZcuBWa_e8Q&temp_url_expires=1400003600");
}

/* What is signed is the path as it is; what is asked for is percent-encoded. */
static void
test_names_are_encoded_in_the_url_alone(void **state)
{
    (void)state;
    SwiftUrl wanted = object;
    wanted.endpoint = "http://192.0.2.1:8080/v1/AUTH_account/";
    wanted.object = "boot/a b%.iso";
    wanted.filename = "boot.iso";
    assert_url(&wanted,
               "http://192.0.2.1:8080/v1/AUTH_account/container/boot/a%20b%25.iso"
               "?temp_url_sig=8257c4212f32ba5573280bc59491ab32406081baca4c04d68311f751314ed8f7&"
               "temp_url_expires=1400003600&filename=boot.iso");
}

static void
test_what_is_no_place_in_swift_is_refused(void **state)
{
    (void)state;
    static const char *const endpoints[] = {"",
                                            "ftp://swift/v1",
                                            "https://swift",
                                            "https:///v1",
                                            "https://swift/v1?a=b",
                                            "https://swift/v1\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(endpoints); i++) {
        SwiftUrl wanted = object;
        wanted.endpoint = endpoints[i];
        assert_refused(&wanted, STEEL_ERROR_INVALID, "endpoint");
    }
    SwiftUrl wanted = object;
    wanted.container = "a/b";
    assert_refused(&wanted, STEEL_ERROR_INVALID, "container");
    wanted = object;
    wanted.object = "a\nb";
    assert_refused(&wanted, STEEL_ERROR_INVALID, "object");
    wanted = object;
    wanted.digest = "md5";
    assert_refused(&wanted, STEEL_ERROR_INVALID, "md5");
    wanted = object;
    wanted.key = NULL;
    assert_refused(&wanted, STEEL_ERROR_MISSING, "Temp-URL-Key");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_digest_has_its_form),
        cmocka_unit_test(test_names_are_encoded_in_the_url_alone),
        cmocka_unit_test(test_what_is_no_place_in_swift_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
