/* What PXELINUX and GRUB are told, line by line, and what cannot be told.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/loader_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NODE "1be26c0b-03f2-4d2e-ae87-c02d7f33c781"

static void
begin(BootInstructions *instructions, BootMode mode, const char *arguments)
{
    boot_instructions_init(instructions, "52:54:00:00:00:01");
    instructions->node_uuid = g_strdup(NODE);
    boot_instructions_set_mode(instructions, mode);
    instructions->boot.ramdisk =
        (BootRamdisk){g_strdup("n/kernel"), g_strdup("n/ramdisk"), g_strdup(arguments)};
}

static void
pxelinux_boots_kernel_and_initramfs_without_a_prompt(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_auto(BootInstructions) instructions;
    begin(&instructions, BOOT_MODE_RAMDISK, "console=ttyS0 a=\"b c\" ipa-api-url=http://h:6385");
    g_autofree char *text = pxelinux_config(&instructions, &error);
    assert_string_equal(text, "# Written by Steel for node " NODE ", to run a ramdisk with an "
                              "agent\n"
                              "default steel\n"
                              "prompt 0\n"
                              "totaltimeout 600\n"
                              "label steel\n"
                              "  linux n/kernel\n"
                              "  initrd n/ramdisk\n"
                              "  append console=ttyS0 a=\"b c\" ipa-api-url=http://h:6385\n");
}

static void
grub_boots_them_or_restarts(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_auto(BootInstructions) instructions;
    begin(&instructions, BOOT_MODE_INSTANCE, "root=/dev/ram0 x=$y;reboot");
    g_autofree char *text = grub_config(&instructions, &error);
    assert_string_equal(text, "# Written by Steel for node " NODE ", to run the ramdisk that it "
                              "is deployed with\n"
                              "if linux '/n/kernel' 'root=/dev/ram0' 'x=$y;reboot'; then\n"
                              "  if initrd '/n/ramdisk'; then\n"
                              "    boot\n"
                              "  fi\n"
                              "fi\n"
                              "echo 'Steel: kernel or initramfs cannot be loaded, restarting'\n"
                              "sleep 10\n"
                              "reboot\n");
}

static void
a_word_that_grub_would_change_is_refused(void **state)
{
    (void)state;
    static const char *const words[] = {"a='b'", "a=\"b\"", "a=\\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(BootInstructions) instructions;
        begin(&instructions, BOOT_MODE_NFS, words[i]);
        assert_null(grub_config(&instructions, &error));
        assert_non_null(strstr(error->message, words[i]));
    }
}

static void
without_a_record_the_disk_is_booted(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_auto(BootInstructions) instructions;
    boot_instructions_init(&instructions, "52:54:00:00:00:01");
    instructions.answer = BOOT_ANSWER_NONE;
    g_autofree char *pxelinux = pxelinux_config(&instructions, &error),
                    *grub = grub_config(&instructions, &error);
    assert_non_null(strstr(pxelinux, "label steel\n  localboot 0\n"));
    assert_true(g_str_has_suffix(grub, "to boot from its disk\nexit 1\n"));
}

static void
a_volume_is_refused_and_its_secret_is_nowhere(void **state)
{
    (void)state;
    g_auto(BootInstructions) instructions;
    boot_instructions_init(&instructions, "52:54:00:00:00:01");
    boot_instructions_set_mode(&instructions, BOOT_MODE_ISCSI);
    static const LoaderConfig configs[] = {pxelinux_config, grub_config};
    for (size_t i = 0; i < G_N_ELEMENTS(configs); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(configs[i](&instructions, &error));
        assert_string_equal(error->message,
                            "a machine without iPXE cannot be told to boot from an iSCSI volume");
    }
}

static void
stored_data_that_is_unusable_is_told(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_auto(BootInstructions) instructions;
    boot_instructions_init(&instructions, "52:54:00:00:00:01");
    boot_instructions_set_problem(&instructions, BOOT_ANSWER_UNUSABLE, "nfs_root must be");
    assert_null(pxelinux_config(&instructions, &error));
    assert_string_equal(error->message, "nfs_root must be");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pxelinux_boots_kernel_and_initramfs_without_a_prompt),
        cmocka_unit_test(grub_boots_them_or_restarts),
        cmocka_unit_test(a_word_that_grub_would_change_is_refused),
        cmocka_unit_test(without_a_record_the_disk_is_booted),
        cmocka_unit_test(a_volume_is_refused_and_its_secret_is_nowhere),
        cmocka_unit_test(stored_data_that_is_unusable_is_told),
    };
    return cmocka_run_group_tests_name("loader_config", tests, NULL, NULL);
}
