/* Scripts, line by line, and what hostile values become in them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "netboot/fc_volume.h"
#include "netboot/ipxe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MAC "52:54:00:00:00:01"
#define NODE "1be26c0b-03f2-4d2e-ae87-c02d7f33c781"
#define TOKEN "0123456789abcdef"
#define IQN "iqn.2010-10.com.example:vol-1"
#define REPORT                                                                                     \
    "imgfetch --name steel-report --timeout 5000 52-54-00-00-00-01/progress?token=" TOKEN "&phase" \
    "="

static void
begin(BootInstructions *instructions, BootAnswer answer)
{
    boot_instructions_init(instructions, MAC);
    instructions->answer = answer;
    if (answer != BOOT_ANSWER_UNKNOWN_MAC)
        instructions->node_uuid = g_strdup(NODE);
}

static void
add_volume(BootInstructions *instructions, const char *text)
{
    json_auto_t *properties = json_text_parse(text, strlen(text), 0, NULL);
    g_autoptr(GError) error = NULL;
    IscsiVolume *volume = iscsi_volume_read(properties, &error);
    if (volume == NULL)
        fail_msg("%s: %s", text, error->message);
    g_ptr_array_add(instructions->boot.iscsi.volumes, volume);
}

static void
begin_iscsi(BootInstructions *instructions)
{
    begin(instructions, BOOT_ANSWER_NONE);
    boot_instructions_set_mode(instructions, BOOT_MODE_ISCSI);
    instructions->token = g_strdup(TOKEN);
    instructions->boot.iscsi.initiator_iqn = g_strdup("iqn.2017-08.org.openstack:node-1");
    add_volume(instructions, "{\"target_portal\":\"192.0.2.5:3260\",\"target_iqn\":\"" IQN
                             "\",\"target_lun\":\"1\",\"auth_username\":\"ABC\","
                             "\"auth_password\":\"XYZ\"}");
}

static void
assert_lines(const char *script, const char *const *lines)
{
    g_auto(GStrv) found = g_strsplit(script, "\n", -1);
    size_t i = 0;
    for (; lines[i] != NULL; i++)
        assert_string_equal(found[i] != NULL ? found[i] : "(end)", lines[i]);
    assert_string_equal(found[i], "");
    assert_null(found[i + 1]);
}

/* The number of lines that are equal to this one. */
static int
count_lines(const char *script, const char *line)
{
    int count = 0;
    g_auto(GStrv) found = g_strsplit(script, "\n", -1);
    for (size_t i = 0; found[i] != NULL; i++)
        count += strcmp(found[i], line) == 0;
    return count;
}

static void
assert_in_order(const char *script, const char *const *parts)
{
    for (size_t i = 0; parts[i] != NULL; i++) {
        const char *found = strstr(script, parts[i]);
        if (found == NULL)
            fail_msg("\"%s\" is not after \"%s\"", parts[i], i > 0 ? parts[i - 1] : "the start");
        script = found + strlen(parts[i]);
    }
}

static void
an_unknown_machine_is_told_so_and_leaves(void **state)
{
    (void)state;
    g_auto(BootInstructions) instructions;
    begin(&instructions, BOOT_ANSWER_UNKNOWN_MAC);
    g_autofree char *script = ipxe_script(&instructions);
    assert_lines(script, (const char *const[]){"#!ipxe", "echo Steel: " MAC " is not enrolled",
                                               "set steel-unknown 1", "exit 1", NULL});
}

static void
a_node_without_network_boot_goes_on_to_its_next_device(void **state)
{
    (void)state;
    g_auto(BootInstructions) instructions;
    begin(&instructions, BOOT_ANSWER_NONE);
    instructions.node_name = g_strdup("rack1-node4");
    g_autofree char *script = ipxe_script(&instructions);
    assert_lines(script,
                 (const char *const[]){"#!ipxe",
                                       "echo Steel: " MAC " is node " NODE " (rack1-node4), "
                                       "not to boot from the network now",
                                       "set steel-done 1", "exit 1", NULL});
}

