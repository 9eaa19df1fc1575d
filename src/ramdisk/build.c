/* The deploy ramdisk; the contract is in build.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ramdisk/build.h"

#include "common/error.h"
#include "common/process.h"
#include "ramdisk/contents.h"
#include "ramdisk/iso.h"
#include "ramdisk/modules.h"
#include "ramdisk/program_limit.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Profile {
    const char *word, *metapackage;
    bool quick;
    const char *first, *drivers, *help;
} Profile;

static const Profile profiles[] = {
#define PROFILE(word, metapackage, quick, first, drivers, help)                                    \
    {word, metapackage, quick, first, drivers, help},
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

/* ---- files ---- */

/* Paths of the modules of one list of words, and of the plan's. */
static GPtrArray *
resolve(const RamdiskPlan *plan, const char *words, const char *folder, GError **error)
{
    g_auto(GStrv) own = g_strsplit(words, " ", -1);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (char **name = own; *name != NULL; name++)
        if (**name != '\0')
            g_ptr_array_add(names, *name);
    for (const char *const *name = plan->modules; name != NULL && *name != NULL; name++)
        g_ptr_array_add(names, (char *)(uintptr_t)*name);
    g_ptr_array_add(names, NULL);
    return modules_resolve(folder, (const char *const *)names->pdata, error);
}

static GByteArray *
make_archive(const RamdiskPlan *plan, const Profile *profile, const char *unpacked, GError **error)
{
    g_autofree char *folder = kernel_package_modules(unpacked);
    g_autofree char *release = kernel_package_release(unpacked, error);
    g_autofree char *words = g_strdup_printf("%s %s", profile->first, profile->drivers);
    g_autoptr(GPtrArray) first =
        release != NULL ? resolve(plan, profile->first, folder, error) : NULL;
    g_autoptr(GPtrArray) all = first != NULL ? resolve(plan, words, folder, error) : NULL;
    const ContentsModules modules = {release, first, all};
    return all != NULL ? contents_archive(plan, &modules, error) : NULL;
}

/* Writes the archive and compresses it with zstd, which the kernel unpacks several times faster
 * than xz; or with lz4 (in the format of Linux), which is a quarter larger and is unpacked several
 * times faster again: an emulated machine waits a second less. */
static bool
write_archive(const GByteArray *archive, bool quick, const char *path, GError **error)
{
    g_autofree char *plain = g_strconcat(path, ".cpio", NULL);
    g_autoptr(GError) cause = NULL;
    if (!g_file_set_contents(plain, (const char *)archive->data, archive->len, &cause))
        return steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
    const char *small[] = {"zstd", "-q",  "-19", "--single-thread", "-f", "-o", path,
                           "--",   plain, NULL};
    const char *fast[] = {"lz4", "-l", "-12", "-q", "-f", plain, path, NULL};
    ProcessSpec spec = {.argv = quick ? fast : small, .timeout_ms = RAMDISK_PROGRAM_LIMIT_MS};
    return process_run(&spec, NULL, error);
}

static bool
copy_kernel(const char *unpacked, const char *to, GError **error)
{
    g_autofree char *from = kernel_package_image(unpacked, error);
    const char *argv[] = {"cp", "--", from, to, NULL};
    ProcessSpec spec = {.argv = argv, .timeout_ms = RAMDISK_PROGRAM_LIMIT_MS};
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
    g_autoptr(GByteArray) archive = make_archive(plan, profile, unpacked, error);
    if (archive == NULL || !write_archive(archive, profile->quick, initramfs, error))
        return false;
    if (plan->iso &&
        (!iso_build(plan, folder, error) || !move(folder, plan->output, RAMDISK_ISO, error)))
        return false;
    return move(folder, plan->output, RAMDISK_KERNEL, error) &&
           move(folder, plan->output, RAMDISK_INITRAMFS, error);
}

static void
remove_folder(const char *folder)
{
    g_autoptr(GError) error = NULL;
    const char *argv[] = {"rm", "-rf", "--", folder, NULL};
    ProcessSpec spec = {.argv = argv, .timeout_ms = RAMDISK_PROGRAM_LIMIT_MS};
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
