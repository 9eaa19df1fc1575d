/* OpenIPMI's ipmi_sim as a judge of Steel's client: an independent BMC, cipher suite 3, whose power
 * and boot device are a hook script's files. A missing program fails the test.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bmc/ipmi/client/commands.h"
#include "bmc/ipmi/wire/socket.h"
#include "common/error.h"

typedef struct Simulator {
    char *directory;
    GPid pid;
    uint16_t port;
    IpmiClient *client;
    IpmiTarget target;
} Simulator;

/* What ipmi_sim runs for chassis controls: `hook DIRECTORY get|set PARAMETER [VALUE]`, state in
 * files. */
static const char hook[] = "#!/bin/sh\n"
                           "cd \"$1\" || exit 1\n"
                           "echo \"$2 $3 $4\" >>calls\n"
                           "case \"$2 $3\" in\n"
                           "'get power') echo \"power:$(cat power 2>/dev/null || echo 0)\" ;;\n"
                           "'set power') echo \"$4\" >power ;;\n"
                           "'set shutdown') echo 0 >power ;;\n"
                           "'get boot') echo \"boot:$(cat boot 2>/dev/null || echo none)\" ;;\n"
                           "'set boot') echo \"$4\" >boot ;;\n"
                           "esac\n"
                           "exit 0\n";

static const char lan_configuration[] =
    "name \"bmc\"\n"
    "set_working_mc 0x20\n"
    "  startlan 1\n"
    "    addr 127.0.0.1 %u\n"
    "    priv_limit admin\n"
    "    allowed_auths_callback none md2 md5 straight\n"
    "    allowed_auths_user none md2 md5 straight\n"
    "    allowed_auths_operator none md2 md5 straight\n"
    "    allowed_auths_admin none md2 md5 straight\n"
    "    guid a123456789abcdefa123456789abcdef\n"
    "  endlan\n"
    "  chassis_control \"%s/hook %s\"\n"
    "  user 1 true  \"\"      \"test\"     user  10 none md2 md5 straight\n"
    "  user 2 true  \"admin\" \"password\" admin 10 none md2 md5 straight\n";

static const char emulation[] =
    "mc_setbmc 0x20\n"
    "mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\n"
    "sel_enable 0x20 1000 0x0a\n"
    "mc_enable 0x20\n";

static void
write_file(const Simulator *simulator, const char *name, const char *text, mode_t mode)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(simulator->directory, name, NULL);
    if (!g_file_set_contents(path, text, -1, &error))
        fail_msg("%s", error->message);
    assert_int_equal(chmod(path, mode), 0);
}

static char *
read_state(const Simulator *simulator, const char *name)
{
    g_autofree char *path = g_build_filename(simulator->directory, name, NULL);
    char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

/* A port that was free a moment ago. */
static uint16_t
free_port(void)
{
    IpmiPeer peer;
    int fd = ipmi_socket_new(AF_INET, 0, NULL);
    assert_true(fd >= 0);
    assert_true(ipmi_peer_parse("127.0.0.1", 0, &peer));
    assert_int_equal(bind(fd, &peer.any, peer.size), 0);
    assert_int_equal(getsockname(fd, &peer.any, &peer.size), 0);
    close(fd);
    return ipmi_peer_port(&peer);
}

static void
start_program(Simulator *simulator)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *lan = g_build_filename(simulator->directory, "lan.conf", NULL);
    g_autofree char *emu = g_build_filename(simulator->directory, "bmc.emu", NULL);
    g_autofree char *saved = g_build_filename(simulator->directory, "state", NULL);
    const char *arguments[] = {"ipmi_sim", "-c", lan, "-f", emu, "-s", saved, "-n", NULL};
    assert_int_equal(mkdir(saved, 0700), 0);
    if (!g_spawn_async(NULL, (char **)(uintptr_t)arguments, NULL,
                       G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
                           G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                       NULL, NULL, &simulator->pid, &error))
        fail_msg("ipmi_sim (package openipmi) cannot be run: %s", error->message);
}

