/* The ISO; the contract is in iso.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ramdisk/iso.h"

#include "common/error.h"
#include "common/process.h"
#include "ramdisk/program_limit.h"

#include <glib/gstdio.h>
#include <stdint.h>
#include <sys/stat.h>
#include <utime.h>

#define GRUB_FOLDER "/usr/lib/grub"
#define HYBRID_RECORD GRUB_FOLDER "/i386-pc/boot_hybrid.img"
#define TREE "iso"
#define ESP_KIB "4096"
/* What is built carries this date instead of today's: 1 January 2020. */
#define DATE 1577836800
#define DATE_TEXT "1577836800"
#define DATE_OF_FILES "2020010100000000"

/* Finds the disc that this GRUB has come from by a file of ours. */
static const char find_disc[] = "search --no-floppy --file --set=root /boot/" RAMDISK_KERNEL "\n"
                                "set prefix=($root)/boot/grub\n"
                                "normal\n";

/* GRUB, twice: format, output below the folder, modules besides those that both have. */
static const struct {
    const char *format, *output, *modules;
} loaders[] = {
    {"i386-pc-eltorito", TREE "/boot/grub/bios.img", "biosdisk part_msdos part_gpt"},
    {"x86_64-efi", "esp/EFI/BOOT/BOOTX64.EFI", "fat part_msdos part_gpt efi_gop efi_uga"},
};

static bool
run(const char *folder, const char *const *argv, GError **error)
{
    static const char *const environment[] = {"SOURCE_DATE_EPOCH=" DATE_TEXT, "TZ=UTC", "LC_ALL=C",
                                              NULL};
    ProcessSpec spec = {.argv = argv,
                        .environment = environment,
                        .working_directory = folder,
                        .timeout_ms = RAMDISK_PROGRAM_LIMIT_MS};
    return process_run(&spec, NULL, error);
}

static bool
write_text(const char *folder, const char *name, const char *text, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_autoptr(GError) cause = NULL;
    if (g_mkdir_with_parents(parent, 0755) == 0 && g_file_set_contents(path, text, -1, &cause))
        return true;
    return steel_fail(error, STEEL_ERROR_IO, "cannot write %s: %s", path,
                      cause != NULL ? cause->message : "its folder cannot be made");
}

/* boot_method tells the agent that its parameters come with a medium beside this one. */
static char *
configuration(const RamdiskPlan *plan)
{
    GString *text =
        g_string_new("set timeout=0\nmenuentry 'Steel' {\n    linux /boot/" RAMDISK_KERNEL
                     " boot_method=vmedia loglevel=4 cryptomgr.notests");
    for (const char *const *at = plan->consoles; at != NULL && *at != NULL; at++)
        g_string_append_printf(text, " console=%s", *at);
    g_string_append(text, "\n    initrd /boot/" RAMDISK_INITRAMFS "\n}\n");
    return g_string_free(text, FALSE);
}

static bool
make_loader(const char *folder, size_t i, GError **error)
{
    g_autofree char *modules = g_strdup_printf(
        "iso9660 linux normal search search_fs_file configfile echo serial %s", loaders[i].modules);
    g_auto(GStrv) words = g_strsplit(modules, " ", -1);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    const char *const first[] = {"grub-mkimage",    "-O", loaders[i].format, "-o",
                                 loaders[i].output, "-p", "/boot/grub",      "-c",
                                 "find-disc.cfg"};
    for (size_t at = 0; at < G_N_ELEMENTS(first); at++)
        g_ptr_array_add(argv, (char *)(uintptr_t)first[at]);
    for (char **word = words; *word != NULL; word++)
        g_ptr_array_add(argv, *word);
    g_ptr_array_add(argv, NULL);
    g_autofree char *output = g_build_filename(folder, loaders[i].output, NULL);
    g_autofree char *parent = g_path_get_dirname(output);
    struct utimbuf date = {DATE, DATE};
    return g_mkdir_with_parents(parent, 0755) == 0 &&
           run(folder, (const char *const *)argv->pdata, error) && utime(output, &date) == 0;
}

/* The partition that UEFI starts from, as an image of FAT. */
static bool
make_esp(const char *folder, GError **error)
{
    const char *const commands[][9] = {
        {"mkfs.vfat", "-C", "--invariant", "-n", "STEEL", "esp.img", ESP_KIB, NULL},
        {"mmd", "-i", "esp.img", "::/EFI", "::/EFI/BOOT", NULL},
        {"mcopy", "-m", "-i", "esp.img", "esp/EFI/BOOT/BOOTX64.EFI", "::/EFI/BOOT/BOOTX64.EFI",
         NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        if (!run(folder, commands[i], error))
            return false;
    return true;
}

static bool
make_disc(const char *folder, GError **error)
{
    const char *const argv[] = {
        "xorriso", "-as", "mkisofs", "-quiet", "-r", "--set_all_file_dates", DATE_OF_FILES, "-V",
        "STEEL", "-o", RAMDISK_ISO,
        /* BIOS, from a CD and from a stick */
        "-b", "boot/grub/bios.img", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table",
        "--grub2-boot-info", "--grub2-mbr", HYBRID_RECORD,
        /* UEFI, the same */
        "-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot",
        "-append_partition", "2", "0xef", "esp.img", TREE, NULL};
    return run(folder, argv, error);
}

static bool
check_grub(GError **error)
{
    static const char *const parts[] = {HYBRID_RECORD, GRUB_FOLDER "/x86_64-efi/linux.mod"};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        if (!g_file_test(parts[i], G_FILE_TEST_EXISTS))
            return steel_fail(error, STEEL_ERROR_NOT_FOUND,
                              "%s is missing; an ISO needs the packages grub-pc-bin, "
                              "grub-efi-amd64-bin, mtools, dosfstools and xorriso",
                              parts[i]);
    return true;
}

/* A second name for a file, below the tree of the disc. */
static bool
put(const char *folder, const char *name, GError **error)
{
    g_autofree char *from = g_build_filename(folder, name, NULL);
    g_autofree char *to = g_build_filename(folder, TREE "/boot", name, NULL);
    const char *argv[] = {"ln", "-f", "--", from, to, NULL};
    return run(folder, argv, error);
}

bool
iso_build(const RamdiskPlan *plan, const char *folder, GError **error)
{
    g_autofree char *text = configuration(plan);
    if (!check_grub(error) || !write_text(folder, "find-disc.cfg", find_disc, error) ||
        !write_text(folder, TREE "/boot/grub/grub.cfg", text, error) ||
        !put(folder, RAMDISK_KERNEL, error) || !put(folder, RAMDISK_INITRAMFS, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(loaders); i++)
        if (!make_loader(folder, i, error))
            return false;
    return make_esp(folder, error) && make_disc(folder, error);
}
