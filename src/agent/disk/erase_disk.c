/* Erases disks; the contract is in erase_disk.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/erase_disk.h"

#include "agent/disk/ata_security.h"
#include "agent/hardware/disks.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/secret.h"
#include "stream/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define AREA "agent.erase"

enum {
    BLOCK = 1024 * 1024,
    SAMPLES = 64,
    NVME_FORMAT = 0x80,
    NVME_IDENTIFY = 0x06,
    NVME_IDENTIFY_CONTROLLER = 1,
    NVME_OACS = 256, /* offset of OACS, the optional commands that the controller supports */
    NVME_OACS_FORMAT = 2,
    NVME_ERASE_USER_DATA = 1 << 9,
    NVME_LIMIT_MS = 600000,
};

/* ---- NVMe ---- */

static bool
nvme_fail(GError **error, const char *path, const char *what)
{
    return agent_fail(error, AGENT_ERROR_ERASE, "%s: %s", path, what);
}

static bool
nvme_can_format(int fd)
{
    static uint8_t data[4096];
    struct nvme_admin_cmd command = {.opcode = NVME_IDENTIFY,
                                     .addr = (uint64_t)(uintptr_t)data,
                                     .data_len = sizeof data,
                                     .cdw10 = NVME_IDENTIFY_CONTROLLER};
    return ioctl(fd, NVME_IOCTL_ADMIN_CMD, &command) == 0 && (data[NVME_OACS] & NVME_OACS_FORMAT);
}

static bool
nvme_format(int fd, const char *path, GError **error)
{
    int space = ioctl(fd, NVME_IOCTL_ID);
    if (space <= 0 || !nvme_can_format(fd))
        return nvme_fail(error, path, "the device cannot erase itself");
    struct nvme_admin_cmd command = {.opcode = NVME_FORMAT,
                                     .nsid = (uint32_t)space,
                                     .cdw10 = NVME_ERASE_USER_DATA,
                                     .timeout_ms = NVME_LIMIT_MS};
    int status = ioctl(fd, NVME_IOCTL_ADMIN_CMD, &command);
    if (status == 0)
        return true;
    return nvme_fail(error, path, status < 0 ? g_strerror(errno) : "the device refuses its format");
}

bool
erase_nvme(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return nvme_fail(error, path, g_strerror(errno));
    bool good = nvme_format(fd, path, error);
    close(fd);
    return good;
}

/* ---- overwriting ---- */

/* Makes the block for an offset: noise that depends on the offset, or zeros. */
static void
fill(uint8_t *block, const uint8_t *noise, uint64_t place)
{
    if (noise == NULL) {
        memset(block, 0, BLOCK);
        return;
    }
    memcpy(block, noise, BLOCK);
    memcpy(block, &place, sizeof place);
}

static bool
write_all(Sink *sink, const uint8_t *noise, Progress *progress, GError **error)
{
    g_autofree uint8_t *block = g_malloc(BLOCK);
    uint64_t size = sink_size(sink);
    progress_begin(progress, noise != NULL ? "overwrite" : "zeros", size);
    for (uint64_t place = 0; place < size; place += BLOCK) {
        if (progress_stopped(progress))
            return agent_fail(error, AGENT_ERROR_ERASE, "the agent was told to end");
        fill(block, noise, place);
        if (!sink_write(sink, place, block, (size_t)MIN(BLOCK, size - place), error))
            return false;
        progress_set(progress, place);
    }
    return sink_flush(sink, error);
}

static bool
check_block(int fd, const char *path, const uint8_t *noise, uint64_t place, size_t size,
            GError **error)
{
    g_autofree uint8_t *wanted = g_malloc(BLOCK), *found = g_malloc(BLOCK);
    fill(wanted, noise, place);
    if (pread(fd, found, size, (off_t)place) == (ssize_t)size && memcmp(wanted, found, size) == 0)
        return true;
    return agent_fail(error, AGENT_ERROR_ERASE,
                      "%s does not have what was written at byte %" G_GUINT64_FORMAT, path, place);
}

/* Checks the first and the last block, and some between. */
static bool
prove(const char *path, uint64_t size, const uint8_t *noise, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return agent_fail(error, AGENT_ERROR_ERASE, "%s: %s", path, g_strerror(errno));
    uint64_t blocks = (size + BLOCK - 1) / BLOCK, samples = MIN(blocks, SAMPLES);
    bool good = true;
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    for (uint64_t i = 0; good && i < samples; i++) {
        uint64_t place = (samples > 1 ? i * (blocks - 1) / (samples - 1) : 0) * BLOCK;
        good = check_block(fd, path, noise, place, (size_t)MIN(BLOCK, size - place), error);
    }
    close(fd);
    return good;
}

static int64_t
iterations_of(const json_t *info)
{
    int64_t count = 1;
    json_integer_member(info, "agent_erase_devices_iterations", &count);
    return CLAMP(count, 0, 100);
}

static bool
overwrite(const json_t *info, const char *path, Progress *progress, GError **error)
{
    g_autofree uint8_t *noise = g_malloc(BLOCK);
    int64_t times = iterations_of(info);
    const json_t *zeroize = json_object_get(info, "agent_erase_devices_zeroize");
    bool zeros = zeroize == NULL || json_is_truthy(zeroize) || times == 0;
    g_autoptr(Sink) sink = sink_open_file(path, error);
    if (sink == NULL)
        return false;
    for (int64_t i = 0; i < times; i++) {
        secret_random(noise, BLOCK);
        if (!write_all(sink, noise, progress, error))
            return false;
    }
    if (zeros && !write_all(sink, NULL, progress, error))
        return false;
    progress_begin(progress, "proof", 0);
    return prove(path, sink_size(sink), zeros ? NULL : noise, error);
}

static bool
says(const json_t *info, const char *name, bool otherwise)
{
    const json_t *value = json_object_get(info, name);
    return value != NULL ? json_is_truthy(value) : otherwise;
}

static bool
may_go_on(const json_t *info)
{
    return says(info, "agent_continue_if_secure_erase_failed",
                says(info, "agent_continue_if_ata_erase_failed", false));
}

/* What the disk itself can do. */
static bool
erase_itself(const json_t *info, const char *kernel_name, const char *path, bool *able,
             GError **error)
{
    *able = false;
    if (disk_is_nvme(kernel_name)) {
        *able = says(info, "agent_enable_nvme_secure_erase", true);
        return *able && erase_nvme(path, error);
    }
    if (!g_str_has_prefix(kernel_name, "sd") || !says(info, "agent_enable_ata_secure_erase", true))
        return false;
    AtaErase result = ata_device_erase(path, error);
    *able = result != ATA_UNABLE;
    return result == ATA_ERASED;
}

bool
erase_disk(const json_t *info, const char *kernel_name, const char *path, Progress *progress,
           GError **error)
{
    g_autoptr(GError) cause = NULL;
    bool able;
    progress_begin(progress, "erase", 0);
    if (erase_itself(info, kernel_name, path, &able, &cause))
        return true;
    if (able && !may_go_on(info))
        return agent_fail(error, AGENT_ERROR_ERASE,
                          "secure erase has failed, and overwriting instead is not enabled "
                          "([deploy]continue_if_disk_secure_erase_fails): %s",
                          cause->message);
    if (able)
        log_warning(AREA, "%s is overwritten: %s", kernel_name, cause->message);
    return overwrite(info, path, progress, error);
}
