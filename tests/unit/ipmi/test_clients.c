/* Foreign clients as judges of the simulated BMC: ipmitool with both cipher suites and with none
 * named, FreeIPMI's ipmipower without workaround flags. A missing program fails the test.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bmc/ipmi/bmc/server.h"

static const IpmiBmcUser users[] = {
    {"admin", "secret-admin", IPMI_PRIVILEGE_ADMINISTRATOR},
    {"oper", "secret-oper", IPMI_PRIVILEGE_OPERATOR},
};

typedef struct Fixture {
    IpmiServer *server;
    IpmiBmc *bmc;
    char port[8];
    char where[32];
} Fixture;

static int
set_up(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    fixture->server = ipmi_server_new(NULL);
    assert_non_null(fixture->server);
    fixture->bmc = ipmi_server_add(fixture->server, "127.0.0.1", 0, users, G_N_ELEMENTS(users),
                                   NULL, NULL, NULL);
    assert_non_null(fixture->bmc);
    g_snprintf(fixture->port, sizeof fixture->port, "%u", ipmi_bmc_port(fixture->bmc));
    g_snprintf(fixture->where, sizeof fixture->where, "127.0.0.1:%s", fixture->port);
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    Fixture *fixture = *state;
    ipmi_server_free(fixture->server);
    g_free(fixture);
    return 0;
}

/* Runs a program; its output and errors together. Fails the test when it cannot be started. */
static char *
run(char **arguments, int *status)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    if (!g_spawn_sync(NULL, arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &err, status,
                      &error))
        fail_msg("%s cannot be run: %s", arguments[0], error->message);
    return g_strconcat(out, err, NULL);
}

static void
assert_says(const char *output, const char *words)
{
    if (strstr(output, words) == NULL)
        fail_msg("\"%s\" is missing in: %s", words, output);
}

/* ipmitool with the suite option ("" for none) and a command; its output must have the words. */
static void
ipmitool_as(Fixture *fixture, const char *user, const char *password, const char *suite,
            const char *command, const char *words, bool succeeds)
{
    g_autoptr(GPtrArray) arguments = g_ptr_array_new();
    g_auto(GStrv) options = g_strsplit(suite, " ", -1);
    g_auto(GStrv) parts = g_strsplit(command, " ", -1);
    const char *const fixed[] = {"ipmitool",    "-I", "lanplus", "-H", "127.0.0.1", "-p",
                                 fixture->port, "-U", user,      "-P", password};
    int status = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(arguments, (char *)(uintptr_t)fixed[i]);
    for (size_t i = 0; options[i] != NULL && options[i][0] != '\0'; i++)
        g_ptr_array_add(arguments, options[i]);
    for (size_t i = 0; parts[i] != NULL; i++)
        g_ptr_array_add(arguments, parts[i]);
    g_ptr_array_add(arguments, NULL);
    g_autofree char *output = run((char **)arguments->pdata, &status);
    assert_says(output, words);
    if ((status == 0) != succeeds)
        fail_msg("ipmitool %s %s: status %d: %s", suite, command, status, output);
}

static void
ipmitool(Fixture *fixture, const char *suite, const char *command, const char *words)
{
    ipmitool_as(fixture, "admin", "secret-admin", suite, command, words, true);
}

static void
ipmitool_does_every_power_verb_with_each_suite(void **state)
{
    static const char *const suites[] = {"-C 3", "-C 17", ""};
    Fixture *fixture = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++) {
        ipmitool(fixture, suites[i], "power status", "Chassis Power is off\n");
        ipmitool(fixture, suites[i], "power on", "Chassis Power Control: Up/On");
        ipmitool(fixture, suites[i], "power status", "Chassis Power is on\n");
        ipmitool(fixture, suites[i], "power cycle", "Chassis Power Control: Cycle");
        ipmitool(fixture, suites[i], "power reset", "Chassis Power Control: Reset");
        ipmitool(fixture, suites[i], "power diag", "Chassis Power Control: Diag");
        ipmitool(fixture, suites[i], "power soft", "Chassis Power Control: Soft");
        ipmitool(fixture, suites[i], "power status", "Chassis Power is off\n");
    }
}

