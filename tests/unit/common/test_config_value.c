/* The values that each type of option accepts, and references to other options.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"
#include "common/error.h"
#include "common/log.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A finished configuration of --set arguments, ended by NULL; fails the test when that is an
 * error. */
static Config *
config_of(const char *first, ...)
{
    g_autoptr(GError) error = NULL;
    Config *config = config_new();
    va_list arguments;
    va_start(arguments, first);
    for (const char *argument = first; argument != NULL; argument = va_arg(arguments, const char *))
        if (!config_set(config, argument, &error))
            fail_msg("%s", error->message);
    va_end(arguments);
    if (!config_finish(config, &error))
        fail_msg("%s", error->message);
    return config;
}

static void
assert_refused(const char *assignment, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Config) config = config_new();
    assert_true(config_set(config, assignment, &error));
    if (config_finish(config, &error))
        fail_msg("%s was accepted", assignment);
    assert_true(steel_error_is(error, STEEL_ERROR_CONFIG));
    assert_string_equal(error->message, message);
}

static void
values_are_accepted_in_the_spellings_of_oslo(void **state)
{
    static const struct {
        const char *assignment;
        ConfigOption option;
        const char *text; /* NULL: unset */
    } rows[] = {
        {"api.port= 8080 ", OPT_API_PORT, "8080"},
        {"debug=TRUE", OPT_DEBUG, "true"},
        {"debug=Yes", OPT_DEBUG, "true"},
        {"debug=on", OPT_DEBUG, "true"},
        {"debug=1", OPT_DEBUG, "true"},
        {"debug=False", OPT_DEBUG, "false"},
        {"debug=no", OPT_DEBUG, "false"},
        {"debug=OFF", OPT_DEBUG, "false"},
        {"debug=0", OPT_DEBUG, "false"},
        {"auth_strategy=Keystone", OPT_AUTH_STRATEGY, "keystone"},
        {"api.host_ip=::", OPT_API_HOST_IP, "::"},
        {"api.host_ip=[::1]", OPT_API_HOST_IP, "::1"},
        {"api.host_ip=fe80::1%eth0", OPT_API_HOST_IP, "fe80::1%eth0"},
        {"api.host_ip=steel-1.example.org", OPT_API_HOST_IP, "steel-1.example.org"},
        {"deploy.http_url=http://192.0.2.1:8080/x", OPT_DEPLOY_HTTP_URL, "http://192.0.2.1:8080/x"},
        {"deploy.external_http_url=", OPT_DEPLOY_EXTERNAL_HTTP_URL, NULL},
        {"notification_level=", OPT_NOTIFICATION_LEVEL, NULL},
        {"deploy.erase_devices_priority=", OPT_DEPLOY_ERASE_DEVICES_PRIORITY, NULL},
        {"pxe.instance_master_path=", OPT_PXE_INSTANCE_MASTER_PATH, ""},
        {"default_conductor_group=", OPT_DEFAULT_CONDUCTOR_GROUP, ""},
        {"pxe.kernel_append_params= a  b ", OPT_PXE_KERNEL_APPEND_PARAMS, " a  b "},
        {"enabled_hardware_types= ipmi , ilo,,", OPT_ENABLED_HARDWARE_TYPES, "ipmi,ilo"},
        {"enabled_hardware_types=", OPT_ENABLED_HARDWARE_TYPES, ""},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Config) config = config_of(rows[i].assignment, NULL);
        if (g_strcmp0(config_string(config, rows[i].option), rows[i].text) != 0)
            fail_msg("%s gives \"%s\"", rows[i].assignment, config_string(config, rows[i].option));
    }
}

