/* Images of virtual media; the contract is in media.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/media.h"

#include "common/error.h"
#include "common/http_client.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { CONNECT_MS = 10000, STALL_S = 30, WHOLE_MS = 600000, REDIRECTS = 5 };

typedef struct Sink {
    int fd;
    uint64_t left;
    bool too_large;
} Sink;

static bool
write_part(void *user, const void *bytes, size_t size)
{
    Sink *sink = user;
    const char *from = bytes;
    sink->too_large = size > sink->left;
    while (!sink->too_large && size > 0) {
        ssize_t written = write(sink->fd, from, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        from += written;
        size -= (size_t)written;
        sink->left -= (uint64_t)written;
    }
    return !sink->too_large;
}

static bool
fetch_to(const RedfishMedium *medium, Sink *sink, GError **error)
{
    const HttpRequest request = {.url = medium->url,
                                 .username = medium->username,
                                 .password = medium->password,
                                 .connect_timeout_ms = CONNECT_MS,
                                 .timeout_ms = WHOLE_MS,
                                 .stall_s = STALL_S,
                                 .redirect_limit = REDIRECTS,
                                 .insecure = !medium->verify,
                                 .sink = write_part,
                                 .sink_user = sink};
    g_auto(HttpResponse) response = {0};
    if (!http_request(&request, &response, error)) {
        if (!sink->too_large)
            return false;
        g_clear_error(error);
        return steel_fail(error, STEEL_ERROR_TOO_LARGE, "the image is larger than the drive takes");
    }
    return response.status == 200 ||
           steel_fail(error, STEEL_ERROR_HTTP, "the server answers %d", response.status);
}

bool
media_fetch(const RedfishMedium *medium, const char *path, uint64_t limit, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return steel_fail(error, STEEL_ERROR_IO, "cannot open %s: %s", path, g_strerror(errno));
    Sink sink = {.fd = fd, .left = limit};
    bool good = fetch_to(medium, &sink, error);
    close(fd);
    if (!good)
        unlink(path);
    return good;
}