static int
set_up(void **state)
{
    Simulator *simulator = g_new0(Simulator, 1);
    *state = simulator;
    simulator->directory = g_dir_make_tmp("ipmi-sim-XXXXXX", NULL);
    assert_non_null(simulator->directory);
    simulator->port = free_port();
    g_autofree char *lan = g_strdup_printf(lan_configuration, simulator->port, simulator->directory,
                                           simulator->directory);
    write_file(simulator, "hook", hook, 0755);
    write_file(simulator, "lan.conf", lan, 0644);
    write_file(simulator, "bmc.emu", emulation, 0644);
    start_program(simulator);
    simulator->client = ipmi_client_new(NULL, NULL);
    assert_non_null(simulator->client);
    /* The first answer may take as long as the program takes to start. */
    simulator->target = (IpmiTarget){.address = "127.0.0.1",
                                     .port = simulator->port,
                                     .username = "admin",
                                     .password = "password",
                                     .cipher_suite = 3,
                                     .retransmit_ms = 300,
                                     .deadline_ms = 30000};
    return 0;
}

static int
tear_down(void **state)
{
    Simulator *simulator = *state;
    const char *rm[] = {"rm", "-rf", simulator->directory, NULL};
    int status;
    ipmi_client_free(simulator->client);
    kill(simulator->pid, SIGTERM);
    waitpid(simulator->pid, &status, 0);
    assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)rm, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                             NULL, NULL, &status, NULL));
    g_free(simulator->directory);
    g_free(simulator);
    return 0;
}

static void
assert_ok(bool ok, GError **error)
{
    if (!ok)
        fail_msg("%s", (*error)->message);
}

static bool
is_on(Simulator *simulator)
{
    g_autoptr(GError) error = NULL;
    bool on = false;
    assert_ok(ipmi_get_power(simulator->client, &simulator->target, &on, &error), &error);
    return on;
}

static void
power(Simulator *simulator, IpmiChassisControl control)
{
    g_autoptr(GError) error = NULL;
    assert_ok(ipmi_chassis_control(simulator->client, &simulator->target, control, &error), &error);
}

/* Its power cycle is off now and on about a second later. */
static void
wait_until_on(Simulator *simulator)
{
    simulator->target.min_command_interval_ms = 100;
    for (int i = 0; i < 300 && !is_on(simulator); i++)
        continue;
    simulator->target.min_command_interval_ms = 0;
    assert_true(is_on(simulator));
}

static void
power_verbs_reach_the_machine(void **state)
{
    Simulator *simulator = *state;
    assert_false(is_on(simulator));
    power(simulator, IPMI_CHASSIS_ON);
    assert_true(is_on(simulator));
    power(simulator, IPMI_CHASSIS_RESET);
    power(simulator, IPMI_CHASSIS_CYCLE);
    wait_until_on(simulator);
    power(simulator, IPMI_CHASSIS_SOFT);
    assert_false(is_on(simulator));
    power(simulator, IPMI_CHASSIS_ON);
    power(simulator, IPMI_CHASSIS_OFF);
    assert_false(is_on(simulator));
    g_autofree char *calls = read_state(simulator, "calls");
    assert_non_null(strstr(calls, "set reset"));
    assert_non_null(strstr(calls, "set shutdown"));
}

static void
the_boot_device_reaches_the_machine(void **state)
{
    static const struct {
        IpmiBootDevice device;
        const char *word;
    } cases[] = {
        {IPMI_BOOT_PXE,   "pxe"},
        {IPMI_BOOT_CDROM, "cdrom"},
        {IPMI_BOOT_BIOS,  "bios"},
    };
    Simulator *simulator = *state;
    g_autoptr(GError) error = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const IpmiBootRequest boot = {.device = cases[i].device, .disable_timeout = true};
        IpmiBootFlags flags;
        assert_ok(ipmi_set_boot_device(simulator->client, &simulator->target, &boot, &error),
                  &error);
        g_autofree char *word = read_state(simulator, "boot");
        assert_non_null(strstr(word, cases[i].word));
        /* It keeps the device only, not the valid bit. */
        assert_ok(ipmi_get_boot_device(simulator->client, &simulator->target, &flags, &error),
                  &error);
        assert_int_equal(flags.device, cases[i].device);
    }
}

