/* ipmitool and ipmipower meet each quirk, as operators know it from real BMCs. Missing programs
 * fail the test.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/error.h"
#include "lab/quirks.h"

static const IpmiBmcUser user = {"admin", "secret", IPMI_PRIVILEGE_ADMINISTRATOR};

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
    fixture->bmc = ipmi_server_add(fixture->server, "127.0.0.1", 0, &user, 1, NULL, NULL, NULL);
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

static void
misbehave(Fixture *fixture, const char *quirks)
{
    g_autoptr(GError) error = NULL;
    IpmiBmcFaults faults = {0};
    if (!quirks_apply_list(quirks, &faults, &error))
        fail_msg("%s", error->message);
    ipmi_bmc_set_faults(fixture->bmc, &faults);
}

/* Runs a program with these words; returns its output, and whether it succeeded. */
static char *
run(const char *const *words, const char *more, bool *succeeded)
{
    g_autoptr(GPtrArray) arguments = g_ptr_array_new();
    g_auto(GStrv) parts = g_strsplit(more, " ", -1);
    g_autoptr(GError) error = NULL;
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    int status = 0;
    for (; *words != NULL; words++)
        g_ptr_array_add(arguments, (char *)(uintptr_t)*words);
    for (char **part = parts; *part != NULL; part++)
        g_ptr_array_add(arguments, *part);
    g_ptr_array_add(arguments, NULL);
    if (!g_spawn_sync(NULL, (char **)arguments->pdata, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
                      &err, &status, &error))
        fail_msg("%s cannot be run: %s", (const char *)arguments->pdata[0], error->message);
    *succeeded = status == 0;
    return g_strconcat(out, err, NULL);
}

static char *
ipmitool(Fixture *fixture, const char *command, bool *succeeded)
{
    const char *const words[] = {"ipmitool",    "-I", "lanplus", "-H", "127.0.0.1", "-p",
                                 fixture->port, "-U", "admin",   "-P", "secret",    NULL};
    return run(words, command, succeeded);
}

static char *
ipmipower(Fixture *fixture, const char *command, bool *succeeded)
{
    const char *const words[] = {"ipmipower", "-D",    "LAN_2_0", "-h",     fixture->where,
                                 "-u",        "admin", "-p",      "secret", NULL};
    return run(words, command, succeeded);
}

/* "chassis bootdev" of ipmitool 1.8.19 ends with 0 also if the BMC refuses the flags. */
static void
foreign_clients_meet_what_they_meet_in_the_field(void **state)
{
    static const struct {
        const char *quirk;
        const char *command; /* of ipmitool */
        const char *words;
        bool succeeds;
    } cases[] = {
        {"none", "power status", "Chassis Power is off", true},
        {"no-suite-list", "-N 1 -R 1 power status", "Chassis Power is off", true},
        {"suite-3-only", "power status", "Chassis Power is off", true},
        {"suite-3-only", "-C 17 -N 1 -R 1 power status", "Unable to establish", false},
        {"suite-3-insisted", "power status", "Chassis Power is off", true},
        {"suite-3-or-silent", "power status", "Chassis Power is off", true},
        {"refusal-without-id", "power status", "Chassis Power is off", true},
        {"no-capabilities", "-N 1 -R 1 power status", "Unable to establish", false},
        {"operator-only", "-N 1 -R 1 power status", "Unable to establish", false},
        {"operator-only", "-L OPERATOR power on", "Chassis Power Control: Up/On", true},
        {"starting-ffh", "-N 1 -R 1 power status", "failed: Unspecified error", false},
        {"starting-c0h", "-N 1 -R 1 power status", "failed: Node busy", false},
        {"off-while-off-d5h", "power off", "failed: Command not supported in present state", false},
        {"boot-option-0-refused", "chassis bootdev pxe", "Set Boot Device to pxe", true},
        {"boot-option-0-refused", "raw 0x00 0x08 0x00 0x01", "rsp=0x80", false},
        {"boot-option-3-refused", "raw 0x00 0x08 0x03 0x08", "rsp=0x80", false},
        {"boot-flags-once", "chassis bootdev pxe", "Set Boot Device to pxe", true},
        {"boot-flags-once", "chassis bootdev pxe options=persistent",
         "failed: Invalid data field in request", true},
        {"boot-flags-locked", "chassis bootdev pxe", "failed: Parameter is read-only", true},
        {"boot-flags-locked", "chassis bootparam get 5", "Boot parameter 5 is invalid/locked",
         true},
        {"boot-flags-held", "chassis bootdev pxe", "while not in 'complete' state", true},
        {"short-device-id", "mc info", "IPMI Version              : 2.0", true},
        {"no-device-id", "-N 1 -R 1 mc info", "Get Device ID command failed", false},
        {"close-ignored", "-N 1 -R 1 power status", "Chassis Power is off", true},
        {"suite-3-only,no-suite-list,off-while-off-d5h", "-C 3 -N 1 -R 1 power off",
         "present state", false},
    };
    Fixture *fixture = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool succeeded = false;
        misbehave(fixture, cases[i].quirk);
        ipmi_bmc_set_power(fixture->bmc, false);
        g_autofree char *output = ipmitool(fixture, cases[i].command, &succeeded);
        if (strstr(output, cases[i].words) == NULL || succeeded != cases[i].succeeds)
            fail_msg("%s, ipmitool %s: \"%s\" is missing, or the status is wrong: %s",
                     cases[i].quirk, cases[i].command, cases[i].words, output);
    }
}