static void
one_volume_is_hooked_reported_and_booted_and_every_failure_is_bounded(void **state)
{
    (void)state;
    g_auto(BootInstructions) instructions;
    begin_iscsi(&instructions);
    g_autofree char *script = ipxe_script(&instructions);
    const char *failure = "&volume=${steel-volume}&try=${steel-try}&errno=${steel-errno} ||";
    g_autofree char *failed = g_strconcat(REPORT "san_failed", failure, NULL);
    g_autofree char *not_booted = g_strconcat(REPORT "boot_failed", failure, NULL);
    g_autofree char *given_up = g_strconcat(REPORT "given_up", failure, NULL);
    const char *uri = "iscsi:192.0.2.5::3260:1:" IQN;
    g_autofree char *hook = g_strconcat("sanhook --drive 0x80 ", uri, " && goto volume1 ||", NULL);
    g_autofree char *unlisted =
        g_strconcat("sanhook --no-describe --drive 0x80 ", uri, " || goto hook_errno", NULL);
    assert_lines(script, (const char *const[]){
                             "#!ipxe",
                             "echo Steel: " MAC " is node " NODE ", to boot from an iSCSI volume",
                             "set steel-done 1",
                             "set steel-try:int32 1",
                             "set steel-pause:int32 0",
                             "set initiator-iqn iqn.2017-08.org.openstack:node-1",
                             ":attempt",
                             "clear steel-unlisted ||",
                             ":volume0",
                             "set username ABC",
                             "set password XYZ",
                             "set steel-volume 0",
                             hook,
                             "set steel-errno ${errno:hexraw}",
                             "iseq ${steel-errno} 34852006 || goto hook_failed",
                             "sanunhook --drive 0x80 ||",
                             unlisted,
                             "set steel-unlisted ${steel-unlisted}.0",
                             ":volume1",
                             REPORT "san_hooked&try=${steel-try}&unlisted=${steel-unlisted} ||",
                             "imgfree steel-report ||",
                             "sanboot --drive 0x80 || goto boot_failed",
                             "goto boot_failed",
                             ":hook_errno",
                             "set steel-errno ${errno:hexraw}",
                             ":hook_failed",
                             "echo Steel: volume ${steel-volume} cannot be attached",
                             failed,
                             "imgfree steel-report ||",
                             "goto retry",
                             ":boot_failed",
                             "set steel-errno ${errno:hexraw}",
                             "set steel-volume 0",
                             "echo Steel: the boot volume is attached, but does not boot",
                             not_booted,
                             "imgfree steel-report ||",
                             ":retry",
                             "sanunhook --drive 0x80 ||",
                             "clear username ||",
                             "clear password ||",
                             "iseq ${steel-try} 6 && goto give_up ||",
                             "inc steel-try",
                             "inc steel-pause 5",
                             "echo Steel: attempt ${steel-try} of 6 in ${steel-pause} seconds",
                             "sleep ${steel-pause}",
                             "goto attempt",
                             ":give_up",
                             given_up,
                             "imgfree steel-report ||",
                             "echo Steel: gave up, restarting in 10 seconds",
                             "sleep 10",
                             "reboot",
                             "exit 1",
                             NULL,
                         });
}

static void
volumes_have_drives_and_credentials_of_their_own_and_the_boot_volumes_are_set_at_last(void **state)
{
    (void)state;
    g_auto(BootInstructions) instructions;
    begin_iscsi(&instructions);
    add_volume(&instructions, "{\"target_portal\":\"192.0.2.6\",\"target_iqn\":\"" IQN "-b\"}");
    add_volume(&instructions, "{\"target_portal\":\"192.0.2.7\",\"target_iqn\":\"" IQN "-c\","
                              "\"auth_username\":\"c\",\"auth_password\":\"secret-c\"}");
    g_autofree char *script = ipxe_script(&instructions);
    assert_in_order(script,
                    (const char *const[]){
                        "set username ABC\nset password XYZ\nset steel-volume 0\n",
                        "sanhook --drive 0x80 iscsi:192.0.2.5::3260:1:" IQN " && goto volume1",
                        ":volume1\nclear username ||\nclear password ||\n",
                        "sanhook --drive 0x81 iscsi:192.0.2.6::3260:0:" IQN "-b && goto volume2",
                        ":volume2\nset username c\nset password secret-c\n",
                        "sanhook --drive 0x82 iscsi:192.0.2.7::3260:0:" IQN "-c && goto volume3",
                        ":volume3\nset username ABC\nset password XYZ\n",
                        "phase=san_hooked",
                        "sanboot --drive 0x80 ||",
                        "sanunhook --drive 0x80 ||\nsanunhook --drive 0x81 ||\n"
                        "sanunhook --drive 0x82 ||\nclear username ||\n",
                        NULL,
                    });
}

