/* From the server to the sink; the contract is in image_flow.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/image_flow.h"

#include "agent/disk/image_format.h"
#include "agent/download.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/secret.h"
#include "stream/checksum.h"
#include "stream/relay.h"
#include "stream/stage.h"

#include <string.h>

#define AREA "agent.image"
#define CHECKSUM_FILE_LIMIT ((size_t)1024 * 1024)
#define TELL_EACH ((uint64_t)256 * 1024)

typedef struct Flow {
    Checksum *checksum;
    Stage *stage; /* the first one */
    Sink *sink;   /* behind the last one */
    Relay *relay; /* to checksum and stage */
    uint64_t bytes, told;
    Progress *progress;
} Flow;

/* ---- downloads ---- */

static const char *
proxy_for(const ImageInfo *info, const char *url)
{
    const json_t *proxies = json_object_get(info->json, "proxies");
    return json_string_member(proxies, g_str_has_prefix(url, "https://") ? "https" : "http");
}

/* Whether what is fetched comes from the image's own server, which may know who we are. */
typedef enum Login { LOGIN_NONE, LOGIN_OF_IMAGE } Login;

static bool
has_login(const ImageInfo *info)
{
    const char *strategy = json_string_member(info->json, "image_server_auth_strategy");
    return g_strcmp0(strategy, "http_basic") == 0;
}

/* The Authorization header, from image_request_authorization in base64. The caller frees. */
static char *
authorization(const ImageInfo *info)
{
    size_t size;
    const char *encoded = json_string_member(info->json, "image_request_authorization");
    g_autofree guchar *decoded = encoded != NULL ? g_base64_decode(encoded, &size) : NULL;
    if (decoded == NULL || memchr(decoded, '\n', size) != NULL)
        return NULL;
    return g_strdup_printf("Authorization: %.*s", (int)size, (const char *)decoded);
}

static bool
download(Agent *agent, const ImageInfo *info, Login as, const char *url, SourceTake take,
         void *user, void (*size_known)(void *, uint64_t), GError **error)
{
    char *header = as == LOGIN_OF_IMAGE ? authorization(info) : NULL;
    const char *const headers[] = {header, NULL};
    SourceOptions options = download_options(agent, url);
    options.peer.headers = headers;
    if (as == LOGIN_OF_IMAGE && has_login(info)) {
        options.peer.username = json_string_member(info->json, "image_server_user");
        options.peer.password = json_string_member(info->json, "image_server_password");
    }
    options.proxy = proxy_for(info, url);
    options.no_proxy = json_string_member(info->json, "no_proxy");
    options.size_known = size_known;
    bool good = source_read(&options, take, user, error);
    secret_free(header);
    return good;
}

typedef struct Collected {
    GString *text;
    size_t limit;
} Collected;

static bool
flow_collect(void *user, const uint8_t *data, size_t size, GError **error)
{
    Collected *collected = user;
    if (size > collected->limit - collected->text->len)
        return steel_fail(error, STEEL_ERROR_TOO_LARGE, "it is longer than %zu bytes",
                          collected->limit);
    g_string_append_len(collected->text, (const char *)data, (gssize)size);
    return true;
}

static char *
download_text(Agent *agent, const ImageInfo *info, Login as, const char *url, size_t limit,
              size_t *size, GError **error)
{
    Collected collected = {g_string_new(NULL), limit};
    GError *cause = NULL;
    bool good = download(agent, info, as, url, flow_collect, &collected, NULL, &cause);
    if (size != NULL)
        *size = collected.text->len;
    if (good)
        return g_string_free(collected.text, FALSE);
    g_string_free(collected.text, TRUE);
    agent_error_classify(&cause, AGENT_ERROR_IMAGE_DOWNLOAD);
    g_propagate_prefixed_error(error, cause, "Download of %s failed: ", info->id);
    return NULL;
}