static void
ipmipower_gets_along_with_what_is_no_hindrance(void **state)
{
    static const struct {
        const char *quirk;
        const char *command;
        const char *words;
    } cases[] = {
        {"suite-3-only",       "--stat",          ": off"},
        {"no-suite-list",      "--stat",          ": off"},
        {"operator-only",      "--on",            ": ok"},
        {"operator-only",      "-l ADMIN --stat", ": privilege level"},
        {"no-device-id",       "--stat",          ": off"},
        {"short-device-id",    "--stat",          ": off"},
        {"boot-flags-locked",  "--on",            ": ok"},
        {"close-ignored",      "--stat",          ": off"},
        {"refusal-without-id", "--stat",          ": off"},
    };
    Fixture *fixture = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool succeeded = false;
        misbehave(fixture, cases[i].quirk);
        ipmi_bmc_set_power(fixture->bmc, false);
        g_autofree char *output = ipmipower(fixture, cases[i].command, &succeeded);
        if (strstr(output, cases[i].words) == NULL)
            fail_msg("%s, ipmipower %s: \"%s\" is missing in: %s", cases[i].quirk, cases[i].command,
                     cases[i].words, output);
    }
}

static void
a_starting_bmc_is_well_after_a_while(void **state)
{
    Fixture *fixture = *state;
    bool succeeded = false;
    misbehave(fixture, "starting-ffh");
    for (int i = 0; i < 1000 && !succeeded; i++) { /* each try takes a moment */
        g_autofree char *output = ipmitool(fixture, "-N 1 -R 1 power status", &succeeded);
        if (!succeeded && strstr(output, "Unspecified error") == NULL)
            fail_msg("%s", output);
    }
    assert_true(succeeded);
    g_autofree char *output = ipmitool(fixture, "-N 1 -R 1 mc reset cold", &succeeded);
    assert_true(succeeded);
    g_autofree char *again = ipmitool(fixture, "-N 1 -R 1 power status", &succeeded);
    assert_false(succeeded); /* the BMC restarts */
}

static void
quirks_are_named_and_listed(void **state)
{
    g_autoptr(GError) error = NULL;
    IpmiBmcFaults faults = {.latency_ms = 7, .loss_per_mille = 3, .dead = true};
    (void)state;
    assert_false(quirks_apply_list("suite-3-only,no-such-quirk", &faults, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    assert_non_null(strstr(error->message, "no quirk \"no-such-quirk\""));
    assert_non_null(strstr(error->message, "close-ignored"));
    assert_int_equal(faults.only_suite, 0);
    g_clear_error(&error);
    assert_true(quirks_apply_list("suite-3-only,no-device-id", &faults, &error));
    assert_int_equal(faults.only_suite, 3);
    assert_true(faults.no_device_id);
    quirks_clear(&faults);
    assert_int_equal(faults.only_suite, 0);
    assert_false(faults.no_device_id);
    assert_int_equal(faults.latency_ms, 7);
    assert_int_equal(faults.loss_per_mille, 3);
    assert_true(faults.dead);
    assert_null(quirk_name(quirk_count()));
}

int
main(void)
{
#define with_bmc(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        with_bmc(foreign_clients_meet_what_they_meet_in_the_field),
        with_bmc(ipmipower_gets_along_with_what_is_no_hindrance),
        with_bmc(a_starting_bmc_is_well_after_a_while),
        cmocka_unit_test(quirks_are_named_and_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
