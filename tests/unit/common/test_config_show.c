/* The output of `steeld config show`: it reads back and hides secrets; and the manual's table is
 * this table.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"
#include "common/config_internal.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

static Config *
config_of(const char *const *assignments)
{
    g_autoptr(GError) error = NULL;
    Config *config = config_new();
    for (; *assignments != NULL; assignments++)
        if (!config_set(config, *assignments, &error))
            fail_msg("%s", error->message);
    if (!config_finish(config, &error))
        fail_msg("%s", error->message);
    return config;
}

static const char *const with_secrets[] = {
    "transport_url=rabbit://steel:hunter2@h1:5672,two:hunter2@h2:5672/virtual",
    "database.connection=postgresql://steel:hunt@er2@db/steel",
    "keystone_authtoken.password=hunter2",
    "cinder.application_credential_secret=hunter2",
    "oslo_messaging_notifications.transport_url=rabbit://steel:hunt/er2@h1/",
    NULL,
};

static void
secrets_are_shown_nowhere(void **state)
{
    g_autoptr(Config) config = config_of(with_secrets);
    g_autofree char *text = config_show(config, false);
    g_autofree char *json = config_show(config, true);
    (void)state;
    assert_null(strstr(text, "hunt"));
    assert_null(strstr(text, "er2"));
    assert_null(strstr(json, "hunt"));
    assert_null(strstr(json, "er2"));
    assert_non_null(strstr(
        text, "\ntransport_url = rabbit://steel:******@h1:5672,two:******@h2:5672/virtual\n"));
    assert_non_null(strstr(text, "\nconnection = postgresql://steel:******@db/steel\n"));
    assert_non_null(strstr(text, "\npassword = ******\n"));
}

static void
urls_without_a_password_are_shown_whole(void **state)
{
    static const char *const rows[] = {
        "sqlite:////var/lib/steel/steel.sqlite", "rabbit://h1:5672,h2:5672/",
        "postgresql://steel@db:5432/steel", "postgresql://db/x?host=/run/pg"};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *shown =
            config_masked(config_option_info(OPT_DATABASE_CONNECTION), rows[i]);
        assert_string_equal(shown, rows[i]);
    }
}

static void
every_option_is_shown_with_help_default_and_origin(void **state)
{
    static const char *const assignments[] = {"api.port=7000", NULL};
    g_autoptr(Config) config = config_of(assignments);
    g_autofree char *text = config_show(config, false);
    (void)state;
    assert_non_null(strstr(text, "\n[api]\n"));
    assert_non_null(strstr(
        text, "\n# Port to listen on; 0: any free one.\n# integer, 0 to 65535; default: 6385; set "
              "by command line\nport = 7000\n"));
    assert_non_null(strstr(text, "\n#unix_socket =\n"));
    for (size_t i = 0; i < OPTION_COUNT; i++)
        assert_non_null(strstr(text, config_option_info((ConfigOption)i)->help));
}

static void
the_shown_configuration_reads_back_as_the_same(void **state)
{
    static const char *const assignments[] = {
        "pxe.kernel_append_params= spaced $$HOME \"x\" ",
        "redfish.kernel_append_params='quoted'",
        "default_resource_class=\"one\"\ntwo\"",
        "default_portgroup_mode=\\\\$x $$\\\\$",
        "conductor.clean_step_priority_override=a.b:1,c.d:2",
        "conductor.clean_step_priority_override=e.f:3",
        "ipmi.additional_retryable_ipmi_errors=one, still one",
        "ipmi.additional_retryable_ipmi_errors=two $$2",
        "api.host_ip=[::1]",
        "pxe.instance_master_path=",
        NULL,
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(Config) config = config_of(assignments);
    g_autoptr(Config) again = config_new();
    g_autofree char *text = config_show(config, false);
    (void)state;
    if (!config_load_text(again, "shown", text, strlen(text), &error) ||
        !config_finish(again, &error))
        fail_msg("%s", error->message);
    assert_int_equal(again->unknown_order->len, 0);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const char *before = config_string(config, (ConfigOption)i);
        const char *after = config_string(again, (ConfigOption)i);
        if (g_strcmp0(before, after) != 0)
            fail_msg("%s: \"%s\" reads back as \"%s\"", config_option_info((ConfigOption)i)->suffix,
                     before, after);
    }
    assert_int_equal(config_list_count(again, OPT_IPMI_ADDITIONAL_RETRYABLE_IPMI_ERRORS), 2);
}

static void
json_shows_the_same_for_programs(void **state)
{
    static const char *const assignments[] = {"api.port=7000", NULL};
    g_autoptr(Config) config = config_of(assignments);
    g_autofree char *text = config_show(config, true);
    json_t *rows = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    (void)state;
    assert_non_null(rows);
    assert_int_equal(json_array_size(rows), OPTION_COUNT);
    json_t *port = json_array_get(rows, OPT_API_PORT);
    assert_string_equal(json_string_value(json_object_get(port, "value")), "7000");
    assert_string_equal(json_string_value(json_object_get(port, "default")), "6385");
    assert_string_equal(json_string_value(json_object_get(port, "origin")), "command line");
    assert_int_equal(json_integer_value(json_object_get(port, "greatest")), 65535);
    assert_true(json_is_false(json_object_get(port, "reloadable")));
    assert_true(json_is_null(json_object_get(json_array_get(rows, OPT_API_UNIX_SOCKET), "value")));
    assert_int_equal(
        json_array_size(json_object_get(json_array_get(rows, OPT_AUTH_STRATEGY), "choices")), 3);
    json_decref(rows);
}

/* With STEEL_UPDATE_DOCS set, the table in the manual is replaced instead of compared. */
static void
the_manual_holds_the_table_of_options(void **state)
{
    static const char begin[] = "<!-- generated from src/common/options.def -->\n";
    g_autofree char *reference = config_reference_markdown();
    g_autofree char *page = NULL;
    g_autofree char *fresh = NULL;
    static const char path[] = SOURCE_ROOT "/docs/configuration.md";
    (void)state;
    assert_true(g_file_get_contents(path, &page, NULL, NULL));
    const char *table = strstr(page, begin);
    assert_non_null(table);
    fresh = g_strdup_printf("%.*s\n%s", (int)(table - page + (ptrdiff_t)strlen(begin)), page,
                            reference);
    if (g_getenv("STEEL_UPDATE_DOCS") != NULL)
        assert_true(g_file_set_contents(path, fresh, -1, NULL));
    else if (!g_str_equal(page, fresh))
        fail_msg("docs/configuration.md does not match options.def: run STEEL_UPDATE_DOCS=1 meson "
                 "test config_show");
}

