/* The current configuration: publication, reload, and readers that must not notice either.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"
#include "common/error.h"
#include "common/log.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

static char *directory;
static char *path;

static int
make_file(void **state)
{
    (void)state;
    directory = g_dir_make_tmp("steel-config-XXXXXX", NULL);
    path = g_build_filename(directory, "steel.conf", NULL);
    return directory == NULL;
}

static int
remove_file(void **state)
{
    (void)state;
    config_shutdown();
    g_unlink(path);
    g_rmdir(directory);
    g_clear_pointer(&path, g_free);
    g_clear_pointer(&directory, g_free);
    return 0;
}

static void
write_file(const char *text)
{
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
publish(const char *text, const char *assignment)
{
    g_autoptr(GError) error = NULL;
    Config *config = config_new();
    write_file(text);
    if (!config_load_file(config, path, &error) || !config_set(config, assignment, &error) ||
        !config_finish(config, &error))
        fail_msg("%s", error->message);
    config_publish(config);
}

static void
reload(const char *text)
{
    g_autoptr(GError) error = NULL;
    write_file(text);
    if (!config_reload(&error))
        fail_msg("%s", error->message);
}

static void
before_publication_the_defaults_are_current(void **state)
{
    (void)state;
    assert_int_equal(config_integer(config_current(), OPT_API_PORT), 6385);
    assert_ptr_equal(config_current(), config_current());
}

static void
a_reload_takes_only_reloadable_options(void **state)
{
    (void)state;
    publish("[api]\nmax_limit = 10\nport = 1000\n", "debug=false");
    reload("[api]\nmax_limit = 20\nport = 2000\n");
    assert_int_equal(config_integer(config_current(), OPT_API_MAX_LIMIT), 20);
    assert_int_equal(config_integer(config_current(), OPT_API_PORT), 1000);
    reload("[api]\n");
    assert_int_equal(config_integer(config_current(), OPT_API_MAX_LIMIT), 1000);
    assert_int_equal(config_integer(config_current(), OPT_API_PORT), 1000);
}

static void
a_reload_keeps_what_the_command_line_set(void **state)
{
    (void)state;
    publish("[api]\nmax_limit = 10\n", "api.max_limit=5");
    reload("[api]\nmax_limit = 20\n");
    assert_int_equal(config_integer(config_current(), OPT_API_MAX_LIMIT), 5);
}

static void
options_that_refer_to_a_fixed_one_see_its_running_value(void **state)
{
    static const char text[] = "[DEFAULT]\nhost = %s\n[pxe]\nkernel_append_params = on=$host\n";
    g_autofree char *before = g_strdup_printf(text, "c1");
    g_autofree char *after = g_strdup_printf(text, "c2");
    (void)state;
    publish(before, "debug=false");
    reload(after);
    assert_string_equal(config_string(config_current(), OPT_HOST), "c1");
    assert_string_equal(config_string(config_current(), OPT_PXE_KERNEL_APPEND_PARAMS), "on=c1");
}

static void
lists_that_are_fixed_keep_their_items(void **state)
{
    (void)state;
    publish("[DEFAULT]\nenabled_hardware_types = ipmi,ilo\n", "debug=false");
    reload("[DEFAULT]\nenabled_hardware_types = redfish\n");
    assert_int_equal(config_list_count(config_current(), OPT_ENABLED_HARDWARE_TYPES), 2);
    assert_string_equal(config_list(config_current(), OPT_ENABLED_HARDWARE_TYPES)[1], "ilo");
}

static void
a_failed_reload_changes_nothing(void **state)
{
    static const char *const broken[] = {"[api]\nmax_limit = many\n", "[api]\nport = 70000\n",
                                         "nonsense"};
    (void)state;
    publish("[api]\nmax_limit = 10\n", "debug=false");
    const Config *before = config_current();
    for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autoptr(GError) error = NULL;
        write_file(broken[i]);
        assert_false(config_reload(&error));
        assert_true(steel_error_is(error, STEEL_ERROR_CONFIG));
        assert_ptr_equal(config_current(), before);
    }
    g_autoptr(GError) missing = NULL;
    g_unlink(path);
    assert_false(config_reload(&missing));
    assert_true(steel_error_is(missing, STEEL_ERROR_IO));
    assert_int_equal(config_integer(config_current(), OPT_API_MAX_LIMIT), 10);
}

static void
earlier_configurations_stay_readable(void **state)
{
    (void)state;
    publish("[api]\nmax_limit = 10\n[DEFAULT]\ndefault_resource_class = gold\n", "debug=false");
    const Config *before = config_current();
    const char *resource_class = config_string(before, OPT_DEFAULT_RESOURCE_CLASS);
    for (int i = 0; i < 5; i++)
        reload("[DEFAULT]\ndefault_resource_class = iron\n");
    assert_string_equal(resource_class, "gold");
    assert_int_equal(config_integer(before, OPT_API_MAX_LIMIT), 10);
    assert_string_equal(config_string(config_current(), OPT_DEFAULT_RESOURCE_CLASS), "iron");
}

static void
a_reload_without_a_change_keeps_nothing(void **state)
{
    (void)state;
    publish("[api]\nmax_limit = 10\n", "debug=false");
    const Config *first = config_current();
    for (int i = 0; i < 5; i++) {
        reload("# another line\n[api]\nmax_limit = 10\n");
        assert_ptr_equal(config_current(), first);
    }
    reload("[api]\nmax_limit = 20\n");
    const Config *second = config_current();
    assert_ptr_not_equal(second, first);
    reload("[api]\nmax_limit = 10\n");
    assert_ptr_equal(config_current(), first);
    reload("[api]\nmax_limit = 20\n");
    assert_ptr_equal(config_current(), second);
}

static void
a_changed_configuration_shares_what_has_not_changed(void **state)
{
    (void)state;
    publish("[api]\nmax_limit = 10\n[DEFAULT]\ndefault_resource_class = gold\n", "debug=false");
    const Config *first = config_current();
    reload("[api]\nmax_limit = 20\n[DEFAULT]\ndefault_resource_class = gold\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        bool changed = i == OPT_API_MAX_LIMIT || config_string(first, (ConfigOption)i) == NULL;
        if (!changed)
            assert_ptr_equal(config_string(config_current(), (ConfigOption)i),
                             config_string(first, (ConfigOption)i));
    }
}

static void
items_with_commas_in_them_are_not_taken_for_several(void **state)
{
    (void)state;
    publish("[ipmi]\nadditional_retryable_ipmi_errors = a,b\n", "debug=false");
    reload("[ipmi]\nadditional_retryable_ipmi_errors = a\nadditional_retryable_ipmi_errors = b\n");
    assert_int_equal(config_list_count(config_current(), OPT_IPMI_ADDITIONAL_RETRYABLE_IPMI_ERRORS),
                     2);
}

/* The log lines of a reload of `text`. Caller frees. */
static char *
log_of_reload(const char *text)
{
    char lines[8192] = "";
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int error_output = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    reload(text);
    dup2(error_output, STDERR_FILENO);
    close(error_output);
    close(ends[1]);
    ssize_t size = read(ends[0], lines, sizeof lines - 1);
    close(ends[0]);
    assert_true(size >= 0);
    return g_strndup(lines, (size_t)size);
}