static void
a_value_that_does_not_fit_says_where_and_what_was_expected(void **state)
{
    static const char *const rows[][2] = {
        {"api.port=70000", "[api]port: expected an integer from 0 to 65535, not \"70000\""},
        {"api.port=-1", "[api]port: expected an integer from 0 to 65535, not \"-1\""},
        {"api.port=80x", "[api]port: expected an integer from 0 to 65535, not \"80x\""},
        {"api.port=0x", "[api]port: expected an integer from 0 to 65535, not \"0x\""},
        {"database.max_retries=99999999999999999999",
         "[database]max_retries: expected an integer of at least -1, not \"99999999999999999999\""},
        {"pxe.dir_permission=0755",
         "[pxe]dir_permission: expected an integer from 0 to 4095, not \"0755\""},
        {"api.port=--1", "[api]port: expected an integer from 0 to 65535, not \"--1\""},
        {"api.port=99999999999999999999",
         "[api]port: expected an integer from 0 to 65535, not \"99999999999999999999\""},
        {"conductor.max_concurrent_deploy=0",
         "[conductor]max_concurrent_deploy: expected an integer of at least 1, not \"0\""},
        {"api.unix_socket_mode=0999",
         "[api]unix_socket_mode: expected octal permissions from 000 to 777, not \"0999\""},
        {"raw_image_growth_factor=0.5",
         "[DEFAULT]raw_image_growth_factor: expected a number from 1 to 1000, not \"0.5\""},
        {"raw_image_growth_factor=nan",
         "[DEFAULT]raw_image_growth_factor: expected a number from 1 to 1000, not \"nan\""},
        {"debug=maybe", "[DEFAULT]debug: expected true or false, not \"maybe\""},
        {"debug=", "[DEFAULT]debug: expected true or false, not \"\""},
        {"auth_strategy=none",
         "[DEFAULT]auth_strategy: expected one of noauth, http_basic, keystone, not \"none\""},
        {"api.host_ip=1.2.3.256",
         "[api]host_ip: expected an IP address or host name, not \"1.2.3.256\""},
        {"api.host_ip=a b", "[api]host_ip: expected an IP address or host name, not \"a b\""},
        {"api.host_ip=", "[api]host_ip: expected an IP address or host name, not \"\""},
        {"deploy.http_url=192.0.2.1:80",
         "[deploy]http_url: expected a URL as scheme://..., not \"192.0.2.1:80\""},
        {"deploy.http_url=http://a\nb",
         "[deploy]http_url: expected a URL as scheme://..., not \"http://a\\nb\""},
        {"state_path=", "[DEFAULT]state_path: expected a path, not \"\""},
        {"conductor.deploy_kernel_by_arch=x86_64",
         "[conductor]deploy_kernel_by_arch: expected key:value items with commas, not \"x86_64\""},
        {"conductor.deploy_kernel_by_arch=:x",
         "[conductor]deploy_kernel_by_arch: expected key:value items with commas, not \":x\""},
        {"conductor.clean_step_priority_override=x",
         "[conductor]clean_step_priority_override: expected key:value items with commas, not "
         "\"x\""},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *message = g_strdup_printf("command line: %s", rows[i][1]);
        assert_refused(rows[i][0], message);
    }
}

static void
an_error_repeats_neither_secrets_nor_endless_text(void **state)
{
    g_autofree char *digits = g_strnfill(1000, '7');
    g_autofree char *assignment = g_strdup_printf("api.port=%s", digits);
    g_autofree char *message = g_strdup_printf(
        "command line: [api]port: expected an integer from 0 to 65535, not \"%.60s...\"", digits);
    (void)state;
    assert_refused(assignment, message);
    assert_refused(
        "database.connection=steel:hunter2",
        "command line: [database]connection: expected a URL as scheme://..., not what it "
        "is set to");
}

static void
numbers_are_read_in_decimal_and_with_prefixes_of_other_bases(void **state)
{
    g_autoptr(Config) config = config_of(
        "api.port=0x1a", "pxe.file_permission=0o640", "pxe.dir_permission=493",
        "api.unix_socket_mode=660", "database.max_retries=-1", "raw_image_growth_factor=1.5", NULL);
    (void)state;
    assert_int_equal(config_integer(config, OPT_API_PORT), 26);
    assert_int_equal(config_integer(config, OPT_PXE_FILE_PERMISSION), 0640);
    assert_int_equal(config_integer(config, OPT_PXE_DIR_PERMISSION), 0755);
    assert_int_equal(config_integer(config, OPT_API_UNIX_SOCKET_MODE), 0660);
    assert_int_equal(config_integer(config, OPT_DATABASE_MAX_RETRIES), -1);
    assert_true(config_float(config, OPT_RAW_IMAGE_GROWTH_FACTOR) == 1.5);
    assert_true(config_float(config, OPT_API_PORT) == 26.0);
}