/* Adds the names of all options that C files and tables below a folder mention, without OPT_. */
static void
collect_names(const char *folder, GHashTable *names)
{
    g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
    assert_non_null(directory);
    for (const char *name; (name = g_dir_read_name(directory)) != NULL;) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *text = NULL;
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            collect_names(path, names);
        else if ((g_str_has_suffix(name, ".c") || g_str_has_suffix(name, ".def")) &&
                 g_file_get_contents(path, &text, NULL, NULL))
            for (const char *at = text; (at = strstr(at, "OPT_")) != NULL;) {
                size_t length = strspn(at += 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
                g_hash_table_add(names, g_strndup(at, length));
            }
    }
}

/* A macro makes the options of interfaces from the interface's name. */
static bool
is_of_interfaces(const OptionInfo *info)
{
    return g_str_equal(info->section, "DEFAULT") &&
           ((g_str_has_prefix(info->name, "enabled_") &&
             g_str_has_suffix(info->name, "_interfaces")) ||
            (g_str_has_prefix(info->name, "default_") &&
             g_str_has_suffix(info->name, "_interface")));
}

/* An option may be there for another one's default to stand on. */
static bool
is_part_of_a_default(const OptionInfo *info)
{
    g_autofree char *word = g_strconcat("$", info->name, NULL);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const OptionInfo *other = config_option_info((ConfigOption)i);
        if (g_str_equal(other->section, info->section) && !(other->flags & OPTION_IDLE) &&
            other->default_value != NULL && strstr(other->default_value, word) != NULL)
            return true;
    }
    return false;
}

/* Sessions with other services read the same names in several sections (openstack/section.h). */
static bool
is_of_sessions(const OptionInfo *info)
{
    static const char *const sections[] = {
        "keystone_authtoken", "glance",   "barbican", "cinder", "swift", "neutron", "nova",
        "service_user",       "json_rpc", NULL};
    static const char *const files[] = {"login.c", "login_body.c", "section.c", "session_new.c"};
    /* [keystone_authtoken] is a login and names no service */
    size_t count = g_str_equal(info->section, sections[0]) ? 3 : G_N_ELEMENTS(files);
    g_autofree char *word = g_strdup_printf("\"%s\"", info->name);
    for (size_t i = 0; g_strv_contains(sections, info->section) && i < count; i++) {
        g_autofree char *path = g_build_filename(SOURCE_ROOT "/src/openstack", files[i], NULL);
        g_autofree char *text = NULL;
        assert_true(g_file_get_contents(path, &text, NULL, NULL));
        if (strstr(text, word) != NULL)
            return true;
    }
    return false;
}

static void
options_that_no_code_reads_are_shown_as_such(void **state)
{
    (void)state;
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    collect_names(SOURCE_ROOT "/src", names);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const OptionInfo *info = config_option_info((ConfigOption)i);
        bool read = g_hash_table_contains(names, info->suffix) || is_of_interfaces(info) ||
                    is_of_sessions(info) ||
                    (!(info->flags & OPTION_IDLE) && is_part_of_a_default(info));
        if (read == ((info->flags & OPTION_IDLE) != 0))
            fail_msg("[%s]%s: %s", info->section, info->name,
                     read ? "it is read now: move its row to options.def"
                          : "no code reads it: implement it, or move its row to options_idle.def");
    }
}

static void
setting_an_option_without_effect_is_warned_of(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    Config *config = config_new();
    g_autofree char *path = NULL, *seen = NULL;
    int fd = g_file_open_tmp("steel-log-XXXXXX", &path, NULL);
    assert_true(fd >= 0);
    int kept = dup(STDERR_FILENO);
    assert_true(config_set(config, "api.response_validation=warn", &error));
    dup2(fd, STDERR_FILENO);
    bool good = config_finish(config, &error);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(fd);
    assert_true(good);
    assert_true(g_file_get_contents(path, &seen, NULL, NULL));
    unlink(path);
    assert_non_null(strstr(seen, "no effect yet: [api]response_validation (command line)"));
    config_free(config);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_shown_nowhere),
        cmocka_unit_test(urls_without_a_password_are_shown_whole),
        cmocka_unit_test(every_option_is_shown_with_help_default_and_origin),
        cmocka_unit_test(the_shown_configuration_reads_back_as_the_same),
        cmocka_unit_test(json_shows_the_same_for_programs),
        cmocka_unit_test(the_manual_holds_the_table_of_options),
        cmocka_unit_test(options_that_no_code_reads_are_shown_as_such),
        cmocka_unit_test(setting_an_option_without_effect_is_warned_of),
    };
    return cmocka_run_group_tests_name("config_show", tests, NULL, NULL);
}
