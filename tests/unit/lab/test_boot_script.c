/* What a simulated machine reads of its boot script. SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/boot_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "#!ipxe\necho Steel: 52:54:01:00:00:00 is node x, to boot\n"
#define REPORT "52-54-01-00-00-00/progress?token=t0&phase="
#define FETCH "imgfetch --name steel-report --timeout 5000 " REPORT

static const char ramdisk[] =
    HEAD "set steel-done 1\nset steel-try:int32 1\n:attempt\nimgfree deploy_kernel ||\n"
         "kernel --name deploy_kernel ../x/deploy_kernel nofb ipa-api-url=http://192.0.2.1:6385 "
         "ipa-agent-token=secret initrd=deploy_ramdisk || goto failed\n"
         "initrd --name deploy_ramdisk ../x/deploy_ramdisk || goto failed\n" FETCH
         "kernel_loaded&try=${steel-try} ||\nimgfree steel-report ||\n"
         "boot deploy_kernel || goto failed\n:failed\n" FETCH
         "ramdisk_failed&try=${steel-try}&errno=${steel-errno} ||\nreboot\nexit 1\n";

static const char volume[] = HEAD
    "set steel-done 1\n:attempt\nset username u\nsanhook --drive 0x80 iscsi:h::3260:1:iqn\n" FETCH
    "san_hooked&try=${steel-try}&unlisted=${steel-unlisted} ||\nimgfree steel-report ||\n"
    "sanboot --drive 0x80 || goto boot_failed\n" FETCH "boot_failed ||\nreboot\n";

static void
a_ramdisk_is_kernel_initramfs_words_and_a_report(void **state)
{
    (void)state;
    g_auto(BootScript) script = {0};
    boot_script_read(ramdisk, strlen(ramdisk), &script);
    assert_int_equal(script.kind, BOOT_SCRIPT_KERNEL);
    assert_string_equal(script.kernel, "../x/deploy_kernel");
    assert_string_equal(script.initramfs, "../x/deploy_ramdisk");
    assert_string_equal(script.arguments, "nofb ipa-api-url=http://192.0.2.1:6385 "
                                          "ipa-agent-token=secret initrd=deploy_ramdisk");
    assert_string_equal(script.report, REPORT "kernel_loaded&try=1");
}

static void
a_volume_is_reported_when_it_is_attached(void **state)
{
    (void)state;
    g_auto(BootScript) script = {0};
    boot_script_read(volume, strlen(volume), &script);
    assert_int_equal(script.kind, BOOT_SCRIPT_VOLUME);
    assert_null(script.kernel);
    assert_string_equal(script.report, REPORT "san_hooked&try=1&unlisted=");
}

static void
other_scripts_say_what_to_do_next(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        BootScriptKind kind;
    } rows[] = {
        {"",                                                                 BOOT_SCRIPT_RETRY},
        {"not now\n",                                                        BOOT_SCRIPT_RETRY},
        {"set steel-done 1\nexit 1\n",                                       BOOT_SCRIPT_RETRY},
        {HEAD "echo whose boot script is refused\nexit 1\n",                 BOOT_SCRIPT_RETRY},
        {HEAD "set steel-unknown 1\nexit 1\n",                               BOOT_SCRIPT_UNKNOWN},
        {HEAD "set steel-done 1\nexit 1\n",                                  BOOT_SCRIPT_LEAVE},
        {HEAD "set steel-done 1\nsleep 60\nreboot\nexit 1\n",                BOOT_SCRIPT_RESTART},
        {HEAD "set steel-done 1\nkernel ../k word || goto failed\nboot k\n", BOOT_SCRIPT_RETRY},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(BootScript) script = {0};
        boot_script_read(rows[i].text, strlen(rows[i].text), &script);
        if (script.kind != rows[i].kind)
            fail_msg("%s: %d", rows[i].text, (int)script.kind);
    }
}

static void
urls_are_relative_to_the_scripts_folder(void **state)
{
    (void)state;
    static const char base[] = "http://h:1/a/boot/m.ipxe";
    static const char *const rows[][2] = {
        {"m/progress?x=/", "http://h:1/a/boot/m/progress?x=/"},
        {"../x/k",         "http://h:1/a/x/k"},
        {"../../k",        "http://h:1/k"},
        {"../../../../k",  "http://h:1/k"},
        {"https://i/k",    "https://i/k"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *url = boot_url_resolve(base, rows[i][0]);
        assert_string_equal(url, rows[i][1]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ramdisk_is_kernel_initramfs_words_and_a_report),
        cmocka_unit_test(a_volume_is_reported_when_it_is_attached),
        cmocka_unit_test(other_scripts_say_what_to_do_next),
        cmocka_unit_test(urls_are_relative_to_the_scripts_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