char *
image_flow_text(Agent *agent, const ImageInfo *info, const char *url, size_t limit, size_t *size,
                GError **error)
{
    return download_text(agent, info, LOGIN_NONE, url, limit, size, error);
}

/* ---- the checksum ---- */

static bool
is_url(const char *checksum)
{
    return g_str_has_prefix(checksum, "http://") || g_str_has_prefix(checksum, "https://");
}

/* The expected checksum; the caller frees. */
static char *
expected_checksum(Agent *agent, const ImageInfo *info, GError **error)
{
    if (!is_url(info->checksum))
        return g_strdup(info->checksum);
    g_autofree char *file = download_text(agent, info, LOGIN_OF_IMAGE, info->checksum,
                                          CHECKSUM_FILE_LIMIT, NULL, error);
    if (file == NULL)
        return NULL;
    g_autofree char *name = checksum_name_of_url(json_string_value(json_array_get(info->urls, 0)));
    char *found = checksum_find(file, name);
    if (found == NULL)
        agent_fail(error, AGENT_ERROR_IMAGE_DOWNLOAD, "Checksum file does not contain name %s",
                   name);
    return found;
}

/* Older services do not send the key, and use MD5. */
static bool
md5_allowed(Agent *agent)
{
    json_t *config = agent_config(agent);
    const json_t *allowed = json_object_get(config, "agent_md5_checksum_enable");
    bool yes = allowed == NULL || json_is_true(allowed);
    json_decref(config);
    return yes;
}

static Checksum *
begin_checksum(Agent *agent, const ImageInfo *info, const char *expected, GError **error)
{
    const char *algorithm =
        info->hash_algorithm != NULL ? info->hash_algorithm : checksum_algorithm_of(expected);
    if (algorithm == NULL) {
        agent_fail(error, AGENT_ERROR_IMAGE_CHECKSUM,
                   "the checksum '%.140s' has the length of no known kind", expected);
        return NULL;
    }
    if (strcmp(algorithm, "md5") == 0 && !md5_allowed(agent)) {
        agent_fail(error, AGENT_ERROR_IMAGE_CHECKSUM,
                   "MD5 is not allowed by the service ([agent]allow_md5_checksum): give sha256 or "
                   "sha512");
        return NULL;
    }
    Checksum *checksum = checksum_new(algorithm, error);
    if (checksum == NULL && error != NULL)
        agent_error_classify(error, AGENT_ERROR_IMAGE_CHECKSUM);
    return checksum;
}

static bool
check(const ImageInfo *info, Flow *flow, const char *expected, GError **error)
{
    g_autofree char *found = checksum_text(flow->checksum);
    return g_ascii_strcasecmp(found, expected) == 0 ||
           agent_fail(error, AGENT_ERROR_IMAGE_CHECKSUM,
                      "Image failed to verify against checksum. location: %s; image ID: %s; image "
                      "checksum: %.140s; verification checksum: %s",
                      json_string_value(json_array_get(info->urls, 0)), info->id, expected, found);
}

/* ---- the stream ---- */

static void
tell(Flow *flow)
{
    flow->told = flow->bytes;
    progress_set(flow->progress, flow->bytes);
}

static bool
flow_take(void *user, const uint8_t *data, size_t size, GError **error)
{
    Flow *flow = user;
    flow->bytes += size;
    if (flow->bytes - flow->told >= TELL_EACH)
        tell(flow);
    return relay_push(flow->relay, data, size, error);
}

static bool
flow_sum(void *user, const uint8_t *data, size_t size, GError **error)
{
    const Flow *flow = user;
    (void)error;
    checksum_add(flow->checksum, data, size);
    return true;
}

/* good: what a stage or the sink says */
static bool
judge(bool good, GError **error)
{
    if (!good && error != NULL)
        agent_error_classify(error, steel_error_is(*error, STEEL_ERROR_INVALID)
                                        ? AGENT_ERROR_INVALID_IMAGE
                                        : AGENT_ERROR_IMAGE_WRITE);
    return good;
}

