/* The table of options, the order of its sources, unknown options, and the addresses that the API
 * may listen on.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"
#include "common/config_internal.h"
#include "common/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

static char *directory;

static int
make_directory(void **state)
{
    (void)state;
    directory = g_dir_make_tmp("steel-config-XXXXXX", NULL);
    return directory == NULL;
}

static int
remove_directory(void **state)
{
    g_autoptr(GDir) entries = g_dir_open(directory, 0, NULL);
    const char *name;
    (void)state;
    while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(directory);
    g_free(directory);
    return 0;
}

static char *
file_of(const char *name, const char *text)
{
    char *path = g_build_filename(directory, name, NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static void
load(Config *config, const char *name, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = file_of(name, text);
    if (!config_load_file(config, path, &error))
        fail_msg("%s", error->message);
}

static void
finish(Config *config)
{
    g_autoptr(GError) error = NULL;
    if (!config_finish(config, &error))
        fail_msg("%s", error->message);
}

static void
set(Config *config, const char *assignment)
{
    g_autoptr(GError) error = NULL;
    if (!config_set(config, assignment, &error))
        fail_msg("%s", error->message);
}

static void
every_default_of_the_table_is_a_good_value(void **state)
{
    g_autoptr(Config) config = config_new();
    (void)state;
    finish(config);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const OptionInfo *info = config_option_info((ConfigOption)i);
        bool has_default = info->default_value != NULL || (info->flags & OPTION_COMPUTED);
        assert_int_equal(config_is_set(config, (ConfigOption)i), has_default);
        assert_string_equal(config_origin(config, (ConfigOption)i), "default");
        assert_false(config_is_explicit(config, (ConfigOption)i));
    }
}

static void
rows_of_the_table_keep_its_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const OptionInfo *info = config_option_info((ConfigOption)i);
        bool in_default = g_str_equal(info->section, "DEFAULT");
        g_autofree char *joined =
            in_default ? g_strdup(info->name) : g_strdup_printf("%s_%s", info->section, info->name);
        g_autofree char *suffix = g_ascii_strup(joined, -1);
        ConfigOption found = OPTION_COUNT;
        assert_string_equal(info->suffix, suffix);
        assert_true(g_str_has_suffix(info->help, "."));
        assert_true(info->least <= info->greatest);
        assert_int_equal(info->type == OPTION_CHOICE, info->choices != NULL);
        assert_true(config_find_option(info->section, info->name, &found));
        assert_int_equal(found, i); /* no name twice, no alias in its way */
    }
}

static void
passwords_and_secrets_are_flagged(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const OptionInfo *info = config_option_info((ConfigOption)i);
        if (g_str_has_suffix(info->name, "password") || g_str_has_suffix(info->name, "secret") ||
            g_str_has_suffix(info->name, "temp_url_key"))
            assert_true(info->flags & OPTION_SECRET);
        if (g_str_equal(info->name, "transport_url") || g_str_equal(info->name, "connection"))
            assert_true(info->flags & OPTION_SECRET_IN_URL);
    }
}

static void
older_names_and_other_spellings_are_found(void **state)
{
    ConfigOption option;
    (void)state;
    assert_true(config_find_option("keystone_authtoken", "auth_uri", &option));
    assert_int_equal(option, OPT_KEYSTONE_AUTHTOKEN_WWW_AUTHENTICATE_URI);
    assert_true(config_find_option("Keystone-AuthToken", "AUTH-URL", &option));
    assert_int_equal(option, OPT_KEYSTONE_AUTHTOKEN_AUTH_URL);
    assert_true(config_find_option("cinder", "auth_plugin", &option));
    assert_int_equal(option, OPT_CINDER_AUTH_TYPE);
    assert_false(config_find_option("cinder", "auth", &option));
}

static void
the_last_of_repeated_names_and_files_wins(void **state)
{
    g_autoptr(Config) config = config_new();
    g_autofree char *origin = NULL;
    (void)state;
    load(config, "a.conf", "[api]\nport = 1\nport = 2\nmax-limit = 7\n");
    load(config, "b.conf", "[API]\n\nport = 3\n");
    finish(config);
    assert_int_equal(config_integer(config, OPT_API_PORT), 3);
    assert_int_equal(config_integer(config, OPT_API_MAX_LIMIT), 7);
    origin = g_strdup_printf("%s/b.conf:3", directory);
    assert_string_equal(config_origin(config, OPT_API_PORT), origin);
    assert_string_equal(config_directory(config), directory);
}