static void
several_paths_are_hooked_at_once_and_one_by_one_where_the_ibft_is_too_small(void **state)
{
    (void)state;
    g_auto(BootInstructions) instructions;
    begin(&instructions, BOOT_ANSWER_NONE);
    boot_instructions_set_mode(&instructions, BOOT_MODE_ISCSI);
    add_volume(&instructions, "{\"target_portals\":[\"192.0.2.5\",\"[2001:db8::6]:3261\"],"
                              "\"target_iqn\":\"" IQN "\"}");
    g_autofree char *script = ipxe_script(&instructions);
    const char *first = "iscsi:192.0.2.5::3260:0:" IQN;
    const char *second = "iscsi:[2001:db8::6]::3261:0:" IQN;
    g_autofree char *both =
        g_strdup_printf("sanhook --drive 0x80 %s %s && goto volume1 ||\n", first, second);
    g_autofree char *one = g_strdup_printf("sanhook --drive 0x80 %s && goto volume1 ||\n", first);
    g_autofree char *two = g_strdup_printf("sanhook --drive 0x80 %s && goto volume1 ||\n", second);
    g_autofree char *hidden =
        g_strdup_printf("sanhook --no-describe --drive 0x80 %s %s || goto", first, second);
    assert_in_order(script, (const char *const[]){both, one, two, hidden, NULL});
    assert_null(strstr(script, "initiator-iqn"));
}

static void
a_volume_behind_ipv6_alone_is_not_listed_in_the_ibft(void **state)
{
    (void)state;
    g_auto(BootInstructions) instructions;
    begin(&instructions, BOOT_ANSWER_NONE);
    boot_instructions_set_mode(&instructions, BOOT_MODE_ISCSI);
    add_volume(&instructions,
               "{\"target_portal\":\"[2001:db8::6]:3261\",\"target_iqn\":\"" IQN "\"}");
    g_autofree char *script = ipxe_script(&instructions);
    assert_int_equal(count_lines(script, "sanhook --no-describe --drive 0x80 "
                                         "iscsi:[2001:db8::6]::3261:0:" IQN " || goto hook_errno"),
                     1);
    assert_null(strstr(script, "sanhook --drive"));
    assert_non_null(strstr(script, "\nset steel-unlisted ${steel-unlisted}.0\n:volume1\n"));
}

static void
without_a_token_nothing_is_reported(void **state)
{
    (void)state;
    g_auto(BootInstructions) instructions;
    begin_iscsi(&instructions);
    g_clear_pointer(&instructions.token, g_free);
    g_autofree char *script = ipxe_script(&instructions);
    assert_null(strstr(script, "progress"));
    assert_non_null(strstr(script, "\nsanboot --drive 0x80 || goto boot_failed\n"));
}

static void
credentials_that_could_break_out_of_their_line_are_encoded(void **state)
{
    (void)state;
    g_auto(BootInstructions) instructions;
    begin(&instructions, BOOT_ANSWER_NONE);
    boot_instructions_set_mode(&instructions, BOOT_MODE_ISCSI);
    add_volume(&instructions, "{\"target_portal\":\"192.0.2.5\",\"target_iqn\":\"" IQN "\","
                              "\"auth_username\":\"-x || shell\","
                              "\"auth_password\":\"${password}#\\\"%41;&&\\\\\"}");
    g_autofree char *script = ipxe_script(&instructions);
    assert_int_equal(count_lines(script, "set username:uristring %2Dx%20%7C%7C%20shell"), 1);
    assert_int_equal(
        count_lines(script, "set password:uristring %24%7Bpassword%7D%23%22%2541%3B%26%26%5C"), 1);
    assert_null(strstr(script, "shell\n|"));
    assert_null(strstr(script, "${password}"));
}

/* Neither steel-done nor steel-unknown: the generic script asks again, and restarts the machine in
 * the end. */
