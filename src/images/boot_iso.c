/* Bootable ISOs; the contract is in boot_iso.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "images/boot_iso.h"

#include "common/process.h"
#include "common/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utime.h>

#define GRUB_FOLDER "/usr/lib/grub"
#define HYBRID_RECORD GRUB_FOLDER "/i386-pc/boot_hybrid.img"
#define TREE "disc"
#define KERNEL "boot/kernel"
#define INITRAMFS "boot/initramfs"
#define ESP "esp.img"
#define ESP_KIB "4096"
#define TIMEOUT_MS (5 * 60 * 1000)
#define NAME_LIMIT 128
#define LABEL_LIMIT 32
/* What is built carries this date instead of today's: 1 January 2020. */
#define DATE 1577836800
#define DATE_TEXT "1577836800"
#define DATE_OF_FILES "2020010100000000"

/* GRUB, twice: format, output below the folder, modules besides those that both have. */
static const struct {
    const char *format, *output, *modules;
} loaders[] = {
    {"i386-pc-eltorito", TREE "/boot/grub/bios.img", "biosdisk part_msdos part_gpt"},
    {"x86_64-efi", "esp/EFI/BOOT/BOOTX64.EFI", "fat part_msdos part_gpt efi_gop efi_uga"},
};

/* ---- what is asked for ---- */

/* Quoted words mean themselves to GRUB, but it puts backslashes before quotes and backslashes when
 * it hands them on. */
static bool
word_good(const char *word)
{
    for (const char *c = word; *c != '\0'; c++)
        if (!g_ascii_isgraph(*c) || strchr("'\"\\", *c) != NULL)
            return false;
    return true;
}

static bool
add_words(GString *text, const char *arguments)
{
    char **words = g_strsplit(arguments, " ", -1);
    bool good = true;
    for (char **word = words; *word != NULL; word++) {
        good = good && word_good(*word);
        if (good && **word != '\0')
            g_string_append_printf(text, " '%s'", *word);
        secret_wipe(*word, strlen(*word));
    }
    g_strfreev(words);
    return good;
}

char *
boot_iso_configuration(const BootIso *iso, GError **error)
{
    const char *arguments = iso->arguments != NULL ? iso->arguments : "";
    if (strlen(arguments) > BOOT_ISO_ARGUMENTS_LIMIT) {
        steel_fail(error, STEEL_ERROR_TOO_LARGE,
                   "the kernel's command line has more than %d characters",
                   BOOT_ISO_ARGUMENTS_LIMIT);
        return NULL;
    }
    GString *text = g_string_new("set timeout=0\nmenuentry 'Steel' {\n    linux /" KERNEL);
    bool good = add_words(text, arguments);
    g_string_append(text, "\n    initrd /" INITRAMFS "\n}\n");
    if (good)
        return g_string_free(text, FALSE);
    secret_wipe(text->str, text->len);
    g_string_free(text, TRUE);
    steel_fail(error, STEEL_ERROR_INVALID,
               "a word of the kernel's command line cannot stand in GRUB's configuration: only "
               "printable ASCII without quotes and backslashes can");
    return NULL;
}

static bool
text_of(const char *text, const char *also, size_t limit)
{
    size_t length = strlen(text);
    for (const char *c = text; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr(also, *c) == NULL)
            return false;
    return length > 0 && length <= limit;
}

/* Every part of it is a plain name, so that it stays below the disc's root. */
static bool
name_good(const char *name)
{
    if (!text_of(name, "._-/", NAME_LIMIT))
        return false;
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);
    for (char **part = parts; *part != NULL; part++)
        if (**part == '\0' || **part == '.')
            return false;
    return strcmp(parts[0], "boot") != 0;
}

static bool
check_files(const BootIso *iso, GError **error)
{
    if (iso->file_count > BOOT_ISO_FILE_LIMIT)
        return steel_fail(error, STEEL_ERROR_TOO_LARGE, "an ISO takes at most %u more files",
                          BOOT_ISO_FILE_LIMIT);
    for (size_t i = 0; i < iso->file_count; i++) {
        if (!name_good(iso->files[i].name))
            return steel_fail(error, STEEL_ERROR_INVALID, "'%.128s' is no name of a file in an ISO",
                              iso->files[i].name);
        if (iso->files[i].size > BOOT_ISO_FILE_SIZE_LIMIT)
            return steel_fail(error, STEEL_ERROR_TOO_LARGE, "%s has more than %u bytes",
                              iso->files[i].name, BOOT_ISO_FILE_SIZE_LIMIT);
    }
    return true;
}