static void
identity_and_raw_commands_are_read(void **state)
{
    Simulator *simulator = *state;
    g_autoptr(GError) error = NULL;
    IpmiDeviceId id;
    IpmiRequest request;
    IpmiResponse response;
    assert_ok(ipmi_get_device_id(simulator->client, &simulator->target, &id, &error), &error);
    assert_int_equal(id.device_id, 0);
    assert_int_equal(id.firmware_major, 9);
    assert_int_equal(id.manufacturer, 0x1291);
    assert_int_equal(id.product, 0xf02);
    assert_int_equal(id.ipmi_major, 2);
    assert_true(ipmi_parse_raw("0x0a 0x40", &request, &error)); /* SEL info */
    assert_ok(ipmi_raw(simulator->client, &simulator->target, &request, &response, &error), &error);
    assert_int_equal(response.size, 14);
    assert_int_equal(response.data[0], 0x51);
    assert_true(ipmi_parse_raw("0x3e 0x77", &request, &error));
    assert_false(ipmi_raw(simulator->client, &simulator->target, &request, &response, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_BMC_REFUSED));
    assert_non_null(strstr(error->message, "invalid command"));
    g_clear_error(&error);
    /* Without a machine to reset it refuses, and that is not taken for the silence of a reset. */
    assert_false(ipmi_bmc_cold_reset(simulator->client, &simulator->target, &error));
    assert_non_null(strstr(error->message, "Cold Reset (06h 02h): invalid command (c1h)"));
}

static void
a_suite_is_found_although_it_answers_no_query(void **state)
{
    Simulator *simulator = *state;
    assert_false(is_on(simulator)); /* it runs now */
    simulator->target.cipher_suite = -1;
    assert_false(is_on(simulator));
    assert_false(is_on(simulator)); /* remembered */
}

static void
credentials_that_are_wrong_are_told(void **state)
{
    Simulator *simulator = *state;
    g_autoptr(GError) error = NULL;
    bool on;
    assert_false(is_on(simulator));
    simulator->target.password = "wrong";
    assert_false(ipmi_get_power(simulator->client, &simulator->target, &on, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_BMC_AUTH));
    g_clear_error(&error);
    simulator->target.username = "nobody";
    assert_false(ipmi_get_power(simulator->client, &simulator->target, &on, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_BMC_AUTH));
    g_clear_error(&error);
    simulator->target.username = NULL;
    simulator->target.password = "test";
    simulator->target.privilege = IPMI_PRIVILEGE_USER;
    assert_false(is_on(simulator)); /* the null user */
}

static void
fifty_commands_travel_in_one_session(void **state)
{
    Simulator *simulator = *state;
    g_autoptr(GError) error = NULL;
    IpmiRequest requests[50];
    IpmiResponse responses[G_N_ELEMENTS(requests)];
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++)
        ipmi_build_device_id(&requests[i]);
    assert_ok(ipmi_client_call(simulator->client, &simulator->target, requests,
                               G_N_ELEMENTS(requests), responses, &error),
              &error);
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++)
        assert_int_equal(responses[i].data[2], 9); /* firmware revision, as configured */
}

#define with_simulator(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_simulator(power_verbs_reach_the_machine),
        with_simulator(the_boot_device_reaches_the_machine),
        with_simulator(identity_and_raw_commands_are_read),
        with_simulator(a_suite_is_found_although_it_answers_no_query),
        with_simulator(credentials_that_are_wrong_are_told),
        with_simulator(fifty_commands_travel_in_one_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