static void
a_machine_that_is_refused_says_why_and_asks_again(void **state)
{
    (void)state;
    g_auto(BootInstructions) instructions;
    begin(&instructions, BOOT_ANSWER_NONE);
    boot_instructions_set_problem(&instructions, BOOT_ANSWER_REFUSED, "192.0.2.9: somebody else's");
    g_autofree char *script = ipxe_script(&instructions);
    assert_lines(script, (const char *const[]){"#!ipxe",
                                               "echo Steel: " MAC " is node " NODE
                                               ", whose boot script is refused:",
                                               "echo 192.0.2.9: somebody else's", "exit 1", NULL});
}

static void
names_and_problems_cannot_become_commands(void **state)
{
    (void)state;
    g_auto(BootInstructions) instructions;
    begin(&instructions, BOOT_ANSWER_UNUSABLE);
    instructions.node_name = g_strdup("a\nshell ${net0/ip} || shell ; shell && shell # \\");
    instructions.problem = g_strdup("target_lun must be a number, not \"\n\nshell\" || ${x} \\");
    g_autofree char *script = ipxe_script(&instructions);
    assert_lines(script,
                 (const char *const[]){
                     "#!ipxe",
                     "echo Steel: " MAC " is node " NODE
                     " (a_shell __net0/ip_ __ shell _ shell __ shell _ _), which cannot boot:",
                     "echo target_lun must be a number, not \"__shell\" __ __x_ _",
                     "set steel-done 1",
                     "echo Steel: restarting in 60 seconds",
                     "sleep 60",
                     "reboot",
                     "exit 1",
                     NULL,
                 });
}

/* Every goto of a script has its label, once. */
static void
assert_labels(const char *script)
{
    for (const char *jump = strstr(script, "goto "); jump != NULL; jump = strstr(jump, "goto ")) {
        jump += strlen("goto ");
        g_autofree char *name = g_strndup(jump, strcspn(jump, " \n"));
        g_autofree char *label = g_strdup_printf(":%s", name);
        if (count_lines(script, label) != 1)
            fail_msg("label %s is there %d times", label, count_lines(script, label));
    }
}

static void
every_jump_has_its_label_and_nothing_waits_for_a_keyboard(void **state)
{
    (void)state;
    g_auto(BootInstructions) instructions;
    begin_iscsi(&instructions);
    for (int i = 1; i < IPXE_VOLUME_LIMIT; i++)
        add_volume(&instructions, "{\"target_portals\":[\"192.0.2.5\",\"192.0.2.6\"],"
                                  "\"target_iqn\":\"" IQN "\"}");
    g_autofree char *script = ipxe_script(&instructions);
    const char *const scripts[] = {script, ipxe_generic_script()};
    static const char *const interactive[] = {"shell", "prompt", "choose",
                                              "menu",  "login",  "config"};
    for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
        assert_labels(scripts[i]);
        assert_true(g_str_has_prefix(scripts[i], "#!ipxe\n"));
        for (size_t k = 0; k < G_N_ELEMENTS(interactive); k++)
            assert_null(strstr(scripts[i], interactive[k]));
    }
    assert_non_null(strstr(script, "sanhook --drive 0x8f "));
}