static void
repeatable_options_add_up_over_lines_and_files(void **state)
{
    g_autoptr(Config) config = config_new();
    g_autoptr(Config) replaced = config_new();
    static const char first[] = "[ipmi]\nadditional_retryable_ipmi_errors = one, still one\n"
                                "additional_retryable_ipmi_errors = two\n";
    (void)state;
    load(config, "a.conf", first);
    load(config, "b.conf", "[ipmi]\nadditional_retryable_ipmi_errors = three\n");
    finish(config);
    const char *const *items = config_list(config, OPT_IPMI_ADDITIONAL_RETRYABLE_IPMI_ERRORS);
    assert_int_equal(config_list_count(config, OPT_IPMI_ADDITIONAL_RETRYABLE_IPMI_ERRORS), 3);
    assert_string_equal(items[0], "one, still one");
    assert_string_equal(items[2], "three");
    set(replaced, "ipmi.additional_retryable_ipmi_errors=x");
    set(replaced, "ipmi.additional_retryable_ipmi_errors=y");
    load(replaced, "a.conf", first);
    finish(replaced);
    assert_string_equal(config_string(replaced, OPT_IPMI_ADDITIONAL_RETRYABLE_IPMI_ERRORS), "x,y");
}

static void
the_command_line_wins_over_files_in_any_order(void **state)
{
    g_autoptr(Config) config = config_new();
    (void)state;
    set(config, "api.port=1000");
    load(config, "a.conf", "[api]\nport = 1\n[DEFAULT]\nhost = file\n");
    set(config, "host=line");
    finish(config);
    assert_int_equal(config_integer(config, OPT_API_PORT), 1000);
    assert_string_equal(config_string(config, OPT_HOST), "line");
    assert_string_equal(config_origin(config, OPT_HOST), "command line");
}

static void
a_directory_is_read_in_the_order_of_names(void **state)
{
    g_autoptr(Config) config = config_new();
    g_autoptr(Config) missing = config_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *base = directory;
    (void)state;
    directory = g_dir_make_tmp("steel-config-XXXXXX", NULL);
    g_free(file_of("20-late.conf", "[api]\nport = 20\n"));
    g_free(file_of("10-early.conf", "[api]\nport = 10\nmax_limit = 10\n"));
    g_free(file_of("30-other.conf~", "broken"));
    g_free(file_of(".hidden.conf", "broken"));
    assert_true(config_load_directory(config, directory, &error));
    finish(config);
    assert_int_equal(config_integer(config, OPT_API_PORT), 20);
    assert_int_equal(config_integer(config, OPT_API_MAX_LIMIT), 10);
    remove_directory(NULL);
    directory = g_steal_pointer(&base);
    assert_false(config_load_directory(missing, "/nonexistent", &error));
    assert_true(steel_error_is(error, STEEL_ERROR_IO));
}

static void
a_bad_value_in_a_file_is_reported_with_its_line(void **state)
{
    g_autoptr(Config) config = config_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *expected = g_strdup_printf(
        "%s/a.conf:4: [api]port: expected an integer from 0 to 65535, not \"http\"", directory);
    (void)state;
    load(config, "a.conf", "[DEFAULT]\n\n[api]\nport = http\n");
    assert_false(config_finish(config, &error));
    assert_string_equal(error->message, expected);
}

static void
the_command_line_refuses_what_it_does_not_know(void **state)
{
    static const char *const rows[][2] = {
        {"api.prot=1",            "--set: there is no option [api]prot"},
        {"prot=1",                "--set: there is no option [DEFAULT]prot"},
        {"=1",                    "--set: there is no option [DEFAULT]"},
        {"api.port",              "--set api.port: expected section.name=value"},
        {"nova.password:hunter2", "--set nova.password: expected section.name=value"},
        {"host=\xff",             "--set: expected a value in UTF-8 of at most 64 KiB"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Config) config = config_new();
        g_autoptr(GError) error = NULL;
        assert_false(config_set(config, rows[i][0], &error));
        assert_true(steel_error_is(error, STEEL_ERROR_CONFIG));
        assert_string_equal(error->message, rows[i][1]);
    }
}

