/* Boot ISOs and floppy images: what is in them, what is refused, and that they come out alike.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/process.h"
#include "images/boot_iso.h"
#include "images/floppy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NETWORK "{\"links\": []}"

typedef struct World {
    char *folder, *work, *kernel, *initramfs, *output; /* owned */
} World;

static char *
below(const World *world, const char *name)
{
    return g_build_filename(world->folder, name, NULL);
}

static int
begin(void **state)
{
    World *world = g_new0(World, 1);
    world->folder = g_dir_make_tmp("steel-media-XXXXXX", NULL);
    world->work = below(world, "work");
    world->kernel = below(world, "vmlinuz");
    world->initramfs = below(world, "initrd");
    world->output = below(world, "output");
    assert_int_equal(g_mkdir_with_parents(world->work, 0700), 0);
    assert_true(g_file_set_contents(world->kernel, "a kernel", -1, NULL));
    assert_true(g_file_set_contents(world->initramfs, "an initramfs", -1, NULL));
    *state = world;
    return 0;
}

static int
end(void **state)
{
    World *world = *state;
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", world->folder);
    assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_free(world->folder);
    g_free(world->work);
    g_free(world->kernel);
    g_free(world->initramfs);
    g_free(world->output);
    g_free(world);
    return 0;
}

static BootIso
iso_of(const World *world)
{
    return (BootIso){.folder = world->work,
                     .output = world->output,
                     .kernel = world->kernel,
                     .initramfs = world->initramfs,
                     .arguments = "boot_method=vmedia  ipa-api-url=http://192.0.2.1:6385"};
}

static void
assert_failed(bool good, GError **error, SteelErrorCode code, const char *part)
{
    assert_false(good);
    assert_non_null(*error);
    if (!steel_error_is(*error, code) || strstr((*error)->message, part) == NULL)
        fail_msg("%s", (*error)->message);
    g_clear_error(error);
}

static char *
output_of(const char *const *argv)
{
    g_auto(ProcessResult) result = {0};
    GError *error = NULL;
    ProcessSpec spec = {.argv = argv, .output_limit = 16u << 20};
    if (!process_run(&spec, &result, &error))
        fail_msg("%s", error->message);
    return g_strdup(result.output);
}

/* A file of an ISO. */
static char *
read_disc(const World *world, const char *name)
{
    g_autofree char *copy = below(world, "extracted");
    const char *argv[] = {"xorriso",  "-osirrox", "on", "-indev", world->output,
                          "-extract", name,       copy, NULL};
    char *text = NULL;
    unlink(copy);
    g_free(output_of(argv));
    assert_true(g_file_get_contents(copy, &text, NULL, NULL));
    return text;
}

static void
build(const BootIso *iso)
{
    GError *error = NULL;
    if (!boot_iso_build(iso, &error))
        fail_msg("%s", error->message);
}

/* ---- ISOs ---- */