static bool
flow_write(void *user, const uint8_t *data, size_t size, GError **error)
{
    const Flow *flow = user;
    return judge(flow->stage->push(flow->stage, data, size, error) &&
                     sink_end_turn(flow->sink, error),
                 error);
}

static bool
flow_settle(void *user, GError **error)
{
    const Flow *flow = user;
    return judge(sink_settle(flow->sink, error), error);
}

static void
flow_size_known(void *user, uint64_t size)
{
    const Flow *flow = user;
    progress_begin(flow->progress, "write image", size);
}

/* Tries each URL until one delivers data. A partial download cannot continue at another URL. */
static bool
read_any(Agent *agent, const ImageInfo *info, Flow *flow, GError **error)
{
    size_t i;
    json_t *url;
    g_autoptr(GString) failures = g_string_new(NULL);
    json_array_foreach((json_t *)(uintptr_t)info->urls, i, url)
    {
        GError *cause = NULL;
        if (download(agent, info, LOGIN_OF_IMAGE, json_string_value(url), flow_take, flow,
                     flow_size_known, &cause))
            return true;
        if (flow->bytes > 0 || i + 1 == json_array_size(info->urls)) {
            agent_error_classify(&cause, AGENT_ERROR_IMAGE_DOWNLOAD);
            g_propagate_prefixed_error(error, cause, "%simage %s: ", failures->str, info->id);
            return false;
        }
        log_warning(AREA, "the next URL is tried: %s", cause->message);
        g_string_append_printf(failures, "%s; ", cause->message);
        g_error_free(cause);
    }
    return false;
}

/* The relay keeps a part as long as the disk may still write it: a part is a turn. */
G_STATIC_ASSERT((int)RELAY_LENT >= (int)SINK_TURNS_LENT);

/* Network, checksum and disk work at the same time. */
static bool
stream(Agent *agent, const ImageInfo *info, Flow *flow, GError **error)
{
    const RelayReader readers[] = {{"image checksum", flow_sum, NULL, flow},
                                   {"image to disk", flow_write, flow_settle, flow}};
    flow->relay = relay_new(readers, G_N_ELEMENTS(readers), error);
    bool good = flow->relay != NULL && read_any(agent, info, flow, error) &&
                relay_finish(flow->relay, error);
    tell(flow);
    g_clear_pointer(&flow->relay, relay_free);
    return good;
}

/* Streams the image once. The checksum is verified before the last stage finishes. */
static bool
run_pass(Agent *agent, const ImageInfo *info, const char *expected, Flow *flow, GError **error)
{
    flow->bytes = flow->told = 0;
    flow->checksum = begin_checksum(agent, info, expected, error);
    bool good = flow->checksum != NULL && stream(agent, info, flow, error) &&
                check(info, flow, expected, error) &&
                judge(flow->stage->finish(flow->stage, error), error);
    g_clear_pointer(&flow->checksum, checksum_free);
    return good;
}

static bool
flush(Sink *sink, Progress *progress, GError **error)
{
    progress_begin(progress, "flush", 0);
    return judge(sink_flush(sink, error), error);
}

bool
image_flow_write(Agent *agent, const ImageInfo *info, Sink *sink, Progress *progress,
                 GError **error)
{
    g_autofree char *expected = expected_checksum(agent, info, error);
    g_autoptr(Stage) stage =
        expected != NULL ? image_format_stage(agent, info->format, sink, error) : NULL;
    if (stage == NULL)
        return false;
    Flow flow = {.stage = stage, .sink = sink, .progress = progress};
    bool again;
    do {
        if (!run_pass(agent, info, expected, &flow, error))
            return false;
        again = stage->wants_again != NULL && stage->wants_again(stage);
    } while (again);
    return flush(sink, progress, error);
}
