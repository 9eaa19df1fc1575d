/* UEFI boot entries; the contract is in efi_boot.h. Forms: UEFI specification 2.10, 3.1.3 and 10.3.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/efi_boot.h"

#include "agent/hardware/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define VARIABLES "/sys/firmware/efi/efivars"
#define GLOBAL "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define VARIABLE_LIMIT 65536u

enum {
    ATTRIBUTES = 7, /* non-volatile, boot service access, runtime access */
    ATTRIBUTES_SIZE = 4,
    OPTION_ACTIVE = 1,
    SECTOR =
        /* a device path counts in the disk's sectors; disks with 4096 bytes are rare, most emulate
         * 512 */
    512,
    HARD_DRIVE_SIZE = 42,
};

/* ---- the data ---- */

static void
append_number(GByteArray *bytes, uint64_t number, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(number >> 8 * i);
        g_byte_array_append(bytes, &byte, 1);
    }
}

/* UTF-16 with its NUL. */
static void
append_text(GByteArray *bytes, const char *text)
{
    for (const char *at = text;; at++) {
        append_number(bytes, (uint8_t)*at, 2);
        if (*at == '\0')
            return;
    }
}

/* A UUID's first three groups are little endian. */
static void
append_uuid(GByteArray *bytes, const char *uuid)
{
    g_auto(GStrv) groups = g_strsplit(uuid, "-", 5);
    if (g_strv_length(groups) != 5) {
        append_number(bytes, 0, 8);
        append_number(bytes, 0, 8);
        return;
    }
    append_number(bytes, g_ascii_strtoull(groups[0], NULL, 16), 4);
    append_number(bytes, g_ascii_strtoull(groups[1], NULL, 16), 2);
    append_number(bytes, g_ascii_strtoull(groups[2], NULL, 16), 2);
    append_number(bytes, GUINT16_SWAP_LE_BE((uint16_t)g_ascii_strtoull(groups[3], NULL, 16)), 2);
    uint64_t last = g_ascii_strtoull(groups[4], NULL, 16);
    for (int i = 5; i >= 0; i--)
        append_number(bytes, last >> 8 * i & 0xff, 1);
}

static void
append_hard_drive(GByteArray *bytes, const Table *table, const Partition *partition)
{
    bool gpt = table->kind == TABLE_GPT;
    append_number(bytes, 0x0104, 2);
    append_number(bytes, HARD_DRIVE_SIZE, 2);
    append_number(bytes, partition->number, 4);
    append_number(bytes, partition->start / SECTOR, 8);
    append_number(bytes, partition->size / SECTOR, 8);
    if (gpt) {
        append_uuid(bytes, partition->uuid);
    } else {
        append_number(bytes, g_ascii_strtoull(table->id, NULL, 16), 8);
        append_number(bytes, 0, 8);
    }
    append_number(bytes, gpt ? 2 : 1, 1);
    append_number(bytes, gpt ? 2 : 1, 1);
}

GByteArray *
efi_boot_option(const Table *table, const Partition *partition, const char *loader,
                const char *label)
{
    GByteArray *path = g_byte_array_new(), *option = g_byte_array_new();
    append_hard_drive(path, table, partition);
    append_number(path, 0x0404, 2);
    append_number(path, 4 + 2 * (strlen(loader) + 1), 2);
    append_text(path, loader);
    append_number(path, 0xff7f, 2);
    append_number(path, 4, 2);
    append_number(option, OPTION_ACTIVE, 4);
    append_number(option, path->len, 2);
    append_text(option, label);
    g_byte_array_append(option, path->data, path->len);
    g_byte_array_free(path, TRUE);
    return option;
}

/* ---- the variables ---- */

static char *
variable_path(const char *root, const char *name)
{
    return g_strdup_printf("%s" VARIABLES "/%s-" GLOBAL, root, name);
}

/* efivarfs makes variables immutable against mistakes. */
static void
make_mutable(const char *path)
{
    int flags, fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_IMMUTABLE_FL)) {
        flags &= ~FS_IMMUTABLE_FL;
        ioctl(fd, FS_IOC_SETFLAGS, &flags);
    }
    close(fd);
}

