/* Files for machines that boot; the contract is in boot_server_internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/steady.h"
#include "images/publisher.h"
#include "netboot/boot_server_internal.h"
#include "netboot/static_files.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/* A time as HTTP writes it; "" if absent. */
typedef struct HttpDate {
    char text[64];
} HttpDate;

static HttpDate
http_date(int64_t time_s)
{
    time_t seconds = (time_t)time_s;
    struct tm calendar;
    HttpDate date = {""};
    if (gmtime_r(&seconds, &calendar) == NULL ||
        strftime(date.text, sizeof date.text, "%a, %d %b %Y %H:%M:%S GMT", &calendar) == 0)
        date.text[0] = '\0';
    return date;
}

/* The Range header, unless it is for another version of the file than this (RFC 7233, 3.2). */
static const char *
wanted_range(const BootRequest *request, const HttpDate *modified)
{
    const char *version = http_connection_header(request->connection, MHD_HTTP_HEADER_IF_RANGE);
    if (version != NULL && strcmp(version, modified->text) != 0)
        return NULL;
    return http_connection_header(request->connection, MHD_HTTP_HEADER_RANGE);
}

static HttpStep
send_unsatisfiable(const BootRequest *request, uint64_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    g_autofree char *range = g_strdup_printf("bytes */%" G_GUINT64_FORMAT, size);
    if (response != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, range);
    return boot_request_send(request, MHD_HTTP_RANGE_NOT_SATISFIABLE, response);
}

static HttpStep
send_file(const BootRequest *request, StaticFile *file)
{
    HttpDate modified = http_date(file->modified_s);
    uint64_t first = 0, last = file->size - 1;
    ByteRange range = byte_range_read(wanted_range(request, &modified), file->size, &first, &last);
    if (range == BYTE_RANGE_UNSATISFIABLE) {
        close(file->fd);
        return send_unsatisfiable(request, file->size);
    }
    struct MHD_Response *response =
        MHD_create_response_from_fd_at_offset64(last - first + 1, file->fd, first);
    if (response == NULL) {
        close(file->fd);
        return HTTP_FAILED;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            static_file_type(request->path));
    MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
    if (modified.text[0] != '\0')
        MHD_add_response_header(response, MHD_HTTP_HEADER_LAST_MODIFIED, modified.text);
    if (range == BYTE_RANGE_PART) {
        g_autofree char *part =
            g_strdup_printf("bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                            first, last, file->size);
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, part);
    }
    return boot_request_send(
        request, range == BYTE_RANGE_PART ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK, response);
}

HttpStep
boot_request_answer_file(const BootRequest *request)
{
    g_autoptr(GError) error = NULL;
    StaticFile file;
    if (request->server->root < 0 || publisher_path_refused(request->path, steady_now_ms() / 1000))
        return boot_request_send_text(request, MHD_HTTP_NOT_FOUND, "there is no such file");
    if (static_file_open(request->server->root, request->path, &file, &error))
        return send_file(request, &file);
    if (steel_error_is(error, STEEL_ERROR_NOT_FOUND))
        return boot_request_send_text(request, MHD_HTTP_NOT_FOUND, error->message);
    log_error(BOOT_SERVER_AREA, "cannot serve a file: %s", error->message);
    return boot_request_send_text(request, MHD_HTTP_INTERNAL_SERVER_ERROR,
                                  "the file cannot be read");
}
