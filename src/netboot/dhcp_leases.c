/* dnsmasq's leases; the contract is in dhcp_leases.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/dhcp_leases.h"

#include "common/time_text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_LIMIT ((off_t)16 * 1024 * 1024)
#define LINE_LIMIT 512

/* One line, without its end; changed. True when it leases the address now. */
static bool
read_line(char *line, const HttpAddress *address, int64_t now_s, char mac[MAC_TEXT_SIZE])
{
    char *rest = NULL;
    const char *end = strtok_r(line, " ", &rest), *owner = strtok_r(NULL, " ", &rest),
               *leased = strtok_r(NULL, " ", &rest);
    char owner_text[MAC_TEXT_SIZE];
    HttpAddress leased_address;
    guint64 end_s = 0;
    if (leased == NULL || !g_ascii_string_to_unsigned(end, 10, 0, INT64_MAX, &end_s, NULL) ||
        !boot_mac_read(owner, owner_text) ||
        !http_address_parse(leased, strlen(leased), &leased_address) ||
        !http_address_equal(&leased_address, address))
        return false;
    if (end_s != 0 && (int64_t)end_s < now_s)
        return false;
    memcpy(mac, owner_text, sizeof owner_text);
    return true;
}

void
dhcp_lease_read(const char *text, size_t size, const HttpAddress *address, int64_t now_s,
                char mac[MAC_TEXT_SIZE])
{
    char line[LINE_LIMIT];
    mac[0] = '\0';
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t length = end != NULL ? (size_t)(end - text) : size;
        if (length < sizeof line) {
            memcpy(line, text, length);
            line[length] = '\0';
            read_line(line, address, now_s, mac);
        }
        size_t step = MIN(length + 1, size);
        text += step;
        size -= step;
    }
}

static bool
fail(const char *path, GError **error)
{
    return steel_fail(error, STEEL_ERROR_IO, "the lease file %s ([boot_server]lease_file): %s",
                      path, g_strerror(errno));
}

static bool
read_file(int fd, GByteArray *text)
{
    uint8_t block[16 * 1024];
    ssize_t size;
    while ((size = read(fd, block, sizeof block)) != 0) {
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return false;
        if ((off_t)text->len + size > FILE_LIMIT) {
            errno = EFBIG;
            return false;
        }
        g_byte_array_append(text, block, (guint)size);
    }
    return true;
}

bool
dhcp_lease_find(const char *path, const HttpAddress *address, char mac[MAC_TEXT_SIZE],
                GError **error)
{
    struct stat status;
    g_autoptr(GByteArray) text = g_byte_array_new();
    mac[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail(path, error);
    bool good = fstat(fd, &status) == 0;
    if (good && !S_ISREG(status.st_mode)) {
        errno = EINVAL;
        good = false;
    }
    good = good && read_file(fd, text);
    if (!good)
        fail(path, error);
    close(fd);
    if (good)
        dhcp_lease_read((const char *)text->data, text->len, address, time_now_ms() / 1000, mac);
    return good;
}