static void
ipmitool_sets_boot_devices_and_reads_them_back(void **state)
{
    static const struct {
        const char *device;
        const char *options;
        const char *device_words;
        const char *lasting_words;
        const char *mode_words;
    } cases[] = {
        {"pxe", "", "Force PXE", "only next boot", "(legacy)"},
        {"pxe", " options=persistent", "Force PXE", "all future boots", "(legacy)"},
        {"disk", " options=persistent,efiboot", "Force Boot from default Hard-Drive",
         "all future boots", "EFI boot"},
        {"cdrom", " options=efiboot", "Force Boot from CD/DVD", "only next boot", "EFI boot"},
        {"bios", "", "Force Boot into BIOS Setup", "only next boot", "(legacy)"},
        {"safe", "", "Safe-Mode", "only next boot", "(legacy)"},
        {"none", "", "No override", "only next boot", "(legacy)"},
    };
    Fixture *fixture = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *set =
            g_strdup_printf("chassis bootdev %s%s", cases[i].device, cases[i].options);
        const char *suite = i % 2 == 0 ? "-C 3" : "-C 17";
        ipmitool(fixture, suite, set, "Set Boot Device to");
        ipmitool(fixture, suite, "chassis bootparam get 5", cases[i].device_words);
        ipmitool(fixture, suite, "chassis bootparam get 5", cases[i].lasting_words);
        ipmitool(fixture, suite, "chassis bootparam get 5", cases[i].mode_words);
        ipmitool(fixture, suite, "chassis bootparam get 5", "Boot Flag Valid");
    }
    ipmitool(fixture, "-C 3", "raw 0x00 0x08 0x03 0x08", "\n");
    ipmitool(fixture, "-C 3", "raw 0x00 0x08 0x05 0xe0 0x24 0x00 0x00 0x00", "\n");
    ipmitool(fixture, "-C 3", "raw 0x00 0x09 0x05 0x00 0x00", " 01 05 e0 24 00 00 00");
}

static void
a_boot_uses_up_flags_for_one_boot(void **state)
{
    Fixture *fixture = *state;
    ipmitool(fixture, "-C 17", "chassis bootdev pxe", "Set Boot Device to pxe");
    ipmitool(fixture, "-C 17", "power on", "Up/On");
    ipmitool(fixture, "-C 17", "chassis bootparam get 5", "Boot Flag Invalid");
    ipmitool(fixture, "-C 17", "chassis bootdev pxe options=persistent", "Set Boot Device to pxe");
    ipmitool(fixture, "-C 17", "power cycle", "Cycle");
    ipmitool(fixture, "-C 17", "chassis bootparam get 5", "Boot Flag Valid");
}

static void
ipmitool_inventories_without_errors(void **state)
{
    static const struct {
        const char *command;
        const char *words;
    } cases[] = {
        {"mc info",                  "Manufacturer ID           : 10876"},
        {"mc guid",                  "GUID"},
        {"mc selftest",              "Selftest: passed"},
        {"chassis status",           "System Power         : off"},
        {"chassis policy list",      "always-off"},
        {"chassis policy always-on", "always-on"},
        {"chassis status",           "Power Restore Policy : always-on"},
        {"chassis identify 10",      "Chassis identify interval"},
        {"sel info",                 "Entries"},
        {"sel list",                 "SEL has no entries"},
        {"power on",                 "Up/On"},
        {"sel list",                 "S0/G0: working"},
        {"sel clear",                "Clearing SEL"},
        {"sdr",                      ""},
        {"sdr list all",             "Dynamic MC @ 20h"},
        {"sdr list all",             "CPU1 Temp        | 44 degrees C      | ok"},
        {"sdr list full",            "12V              | 12.06 Volts       | ok"},
        {"user list 1",              "ADMINISTRATOR"},
        {"channel info",             "802.3 LAN"},
        {"session info active",      "active sessions"},
        {"mc reset warm",            "Sent warm reset"},
        {"mc reset cold",            "Sent cold reset"},
    };
    Fixture *fixture = *state;
    ipmi_bmc_set_identity(fixture->bmc, 10876, 0x96f);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        ipmitool(fixture, "-C 17", cases[i].command, cases[i].words);
}