static void
fibre_channel_volumes_are_hooked_by_every_path_without_credentials(void **state)
{
    (void)state;
    g_auto(BootInstructions) instructions;
    begin(&instructions, BOOT_ANSWER_NONE);
    boot_instructions_set_mode(&instructions, BOOT_MODE_FCOE);
    instructions.token = g_strdup(TOKEN);
    static const char *const volumes[] = {
        "{\"target_wwn\": [\"500601603BA01C2D\", \"50:06:01:68:3b:a0:1c:2d\"], \"target_lun\": "
        "\"26\"}",
        "{\"target_wwn\": \"50-06-01-60-3b-a0-1c-2d\", \"target_lun\": 256}"};
    for (size_t i = 0; i < G_N_ELEMENTS(volumes); i++) {
        json_auto_t *properties = json_text_parse(volumes[i], strlen(volumes[i]), 0, NULL);
        char **uris = fc_volume_uris(properties, NULL);
        assert_non_null(uris);
        g_ptr_array_add(instructions.boot.fcoe.volumes, uris);
    }
    g_autofree char *script = ipxe_script(&instructions);
    assert_lines(
        script,
        (const char *const[]){
            "#!ipxe",
            "echo Steel: " MAC " is node " NODE ", to boot from a Fibre Channel volume",
            "set steel-done 1",
            "set steel-try:int32 1",
            "set steel-pause:int32 0",
            ":attempt",
            "set steel-volume 0",
            "sanhook --drive 0x80 fcp:50:06:01:60:3b:a0:1c:2d:1a fcp:50:06:01:68:3b:a0:1c:2d:1a || "
            "goto hook_errno",
            "set steel-volume 1",
            "sanhook --drive 0x81 fcp:50:06:01:60:3b:a0:1c:2d:4100 || goto hook_errno",
            REPORT "san_hooked&try=${steel-try}&unlisted=${steel-unlisted} ||",
            "imgfree steel-report ||",
            "sanboot --drive 0x80 || goto boot_failed",
            "goto boot_failed",
            ":hook_errno",
            "set steel-errno ${errno:hexraw}",
            ":hook_failed",
            "echo Steel: volume ${steel-volume} cannot be attached",
            REPORT "san_failed&volume=${steel-volume}&try=${steel-try}&errno=${steel-errno} ||",
            "imgfree steel-report ||",
            "goto retry",
            ":boot_failed",
            "set steel-errno ${errno:hexraw}",
            "set steel-volume 0",
            "echo Steel: the boot volume is attached, but does not boot",
            REPORT "boot_failed&volume=${steel-volume}&try=${steel-try}&errno=${steel-errno} ||",
            "imgfree steel-report ||",
            ":retry",
            "sanunhook --drive 0x80 ||",
            "sanunhook --drive 0x81 ||",
            "clear username ||",
            "clear password ||",
            "iseq ${steel-try} 6 && goto give_up ||",
            "inc steel-try",
            "inc steel-pause 5",
            "echo Steel: attempt ${steel-try} of 6 in ${steel-pause} seconds",
            "sleep ${steel-pause}",
            "goto attempt",
            ":give_up",
            REPORT "given_up&volume=${steel-volume}&try=${steel-try}&errno=${steel-errno} ||",
            "imgfree steel-report ||",
            "echo Steel: gave up, restarting in 10 seconds",
            "sleep 10",
            "reboot",
            "exit 1",
            NULL});
    assert_labels(script);
}

static void
names_of_fibre_channel_volumes_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"{}",                                                            "target_wwn is missing"},
        {"{\"target_wwn\": 5}",                                           "target_wwn must be"},
        {"{\"target_wwn\": []}",                                          "target_wwn must be"},
        {"{\"target_wwn\": \"\"}",                                        "target_wwn must be"},
        {"{\"target_wwn\": [\"500601603ba01c2d\", 5]}",                   "target_wwn must be"},
        {"{\"target_wwn\": \"500601603ba01c2\"}",                         "16 hexadecimal digits"},
        {"{\"target_wwn\": \"500601603ba01c2d5\"}",                       "16 hexadecimal digits"},
        {"{\"target_wwn\": \"500601603ba01c2d ||reboot\"}",               "16 hexadecimal digits"},
        {"{\"target_wwn\": \"500601603ba01c2d\", \"target_lun\": \"x\"}", "target_lun must be"},
        {"{\"target_wwn\": \"500601603ba01c2d\", \"target_lun\": 16384}", "target_lun must be"},
        {"{\"target_wwn\": \"500601603ba01c2d\", \"target_lun\": null}",  "target_lun must be"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        json_auto_t *properties = json_text_parse(bad[i][0], strlen(bad[i][0]), 0, NULL);
        g_autoptr(GError) error = NULL;
        assert_null(fc_volume_uris(properties, &error));
        if (strstr(error->message, bad[i][1]) == NULL)
            fail_msg("%s: %s", bad[i][0], error->message);
    }
}