static void
lists_and_dicts_are_read_by_item(void **state)
{
    g_autoptr(Config) config =
        config_of("enabled_hardware_types=ipmi, ilo",
                  "conductor.deploy_kernel_by_arch=x86_64:http://a/k,aarch64: b",
                  "conductor.clean_step_priority_override=deploy.erase_devices:0,bios.reset:5",
                  "conductor.clean_step_priority_override=deploy.erase_devices:7", NULL);
    const char *const *items = config_list(config, OPT_ENABLED_HARDWARE_TYPES);
    (void)state;
    assert_string_equal(items[0], "ipmi");
    assert_string_equal(items[1], "ilo");
    assert_null(items[2]);
    assert_int_equal(config_list_count(config, OPT_ENABLED_HARDWARE_TYPES), 2);
    assert_true(config_list_contains(config, OPT_ENABLED_HARDWARE_TYPES, "ilo"));
    assert_false(config_list_contains(config, OPT_ENABLED_HARDWARE_TYPES, "il"));
    assert_string_equal(config_lookup(config, OPT_CONDUCTOR_DEPLOY_KERNEL_BY_ARCH, "x86_64"),
                        "http://a/k");
    assert_null(config_lookup(config, OPT_CONDUCTOR_DEPLOY_KERNEL_BY_ARCH, "x86"));
    assert_string_equal(
        config_lookup(config, OPT_CONDUCTOR_CLEAN_STEP_PRIORITY_OVERRIDE, "deploy.erase_devices"),
        "7");
    assert_string_equal(
        config_lookup(config, OPT_CONDUCTOR_CLEAN_STEP_PRIORITY_OVERRIDE, "bios.reset"), "5");
    assert_null(config_list(config, OPT_ENABLED_BOOT_INTERFACES)[0]);
    assert_int_equal(config_list_count(config, OPT_ENABLED_BOOT_INTERFACES), 0);
}

static void
references_are_replaced_by_the_value_of_the_option(void **state)
{
    static const struct {
        const char *value; /* of [pxe]kernel_append_params */
        const char *text;
    } rows[] = {
        {"ip=$my_ip",            "ip=192.0.2.9"},
        {"ip=${my_ip}0",         "ip=192.0.2.90"},
        {"$api.port",            "6385"},
        {"${api.port}",          "6385"},
        {"$tftp_root",           "/s/tftp"},           /* the own section first */
        {"$MY_IP",               "192.0.2.9"},
        {"http://$my_ip.",       "http://192.0.2.9."},
        {"a$$my_ip",             "a$my_ip"},
        {"a\\$my_ip",            "a$my_ip"},
        {"a\\b",                 "a\\b"},
        {"$ $1 ${my_ip $",       "$ $1 ${my_ip $"},
        {"[$my_ipv6]",           "[]"},                /* an unset option is empty */
        {"$api.port$$$api.port", "6385$6385"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *assignment = g_strdup_printf("pxe.kernel_append_params=%s", rows[i].value);
        g_autoptr(Config) config = config_of("my_ip=192.0.2.9", "state_path=/s", assignment, NULL);
        assert_string_equal(config_string(config, OPT_PXE_KERNEL_APPEND_PARAMS), rows[i].text);
    }
}

static void
references_reach_through_other_references_and_lists(void **state)
{
    g_autoptr(Config) config =
        config_of("state_path=/srv/$host", "host=c1", "redfish.default_inspection_hooks=a,b",
                  "redfish.inspection_hooks=$default_inspection_hooks,c", NULL);
    (void)state;
    assert_string_equal(config_string(config, OPT_DATABASE_CONNECTION),
                        "sqlite:////srv/c1/steel.sqlite");
    assert_int_equal(config_list_count(config, OPT_REDFISH_INSPECTION_HOOKS), 3);
    assert_string_equal(config_list(config, OPT_REDFISH_INSPECTION_HOOKS)[1], "b");
}

static void
an_ipv6_address_is_bracketed_in_a_url(void **state)
{
    g_autoptr(Config) config =
        config_of("my_ipv6=2001:db8::1", "deploy.external_http_url=http://$my_ipv6:8080/", NULL);
    (void)state;
    assert_string_equal(config_string(config, OPT_DEPLOY_EXTERNAL_HTTP_URL),
                        "http://[2001:db8::1]:8080/");
}

static void
a_dangling_or_circular_reference_is_refused(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Config) config = config_new();
    (void)state;
    assert_refused(
        "pxe.kernel_append_params=$nothing",
        "command line: [pxe]kernel_append_params: refers to $nothing, which is no option (a dollar "
        "sign itself is written $$)");
    assert_refused("pxe.kernel_append_params=$kernel_append_params",
                   "command line: [pxe]kernel_append_params: refers to itself through "
                   "[pxe]kernel_append_params");
    assert_true(config_set(config, "host=$my_ip", &error));
    assert_true(config_set(config, "my_ip=$tempdir", &error));
    assert_true(config_set(config, "tempdir=$host", &error));
    assert_false(config_finish(config, &error));
    assert_non_null(strstr(error->message, "refers to itself through [DEFAULT]host"));
}

