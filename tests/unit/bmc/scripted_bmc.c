/* The contract is in scripted_bmc.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scripted_bmc.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct BmcCertificate {
    const char *certificate, *key;
} BmcCertificate;

#include "certificates.inc"

struct ScriptedBmc {
    struct MHD_Daemon *daemon;
    BmcScript script;
    void *user_data;
    char *url, *folder, *ca; /* owned */
    pthread_mutex_t lock;
    unsigned count;       /* guarded by lock */
    GString *log;         /* guarded by lock */
    GPtrArray *suspended; /* guarded by lock */
    bool stopping;        /* guarded by lock */
};

/* One answer under way. */
typedef struct Sending {
    GString *bytes;
    bool cut;
} Sending;

static ssize_t
send_part(void *user_data, uint64_t position, char *buffer, size_t room)
{
    const Sending *sending = user_data;
    size_t left = sending->bytes->len - (size_t)position;
    if (sending->cut && left <= 1)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t size = MIN(left - (sending->cut ? 1 : 0), room);
    memcpy(buffer, sending->bytes->str + position, size);
    return (ssize_t)size;
}

static void
sending_free(void *user_data)
{
    Sending *sending = user_data;
    g_string_free(sending->bytes, TRUE);
    g_free(sending);
}

static enum MHD_Result
answer(struct MHD_Connection *connection, const BmcTold *told)
{
    Sending *sending = g_new0(Sending, 1);
    sending->bytes = g_string_new(NULL);
    sending->cut = told->cut;
    for (size_t i = 0; told->body != NULL && i < MAX(told->repeat, 1); i++)
        g_string_append(sending->bytes, told->body);
    struct MHD_Response *response = MHD_create_response_from_callback(
        sending->bytes->len, 32768, send_part, sending, sending_free);
    MHD_add_response_header(response, "Content-Type", "application/json");
    for (size_t i = 0; i + 1 < G_N_ELEMENTS(told->headers) && told->headers[i] != NULL; i += 2)
        MHD_add_response_header(response, told->headers[i], told->headers[i + 1]);
    enum MHD_Result queued =
        MHD_queue_response(connection, told->status != 0 ? told->status : 200, response);
    MHD_destroy_response(response);
    return queued;
}

static const char *
header(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value != NULL ? value : "";
}

static void
fall_silent(ScriptedBmc *bmc, struct MHD_Connection *connection)
{
    pthread_mutex_lock(&bmc->lock);
    if (!bmc->stopping) {
        MHD_suspend_connection(connection);
        g_ptr_array_add(bmc->suspended, connection);
    }
    pthread_mutex_unlock(&bmc->lock);
}

static void
note(ScriptedBmc *bmc, BmcAsked *asked)
{
    pthread_mutex_lock(&bmc->lock);
    asked->count = ++bmc->count;
    g_string_append_printf(bmc->log, "%s %s%s%s\n", asked->method, asked->path,
                           asked->body[0] != '\0' ? " " : "", asked->body);
    pthread_mutex_unlock(&bmc->lock);
}

static enum MHD_Result
on_request(void *user_data, struct MHD_Connection *connection, const char *url, const char *method,
           const char *version, const char *data, size_t *size, void **state)
{
    (void)version;
    ScriptedBmc *bmc = user_data;
    GString *body = *state;
    if (body == NULL) {
        *state = g_string_new(NULL);
        return MHD_YES;
    }
    if (*size > 0) {
        g_string_append_len(body, data, (gssize)*size);
        *size = 0;
        return MHD_YES;
    }
    BmcAsked asked = {.method = method,
                      .path = url,
                      .body = body->str,
                      .token = header(connection, "X-Auth-Token"),
                      .authorization = header(connection, "Authorization"),
                      .if_match = header(connection, "If-Match"),
                      .content_type = header(connection, "Content-Type")};
    BmcTold told = {0};
    note(bmc, &asked);
    bmc->script(bmc->user_data, &asked, &told);
    if (!told.silent)
        return answer(connection, &told);
    fall_silent(bmc, connection);
    return MHD_YES;
}

