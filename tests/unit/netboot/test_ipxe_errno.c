/* Error numbers that were seen on real machines are explained.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/ipxe_errno.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Numbers as iPXE 1.20 (Debian 12) reported them in QEMU, and a word of the explanation. */
static const struct {
    uint32_t number;
    const char *word;
} seen[] = {
    {0x410d613c, "auth_username"},
    {0x430d6601, "may want CHAP"},
    {0x2c0d603b, "target_iqn"},
    {0x1d704039, "target_lun"},
    {0x0f0a6039, "target_portal"},
    {0x3e11613b, "DNS"},
    {0x34852006, "iBFT"},
    {0x1d852039, "BIOS boot sector"},
    {0x7f22208e, "UEFI boot loader"},
};

static void
numbers_of_known_faults_name_what_to_check(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(seen); i++) {
        const char *words = ipxe_errno_words(seen[i].number);
        if (words == NULL || strstr(words, seen[i].word) == NULL)
            fail_msg("%08x: %s", seen[i].number, words != NULL ? words : "no words");
    }
}

static void
numbers_that_say_nothing_have_no_words(void **state)
{
    (void)state;
    assert_null(ipxe_errno_words(0));
    assert_null(ipxe_errno_words(0xffffffff));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_known_faults_name_what_to_check),
        cmocka_unit_test(numbers_that_say_nothing_have_no_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
