/* Downloads that go on after a cut; the contract is in source.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/source.h"

#include "common/backoff.h"
#include "common/http_options.h"
#include "common/log.h"

#include <string.h>

#define AREA "stream.source"

enum { STALL_S = 60, BUFFER_SIZE = 256 * 1024, REDIRECTS = 10, STATUS_SERVER = 500 };

typedef struct Download {
    const SourceOptions *options;
    SourceTake take;
    void *user;
    CURL *handle;
    uint64_t position; /* bytes that were taken */
    uint64_t skip;     /* bytes of this answer that were taken from an earlier one */
    uint64_t total;    /* 0: unknown */
    char *validator;   /* owned; ETag or Last-Modified of the first answer */
    char *seen;        /* owned; the validator of this answer */
    bool begun;        /* this answer's headers were checked */
    long status;       /* of this answer, once its headers were checked */
    bool taken;        /* this try has brought new bytes */
    GError *fatal;     /* owned; ends the reading without a retry */
} Download;

/* ---- answers ---- */

static long
status_of(const Download *download)
{
    long status = 0;
    curl_easy_getinfo(download->handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static void
note_validator(Download *download, const char *line, const char *name)
{
    size_t length = strlen(name);
    if (g_ascii_strncasecmp(line, name, length) != 0)
        return;
    g_free(download->seen);
    download->seen = g_strstrip(g_strdup(line + length));
}

static size_t
source_on_header(char *data, size_t size, size_t count, void *user)
{
    Download *download = user;
    g_autofree char *line = g_strndup(data, size * count);
    if (g_str_has_prefix(line, "HTTP/")) {
        g_clear_pointer(&download->seen, g_free);
    } else {
        note_validator(download, line, "ETag:");
        if (download->seen == NULL)
            note_validator(download, line, "Last-Modified:");
    }
    return size * count;
}

static bool
end_for_good(Download *download, const char *what)
{
    g_autofree char *url = http_url_for_display(download->options->peer.url);
    steel_fail(&download->fatal, STEEL_ERROR_HTTP, "%s %s", url, what);
    return false;
}

/* The length of the whole content, from an answer with all of it or with the rest. */
static uint64_t
total_of(const Download *download, long status)
{
    curl_off_t length = -1;
    curl_easy_getinfo(download->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length < 0)
        return 0;
    return (uint64_t)length + (status == 206 ? download->position : 0);
}

/* Checks an answer's headers when its first byte comes. */
static bool
begin_answer(Download *download)
{
    long status = download->status = status_of(download);
    download->begun = true;
    if (status != 200 && status != 206)
        return true; /* its body is an error message, not content */
    uint64_t total = total_of(download, status);
    download->skip = status == 200 ? download->position : 0;
    if (download->position > 0 &&
        (g_strcmp0(download->seen, download->validator) != 0 ||
         (total != 0 && download->total != 0 && total != download->total)))
        return end_for_good(download, "has changed while it was read");
    if (download->position == 0) {
        g_free(download->validator);
        download->validator = g_strdup(download->seen);
        download->total = total;
        if (download->options->size_known != NULL)
            download->options->size_known(download->user, total);
    }
    return true;
}

static size_t
source_on_data(char *data, size_t size, size_t count, void *user)
{
    Download *download = user;
    size_t all = size * count;
    if (!download->begun && !begin_answer(download))
        return 0;
    if (download->status != 200 && download->status != 206)
        return all;
    size_t skipped = (size_t)MIN(download->skip, all);
    download->skip -= skipped;
    if (skipped < all && !download->take(download->user, (const uint8_t *)data + skipped,
                                         all - skipped, &download->fatal))
        return 0;
    download->position += all - skipped;
    download->taken = download->taken || skipped < all;
    return all;
}

static int
source_on_progress(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
    (void)total;
    (void)now;
    (void)up_total;
    (void)up;
    const Download *download = user;
    const atomic_bool *stop = download->options->stop;
    return stop != NULL && atomic_load(stop);
}

/* ---- a try ---- */

static void
set_callbacks(Download *download)
{
    CURL *handle = download->handle;
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, source_on_data);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, download);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, source_on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, download);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, source_on_progress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, download);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
}