static bool
check_names(const BootIso *iso, GError **error)
{
    if (iso->label != NULL && !text_of(iso->label, "_-", LABEL_LIMIT))
        return steel_fail(error, STEEL_ERROR_INVALID, "'%.32s' is no label of an ISO", iso->label);
    if (iso->esp != NULL && (iso->esp_config == NULL || !name_good(iso->esp_config)))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "'%.128s' is no place for a boot loader's configuration in an ISO",
                          iso->esp_config != NULL ? iso->esp_config : "");
    return check_files(iso, error);
}

static bool
add_size(const char *path, uint64_t *total, GError **error)
{
    struct stat status;
    if (path == NULL)
        return true;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return steel_fail(error, STEEL_ERROR_IO, "cannot read %s: %s", path,
                          errno != 0 ? g_strerror(errno) : "it is no file");
    *total += (uint64_t)status.st_size;
    return true;
}

/* The disc, and once more what is copied on the way. */
static bool
check_room(const BootIso *iso, GError **error)
{
    uint64_t total = 0;
    struct statvfs room;
    errno = 0;
    if (!add_size(iso->kernel, &total, error) || !add_size(iso->initramfs, &total, error) ||
        !add_size(iso->esp, &total, error))
        return false;
    if (total > BOOT_ISO_SIZE_LIMIT)
        return steel_fail(error, STEEL_ERROR_TOO_LARGE,
                          "kernel and initramfs have %" G_GUINT64_FORMAT " MiB, and an ISO takes "
                          "%" G_GUINT64_FORMAT " MiB",
                          total >> 20, BOOT_ISO_SIZE_LIMIT >> 20);
    if (statvfs(iso->folder, &room) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "cannot look at %s: %s", iso->folder,
                          g_strerror(errno));
    uint64_t left = (uint64_t)room.f_bavail * room.f_frsize;
    return total * 2 <= left ||
           steel_fail(error, STEEL_ERROR_TOO_LARGE,
                      "an ISO takes %" G_GUINT64_FORMAT " MiB, and %s has room for "
                      "%" G_GUINT64_FORMAT " MiB",
                      total >> 19, iso->folder, left >> 20);
}

static bool
check_grub(GError **error)
{
    static const char *const parts[] = {HYBRID_RECORD, GRUB_FOLDER "/x86_64-efi/linux.mod"};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        if (!g_file_test(parts[i], G_FILE_TEST_EXISTS))
            return steel_fail(error, STEEL_ERROR_NOT_FOUND,
                              "%s is missing; an ISO needs the packages grub-common, grub-pc-bin, "
                              "grub-efi-amd64-bin, mtools, dosfstools and xorriso",
                              parts[i]);
    return true;
}

/* ---- programs and files ---- */

static bool
run(const BootIso *iso, const char *const *argv, GError **error)
{
    static const char *const environment[] = {"SOURCE_DATE_EPOCH=" DATE_TEXT, "TZ=UTC", "LC_ALL=C",
                                              NULL};
    ProcessSpec spec = {.argv = argv,
                        .environment = environment,
                        .working_directory = iso->folder,
                        .timeout_ms = iso->timeout_ms > 0 ? iso->timeout_ms : TIMEOUT_MS};
    return process_run(&spec, NULL, error);
}

/* A path below the folder, whose parents are made; the caller frees. */
static char *
place(const BootIso *iso, const char *name, GError **error)
{
    char *path = g_build_filename(iso->folder, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    if (g_mkdir_with_parents(parent, 0755) == 0)
        return path;
    steel_fail(error, STEEL_ERROR_IO, "cannot make %s: %s", parent, g_strerror(errno));
    g_free(path);
    return NULL;
}

static bool
write_file(const BootIso *iso, const char *name, const void *data, size_t size, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *path = place(iso, name, error);
    if (path == NULL)
        return false;
    return g_file_set_contents(path, data, (gssize)size, &cause) ||
           steel_fail(error, STEEL_ERROR_IO, "cannot write %s: %s", path, cause->message);
}

/* Below the root of the disc. */
static bool
write_on_disc(const BootIso *iso, const char *name, const void *data, size_t size, GError **error)
{
    g_autofree char *below = g_build_filename(TREE, name, NULL);
    return write_file(iso, below, data, size, error);
}

/* A second name for a file, or a copy where it lies on another file system. */
static bool
put(const BootIso *iso, const char *from, const char *name, GError **error)
{
    g_autofree char *to = place(iso, name, error);
    if (to == NULL)
        return false;
    if (link(from, to) == 0)
        return true;
    const char *const argv[] = {"cp", "-f", "--", from, to, NULL};
    return run(iso, argv, error);
}

/* ---- loaders ---- */

/* What this disc has and no other: by it GRUB finds the one that it has come from. */
static char *
mark_of(const BootIso *iso, const char *configuration)
{
    g_autofree char *all =
        g_strconcat(iso->label != NULL ? iso->label : BOOT_ISO_LABEL, "\n", configuration, NULL);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, all, -1);
    secret_wipe(all, strlen(all));
    return g_strdup_printf("boot/disc-%.16s", digest);
}

