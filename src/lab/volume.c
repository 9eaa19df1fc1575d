/* Raw disk images; the contract is in volume.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/volume.h"

#include "common/error.h"
#include "common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SECTOR_SIZE 512
#define PARTITION_SECTOR 2048
#define PARTITION_OFFSET "1048576" /* bytes, as the tools want it */
#define BOOT_CODE_SIZE 440
#define BOOT_CODE_PATH "/usr/lib/syslinux/mbr/mbr.bin"
#define PARTITION_TYPE_EFI 0xef
#define TOOL_TIMEOUT_MS 60000

#define GRUB_MODULES                                                                               \
    "part_msdos part_gpt fat linux search serial normal terminal configfile echo test"

static bool
fail_errno(GError **error, const char *doing, const char *path)
{
    return steel_fail(error, STEEL_ERROR_IO, "cannot %s %s: %s", doing, path, g_strerror(errno));
}

static bool
run(const char *const *argv, const char *const *environment, GError **error)
{
    ProcessSpec spec = {.argv = argv, .environment = environment, .timeout_ms = TOOL_TIMEOUT_MS};
    return process_run(&spec, NULL, error);
}

bool
volume_make_empty(const char *path, uint64_t size, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail_errno(error, "make", path);
    bool good = ftruncate(fd, (off_t)size) == 0 || fail_errno(error, "size", path);
    close(fd);
    return good;
}

bool
volume_copy(const char *from, const char *to, GError **error)
{
    const char *argv[] = {"cp", "--sparse=always", "--reflink=auto", "--", from, to, NULL};
    return run(argv, NULL, error);
}

static void
put_little_endian(uint8_t *bytes, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

/* The first sector: syslinux's boot code and a table with one active partition up to the end. CHS
 * fields say "use LBA". */
static bool
write_boot_sector(const char *path, GError **error)
{
    g_autofree char *code = NULL;
    gsize code_size = 0;
    g_autoptr(GError) cause = NULL;
    if (!g_file_get_contents(BOOT_CODE_PATH, &code, &code_size, &cause))
        return steel_fail(error, STEEL_ERROR_IO, "%s (package syslinux-common)", cause->message);
    uint8_t sector[SECTOR_SIZE] = {0};
    memcpy(sector, code, MIN(code_size, BOOT_CODE_SIZE));
    memcpy(sector + 440, "STLB", 4); /* disk signature */
    uint8_t *partition = sector + 446;
    partition[0] = 0x80;
    memset(partition + 1, 0xff, 3);
    partition[4] = PARTITION_TYPE_EFI;
    memset(partition + 5, 0xff, 3);
    put_little_endian(partition + 8, PARTITION_SECTOR);
    put_little_endian(partition + 12, (uint32_t)(VOLUME_SIZE / SECTOR_SIZE - PARTITION_SECTOR));
    sector[510] = 0x55;
    sector[511] = 0xaa;
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(error, "open", path);
    bool good = pwrite(fd, sector, sizeof sector, 0) == (ssize_t)sizeof sector ||
                fail_errno(error, "write", path);
    close(fd);
    return good;
}

static bool
write_text(const char *path, const char *text, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (!g_file_set_contents(path, text, -1, &cause))
        return steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
    return true;
}

/* A GRUB for UEFI with its configuration inside. */
static bool
build_grub(const char *efi_path, const char *config_path, const char *arguments, GError **error)
{
    g_autofree char *config = g_strdup_printf(
        "serial --unit=0 --speed=115200\nterminal_output serial console\nset timeout=0\n"
        "search --no-floppy --file --set=root /vmlinuz\nlinux /vmlinuz %s\n"
        "initrd /initrd.gz\nboot\n",
        arguments);
    if (!write_text(config_path, config, error))
        return false;
    g_autofree char *graft = g_strdup_printf("boot/grub/grub.cfg=%s", config_path);
    const char *argv[] = {"grub-mkstandalone",
                          "-O",
                          "x86_64-efi",
                          "-o",
                          efi_path,
                          "--modules=" GRUB_MODULES,
                          "--install-modules=" GRUB_MODULES,
                          "--themes=",
                          "--fonts=",
                          "--locales=",
                          graft,
                          NULL};
    return run(argv, NULL, error);
}

static bool
copy_into(const char *image, const char *from, const char *to, GError **error)
{
    static const char *const environment[] = {"MTOOLS_SKIP_CHECK=1", NULL};
    const char *argv[] = {"mcopy", "-i", image, from, to, NULL};
    return run(argv, environment, error);
}

static bool
fill(const char *path, const char *kernel, const char *initramfs, const char *syslinux_config,
     const char *efi, GError **error)
{
    g_autofree char *image = g_strdup_printf("%s@@" PARTITION_OFFSET, path);
    const char *folders[] = {"mmd", "-i", image, "::/EFI", "::/EFI/BOOT", NULL};
    const char *syslinux[] = {"syslinux", "--install", "--offset", PARTITION_OFFSET, path, NULL};
    return copy_into(image, kernel, "::/vmlinuz", error) &&
           copy_into(image, initramfs, "::/initrd.gz", error) &&
           copy_into(image, syslinux_config, "::/syslinux.cfg", error) &&
           run(folders, NULL, error) && copy_into(image, efi, "::/EFI/BOOT/BOOTX64.EFI", error) &&
           run(syslinux, NULL, error);
}

bool
volume_build(const char *path, const char *kernel, const char *initramfs, const char *arguments,
             const char *work_folder, GError **error)
{
    g_autofree char *efi = g_build_filename(work_folder, "BOOTX64.EFI", NULL);
    g_autofree char *grub_config = g_build_filename(work_folder, "grub.cfg", NULL);
    g_autofree char *syslinux_config = g_build_filename(work_folder, "syslinux.cfg", NULL);
    g_autofree char *syslinux_text =
        g_strdup_printf("SERIAL 0 115200\nDEFAULT lab\nPROMPT 0\nTIMEOUT 1\nLABEL lab\n"
                        " KERNEL /vmlinuz\n INITRD /initrd.gz\n APPEND %s\n",
                        arguments);
    g_autofree char *blocks =
        g_strdup_printf("%" G_GUINT64_FORMAT, VOLUME_SIZE / 1024 - PARTITION_SECTOR / 2);
    const char *mkfs[] = {"mkfs.vfat", "-F", "32",       "-s",       "1",    "-n",
                          "STEEL-LAB", "-i", "53544c42", "--offset", "2048", /* sectors */ path,
                          blocks,      NULL};
    if (!volume_make_empty(path, VOLUME_SIZE, error) || !run(mkfs, NULL, error) ||
        !write_text(syslinux_config, syslinux_text, error) ||
        !build_grub(efi, grub_config, arguments, error) ||
        !fill(path, kernel, initramfs, syslinux_config, efi, error) ||
        !write_boot_sector(path, error)) {
        g_prefix_error(error, "building the boot volume: ");
        return false;
    }
    return true;
}