static void
unknown_options_of_a_file_are_listed_with_place_and_suggestion(void **state)
{
    g_autoptr(Config) config = config_new();
    g_autofree char *list = NULL;
    g_autofree char *expected = g_strdup_printf("[DEFAULT]pybasedir (%s/a.conf:2), [api]prot "
                                                "(%s/a.conf:4, did you mean port?), [vnc]enabled "
                                                "(%s/a.conf:7)",
                                                directory, directory, directory);
    (void)state;
    load(config, "a.conf",
         "[DEFAULT]\npybasedir = /usr\n[api]\nprot = 1\nport = 2\n[vnc]\nenabled = yes\n");
    list = config_describe_unknown(config);
    assert_string_equal(list, expected);
    finish(config);
    assert_int_equal(config_integer(config, OPT_API_PORT), 2);
}

static void
the_list_of_unknown_options_fits_a_line_of_the_log(void **state)
{
    g_autoptr(Config) config = config_new();
    g_autoptr(GString) text = g_string_new("[vnc]\n");
    g_autofree char *list = NULL;
    (void)state;
    for (int i = 0; i < 1000; i++)
        g_string_append_printf(text, "option_%d = 1\n", i);
    load(config, "a.conf", text->str);
    list = config_describe_unknown(config);
    assert_true(strlen(list) < 4000);
    assert_non_null(g_strrstr(list, " more"));
}

static void
more_unknown_options_than_any_real_file_has_are_refused(void **state)
{
    g_autoptr(Config) config = config_new();
    g_autoptr(GString) text = g_string_new("[vnc]\n");
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    (void)state;
    for (int i = 0; i <= CONFIG_MAX_UNKNOWN; i++)
        g_string_append_printf(text, "option_%d = 1\n", i);
    path = file_of("a.conf", text->str);
    assert_false(config_load_file(config, path, &error));
    assert_non_null(strstr(error->message, ":10002: more than 10000 unknown options"));
}

static void
values_of_unknown_options_can_be_referred_to(void **state)
{
    g_autoptr(Config) config = config_new();
    g_autoptr(Config) circle = config_new();
    g_autoptr(GError) error = NULL;
    (void)state;
    load(config, "a.conf",
         "[DEFAULT]\npybasedir = /opt/$host\nhost = c1\n[pxe]\nmine = x\nkernel_append_params = "
         "$pybasedir "
         "$mine $pxe.mine\n");
    finish(config);
    assert_string_equal(config_string(config, OPT_PXE_KERNEL_APPEND_PARAMS), "/opt/c1 x x");
    load(circle, "a.conf", "[DEFAULT]\nmine = $yours\nyours = $mine\nhost = $mine\n");
    assert_false(config_finish(circle, &error));
    assert_non_null(strstr(error->message, ":4: [DEFAULT]host: refers to itself"));
}

static void
a_configuration_file_of_ironic_loads(void **state)
{
    g_autoptr(Config) config = config_new();
    (void)state;
    load(config, "ironic.conf",
         "[DEFAULT]\n"
         "auth_strategy=keystone\n"
         "my_ip=10.0.0.5\n"
         "host=conductor-1\n"
         "enabled_hardware_types = ipmi,ilo,redfish\n"
         "transport_url = rabbit://stackrabbit:secret@10.0.0.5:5672/\n"
         "rootwrap_config=/etc/ironic/rootwrap.conf\n"
         "default_log_levels = amqp=WARN,\n    sqlalchemy=WARN\n"
         "[conductor]\nworkers_pool_size: 100\nsend_sensor_data = True\n"
         "clean_step_priority_override = deploy.erase_devices:0\n"
         "clean_step_priority_override = bios.factory_reset:10\n"
         "[pxe]\npxe_append_params = nofb nomodeset vga=normal console=ttyS0 ipa-debug=1\n"
         "tftp_server = $my_ip\nipxe_enabled = True\n"
         "[neutron]\nauth_type = password\nauth_url = http://$my_ip/identity\n"
         "cleaning_network = 7d4ffe0c\nvalid_interfaces = internal, public\n"
         "[keystone_authtoken]\nwww_authenticate_uri = http://10.0.0.5/identity\npassword = "
         "\"pa$$wo#rd\"\n");
    finish(config);
    assert_string_equal(config_string(config, OPT_AUTH_STRATEGY), "keystone");
    assert_int_equal(config_integer(config, OPT_CONDUCTOR_WORKERS_POOL_SIZE), 100);
    assert_true(config_boolean(config, OPT_SENSOR_DATA_SEND_SENSOR_DATA));
    assert_int_equal(config_list_count(config, OPT_CONDUCTOR_CLEAN_STEP_PRIORITY_OVERRIDE), 2);
    assert_string_equal(config_string(config, OPT_PXE_TFTP_SERVER), "10.0.0.5");
    assert_string_equal(config_string(config, OPT_PXE_KERNEL_APPEND_PARAMS),
                        "nofb nomodeset vga=normal console=ttyS0 ipa-debug=1");
    assert_string_equal(config_string(config, OPT_NEUTRON_AUTH_URL), "http://10.0.0.5/identity");
    assert_string_equal(config_string(config, OPT_KEYSTONE_AUTHTOKEN_PASSWORD), "pa$wo#rd");
    assert_int_equal(config->unknown_order->len, 3);
}