static void
on_end(void *user_data, struct MHD_Connection *connection, void **state,
       enum MHD_RequestTerminationCode code)
{
    (void)user_data;
    (void)connection;
    (void)code;
    if (*state != NULL)
        g_string_free(*state, TRUE);
    *state = NULL;
}

static struct MHD_Daemon *
start_daemon(ScriptedBmc *bmc, BmcPair pair)
{
    const unsigned flags =
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_POLL;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (pair == BMC_PLAIN_HTTP)
        return MHD_start_daemon(flags, 0, NULL, NULL, on_request, bmc, MHD_OPTION_SOCK_ADDR, &here,
                                MHD_OPTION_NOTIFY_COMPLETED, on_end, bmc, MHD_OPTION_END);
    return MHD_start_daemon(flags | MHD_USE_TLS, 0, NULL, NULL, on_request, bmc,
                            MHD_OPTION_SOCK_ADDR, &here, MHD_OPTION_NOTIFY_COMPLETED, on_end, bmc,
                            MHD_OPTION_HTTPS_MEM_CERT, certificates[pair].certificate,
                            MHD_OPTION_HTTPS_MEM_KEY, certificates[pair].key, MHD_OPTION_END);
}

ScriptedBmc *
scripted_bmc_start(BmcPair pair, BmcScript script, void *user_data)
{
    ScriptedBmc *bmc = g_new0(ScriptedBmc, 1);
    bmc->script = script;
    bmc->user_data = user_data;
    pthread_mutex_init(&bmc->lock, NULL);
    bmc->log = g_string_new(NULL);
    bmc->suspended = g_ptr_array_new();
    bmc->folder = g_dir_make_tmp("steel-bmc-XXXXXX", NULL);
    bmc->ca = g_build_filename(bmc->folder, "ca.pem", NULL);
    if (pair != BMC_PLAIN_HTTP)
        assert_true(g_file_set_contents(bmc->ca, certificates[pair].certificate, -1, NULL));
    bmc->daemon = start_daemon(bmc, pair);
    assert_non_null(bmc->daemon);
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(bmc->daemon, MHD_DAEMON_INFO_BIND_PORT);
    bmc->url =
        g_strdup_printf("%s://127.0.0.1:%u", pair == BMC_PLAIN_HTTP ? "http" : "https", info->port);
    return bmc;
}

void
scripted_bmc_stop(ScriptedBmc *bmc)
{
    pthread_mutex_lock(&bmc->lock);
    bmc->stopping = true;
    for (guint i = 0; i < bmc->suspended->len; i++)
        MHD_resume_connection(bmc->suspended->pdata[i]);
    pthread_mutex_unlock(&bmc->lock);
    MHD_stop_daemon(bmc->daemon);
    g_unlink(bmc->ca);
    g_rmdir(bmc->folder);
    g_ptr_array_unref(bmc->suspended);
    g_string_free(bmc->log, TRUE);
    pthread_mutex_destroy(&bmc->lock);
    g_free(bmc->url);
    g_free(bmc->folder);
    g_free(bmc->ca);
    g_free(bmc);
}

const char *
scripted_bmc_url(const ScriptedBmc *bmc)
{
    return bmc->url;
}

const char *
scripted_bmc_ca(const ScriptedBmc *bmc)
{
    return bmc->ca;
}

unsigned
scripted_bmc_count(ScriptedBmc *bmc)
{
    pthread_mutex_lock(&bmc->lock);
    unsigned count = bmc->count;
    pthread_mutex_unlock(&bmc->lock);
    return count;
}

char *
scripted_bmc_log(ScriptedBmc *bmc)
{
    pthread_mutex_lock(&bmc->lock);
    char *log = g_strdup(bmc->log->str);
    pthread_mutex_unlock(&bmc->lock);
    return log;
}