static void
set_limits(const Download *download)
{
    const SourceOptions *options = download->options;
    CURL *handle = download->handle;
    long stall_s = options->stall_s > 0 ? options->stall_s : STALL_S;
    curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, (long)BUFFER_SIZE);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, stall_s);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, stall_s);
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(handle, CURLOPT_MAXREDIRS, (long)REDIRECTS);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    if (options->proxy != NULL)
        curl_easy_setopt(handle, CURLOPT_PROXY, options->proxy);
    if (options->no_proxy != NULL)
        curl_easy_setopt(handle, CURLOPT_NOPROXY, options->no_proxy);
}

static CURLcode
perform(Download *download)
{
    g_autofree char *range = g_strdup_printf("%" G_GUINT64_FORMAT "-", download->position);
    struct curl_slist *headers = http_header_list(&download->options->peer);
    curl_easy_reset(download->handle);
    http_set_peer(download->handle, &download->options->peer);
    set_callbacks(download);
    set_limits(download);
    curl_easy_setopt(download->handle, CURLOPT_HTTPHEADER, headers);
    if (download->position > 0)
        curl_easy_setopt(download->handle, CURLOPT_RANGE, range);
    download->begun = download->taken = false;
    CURLcode code = curl_easy_perform(download->handle);
    curl_slist_free_all(headers);
    return code;
}

/* Returns true if all bytes have come. Otherwise *why has the cause, and *again is true if a retry
 * may help. */
static bool
judge(Download *download, CURLcode code, char **why, bool *again)
{
    long status = status_of(download);
    *again = true;
    if (code != CURLE_OK) {
        *why = g_strdup(curl_easy_strerror(code));
        *again = code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_SSL_CACERT_BADFILE &&
                 code != CURLE_URL_MALFORMAT && code != CURLE_UNSUPPORTED_PROTOCOL;
        return false;
    }
    if (status == 416 && download->total == download->position)
        return true;
    if (status != 200 && status != 206) {
        *why = g_strdup_printf("the server answers with status %ld", status);
        *again = status >= STATUS_SERVER;
        return false;
    }
    if (download->total == 0 || download->position == download->total)
        return true;
    *why = g_strdup_printf("only %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes have come",
                           download->position, download->total);
    return false;
}

static bool
stopped(const Download *download)
{
    return download->options->stop != NULL && atomic_load(download->options->stop);
}

static bool
read_all(Download *download, GError **error)
{
    g_autofree char *url = http_url_for_display(download->options->peer.url);
    unsigned left = download->options->retries;
    while (true) {
        g_autofree char *why = NULL;
        bool again;
        bool good = judge(download, perform(download), &why, &again);
        if (download->fatal != NULL) {
            g_propagate_error(error, g_steal_pointer(&download->fatal));
            return false;
        }
        if (good)
            return true;
        if (stopped(download))
            return steel_fail(error, STEEL_ERROR_CANCELLED, "the download of %s was given up", url);
        left = download->taken ? download->options->retries : left;
        if (!again || left == 0)
            return steel_fail(error, STEEL_ERROR_HTTP, "%s: %s (after %" G_GUINT64_FORMAT " bytes)",
                              url, why, download->position);
        left--;
        log_warning(AREA, "%s: %s; it is tried again from byte %" G_GUINT64_FORMAT, url, why,
                    download->position);
        if (download->options->retry_pause_ms > 0)
            backoff_sleep(download->options->retry_pause_ms);
    }
}

bool
source_read(const SourceOptions *options, SourceTake take, void *user, GError **error)
{
    Download download = {.options = options, .take = take, .user = user};
    download.handle = curl_easy_init();
    if (download.handle == NULL)
        return steel_fail(error, STEEL_ERROR_HTTP, "libcurl gives no handle");
    bool good = read_all(&download, error);
    curl_easy_cleanup(download.handle);
    g_free(download.validator);
    g_free(download.seen);
    g_clear_error(&download.fatal);
    return good;
}