static void
the_api_listens_beyond_loopback_only_with_authentication(void **state)
{
    static const struct {
        const char *settings[3];
        const char *message; /* NULL: allowed */
    } rows[] = {
        {{"api.host_ip=127.0.0.1"}, NULL},
        {{"api.host_ip=127.1.2.3"}, NULL},
        {{"api.host_ip=::1"}, NULL},
        {{"api.host_ip=localhost"}, NULL},
        {{"api.host_ip=0.0.0.0"}, "command line: [api]host_ip: 0.0.0.0 is not loopback"},
        {{"api.host_ip=::"}, "command line: [api]host_ip: :: is not loopback"},
        {{"api.host_ip=127.0.0.1.example.org"},
         "command line: [api]host_ip: 127.0.0.1.example.org"},
        {{"api.host_ip=0.0.0.0", "auth_strategy=http_basic"}, NULL},
        {{"api.host_ip=0.0.0.0", "api.allow_unauthenticated_remote=true"}, NULL},
        {{"api.host_ip=0.0.0.0", "api.unix_socket=/run/steel.sock"}, NULL},
        {{"api.enable_ssl_api=true", "api.cert_file=/c"},
         "command line: [api]enable_ssl_api: needs"},
        {{"api.enable_ssl_api=true", "api.cert_file=/c", "api.key_file=/k"}, NULL},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Config) config = config_new();
        g_autoptr(GError) error = NULL;
        for (size_t s = 0; s < 3 && rows[i].settings[s] != NULL; s++)
            set(config, rows[i].settings[s]);
        finish(config);
        assert_int_equal(config_check_api(config, &error), rows[i].message == NULL);
        if (rows[i].message != NULL)
            assert_true(g_str_has_prefix(error->message, rows[i].message));
    }
}

/* A check sees the defaults in place of wrong values. */
static bool
want_high_port(const Config *config, GError **error)
{
    return config_integer(config, OPT_API_PORT) > 10000 ||
           steel_fail(error, STEEL_ERROR_CONFIG, "%s: the port is low",
                      config_origin(config, OPT_API_PORT));
}

static void
mistakes_of_all_kinds_are_reported_together(void **state)
{
    g_autoptr(Config) config = config_new();
    g_autoptr(GError) loading = NULL, finishing = NULL;
    g_autofree char *path =
        file_of("bad.conf", "[api]\nport = 80\nmax_limit = x\n[DEFAULT]\ndebug = maybe\n"
                            "log_in_db_max_size = $nowhere\n!\n");
    (void)state;
    assert_false(config_load_file(config, path, &loading));
    assert_true(g_str_has_suffix(loading->message, "bad.conf:7: neither a section, nor \"name = "
                                                   "value\", nor a comment"));
    config_add_check(config, want_high_port);
    assert_false(config_finish(config, &finishing));
    g_auto(GStrv) lines = g_strsplit(finishing->message, "\n", -1);
    static const char *const parts[] = {
        "bad.conf:2: the port is low",
        "bad.conf:3: [api]max_limit: expected an integer from 1 to 1000000, not \"x\"",
        "bad.conf:5: [DEFAULT]debug: expected true or false, not \"maybe\"",
        "bad.conf:6: [DEFAULT]log_in_db_max_size: refers to $nowhere",
    };
    assert_int_equal(g_strv_length(lines), G_N_ELEMENTS(parts));
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        assert_non_null(strstr(lines[i], parts[i]));
}