static void
fixed_options_that_changed_are_named_in_one_line_without_their_values(void **state)
{
    g_autofree char *log = NULL;
    g_autofree char *silent = NULL;
    (void)state;
    publish("[database]\nconnection = postgresql://steel:hunter2@db/steel\n", "debug=false");
    log = log_of_reload(
        "[database]\nconnection = postgresql://steel:hunter3@db/steel\n[api]\nport = 1\n");
    assert_non_null(strstr(log, "WARNING config changed, but used only after a restart: [api]port, "
                                "[database]connection\n"));
    assert_null(strstr(log, "hunter"));
    silent = log_of_reload("[database]\nconnection = postgresql://steel:hunter2@db/steel\n");
    assert_string_equal(silent, "");
}

typedef struct Readers {
    atomic_bool stop;
    atomic_int wrong;
    atomic_int seen[2];
} Readers;

/* max_limit and heartbeat timeout are always written as a pair: 10 and 10, or 20 and 20. */
static void *
read_pairs(void *pointer)
{
    Readers *readers = pointer;
    while (!atomic_load(&readers->stop)) {
        const Config *config = config_current();
        int64_t limit = config_integer(config, OPT_API_MAX_LIMIT);
        const char *class = config_string(config, OPT_DEFAULT_RESOURCE_CLASS);
        if ((limit != 10 && limit != 20) ||
            config_integer(config, OPT_API_RAMDISK_HEARTBEAT_TIMEOUT) != limit ||
            !g_str_equal(class, limit == 10 ? "ten" : "twenty"))
            atomic_fetch_add(&readers->wrong, 1);
        atomic_fetch_add(&readers->seen[limit == 20], 1);
    }
    return NULL;
}

static void
readers_see_one_state_of_all_options_while_others_reload(void **state)
{
    static const char *const texts[] = {"[api]\nmax_limit = 10\nramdisk_heartbeat_timeout = "
                                        "10\n[DEFAULT]\ndefault_resource_class = ten\n",
                                        "[api]\nmax_limit = 20\nramdisk_heartbeat_timeout = "
                                        "20\n[DEFAULT]\ndefault_resource_class = twenty\n"};
    Readers readers = {0};
    pthread_t threads[3];
    (void)state;
    publish(texts[0], "debug=false");
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_pairs, &readers), 0);
    int reloads = 0;
    while (reloads < 1000 && (reloads < 20 || atomic_load(&readers.seen[0]) == 0 ||
                              atomic_load(&readers.seen[1]) == 0))
        reload(texts[++reloads % 2]);
    atomic_store(&readers.stop, true);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(readers.wrong, 0);
    assert_true(readers.seen[0] > 0 && readers.seen[1] > 0);
}

static void *
look(void *pointer)
{
    const Config **found = pointer;
    *found = config_current();
    return NULL;
}

static void
threads_that_start_together_share_one_default(void **state)
{
    pthread_t threads[4];
    const Config *found[G_N_ELEMENTS(threads)] = {NULL};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look, &found[i]), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        assert_ptr_equal(found[i], config_current());
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, make_file, remove_file)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(before_publication_the_defaults_are_current),
        ROW(a_reload_takes_only_reloadable_options),
        ROW(a_reload_keeps_what_the_command_line_set),
        ROW(options_that_refer_to_a_fixed_one_see_its_running_value),
        ROW(lists_that_are_fixed_keep_their_items),
        ROW(a_failed_reload_changes_nothing),
        ROW(a_reload_without_a_change_keeps_nothing),
        ROW(a_changed_configuration_shares_what_has_not_changed),
        ROW(items_with_commas_in_them_are_not_taken_for_several),
        ROW(earlier_configurations_stay_readable),
        ROW(fixed_options_that_changed_are_named_in_one_line_without_their_values),
        ROW(readers_see_one_state_of_all_options_while_others_reload),
        ROW(threads_that_start_together_share_one_default),
    };
    return cmocka_run_group_tests_name("config_reload", tests, NULL, NULL);
}