static void
ipmitool_is_refused_where_it_should_be(void **state)
{
    Fixture *fixture = *state;
    const IpmiBmcFaults old = {.only_suite = 3};
    ipmitool_as(fixture, "admin", "wrong", "-C 17 -R 1", "power status", "Unable to establish",
                false);
    ipmitool_as(fixture, "nobody", "secret-admin", "-C 17 -R 1", "power status",
                "Unable to establish", false);
    ipmitool_as(fixture, "oper", "secret-oper", "-C 17 -R 1", "power status", "Unable to establish",
                false);
    ipmitool_as(fixture, "oper", "secret-oper", "-C 17 -L OPERATOR", "power status", "Power is off",
                true);
    ipmitool_as(fixture, "oper", "secret-oper", "-C 17 -L USER", "power on",
                "Insufficient privilege", false);
    ipmi_bmc_set_faults(fixture->bmc, &old);
    ipmitool_as(fixture, "admin", "secret-admin", "-C 17 -R 1", "power status",
                "Unable to establish", false);
    ipmitool(fixture, "", "power status", "Chassis Power is off");
}

static void
ipmitool_logs_in_with_a_k_g(void **state)
{
    Fixture *fixture = *state;
    ipmi_bmc_set_kg(fixture->bmc, (const uint8_t *)"0123456789abcdefghij", IPMI_KG_MAX);
    ipmitool(fixture, "-C 3 -k 0123456789abcdefghij", "power status", "Chassis Power is off");
    ipmitool(fixture, "-C 17 -y 303132333435363738396162636465666768696a", "power status",
             "Chassis Power is off");
    ipmitool_as(fixture, "admin", "secret-admin", "-C 17 -R 1", "power status",
                "Unable to establish", false);
}

static void
ipmitool_survives_a_bad_wire(void **state)
{
    Fixture *fixture = *state;
    const IpmiBmcFaults bad = {.loss_per_mille = 50, .duplicate_per_mille = 200, .latency_ms = 20};
    ipmi_bmc_set_faults(fixture->bmc, &bad);
    for (int i = 0; i < 3; i++)
        ipmitool(fixture, "-C 17 -N 1 -R 15", "power status", "Chassis Power is off");
}

static void
ipmipower(Fixture *fixture, const char *suite, const char *verb, const char *words)
{
    const char *arguments[] = {"ipmipower",    "-D",           "LAN_2_0", "-I",    suite,
                               "-h",           fixture->where, "-u",      "admin", "-p",
                               "secret-admin", "-l",           "ADMIN",   verb,    NULL};
    int status = 0;
    g_autofree char *output = run((char **)(uintptr_t)arguments, &status);
    assert_says(output, words);
}

static void
ipmipower_does_every_verb_without_workarounds(void **state)
{
    static const char *const suites[] = {"3", "17"};
    static const struct {
        const char *verb;
        const char *words;
    } verbs[] = {
        {"--stat",  ": off"},
        {"--on",    ": ok"},
        {"--stat",  ": on"},
        {"--cycle", ": ok"},
        {"--reset", ": ok"},
        {"--pulse", ": ok"},
        {"--soft",  ": ok"},
        {"--stat",  ": off"},
        {"--on",    ": ok"},
        {"--off",   ": ok"},
        {"--stat",  ": off"},
    };
    Fixture *fixture = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++)
        for (size_t j = 0; j < G_N_ELEMENTS(verbs); j++)
            ipmipower(fixture, suites[i], verbs[j].verb, verbs[j].words);
}

#define with_bmc(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_bmc(ipmitool_does_every_power_verb_with_each_suite),
        with_bmc(ipmitool_sets_boot_devices_and_reads_them_back),
        with_bmc(a_boot_uses_up_flags_for_one_boot),
        with_bmc(ipmitool_inventories_without_errors),
        with_bmc(ipmitool_is_refused_where_it_should_be),
        with_bmc(ipmitool_logs_in_with_a_k_g),
        with_bmc(ipmitool_survives_a_bad_wire),
        with_bmc(ipmipower_does_every_verb_without_workarounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
