/* Authorities in PEM become the signature lists that OVMF reads.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/firmware_authorities.h"

#include "common/error.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { HEADER = 28, OWNER = 16 };

static const uint8_t x509_guid[] = {0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a,
                                    0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72};

/* An authority; both texts are the caller's, freed by gnutls_free. */
static void
make(const char *name, gnutls_datum_t *pem, gnutls_datum_t *der)
{
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
    const uint8_t serial = 1;
    gnutls_x509_privkey_init(&key);
    gnutls_x509_crt_init(&certificate);
    assert_return_code(
        gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
        0);
    gnutls_x509_crt_set_version(certificate, 3);
    gnutls_x509_crt_set_serial(certificate, &serial, sizeof serial);
    gnutls_x509_crt_set_activation_time(certificate, time(NULL));
    gnutls_x509_crt_set_expiration_time(certificate, time(NULL) + 3600);
    gnutls_x509_crt_set_dn(certificate, name, NULL);
    gnutls_x509_crt_set_key(certificate, key);
    assert_return_code(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0),
                       0);
    assert_return_code(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, pem), 0);
    assert_return_code(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_DER, der), 0);
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
}

typedef struct Fixture {
    gnutls_datum_t pem[2], der[2];
    GByteArray *lists;
} Fixture;

static int
set_up(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    make("CN=one", &fixture->pem[0], &fixture->der[0]);
    make("CN=two", &fixture->pem[1], &fixture->der[1]);
    fixture->lists = g_byte_array_new();
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    Fixture *fixture = *state;
    for (int i = 0; i < 2; i++) {
        gnutls_free(fixture->pem[i].data);
        gnutls_free(fixture->der[i].data);
    }
    g_byte_array_unref(fixture->lists);
    g_free(fixture);
    return 0;
}

static uint32_t
number_at(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The list at this place has this one certificate. Its size. */
static guint
expect_list(const GByteArray *lists, guint at, const gnutls_datum_t *der)
{
    guint size = HEADER + OWNER + der->size;
    assert_true(lists->len >= at + size);
    const uint8_t *list = lists->data + at;
    assert_memory_equal(list, x509_guid, sizeof x509_guid);
    assert_int_equal(number_at(list + 16), size);              /* SignatureListSize */
    assert_int_equal(number_at(list + 20), 0);                 /* SignatureHeaderSize */
    assert_int_equal(number_at(list + 24), OWNER + der->size); /* SignatureSize */
    assert_memory_equal(list + HEADER + OWNER, der->data, der->size);
    return size;
}

static void
each_certificate_becomes_a_list(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autofree char *text =
        g_strdup_printf("the first\n%sbetween\r\n%sbehind\n", (char *)fixture->pem[0].data,
                        (char *)fixture->pem[1].data);
    assert_true(firmware_authorities_add(fixture->lists, text, strlen(text), &error));
    guint first = expect_list(fixture->lists, 0, &fixture->der[0]);
    assert_int_equal(first + expect_list(fixture->lists, first, &fixture->der[1]),
                     fixture->lists->len);
}

static void
more_texts_are_appended(void **state)
{
    Fixture *fixture = *state;
    for (int i = 0; i < 2; i++)
        assert_true(firmware_authorities_add(fixture->lists, (char *)fixture->pem[i].data,
                                             fixture->pem[i].size, NULL));
    guint first = expect_list(fixture->lists, 0, &fixture->der[0]);
    assert_int_equal(first + expect_list(fixture->lists, first, &fixture->der[1]),
                     fixture->lists->len);
}

static void
refused(Fixture *fixture, const char *text, size_t size, SteelErrorCode code, const char *words)
{
    g_autoptr(GError) error = NULL;
    guint before = fixture->lists->len;
    assert_false(firmware_authorities_add(fixture->lists, text, size, &error));
    if (!steel_error_is(error, code) || strstr(error->message, words) == NULL)
        fail_msg("another error: %s", error->message);
    assert_int_equal(fixture->lists->len, before);
}

static void
what_is_no_certificate_is_refused_and_changes_nothing(void **state)
{
    Fixture *fixture = *state;
    const char *pem = (char *)fixture->pem[0].data;
    g_autofree char *bad = g_strconcat(
        pem, "-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n", NULL);
    assert_true(firmware_authorities_add(fixture->lists, pem, strlen(pem), NULL));
    refused(fixture, "", 0, STEEL_ERROR_INVALID, "there is no certificate in it");
    refused(fixture, "nonsense", 8, STEEL_ERROR_INVALID, "there is no certificate in it");
    refused(fixture, (char *)fixture->der[0].data, fixture->der[0].size, STEEL_ERROR_INVALID,
            "there is no certificate in it");
    refused(fixture, bad, strlen(bad), STEEL_ERROR_INVALID, "certificate 2 cannot be read: ");
    refused(fixture, pem, strlen(pem) - 10, STEEL_ERROR_INVALID,
            "certificate 1 has no line -----END CERTIFICATE-----");
}

static void
too_much_is_refused(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GString) text = g_string_new(NULL);
    for (int i = 0; i < FIRMWARE_AUTHORITIES_MAX; i++)
        g_string_append(text, (char *)fixture->pem[0].data);
    assert_true(firmware_authorities_add(fixture->lists, text->str, text->len, NULL));
    g_string_append(text, (char *)fixture->pem[1].data);
    refused(fixture, text->str, text->len, STEEL_ERROR_TOO_LARGE, "more than 32 certificates");
    g_autofree char *large = g_strnfill(FIRMWARE_AUTHORITIES_TEXT_MAX + 1, ' ');
    refused(fixture, large, strlen(large), STEEL_ERROR_TOO_LARGE, "more than 256 KiB");
    g_byte_array_set_size(fixture->lists, FIRMWARE_AUTHORITIES_LISTS_MAX);
    refused(fixture, (char *)fixture->pem[0].data, fixture->pem[0].size, STEEL_ERROR_TOO_LARGE,
            "the firmware takes 252 KiB");
}

static void
a_file_is_read_and_named(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("steel-authorities-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "ca.pem", NULL);
    assert_null(firmware_authorities_read(path, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_IO));
    assert_non_null(strstr(error->message, path));
    g_clear_error(&error);
    assert_true(
        g_file_set_contents(path, (char *)fixture->pem[0].data, fixture->pem[0].size, NULL));
    g_autofree char *text = firmware_authorities_read(path, &error);
    assert_string_equal(text, (char *)fixture->pem[0].data);
    assert_null(firmware_authorities_read("/dev/zero", &error));
    assert_true(steel_error_is(error, STEEL_ERROR_TOO_LARGE));
    remove(path);
    remove(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_certificate_becomes_a_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_texts_are_appended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_certificate_is_refused_and_changes_nothing,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_much_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_read_and_named, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("lab_firmware_authorities", tests, NULL, NULL);
}