static void
test_an_iso_has_the_files_and_the_words(void **state)
{
    World *world = *state;
    BootIso iso = iso_of(world);
    const BootIsoFile file = {"openstack/latest/network_data.json", NETWORK, strlen(NETWORK)};
    iso.files = &file;
    iso.file_count = 1;
    iso.label = BOOT_ISO_LABEL_CONFIG;
    build(&iso);
    g_autofree char *kernel = read_disc(world, "/boot/kernel"),
                    *initramfs = read_disc(world, "/boot/initramfs"),
                    *network = read_disc(world, "/openstack/latest/network_data.json"),
                    *grub = read_disc(world, "/boot/grub/grub.cfg");
    assert_string_equal(kernel, "a kernel");
    assert_string_equal(initramfs, "an initramfs");
    assert_string_equal(network, NETWORK);
    assert_non_null(strstr(grub, "linux /boot/kernel 'boot_method=vmedia' "
                                 "'ipa-api-url=http://192.0.2.1:6385'\n"));
    const char *argv[] = {"blkid", "-p", "-o", "value", "-s", "LABEL", world->output, NULL};
    g_autofree char *label = output_of(argv);
    assert_string_equal(label, "config-2\n");
    struct stat status;
    assert_int_equal(stat(world->output, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644);
}

/* Both firmwares find an entry of El Torito of theirs. */
static void
test_an_iso_starts_with_bios_and_uefi(void **state)
{
    World *world = *state;
    const BootIso iso = iso_of(world);
    build(&iso);
    const char *argv[] = {
        "xorriso", "-indev", world->output, "-report_el_torito", "plain", "-report_system_area",
        "plain",   NULL};
    g_autofree char *report = output_of(argv);
    assert_non_null(strstr(report, "BIOS"));
    assert_non_null(strstr(report, "UEFI"));
    assert_non_null(strstr(report, "/boot/grub/bios.img"));
}

static void
test_the_same_inputs_give_the_same_iso(void **state)
{
    World *world = *state;
    char *bytes[2] = {NULL, NULL};
    gsize sizes[2];
    for (size_t i = 0; i < 2; i++) {
        g_autofree char *work = g_strdup_printf("%s/work%zu", world->folder, i);
        assert_int_equal(g_mkdir_with_parents(work, 0700), 0);
        BootIso iso = iso_of(world);
        iso.folder = work;
        build(&iso);
        assert_true(g_file_get_contents(world->output, &bytes[i], &sizes[i], NULL));
    }
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(bytes[0], bytes[1], sizes[0]);
    /* the volume's date of creation, in the first descriptor (ECMA-119, 8.4.26) */
    assert_memory_equal(bytes[0] + 16 * 2048 + 813, "2020010100000000", 16);
    g_free(bytes[0]);
    g_free(bytes[1]);
}

/* A loader of the operator's finds its configuration where it looks, and in it the way to the
 * disc. */
static void
test_a_given_esp_takes_the_place_of_ours(void **state)
{
    World *world = *state;
    g_autofree char *esp = below(world, "esp.img");
    const char *mkfs[] = {"mkfs.vfat", "-C", "-n", "THEIRS", esp, "2048", NULL};
    g_free(output_of(mkfs));
    BootIso iso = iso_of(world);
    iso.esp = esp;
    iso.esp_config = "EFI/BOOT/grub.cfg";
    build(&iso);
    g_autofree char *grub = read_disc(world, "/EFI/BOOT/grub.cfg");
    assert_non_null(strstr(grub, "search --no-floppy --file --set=root /boot/disc-"));
    assert_non_null(strstr(grub, "linux /boot/kernel"));
    char *bytes = NULL;
    gsize size;
    assert_true(g_file_get_contents(world->output, &bytes, &size, NULL));
    assert_non_null(memmem(bytes, size, "THEIRS", 6));
    g_free(bytes);
}

static void
test_words_that_grub_would_read_are_refused(void **state)
{
    static const char *const words[] = {"a='b'", "a=\"b c\"", "a=\\b",
                                        "a\nb",  "a\tb",      "a=\xc3\xa4"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        GError *error = NULL;
        BootIso iso = iso_of(*state);
        iso.arguments = words[i];
        assert_failed(boot_iso_build(&iso, &error), &error, STEEL_ERROR_INVALID, "command line");
    }
}

/* The words of GRUB's own language mean nothing within quotes. */
static void
test_words_of_grubs_language_reach_the_kernel(void **state)
{
    GError *error = NULL;
    BootIso iso = iso_of(*state);
    iso.arguments = "a=$b c;reboot {x} d|e";
    g_autofree char *text = boot_iso_configuration(&iso, &error);
    assert_null(error);
    assert_non_null(strstr(text, "'a=$b' 'c;reboot' '{x}' 'd|e'\n"));
}

static void
test_names_that_leave_the_disc_are_refused(void **state)
{
    static const char *const names[] = {"../etc/passwd", "/etc/passwd",        "a//b", "",
                                        "a/../b",        "boot/grub/grub.cfg", "a b",  ".hidden"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        GError *error = NULL;
        const BootIsoFile file = {names[i], "", 0};
        BootIso iso = iso_of(*state);
        iso.files = &file;
        iso.file_count = 1;
        assert_failed(boot_iso_build(&iso, &error), &error, STEEL_ERROR_INVALID, "is no name");
    }
}

static void
test_too_much_is_refused(void **state)
{
    World *world = *state;
    GError *error = NULL;
    BootIso iso = iso_of(world);
    g_autofree char *long_words = g_strnfill(BOOT_ISO_ARGUMENTS_LIMIT + 1, 'a');
    iso.arguments = long_words;
    assert_failed(boot_iso_build(&iso, &error), &error, STEEL_ERROR_TOO_LARGE, "command line");
    error = NULL;
    iso = iso_of(world);
    assert_int_equal(truncate(world->initramfs, (off_t)BOOT_ISO_SIZE_LIMIT), 0);
    assert_failed(boot_iso_build(&iso, &error), &error, STEEL_ERROR_TOO_LARGE, "4000 MiB");
    assert_false(g_file_test(world->output, G_FILE_TEST_EXISTS));
}

static void
test_a_missing_kernel_is_named(void **state)
{
    World *world = *state;
    GError *error = NULL;
    const BootIso iso = iso_of(world);
    assert_int_equal(unlink(world->kernel), 0);
    assert_failed(boot_iso_build(&iso, &error), &error, STEEL_ERROR_IO, world->kernel);
}

/* ---- floppies ---- */

static Floppy
floppy_of(const World *world, const json_t *parameters)
{
    return (Floppy){.folder = world->work, .output = world->output, .parameters = parameters};
}

static char *
read_floppy(const World *world, const char *name)
{
    g_autofree char *path = g_strconcat("::", name, NULL);
    const char *argv[] = {"mtype", "-i", world->output, path, NULL};
    return output_of(argv);
}

static bool
build_floppy(const World *world, json_t *parameters, const char *token, GError **error)
{
    Floppy floppy = floppy_of(world, parameters);
    floppy.token = token;
    bool good = floppy_build(&floppy, error);
    json_decref(parameters);
    return good;
}

static void
test_a_floppy_has_parameters_and_token(void **state)
{
    World *world = *state;
    GError *error = NULL;
    json_t *all = json_pack("{s:s, s:s, s:s}", "ipa-api-url", "http://192.0.2.1:6385",
                            "boot_method", "vmedia", "disk", "sda vda");
    assert_true(build_floppy(world, all, "a-token", &error));
    g_autofree char *text = read_floppy(world, "parameters.txt"),
                    *token = read_floppy(world, "token");
    assert_string_equal(text, "boot_method=vmedia\ndisk=\"sda vda\"\n"
                              "ipa-api-url=http://192.0.2.1:6385");
    assert_string_equal(token, "a-token");
    const char *argv[] = {"blkid", "-p", "-o", "value", "-s", "LABEL", world->output, NULL};
    g_autofree char *label = output_of(argv);
    assert_string_equal(label, "ir-vfd-dev\n");
    struct stat status;
    assert_int_equal(stat(world->output, &status), 0);
    assert_int_equal(status.st_size, 100 * 1024);
    g_autofree char *left = g_build_filename(world->work, "token", NULL);
    assert_false(g_file_test(left, G_FILE_TEST_EXISTS));
}

static void
test_a_floppy_without_token_has_no_such_file(void **state)
{
    World *world = *state;
    GError *error = NULL;
    assert_true(build_floppy(world, json_pack("{s:s}", "a", "b"), NULL, &error));
    const char *argv[] = {"mdir", "-b", "-i", world->output, "::", NULL};
    g_autofree char *names = output_of(argv);
    assert_string_equal(names, "::/parameters.txt\n");
}

static void
test_the_same_parameters_give_the_same_floppy(void **state)
{
    World *world = *state;
    char *bytes[2] = {NULL, NULL};
    gsize sizes[2];
    for (size_t i = 0; i < 2; i++) {
        GError *error = NULL;
        json_t *all = i == 0 ? json_pack("{s:s, s:s}", "a", "1", "b", "2")
                             : json_pack("{s:s, s:s}", "b", "2", "a", "1");
        assert_true(build_floppy(world, all, "token", &error));
        assert_true(g_file_get_contents(world->output, &bytes[i], &sizes[i], NULL));
    }
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(bytes[0], bytes[1], sizes[0]);
    g_free(bytes[0]);
    g_free(bytes[1]);
    const char *argv[] = {"mdir", "-i", world->output, "::", NULL};
    g_autofree char *listing = output_of(argv);
    assert_non_null(strstr(listing, "2020-01-01"));
}

static void
test_what_would_end_a_line_is_refused(void **state)
{
    static const char *const values[] = {"a\nipa-api-url=http://198.51.100.1", "a\rb", "a\tb",
                                         "a\x7f", "a\"b"};
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        GError *error = NULL;
        assert_failed(build_floppy(*state, json_pack("{s:s}", "key", values[i]), NULL, &error),
                      &error, STEEL_ERROR_INVALID, "the parameter key");
        error = NULL;
        assert_failed(build_floppy(*state, json_object(), values[i], &error), &error,
                      STEEL_ERROR_INVALID, "the token");
    }
    GError *error = NULL;
    assert_failed(build_floppy(*state, json_pack("{s:i}", "key", 1), NULL, &error), &error,
                  STEEL_ERROR_INVALID, "the parameter key");
    error = NULL;
    assert_failed(build_floppy(*state, json_pack("{s:s}", "a=b", "c"), NULL, &error), &error,
                  STEEL_ERROR_INVALID, "is no name of a parameter");
}

