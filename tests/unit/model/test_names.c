/* Names, traits and addresses from outside.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef bool (*NameRule)(const char *name, GError **error);

static void
takes(NameRule rule, const char *name)
{
    g_autoptr(GError) error = NULL;
    if (!rule(name, &error))
        fail_msg("%s", error->message);
}

static void
refuses(NameRule rule, const char *name)
{
    g_autoptr(GError) error = NULL;
    if (rule(name, &error))
        fail_msg("'%s' was taken", name);
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    assert_true(strlen(error->message) < 300);
}

static void
node_names_are_unreserved_characters_of_a_path(void **state)
{
    static const char *const good[] = {"a", "rack1.node-2_x~3", "0", "Node", "states2", "xdetail"};
    static const char *const bad[] = {"",          "a b",        "a/b",         "a%20b",
                                      "n\u00f6de", "a\nb",       "a:b",         "a?b",
                                      "a#b",       "a\\b",       "detail",      "states",
                                      "validate",  "management", "maintenance", "vendor_passthru"};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
        takes(node_name_valid, good[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        refuses(node_name_valid, bad[i]);
}

static void
a_node_name_has_at_most_255_characters_and_not_the_form_of_a_uuid(void **state)
{
    g_autofree char *longest = g_strnfill(255, 'n'), *longer = g_strnfill(256, 'n');
    g_autofree char *huge = g_strnfill(100000, 'n');
    (void)state;
    takes(node_name_valid, longest);
    refuses(node_name_valid, longer);
    refuses(node_name_valid, huge);
    refuses(node_name_valid, "1be26c0b-03f2-4d2e-ae87-c02d7f33c781");
    refuses(node_name_valid, "1BE26C0B-03F2-4D2E-AE87-C02D7F33C781");
    takes(node_name_valid, "1be26c0b-03f2-4d2e-ae87-c02d7f33c781x");
}

static void
traits_are_standard_ones_or_custom_in_upper_case(void **state)
{
    static const char *const good[] = {"CUSTOM_A",         "CUSTOM_GOLD_2",
                                       "HW_CPU_X86_VMX",   "COMPUTE_NODE",
                                       "STORAGE_DISK_SSD", "MISC_SHARES_VIA_AGGREGATE"};
    static const char *const bad[] = {"",          "CUSTOM_",      "custom_a",   "CUSTOM_a",
                                      "GOLD",      "CUSTOM-A",     "CUSTOM_A B", "HW_",
                                      "XCUSTOM_A", "CUSTOM_\u00c4"};
    g_autofree char *tail = g_strnfill(248, 'A');
    g_autofree char *longest = g_strconcat("CUSTOM_", tail, NULL);
    g_autofree char *longer = g_strconcat("CUSTOM_A", tail, NULL);
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
        takes(trait_name_valid, good[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        refuses(trait_name_valid, bad[i]);
    assert_int_equal(strlen(longest), 255);
    takes(trait_name_valid, longest);
    refuses(trait_name_valid, longer);
}

static void
mac_addresses_become_one_spelling(void **state)
{
    static const char *const good[] = {"52:54:00:ab:cd:ef", "52-54-00-AB-CD-EF",
                                       "52:54:00:AB:cd:EF"};
    static const char *const bad[] = {"",
                                      "525400abcdef",
                                      "52:54:00:ab:cd",
                                      "52:54:00:ab:cd:ef:00",
                                      "52:54:00:ab:cd:eg",
                                      "52.54.00.ab.cd.ef",
                                      "52:54:00:ab:cd:e\xc3",
                                      " 52:54:00:ab:cd:e",
                                      "52:54:00:ab:cd:ef "};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *address = mac_address_normalize(good[i], &error);
        assert_null(error);
        assert_string_equal(address, "52:54:00:ab:cd:ef");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(mac_address_normalize(bad[i], &error));
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(node_names_are_unreserved_characters_of_a_path),
        cmocka_unit_test(a_node_name_has_at_most_255_characters_and_not_the_form_of_a_uuid),
        cmocka_unit_test(traits_are_standard_ones_or_custom_in_upper_case),
        cmocka_unit_test(mac_addresses_become_one_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