static bool
write_search(const BootIso *iso, const char *mark, GError **error)
{
    g_autofree char *text = g_strdup_printf("search --no-floppy --file --set=root /%s\n"
                                            "set prefix=($root)/boot/grub\n"
                                            "normal\n",
                                            mark);
    return write_on_disc(iso, mark, "", 0, error) &&
           write_file(iso, "find-disc.cfg", text, strlen(text), error);
}

/* A loader of the operator's has its own root: it is told to look for the disc. */
static bool
write_configuration(const BootIso *iso, const char *mark, const char *text, GError **error)
{
    if (!write_on_disc(iso, "boot/grub/grub.cfg", text, strlen(text), error))
        return false;
    if (iso->esp == NULL)
        return true;
    char *searching = g_strdup_printf("search --no-floppy --file --set=root /%s\n%s", mark, text);
    bool good = write_on_disc(iso, iso->esp_config, searching, strlen(searching), error);
    secret_free(searching);
    return good;
}

static bool
make_loader(const BootIso *iso, size_t i, GError **error)
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
    g_autofree char *output = place(iso, loaders[i].output, error);
    struct utimbuf date = {DATE, DATE};
    if (output == NULL || !run(iso, (const char *const *)argv->pdata, error))
        return false;
    return utime(output, &date) == 0 ||
           steel_fail(error, STEEL_ERROR_IO, "cannot date %s: %s", output, g_strerror(errno));
}

/* The partition that UEFI starts from, as an image of FAT. */
static bool
make_esp(const BootIso *iso, GError **error)
{
    const char *const commands[][9] = {
        {"mkfs.vfat", "-C", "--invariant", "-n", "STEEL", ESP, ESP_KIB, NULL},
        {"mmd", "-i", ESP, "::/EFI", "::/EFI/BOOT", NULL},
        {"mcopy", "-m", "-i", ESP, "esp/EFI/BOOT/BOOTX64.EFI", "::/EFI/BOOT/BOOTX64.EFI", NULL},
    };
    if (iso->esp != NULL)
        return put(iso, iso->esp, ESP, error);
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        if (!run(iso, commands[i], error))
            return false;
    return true;
}

static bool
make_disc(const BootIso *iso, GError **error)
{
    const char *label = iso->label != NULL ? iso->label : BOOT_ISO_LABEL;
    const char *const argv[] = {
        "xorriso", "-as", "mkisofs", "-quiet", "-r", "--set_all_file_dates", DATE_OF_FILES, "-V",
        label, "-o", iso->output,
        /* BIOS, from a CD and from a stick */
        "-b", "boot/grub/bios.img", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table",
        "--grub2-boot-info", "--grub2-mbr", HYBRID_RECORD,
        /* UEFI, the same */
        "-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot",
        "-append_partition", "2", "0xef", ESP, TREE, NULL};
    (void)unlink(iso->output);
    if (!run(iso, argv, error))
        return false;
    return chmod(iso->output, 0644) == 0 ||
           steel_fail(error, STEEL_ERROR_IO, "cannot open %s to others: %s", iso->output,
                      g_strerror(errno));
}

static bool
write_tree(const BootIso *iso, const char *configuration, GError **error)
{
    g_autofree char *mark = mark_of(iso, configuration);
    bool good = write_search(iso, mark, error) &&
                write_configuration(iso, mark, configuration, error) &&
                put(iso, iso->kernel, TREE "/" KERNEL, error) &&
                put(iso, iso->initramfs, TREE "/" INITRAMFS, error);
    for (size_t i = 0; good && i < iso->file_count; i++)
        good =
            write_on_disc(iso, iso->files[i].name, iso->files[i].data, iso->files[i].size, error);
    return good;
}

bool
boot_iso_build(const BootIso *iso, GError **error)
{
    if (!check_names(iso, error))
        return false;
    char *configuration = boot_iso_configuration(iso, error);
    bool good = configuration != NULL && check_room(iso, error) && check_grub(error) &&
                write_tree(iso, configuration, error);
    secret_free(configuration);
    for (size_t i = 0; good && i < G_N_ELEMENTS(loaders); i++)
        good = make_loader(iso, i, error);
    return good && make_esp(iso, error) && make_disc(iso, error);
}
