/* The deploy ramdisk; the contract is in build.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ramdisk/build.h"

#include "common/error.h"
#include "common/process.h"
#include "ramdisk/init_script.h"
#include "ramdisk/modules.h"
#include "ramdisk/tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COMPRESS_TIMEOUT_MS (5 * 60 * 1000)
#define AUTHORITIES "etc/ssl/certs/ca-certificates.crt"

typedef struct Profile {
    const char *word, *metapackage, *modules, *help;
} Profile;

static const Profile profiles[] = {
#define PROFILE(word, metapackage, modules, help) {word, metapackage, modules, help},
#include "ramdisk/profiles.def"
#undef PROFILE
};

static const Profile *
find_profile(const char *word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(profiles); i++)
        if (strcmp(profiles[i].word, word) == 0)
            return &profiles[i];
    return NULL;
}

bool
ramdisk_profile_known(const char *word)
{
    return find_profile(word) != NULL;
}

char *
ramdisk_profiles_help(void)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(profiles); i++)
        g_string_append_printf(text, "  %-10s %s\n", profiles[i].word, profiles[i].help);
    return g_string_free(text, FALSE);
}

/* ---- content ---- */

static void
add_system(Tree *tree, GError **error)
{
    static const char *const folders[] = {"dev",     "proc",     "sys",     "run",
                                          "tmp",     "root",     "var/log", "sbin",
                                          "usr/bin", "usr/sbin", "etc/acpi"};
    g_autofree char *busybox = process_find("busybox");
    if (busybox == NULL) {
        steel_fail(error, STEEL_ERROR_NOT_FOUND,
                   "busybox is not installed (package busybox-static)");
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
        tree_add_directory(tree, folders[i]);
    tree_add_device(tree, "dev/console", 0600, 5, 1);
    tree_add_device(tree, "dev/null", 0666, 1, 3);
    tree_add_program(tree, "bin/busybox", busybox);
    tree_add_symlink(tree, "bin/sh", "busybox");
    tree_add_text(tree, "init", 0755, ramdisk_init);
    tree_add_text(tree, "etc/udhcpc.script", 0755, ramdisk_udhcpc);
    tree_add_text(tree, "etc/passwd", 0644, "root:x:0:0:root:/root:/bin/sh\n");
    tree_add_text(tree, "etc/group", 0644, "root:x:0:\n");
    tree_add_text(tree, "etc/hosts", 0644, "127.0.0.1 localhost\n::1 localhost\n");
    tree_add_text(tree, "etc/nsswitch.conf", 0644, "hosts: files dns\n");
}

/* The system's certificate authorities and those of the plan, in one file. */
static void
add_authorities(Tree *tree, const RamdiskPlan *plan)
{
    g_autoptr(GString) all = g_string_new(NULL);
    const char *const from[] = {"/" AUTHORITIES, plan->ca_file};
    for (size_t i = 0; i < G_N_ELEMENTS(from); i++) {
        g_autofree char *text = NULL;
        g_autoptr(GError) cause = NULL;
        if (from[i] == NULL)
            continue;
        if (g_file_get_contents(from[i], &text, NULL, &cause))
            g_string_append(all, text);
        else if (i > 0 && tree->error == NULL)
            steel_fail(&tree->error, STEEL_ERROR_IO, "%s", cause->message);
    }
    tree_add_bytes(tree, AUTHORITIES, 0644, all->str, all->len);
}

static void
add_modules(Tree *tree, const GPtrArray *modules)
{
    g_autoptr(GString) order = g_string_new(NULL);
    for (guint i = 0; i < modules->len; i++) {
        g_autofree char *name = modules_name(modules->pdata[i]);
        g_autofree char *path = g_strdup_printf("lib/modules/%s.ko", name);
        tree_add_file(tree, path, 0644, modules->pdata[i]);
        g_string_append_printf(order, "%s\n", name);
    }
    tree_add_bytes(tree, "lib/modules/order", 0644, order->str, order->len);
}

static void
add_file_of_plan(Tree *tree, const char *file)
{
    const char *colon = strrchr(file, ':');
    if (colon == NULL || colon == file || colon[1] != '/' || colon[2] == '\0') {
        if (tree->error == NULL)
            steel_fail(&tree->error, STEEL_ERROR_INVALID,
                       "%s: expected <file>:</path in the ramdisk>", file);
        return;
    }
    g_autofree char *from = g_strndup(file, (size_t)(colon - file));
    bool program = g_file_test(from, G_FILE_TEST_IS_EXECUTABLE);
    tree_add_file(tree, colon + 2, program ? 0755 : 0644, from);
}

static GByteArray *
make_archive(const RamdiskPlan *plan, const GPtrArray *modules, GError **error)
{
    Tree tree;
    GError *cause = NULL;
    tree_begin(&tree);
    /* first, so that a file of the plan replaces one of Steel's */
    for (const char *const *file = plan->files; file != NULL && *file != NULL; file++)
        add_file_of_plan(&tree, *file);
    add_system(&tree, &cause);
    if (cause != NULL && tree.error == NULL)
        tree.error = cause;
    else
        g_clear_error(&cause);
    tree_add_program(&tree, "usr/bin/steel-agent", plan->agent);
    add_authorities(&tree, plan);
    add_modules(&tree, modules);
    return tree_finish(&tree, error);
}

/* ---- files ---- */

/* The profile's modules and the plan's. */
static GPtrArray *
resolve(const RamdiskPlan *plan, const Profile *profile, const char *unpacked, GError **error)
{
    g_autofree char *folder = kernel_package_modules(unpacked);
    g_auto(GStrv) own = g_strsplit(profile->modules, " ", -1);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (char **name = own; *name != NULL; name++)
        g_ptr_array_add(names, *name);
    for (const char *const *name = plan->modules; name != NULL && *name != NULL; name++)
        g_ptr_array_add(names, (char *)(uintptr_t)*name);
    g_ptr_array_add(names, NULL);
    return modules_resolve(folder, (const char *const *)names->pdata, error);
}

/* Writes the archive and compresses it with zstd, which the kernel unpacks several times faster
 * than xz. */
static bool
write_archive(const GByteArray *archive, const char *path, GError **error)
{
    g_autofree char *plain = g_strconcat(path, ".cpio", NULL);
    g_autoptr(GError) cause = NULL;
    if (!g_file_set_contents(plain, (const char *)archive->data, archive->len, &cause))
        return steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
    const char *argv[] = {"zstd", "-q",  "-19", "--single-thread", "-f", "-o", path,
                          "--",   plain, NULL};
    ProcessSpec spec = {.argv = argv, .timeout_ms = COMPRESS_TIMEOUT_MS};
    return process_run(&spec, NULL, error);
}

static bool
copy_kernel(const char *unpacked, const char *to, GError **error)
{
    g_autofree char *from = kernel_package_image(unpacked, error);
    const char *argv[] = {"cp", "--", from, to, NULL};
    ProcessSpec spec = {.argv = argv};
    return from != NULL && process_run(&spec, NULL, error);
}

static bool
move(const char *folder, const char *output, const char *name, GError **error)
{
    g_autofree char *from = g_build_filename(folder, name, NULL);
    g_autofree char *to = g_build_filename(output, name, NULL);
    return rename(from, to) == 0 ||
           steel_fail(error, STEEL_ERROR_IO, "cannot make %s: %s", to, g_strerror(errno));
}

static bool
build_in(const RamdiskPlan *plan, const Profile *profile, const char *folder,
         KernelPackageProgress progress, GError **error)
{
    g_autofree char *package =
        kernel_package_get(plan->cache, profile->metapackage, folder, progress, error);
    if (package == NULL)
        return false;
    g_autofree char *unpacked = g_build_filename(folder, "package", NULL);
    g_autofree char *kernel = g_build_filename(folder, RAMDISK_KERNEL, NULL);
    g_autofree char *initramfs = g_build_filename(folder, RAMDISK_INITRAMFS, NULL);
    if (!kernel_package_unpack(package, unpacked, error) || !copy_kernel(unpacked, kernel, error))
        return false;
    g_autoptr(GPtrArray) modules = resolve(plan, profile, unpacked, error);
    g_autoptr(GByteArray) archive = modules != NULL ? make_archive(plan, modules, error) : NULL;
    return archive != NULL && write_archive(archive, initramfs, error) &&
           move(folder, plan->output, RAMDISK_KERNEL, error) &&
           move(folder, plan->output, RAMDISK_INITRAMFS, error);
}

static void
remove_folder(const char *folder)
{
    g_autoptr(GError) error = NULL;
    const char *argv[] = {"rm", "-rf", "--", folder, NULL};
    ProcessSpec spec = {.argv = argv};
    if (!process_run(&spec, NULL, &error))
        fprintf(stderr, "steel-ramdisk: %s stays: %s\n", folder, error->message);
}

bool
ramdisk_build(const RamdiskPlan *plan, KernelPackageProgress progress, GError **error)
{
    const Profile *profile = find_profile(plan->profile);
    if (profile == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "there is no profile %s", plan->profile);
    if (g_mkdir_with_parents(plan->output, 0755) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "cannot make %s: %s", plan->output,
                          g_strerror(errno));
    if (g_mkdir_with_parents(plan->cache, 0755) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "cannot make %s: %s", plan->cache,
                          g_strerror(errno));
    g_autofree char *folder = g_build_filename(plan->output, ".build.XXXXXX", NULL);
    if (g_mkdtemp(folder) == NULL)
        return steel_fail(error, STEEL_ERROR_IO, "cannot make %s: %s", folder, g_strerror(errno));
    bool built = build_in(plan, profile, folder, progress, error);
    remove_folder(folder);
    return built;
}