static void
the_environment_stands_between_files_and_command_line(void **state)
{
    static const char *const variables[] = {"OS_API__PORT=1002",
                                            "OS_API__MAX_LIMIT=12",
                                            "OS_OSLO_POLICY__POLICY_DIRS=b",
                                            "OS_DEFAULT__HOST=$my_ip",
                                            "OS_DEFAULT__MY_IP=192.0.2.7",
                                            "OS_AUTH_URL=http://x",
                                            "OS_API__=1",
                                            "OS___PORT=1",
                                            "OS_API__PORTS",
                                            "PATH=/bin__=",
                                            NULL};
    g_autoptr(Config) config = config_new();
    g_autoptr(GError) error = NULL;
    (void)state;
    load(config, "a.conf", "[api]\nport = 1001\nmax_limit = 11\n[oslo_policy]\npolicy_dirs = a\n");
    set(config, "api.port=1003");
    assert_true(config_load_environment(config, variables, &error));
    load(config, "b.conf", "[api]\nmax_limit = 13\n");
    finish(config);
    assert_int_equal(config_integer(config, OPT_API_PORT), 1003);
    assert_int_equal(config_integer(config, OPT_API_MAX_LIMIT), 12);
    assert_string_equal(config_string(config, OPT_OSLO_POLICY_POLICY_DIRS), "b");
    assert_string_equal(config_string(config, OPT_HOST), "192.0.2.7");
    assert_string_equal(config_origin(config, OPT_API_MAX_LIMIT), "environment OS_API__MAX_LIMIT");
    g_autofree char *unknown = config_describe_unknown(config);
    assert_string_equal(unknown, "");
}

static void
a_variable_that_names_no_option_is_reported_like_one_of_a_file(void **state)
{
    static const char *const variables[] = {"OS_API__PROT=1", "OS_DEFAULT__NOTHING=1", NULL};
    g_autoptr(Config) config = config_new();
    g_autoptr(GError) error = NULL;
    (void)state;
    assert_true(config_load_environment(config, variables, &error));
    g_autofree char *list = config_describe_unknown(config);
    assert_string_equal(list, "[api]prot (environment OS_API__PROT, did you mean port?), "
                              "[DEFAULT]nothing (environment OS_DEFAULT__NOTHING)");
}

static void
a_variable_that_cannot_be_read_is_a_mistake(void **state)
{
    g_autofree char *filling = g_strnfill(65 * 1024, 'x');
    g_autofree char *large = g_strdup_printf("OS_DEFAULT__HOST=%s", filling);
    const char *const variables[] = {large, "OS_API__PORT=\xff", NULL};
    g_autoptr(Config) config = config_new();
    g_autoptr(GError) error = NULL;
    (void)state;
    assert_false(config_load_environment(config, variables, &error));
    assert_string_equal(
        error->message,
        "environment OS_DEFAULT__HOST: expected a value in UTF-8 of at most 64 KiB\n"
        "environment OS_API__PORT: expected a value in UTF-8 of at most 64 KiB");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_of_the_table_is_a_good_value),
        cmocka_unit_test(rows_of_the_table_keep_its_rules),
        cmocka_unit_test(passwords_and_secrets_are_flagged),
        cmocka_unit_test(older_names_and_other_spellings_are_found),
        cmocka_unit_test(the_last_of_repeated_names_and_files_wins),
        cmocka_unit_test(repeatable_options_add_up_over_lines_and_files),
        cmocka_unit_test(the_command_line_wins_over_files_in_any_order),
        cmocka_unit_test(a_directory_is_read_in_the_order_of_names),
        cmocka_unit_test(a_bad_value_in_a_file_is_reported_with_its_line),
        cmocka_unit_test(the_command_line_refuses_what_it_does_not_know),
        cmocka_unit_test(unknown_options_of_a_file_are_listed_with_place_and_suggestion),
        cmocka_unit_test(the_list_of_unknown_options_fits_a_line_of_the_log),
        cmocka_unit_test(more_unknown_options_than_any_real_file_has_are_refused),
        cmocka_unit_test(values_of_unknown_options_can_be_referred_to),
        cmocka_unit_test(a_configuration_file_of_ironic_loads),
        cmocka_unit_test(the_api_listens_beyond_loopback_only_with_authentication),
        cmocka_unit_test(mistakes_of_all_kinds_are_reported_together),
        cmocka_unit_test(the_environment_stands_between_files_and_command_line),
        cmocka_unit_test(a_variable_that_names_no_option_is_reported_like_one_of_a_file),
        cmocka_unit_test(a_variable_that_cannot_be_read_is_a_mistake),
    };
    return cmocka_run_group_tests_name("config", tests, make_directory, remove_directory);
}
