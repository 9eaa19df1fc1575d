/* Images on this machine's disk; the contract is in local_image.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "images/local_image.h"

#include "stream/checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (256u << 10)

typedef struct Magic {
    const char *word;
    off_t offset;
    const char *bytes;
    size_t size;
} Magic;

static const Magic packings[] = {
    {"gzip", 0, "\x1f\x8b\x08", 3},
    {"xz", 0,
     "\xfd"
     "7zXZ",
     5},
    {"zstd", 0, "\x28\xb5\x2f\xfd", 4},
};

static const Magic formats[] = {
    {"qcow2", 0,     "QFI\xfb",          4},
    {"vmdk",  0,     "KDMV",             4},
    {"vmdk",  0,     "# Disk Descripto", 16},
    {"vhdx",  0,     "vhdxfile",         8},
    {"vdi",   64,    "\x7f\x10\xda\xbe", 4},
    {"iso",   32769, "CD001",            5},
};

static int
open_image(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        steel_fail(error, STEEL_ERROR_IO, "cannot open %s: %s", path, g_strerror(errno));
    return fd;
}

/* The word of the last row that fits, or what it was. */
static bool
look(const char *path, const Magic *rows, size_t count, const char **word, GError **error)
{
    int fd = open_image(path, error);
    if (fd < 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        char bytes[16];
        if (pread(fd, bytes, rows[i].size, rows[i].offset) == (ssize_t)rows[i].size &&
            memcmp(bytes, rows[i].bytes, rows[i].size) == 0)
            *word = rows[i].word;
    }
    close(fd);
    return true;
}

bool
local_image_format(const char *path, const char **format, GError **error)
{
    *format = "raw";
    return look(path, formats, G_N_ELEMENTS(formats), format, error);
}

bool
local_image_packing(const char *path, const char **how, GError **error)
{
    *how = NULL;
    return look(path, packings, G_N_ELEMENTS(packings), how, error);
}

bool
local_image_digest(const char *path, const char *algorithm, char **digest, GError **error)
{
    g_autoptr(Checksum) made = checksum_new(algorithm, error);
    int fd = made != NULL ? open_image(path, error) : -1;
    if (fd < 0)
        return false;
    g_autofree char *buffer = g_malloc(CHUNK);
    ssize_t count;
    while ((count = read(fd, buffer, CHUNK)) > 0)
        checksum_add(made, buffer, (size_t)count);
    int reason = errno;
    close(fd);
    if (count < 0)
        return steel_fail(error, STEEL_ERROR_IO, "cannot read %s: %s", path, g_strerror(reason));
    *digest = checksum_text(made);
    return true;
}