static void
references_cannot_make_a_value_grow_without_end(void **state)
{
    /* Each of the three holds 40 references to the next, the last 40 x 64 bytes: 4 MiB if nobody
     * counted. */
    g_autoptr(GError) error = NULL;
    g_autoptr(Config) config = config_new();
    g_autofree char *filling = g_strnfill(2560, 'x');
    g_autoptr(GString) to_username = g_string_new("keystone_authtoken.password=");
    g_autofree char *username = g_strdup_printf("keystone_authtoken.username=%s", filling);
    (void)state;
    for (int i = 0; i < 40; i++)
        g_string_append(to_username, "$username");
    assert_true(config_set(config, username, &error));
    assert_true(config_set(config, to_username->str, &error));
    assert_false(config_finish(config, &error));
    assert_string_equal(error->message,
                        "command line: [keystone_authtoken]password: larger than 64 KiB after "
                        "replacing what it refers to");
}

static void
relative_paths_start_at_the_state_path(void **state)
{
    g_autofree char *here = g_get_current_dir();
    g_autofree char *expected = g_build_filename(here, "data", NULL);
    g_autoptr(Config) config = config_of("state_path=/srv/steel/", "deploy.http_root=boot/./files",
                                         "pxe.tftp_root=/tftpboot", NULL);
    g_autoptr(Config) relative = config_of("state_path=data", NULL);
    (void)state;
    assert_string_equal(config_string(config, OPT_DEPLOY_HTTP_ROOT), "/srv/steel/boot/files");
    assert_string_equal(config_string(config, OPT_PXE_TFTP_ROOT), "/tftpboot");
    assert_string_equal(config_string(relative, OPT_STATE_PATH), expected);
}

static void
the_url_of_the_boot_server_follows_its_address(void **state)
{
    g_autoptr(Config) plain =
        config_of("boot_server.host_ip=192.0.2.5", "boot_server.port=80", NULL);
    g_autoptr(Config) wildcard = config_of("boot_server.host_ip=0.0.0.0", "my_ip=192.0.2.6", NULL);
    g_autoptr(Config) ipv6 = config_of("boot_server.host_ip=2001:db8::5", NULL);
    (void)state;
    assert_string_equal(config_string(plain, OPT_DEPLOY_HTTP_URL), "http://192.0.2.5:80");
    assert_string_equal(config_string(wildcard, OPT_DEPLOY_HTTP_URL), "http://192.0.2.6:8089");
    assert_string_equal(config_string(ipv6, OPT_DEPLOY_HTTP_URL), "http://[2001:db8::5]:8089");
}