static void
test_a_floppy_is_small(void **state)
{
    GError *error = NULL;
    g_autofree char *much = g_strnfill(FLOPPY_TEXT_LIMIT, 'a');
    assert_failed(build_floppy(*state, json_pack("{s:s}", "key", much), NULL, &error), &error,
                  STEEL_ERROR_TOO_LARGE, "takes no more");
    error = NULL;
    much[FLOPPY_TEXT_LIMIT - 4] = '\0';
    assert_true(build_floppy(*state, json_pack("{s:s}", "key", much), NULL, &error));
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_iso_has_the_files_and_the_words),
        TEST(an_iso_starts_with_bios_and_uefi),
        TEST(the_same_inputs_give_the_same_iso),
        TEST(a_given_esp_takes_the_place_of_ours),
        TEST(words_that_grub_would_read_are_refused),
        TEST(words_of_grubs_language_reach_the_kernel),
        TEST(names_that_leave_the_disc_are_refused),
        TEST(too_much_is_refused),
        TEST(a_missing_kernel_is_named),
        TEST(a_floppy_has_parameters_and_token),
        TEST(a_floppy_without_token_has_no_such_file),
        TEST(the_same_parameters_give_the_same_floppy),
        TEST(what_would_end_a_line_is_refused),
        TEST(a_floppy_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
