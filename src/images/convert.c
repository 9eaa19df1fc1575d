/* Conversion by qemu-img; the contract is in convert.h. SPDX-License-Identifier: Apache-2.0 */
#include "images/convert.h"

#include "common/backoff.h"
#include "common/log.h"
#include "common/process.h"
#include "common/time_text.h"
#include "stream/qcow2_format.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define AREA "images.convert"

bool
image_check_qcow2(const char *path, uint64_t *size, GError **error)
{
    Qcow2Header header;
    uint8_t data[QCOW2_HEADER_SIZE] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return steel_fail(error, STEEL_ERROR_IO, "cannot open %s: %s", path, g_strerror(errno));
    bool read = pread(fd, data, sizeof data, 0) == (ssize_t)sizeof data;
    close(fd);
    if (!read)
        return steel_fail(error, STEEL_ERROR_INVALID, "the qcow2 image ends within its header");
    if (!qcow2_read_header(data, &header, error))
        return false;
    *size = header.size;
    return true;
}

/* What is converted may be as large as its disk. */
static bool
check_room(const char *to, uint64_t size, GError **error)
{
    struct statvfs room;
    g_autofree char *folder = g_path_get_dirname(to);
    if (statvfs(folder, &room) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "cannot look at %s: %s", folder,
                          g_strerror(errno));
    uint64_t left = (uint64_t)room.f_bavail * room.f_frsize;
    return size <= left ||
           steel_fail(error, STEEL_ERROR_TOO_LARGE,
                      "the disk of the image has %" G_GUINT64_FORMAT " MiB, and %s has room for "
                      "%" G_GUINT64_FORMAT " MiB",
                      size >> 20, folder, left >> 20);
}

/* Ends the program when it takes more. prlimit sets the limits and becomes qemu-img. */
static bool
run_once(const ImageConversion *conversion, uint64_t size, int timeout_ms, GError **error)
{
    g_autofree char *memory =
        g_strdup_printf("--as=%" G_GUINT64_FORMAT, (uint64_t)conversion->memory_mib << 20);
    g_autofree char *file = g_strdup_printf("--fsize=%" G_GUINT64_FORMAT, size);
    g_autofree char *from = g_strconcat("file:", conversion->from, NULL),
                    *to = g_strconcat("file:", conversion->to, NULL);
    const char *const argv[] = {"prlimit", memory, file,  "--core=0", "qemu-img", "convert", "-f",
                                "qcow2",   "-O",   "raw", from,       to,         NULL};
    static const char *const environment[] = {"MALLOC_ARENA_MAX=3", "LC_ALL=C", NULL};
    const ProcessSpec spec = {.argv = argv, .environment = environment, .timeout_ms = timeout_ms};
    return process_run(&spec, NULL, error);
}

static bool
lacks_memory(const GError *error)
{
    return strstr(error->message, "annot allocate memory") != NULL ||
           strstr(error->message, "temporarily unavailable") != NULL;
}

static bool
run(const ImageConversion *conversion, uint64_t size, GError **error)
{
    int64_t end_ms = time_monotonic_ms() + conversion->timeout_ms;
    for (unsigned attempt = 1;; attempt++) {
        GError *cause = NULL;
        int64_t left_ms = MAX(end_ms - time_monotonic_ms(), 1);
        if (run_once(conversion, size, (int)left_ms, &cause))
            return true;
        if (attempt < conversion->attempts && lacks_memory(cause)) {
            log_warning(AREA, "%s; tried again", cause->message);
            g_error_free(cause);
            continue;
        }
        g_propagate_prefixed_error(error, cause,
                                   "the image cannot be converted to raw within its "
                                   "limits ([disk_utils]image_convert_memory_limit): ");
        return false;
    }
}

/* ---- memory ---- */

/* MiB that programs can have; UINT64_MAX: the kernel does not say. */
static uint64_t
free_memory_mib(void)
{
    g_autofree char *text = NULL;
    const char *row = g_file_get_contents("/proc/meminfo", &text, NULL, NULL)
                          ? strstr(text, "MemAvailable:")
                          : NULL;
    return row != NULL ? g_ascii_strtoull(row + strlen("MemAvailable:"), NULL, 10) >> 10
                       : UINT64_MAX;
}

/* Waits until enough memory is free: others' conversions may end meanwhile. */
static bool
wait_for_memory(const ImageConversion *conversion, GError **error)
{
    uint64_t found = free_memory_mib();
    for (unsigned look = 0; found < conversion->needed_mib && look < conversion->needed_looks;
         look++) {
        log_info(AREA, "%" G_GUINT64_FORMAT " MiB of memory are free: a conversion waits", found);
        backoff_sleep(conversion->needed_pause_s * 1000);
        found = free_memory_mib();
    }
    if (found >= conversion->needed_mib)
        return true;
    if (conversion->needed_warns) {
        log_warning(AREA, "only %" G_GUINT64_FORMAT " MiB of memory are free for a conversion",
                    found);
        return true;
    }
    return steel_fail(error, STEEL_ERROR_LIMIT,
                      "the conductor has %" G_GUINT64_FORMAT " MiB of memory free, and converting "
                      "an image needs %" G_GUINT64_FORMAT " ([DEFAULT]minimum_required_memory); "
                      "deploy it when others are done",
                      found, conversion->needed_mib);
}

bool
image_convert(const ImageConversion *conversion, GError **error)
{
    uint64_t size = 0;
    struct stat status;
    if (!image_check_qcow2(conversion->from, &size, error) ||
        !check_room(conversion->to, size, error) || !wait_for_memory(conversion, error))
        return false;
    bool good = run(conversion, size, error);
    if (good && (stat(conversion->to, &status) != 0 || (uint64_t)status.st_size != size))
        good = steel_fail(error, STEEL_ERROR_PROCESS,
                          "qemu-img has made another size than the image's disk has");
    if (!good)
        unlink(conversion->to);
    return good;
}
