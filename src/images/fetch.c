/* Copies of what URLs name; the contract is in fetch.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "images/fetch.h"

#include "common/http_client.h"
#include "common/time_text.h"
#include "openstack/glance.h"
#include "stream/checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK (256u << 10)
#define REDIRECT_LIMIT 5
#define HEAD_TIMEOUT_MS 30000

void
image_version_clear(ImageVersion *version)
{
    g_clear_pointer(&version->text, g_free);
}

static bool
is_file(const char *url)
{
    return g_str_has_prefix(url, "file://");
}

static bool
is_http(const char *url)
{
    return g_str_has_prefix(url, "http://") || g_str_has_prefix(url, "https://");
}

bool
image_url_known(const char *url)
{
    return is_file(url) || is_http(url);
}

static bool
refuse_url(const ImageFetch *fetch, GError **error)
{
    g_autofree char *shown = http_url_for_display(fetch->url);
    return steel_fail(error, STEEL_ERROR_INVALID, "%s is no file://, http:// or https:// URL",
                      shown);
}

/* ---- the sink ---- */

typedef struct Sink {
    const ImageFetch *fetch;
    int to;
    Checksum *digest;          /* borrowed */
    SignatureCheck *signature; /* borrowed; NULL: there is none to check */
    uint64_t size;
    int64_t deadline_ms;
    GError *error; /* owned */
} Sink;

static bool
write_all(int to, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = write(to, bytes, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        bytes += count;
        size -= (size_t)count;
    }
    return true;
}

/* An HttpRequest's sink. */
static bool
take(void *user, const void *bytes, size_t size)
{
    Sink *sink = user;
    g_autofree char *shown = http_url_for_display(sink->fetch->url);
    sink->size += size;
    if (sink->size > sink->fetch->size_limit)
        return steel_fail(&sink->error, STEEL_ERROR_TOO_LARGE,
                          "%s is larger than %" G_GUINT64_FORMAT " bytes", shown,
                          sink->fetch->size_limit);
    if (time_monotonic_ms() > sink->deadline_ms)
        return steel_fail(&sink->error, STEEL_ERROR_TIMEOUT, "%s: not copied within %d s", shown,
                          sink->fetch->timeout_ms / 1000);
    checksum_add(sink->digest, bytes, size);
    if (sink->signature != NULL)
        signature_check_add(sink->signature, bytes, size);
    return write_all(sink->to, bytes, size) ||
           steel_fail(&sink->error, STEEL_ERROR_IO, "%s cannot be written down: %s", shown,
                      g_strerror(errno));
}

/* ---- files ---- */

static bool
is_below(const char *path, const char *const *folders)
{
    for (; folders != NULL && *folders != NULL; folders++) {
        size_t length = strlen(*folders);
        while (length > 1 && (*folders)[length - 1] == '/')
            length--;
        if (strncmp(path, *folders, length) == 0 && path[length] == '/')
            return true;
    }
    return false;
}

/* The real path of the open file, behind all links: this path must be allowed. */
static bool
check_place(const ImageFetch *fetch, int fd, GError **error)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autofree char *path = g_file_read_link(link, NULL);
    struct stat status;
    if (path == NULL || !is_below(path, fetch->allowed))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "%s is not below a folder of [conductor]file_url_allowed_paths",
                          fetch->url);
    return (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) ||
           steel_fail(error, STEEL_ERROR_INVALID, "%s is no regular file", fetch->url);
}