/* efivarfs wants attributes and data in one write. */
static bool
write_variable(const char *root, const char *name, const GByteArray *data, GError **error)
{
    g_autofree char *path = variable_path(root, name);
    GByteArray *whole = g_byte_array_new();
    append_number(whole, ATTRIBUTES, ATTRIBUTES_SIZE);
    g_byte_array_append(whole, data->data, data->len);
    make_mutable(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    bool good = fd >= 0 && write(fd, whole->data, whole->len) == (ssize_t)whole->len;
    if (!good)
        steel_fail(error, STEEL_ERROR_IO, "the firmware's variable %s cannot be written: %s", name,
                   g_strerror(errno));
    if (fd >= 0)
        close(fd);
    g_byte_array_free(whole, TRUE);
    return good;
}

static uint8_t *
read_variable(const char *root, const char *name, size_t *size)
{
    g_autofree char *path = variable_path(root, name);
    return sysfs_read_bytes("", path, VARIABLE_LIMIT, size);
}

/* Reads the number of a file's name: 1 of "Boot0001-8be4df61-…". */
static bool
boot_number(const char *file, unsigned *number)
{
    if (!g_str_has_prefix(file, "Boot") || strlen(file) < 9 || file[8] != '-')
        return false;
    for (int i = 4; i < 8; i++)
        if (!g_ascii_isxdigit(file[i]))
            return false;
    *number = (unsigned)strtoul(file + 4, NULL, 16);
    return true;
}

static bool
has_label(const uint8_t *data, size_t size, const char *label)
{
    size_t at = ATTRIBUTES_SIZE + 6, length = strlen(label) + 1;
    if (data == NULL || size < at + 2 * length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (data[at + 2 * i] != (uint8_t)label[i] || data[at + 2 * i + 1] != 0)
            return false;
    return true;
}

/* Removes the entries with this label; returns the first free number. */
static unsigned
make_room(const char *root, const char *label, GArray *gone)
{
    g_autofree uint8_t *taken = g_malloc0(65536);
    g_auto(GStrv) files = sysfs_list(root, VARIABLES);
    for (char **file = files; *file != NULL; file++) {
        unsigned number;
        size_t size = 0;
        if (!boot_number(*file, &number))
            continue;
        g_autofree char *path = g_strconcat(root, VARIABLES "/", *file, NULL);
        g_autofree uint8_t *data = sysfs_read_bytes("", path, VARIABLE_LIMIT, &size);
        taken[number] = 1;
        if (!has_label(data, size, label))
            continue;
        make_mutable(path);
        if (unlink(path) == 0) {
            uint16_t word = (uint16_t)number;
            g_array_append_val(gone, word);
            taken[number] = 0;
        }
    }
    unsigned number = 0;
    while (taken[number] && number < 65535)
        number++;
    return number;
}

static bool
is_gone(const GArray *gone, unsigned number)
{
    for (guint i = 0; i < gone->len; i++)
        if (g_array_index(gone, uint16_t, i) == number)
            return true;
    return false;
}

static bool
put_first(const char *root, unsigned number, const GArray *gone, GError **error)
{
    size_t size = 0;
    g_autofree uint8_t *before = read_variable(root, "BootOrder", &size);
    GByteArray *order = g_byte_array_new();
    append_number(order, number, 2);
    for (size_t i = ATTRIBUTES_SIZE; before != NULL && i + 1 < size; i += 2) {
        unsigned other = before[i] | (unsigned)before[i + 1] << 8;
        if (other != number && !is_gone(gone, other))
            append_number(order, other, 2);
    }
    bool good = write_variable(root, "BootOrder", order, error);
    g_byte_array_free(order, TRUE);
    return good;
}

bool
efi_boot_add(const char *root, const Table *table, const Partition *partition, const char *loader,
             const char *label, GError **error)
{
    if (!sysfs_exists(root, VARIABLES))
        return steel_fail(error, STEEL_ERROR_IO,
                          "the firmware's variables are not there: mount efivarfs at " VARIABLES);
    GArray *gone = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    unsigned number = make_room(root, label, gone);
    char name[16];
    g_snprintf(name, sizeof name, "Boot%04X", number);
    GByteArray *option = efi_boot_option(table, partition, loader, label);
    bool good = write_variable(root, name, option, error) && put_first(root, number, gone, error);
    g_byte_array_free(option, TRUE);
    g_array_free(gone, TRUE);
    return good;
}