static void
a_root_on_nfs_is_reported_when_its_kernel_is_there(void **state)
{
    (void)state;
    g_auto(BootInstructions) instructions;
    begin(&instructions, BOOT_ANSWER_NONE);
    boot_instructions_set_mode(&instructions, BOOT_MODE_NFS);
    instructions.token = g_strdup(TOKEN);
    instructions.boot.ramdisk = (BootRamdisk){g_strdup("n/kernel"), g_strdup("n/ramdisk"),
                                              g_strdup("root=/dev/nfs nfsroot=h:/r")};
    g_autofree char *script = ipxe_script(&instructions);
    assert_lines(script,
                 (const char *const[]){
                     "#!ipxe",
                     "echo Steel: " MAC " is node " NODE ", to run from a root file system on NFS",
                     "set steel-done 1",
                     "set steel-try:int32 1",
                     ":attempt",
                     "imgfree deploy_kernel ||",
                     "imgfree deploy_ramdisk ||",
                     "kernel --name deploy_kernel ../n/kernel root=/dev/nfs nfsroot=h:/r "
                     "initrd=deploy_ramdisk || goto failed",
                     "initrd --name deploy_ramdisk ../n/ramdisk || goto failed",
                     REPORT "kernel_loaded&try=${steel-try} ||",
                     "imgfree steel-report ||",
                     "boot deploy_kernel || goto failed",
                     ":failed",
                     "set steel-errno ${errno:hexraw}",
                     "echo Steel: kernel or initramfs cannot be loaded",
                     REPORT "ramdisk_failed&try=${steel-try}&errno=${steel-errno} ||",
                     "imgfree steel-report ||",
                     "iseq ${steel-try} 6 && goto give_up ||",
                     "inc steel-try",
                     "sleep 5",
                     "goto attempt",
                     ":give_up",
                     "echo Steel: gave up, restarting in 10 seconds",
                     "sleep 10",
                     "reboot",
                     "exit 1",
                     NULL});
}

static void
an_iso_is_hooked_reported_and_booted(void **state)
{
    (void)state;
    g_auto(BootInstructions) instructions;
    begin(&instructions, BOOT_ANSWER_NONE);
    boot_instructions_set_mode(&instructions, BOOT_MODE_ISO);
    instructions.token = g_strdup(TOKEN);
    instructions.boot.iso.name = g_strdup("n/boot_iso");
    g_autofree char *script = ipxe_script(&instructions);
    static const char beginning[] =
        "#!ipxe\n"
        "echo Steel: " MAC " is node " NODE ", to boot the ISO that it is deployed with\n"
        "set steel-done 1\n"
        "set steel-try:int32 1\n"
        "set steel-pause:int32 0\n"
        ":attempt\n"
        "set steel-volume 0\n"
        "sanhook --no-describe --drive 0x80 ../n/boot_iso || goto hook_errno\n" REPORT
        "san_hooked&try=${steel-try}&unlisted=${steel-unlisted} ||\n"
        "imgfree steel-report ||\n"
        "sanboot --drive 0x80 || goto boot_failed\n"
        "goto boot_failed\n";
    g_autofree char *begun = g_strndup(script, strlen(beginning));
    assert_string_equal(begun, beginning);
    assert_labels(script);
    assert_int_equal(count_lines(script, "sanunhook --drive 0x80 ||"), 1);
    assert_int_equal(count_lines(script, "reboot"), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_machine_is_told_so_and_leaves),
        cmocka_unit_test(a_node_without_network_boot_goes_on_to_its_next_device),
        cmocka_unit_test(one_volume_is_hooked_reported_and_booted_and_every_failure_is_bounded),
        cmocka_unit_test(
            volumes_have_drives_and_credentials_of_their_own_and_the_boot_volumes_are_set_at_last),
        cmocka_unit_test(
            several_paths_are_hooked_at_once_and_one_by_one_where_the_ibft_is_too_small),
        cmocka_unit_test(a_volume_behind_ipv6_alone_is_not_listed_in_the_ibft),
        cmocka_unit_test(without_a_token_nothing_is_reported),
        cmocka_unit_test(credentials_that_could_break_out_of_their_line_are_encoded),
        cmocka_unit_test(a_machine_that_is_refused_says_why_and_asks_again),
        cmocka_unit_test(names_and_problems_cannot_become_commands),
        cmocka_unit_test(fibre_channel_volumes_are_hooked_by_every_path_without_credentials),
        cmocka_unit_test(names_of_fibre_channel_volumes_that_are_none_are_refused),
        cmocka_unit_test(a_root_on_nfs_is_reported_when_its_kernel_is_there),
        cmocka_unit_test(an_iso_is_hooked_reported_and_booted),
        cmocka_unit_test(every_jump_has_its_label_and_nothing_waits_for_a_keyboard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