/* Returns the open file, or -1. */
static int
open_file(const ImageFetch *fetch, GError **error)
{
    const char *path = fetch->url + strlen("file://");
    int fd = *path == '/' ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
    if (*path != '/')
        steel_fail(error, STEEL_ERROR_INVALID, "%s names no absolute path", fetch->url);
    else if (fd < 0)
        steel_fail(error, errno == ENOENT ? STEEL_ERROR_NOT_FOUND : STEEL_ERROR_IO, "%s: %s",
                   fetch->url, g_strerror(errno));
    if (fd >= 0 && !check_place(fetch, fd, error)) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool
copy_file(Sink *sink, GError **error)
{
    int from = open_file(sink->fetch, error);
    if (from < 0)
        return false;
    g_autofree char *buffer = g_malloc(CHUNK);
    ssize_t count;
    while ((count = read(from, buffer, CHUNK)) > 0 && take(sink, buffer, (size_t)count))
        continue;
    if (count < 0)
        steel_fail(&sink->error, STEEL_ERROR_IO, "%s: %s", sink->fetch->url, g_strerror(errno));
    close(from);
    return sink->error == NULL;
}

static bool
file_version(const ImageFetch *fetch, ImageVersion *version, GError **error)
{
    struct stat status;
    int fd = open_file(fetch, error);
    if (fd < 0)
        return false;
    bool good = fstat(fd, &status) == 0;
    close(fd);
    if (!good)
        return steel_fail(error, STEEL_ERROR_IO, "%s: %s", fetch->url, g_strerror(errno));
    version->size = (uint64_t)status.st_size;
    version->text = g_strdup_printf("%llu %lld.%09ld %lld", (unsigned long long)status.st_ino,
                                    (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                                    (long long)status.st_size);
    return true;
}

/* ---- servers ---- */

static HttpRequest
request_of(const ImageFetch *fetch)
{
    return (HttpRequest){.url = fetch->url,
                         .redirect_limit = REDIRECT_LIMIT,
                         .ca_file = fetch->ca_file,
                         .insecure = fetch->insecure,
                         .username = fetch->username,
                         .password = fetch->password,
                         .connect_timeout_ms = fetch->stall_s * 1000,
                         .stall_s = fetch->stall_s,
                         .timeout_ms = fetch->timeout_ms};
}

static bool
check_status(const ImageFetch *fetch, int status, GError **error)
{
    g_autofree char *shown = http_url_for_display(fetch->url);
    if (status == 200)
        return true;
    if (status == 401)
        return steel_fail(error, STEEL_ERROR_HTTP,
                          fetch->username != NULL
                              ? "%s: the server answers with status 401: it does not let "
                                "[deploy]image_server_user in"
                              : "%s: the server answers with status 401: it wants a user, and "
                                "[deploy]image_server_auth_hosts does not name it",
                          shown);
    return steel_fail(error, status == 404 ? STEEL_ERROR_NOT_FOUND : STEEL_ERROR_HTTP,
                      "%s: the server answers with status %d", shown, status);
}

static bool
copy_from_server(Sink *sink, GError **error)
{
    g_auto(HttpResponse) answer = {0};
    HttpRequest request = request_of(sink->fetch);
    request.sink = take;
    request.sink_user = sink;
    return http_request(&request, &answer, error) &&
           check_status(sink->fetch, answer.status, error);
}

/* A server without HEAD tells no version, so its image is fetched each time. */
static bool
server_version(const ImageFetch *fetch, ImageVersion *version, GError **error)
{
    g_auto(HttpResponse) answer = {0};
    HttpRequest request = request_of(fetch);
    request.method = "HEAD";
    request.timeout_ms = MIN(request.timeout_ms, HEAD_TIMEOUT_MS);
    if (!http_request(&request, &answer, error))
        return false;
    if (answer.status == 405 || answer.status == 501) {
        version->text = g_strdup("");
        return true;
    }
    if (!check_status(fetch, answer.status, error))
        return false;
    const char *modified = http_response_header(&answer, "Last-Modified"),
               *tag = http_response_header(&answer, "ETag"),
               *length = http_response_header(&answer, "Content-Length");
    bool says = modified != NULL || tag != NULL;
    version->size = length != NULL ? g_ascii_strtoull(length, NULL, 10) : 0;
    version->text = says ? g_strdup_printf("%s %s %s", modified != NULL ? modified : "-",
                                           tag != NULL ? tag : "-", length != NULL ? length : "-")
                         : g_strdup("");
    return true;
}

/* ---- images in Glance ---- */

static OpenstackSession *
glance_of(const ImageFetch *fetch, GError **error)
{
    return openstack_service(fetch->openstack, OPENSTACK_GLANCE, error);
}

static bool
find_image(const ImageFetch *fetch, GlanceImage *image, GError **error)
{
    OpenstackSession *session = glance_of(fetch, error);
    return session != NULL && glance_find(session, glance_id(fetch->url), image, error) &&
           glance_check_active(image, error);
}

/* The data of an active image never change. A copy counts as signed only for what it was checked
 * with. */
static bool
glance_version(const ImageFetch *fetch, ImageVersion *version, GError **error)
{
    g_auto(GlanceImage) image = {0};
    if (!find_image(fetch, &image, error))
        return false;
    const char *hash = image.os_hash_value != NULL ? image.os_hash_value : image.checksum;
    version->size = (uint64_t)MAX(image.size, 0);
    const char *text = hash != NULL ? hash : image.updated_at != NULL ? image.updated_at : "";
    g_autofree char *signature =
        fetch->signed_by != NULL ? signature_text(&image, fetch->signed_by) : NULL;
    version->text = signature != NULL && *text != '\0' ? g_strdup_printf("%s %s", text, signature)
                                                       : g_strdup(text);
    return true;
}

/* The sink is as it was before anything came. */
static bool
empty_sink(Sink *sink, Checksum *digest, GError **error)
{
    sink->digest = digest;
    sink->size = 0;
    if (sink->signature != NULL)
        signature_check_restart(sink->signature);
    g_clear_error(&sink->error);
    return (ftruncate(sink->to, 0) == 0 && lseek(sink->to, 0, SEEK_SET) == 0) ||
           steel_fail(error, STEEL_ERROR_IO, "cannot begin a copy again: %s", g_strerror(errno));
}

/* What came is what Glance says it has: the checksum is compared by those who want the image. */
static bool
check_size(const Sink *sink, const GlanceImage *image, GError **error)
{
    return image->size <= 0 || (uint64_t)image->size == sink->size ||
           steel_fail(error, STEEL_ERROR_HTTP,
                      "Glance, the download of image %s: %" G_GUINT64_FORMAT
                      " bytes came instead of %" G_GINT64_FORMAT,
                      image->id, sink->size, image->size);
}

/* True if this conductor has the file that Glance has, and may read it. */
static bool
copy_direct_file(Sink *sink, const GlanceImage *image)
{
    ImageFetch file = *sink->fetch;
    const ImageFetch *before = sink->fetch;
    if (!file.direct_files || image->direct_url == NULL || !is_file(image->direct_url))
        return false;
    file.url = image->direct_url;
    sink->fetch = &file;
    bool good = copy_file(sink, NULL) && check_size(sink, image, NULL);
    sink->fetch = before;
    return good;
}

static bool
download(Sink *sink, GError **error)
{
    OpenstackSession *session = glance_of(sink->fetch, error);
    return session != NULL && glance_download(session, glance_id(sink->fetch->url), take, sink,
                                              sink->fetch->timeout_ms, sink->fetch->stall_s, error);
}

/* From where it can be had, and again where that breaks. */
static bool
copy_image(Sink *sink, const GlanceImage *image, const char *algorithm, Checksum **digest,
           GError **error)
{
    bool good = copy_direct_file(sink, image);
    for (int tries = 0; !good && tries <= MAX(sink->fetch->again, 0); tries++) {
        checksum_free(*digest);
        *digest = checksum_new(algorithm, NULL);
        g_clear_error(error);
        if (!empty_sink(sink, *digest, error))
            return false;
        good = download(sink, error) && check_size(sink, image, error);
        if (sink->error != NULL) /* it is this conductor that cannot go on */
            break;
    }
    return good;
}

static bool
copy_from_glance(Sink *sink, const char *algorithm, Checksum **digest, GError **error)
{
    g_auto(GlanceImage) image = {0};
    g_autoptr(SignatureCheck) signature = NULL;
    const SignatureTrust *trust = sink->fetch->signed_by;
    if (!find_image(sink->fetch, &image, error))
        return false;
    if (trust != NULL) {
        signature = signature_check_new(sink->fetch->openstack, &image, trust, error);
        if (signature == NULL)
            return false;
    }
    sink->signature = signature;
    bool good = copy_image(sink, &image, algorithm, digest, error) &&
                (signature == NULL || signature_check_end(signature, error));
    sink->signature = NULL;
    return good;
}

/* ---- all ---- */

bool
image_fetch_version(const ImageFetch *fetch, ImageVersion *version, GError **error)
{
    if (is_file(fetch->url))
        return file_version(fetch, version, error);
    if (glance_id(fetch->url) != NULL)
        return glance_version(fetch, version, error);
    return is_http(fetch->url) ? server_version(fetch, version, error) : refuse_url(fetch, error);
}

bool
image_fetch(const ImageFetch *fetch, int to, const char *algorithm, char **digest, GError **error)
{
    g_autoptr(Checksum) made = checksum_new(algorithm, error);
    g_autoptr(GError) cause = NULL;
    Sink sink = {.fetch = fetch,
                 .to = to,
                 .digest = made,
                 .deadline_ms = time_monotonic_ms() + fetch->timeout_ms};
    bool in_glance = glance_id(fetch->url) != NULL, good;
    if (made == NULL || (!in_glance && !image_url_known(fetch->url)))
        return made != NULL && refuse_url(fetch, error);
    if (in_glance)
        good = copy_from_glance(&sink, algorithm, &made, &cause);
    else
        good = is_file(fetch->url) ? copy_file(&sink, &cause) : copy_from_server(&sink, &cause);
    if (sink.error != NULL) { /* the sink's error is the cause of the HTTP error */
        g_propagate_error(error, sink.error);
        return false;
    }
    if (good)
        *digest = checksum_text(made);
    else
        g_propagate_error(error, g_steal_pointer(&cause));
    return good;
}

/* Reads a file that has been written to its end. */
static char *
read_back(int fd, GError **error)
{
    off_t size = lseek(fd, 0, SEEK_CUR);
    char *text = g_malloc0((size_t)MAX(size, 0) + 1);
    if (size >= 0 && pread(fd, text, (size_t)size, 0) == size)
        return text;
    steel_fail(error, STEEL_ERROR_IO, "cannot read back what was fetched: %s", g_strerror(errno));
    g_free(text);
    return NULL;
}

char *
image_fetch_text(const ImageFetch *fetch, GError **error)
{
    g_autofree char *digest = NULL;
    int fd = memfd_create("fetched", MFD_CLOEXEC);
    if (fd < 0) {
        steel_fail(error, STEEL_ERROR_IO, "no memory for what is fetched: %s", g_strerror(errno));
        return NULL;
    }
    char *text = image_fetch(fetch, fd, "sha256", &digest, error) ? read_back(fd, error) : NULL;
    close(fd);
    return text;
}