/* True if a number loads, whatever it counts as. */
static bool
number_loads(const char *section, const char *name, int64_t number)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Config) config = config_new();
    g_autofree char *assignment = g_strdup_printf("%s.%s=%" PRId64, section, name, number);
    assert_true(config_set(config, assignment, &error));
    return config_finish(config, &error);
}

/* A bound of Ironic: the bound itself loads, a number beyond it is a mistake; without a bound any
 * number loads. */
static void
check_bound(char *const *words, const char *bound, int step, int64_t far)
{
    const bool none = g_str_equal(bound, "-");
    const int64_t number = none ? far : g_ascii_strtoll(bound, NULL, 10);
    if (!number_loads(words[0], words[1], number))
        fail_msg("[%s]%s = %" PRId64 " is refused", words[0], words[1], number);
    if (!none && number_loads(words[0], words[1], number + step))
        fail_msg("[%s]%s = %" PRId64 " is taken", words[0], words[1], number + step);
}

/* A line of the file: section, name, least and greatest of Ironic, - if it has none. */
static void
numbers_have_the_bounds_of_ironic(void **state)
{
    g_autofree char *text = NULL;
    unsigned rows = 0;
    (void)state;
    assert_true(
        g_file_get_contents(SOURCE_ROOT "/tests/data/ironic-bounds.txt", &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    log_set_level(LOG_LEVEL_ERROR);
    for (char **line = lines; *line != NULL && **line != '\0'; line++, rows++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", -1);
        assert_int_equal(g_strv_length(words), 4);
        const bool permission = strstr(words[1], "permission") != NULL;
        check_bound(words, words[2], -1, permission ? 0 : -1);
        check_bound(words, words[3], 1, permission ? 4095 : INT32_MAX);
    }
    log_set_level(LOG_LEVEL_INFO);
    assert_true(rows > 150);
}

static void
a_number_beyond_what_steel_works_with_counts_as_the_nearest(void **state)
{
    g_autoptr(Config) low = config_of("api.max_limit=0", "api.api_workers=0", NULL);
    g_autoptr(Config) high = config_of("api.max_limit=5000000", NULL);
    (void)state;
    assert_int_equal(config_integer(low, OPT_API_MAX_LIMIT), 1);
    assert_string_equal(config_string(low, OPT_API_MAX_LIMIT), "1");
    assert_int_equal(config_integer(low, OPT_API_API_WORKERS), 0);
    assert_int_equal(config_integer(high, OPT_API_MAX_LIMIT), 1000000);
}

static void
an_empty_number_is_the_default(void **state)
{
    g_autoptr(Config) config = config_of("api.max_limit=", "raw_image_growth_factor= ", NULL);
    (void)state;
    assert_int_equal(config_integer(config, OPT_API_MAX_LIMIT), 1000);
    assert_string_equal(config_string(config, OPT_RAW_IMAGE_GROWTH_FACTOR), "2.0");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_accepted_in_the_spellings_of_oslo),
        cmocka_unit_test(a_value_that_does_not_fit_says_where_and_what_was_expected),
        cmocka_unit_test(an_error_repeats_neither_secrets_nor_endless_text),
        cmocka_unit_test(numbers_are_read_in_decimal_and_with_prefixes_of_other_bases),
        cmocka_unit_test(numbers_have_the_bounds_of_ironic),
        cmocka_unit_test(a_number_beyond_what_steel_works_with_counts_as_the_nearest),
        cmocka_unit_test(an_empty_number_is_the_default),
        cmocka_unit_test(lists_and_dicts_are_read_by_item),
        cmocka_unit_test(references_are_replaced_by_the_value_of_the_option),
        cmocka_unit_test(references_reach_through_other_references_and_lists),
        cmocka_unit_test(an_ipv6_address_is_bracketed_in_a_url),
        cmocka_unit_test(a_dangling_or_circular_reference_is_refused),
        cmocka_unit_test(references_cannot_make_a_value_grow_without_end),
        cmocka_unit_test(relative_paths_start_at_the_state_path),
        cmocka_unit_test(the_url_of_the_boot_server_follows_its_address),
    };
    return cmocka_run_group_tests_name("config_value", tests, NULL, NULL);
}
