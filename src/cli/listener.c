/* The event stream read with libcurl's multi interface: one connection, no thread, every wait with
 * a limit.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/listener.h"
#include "cli/event_text.h"
#include "common/backoff.h"
#include "common/http_client.h"
#include "common/http_options.h"
#include "common/json_text.h"
#include "common/time_text.h"
#include <string.h>

enum {
    PAUSE_MS = 2000,          /* between two tries to open the stream */
    CONNECT_LIMIT_MS = 10000, /* until its first bytes arrive */
    SILENCE_LIMIT_S = 45,     /* the service sends a comment every 15 s */
};

/* The state of the stream. */
typedef enum State {
    STATE_CLOSED,  /* not open, or not any more */
    STATE_OPENING, /* asked for, nothing heard yet */
    STATE_OPEN,
    STATE_NEVER, /* the service has none */
} State;

struct Listener {
    Session *session; /* borrowed */
    char *path;       /* owned, with its query */
    State state;
    CURLM *multi;
    CURL *easy;
    SessionRequest request; /* what `easy` points into */
    struct curl_slist *headers;
    EventReader *reader;
    bool heard;       /* first bytes have arrived: from now on no event is missed */
    int64_t tried_ms; /* when it was last opened; 0: never */
};

Listener *
listener_new(Session *session, const char *node)
{
    Listener *listener = g_new0(Listener, 1);
    g_autofree char *escaped = node != NULL ? http_escape(node) : NULL;
    listener->session = session;
    listener->path =
        g_strdup_printf("/v1/events/stream?type=baremetal.node.%s%s",
                        escaped != NULL ? "&node=" : "", escaped != NULL ? escaped : "");
    return listener;
}

static void
listener_close(Listener *listener, State state)
{
    if (listener->easy != NULL) {
        curl_multi_remove_handle(listener->multi, listener->easy);
        curl_easy_cleanup(listener->easy);
    }
    if (listener->multi != NULL)
        curl_multi_cleanup(listener->multi);
    curl_slist_free_all(listener->headers);
    session_request_clear(&listener->request);
    event_reader_free(listener->reader);
    listener->easy = NULL;
    listener->multi = NULL;
    listener->headers = NULL;
    listener->reader = NULL;
    listener->state = state;
}

void
listener_free(Listener *listener)
{
    if (listener == NULL)
        return;
    listener_close(listener, STATE_CLOSED);
    g_free(listener->path);
    g_free(listener);
}

static size_t
on_text(char *data, size_t size, size_t count, void *user)
{
    Listener *listener = user;
    long status = 0;
    curl_easy_getinfo(listener->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return size * count; /* the text of a refusal */
    listener->heard = true;
    return event_reader_feed(listener->reader, data, size * count) ? size * count : 0;
}

static void
set_options(Listener *listener)
{
    CURL *easy = listener->easy;
    const HttpRequest *request = &listener->request.http;
    listener->headers = http_header_list(request);
    http_set_peer(easy, request);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_LIMIT_MS);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_LIMIT_S);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, listener->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_text);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, listener);
}

/* Requests the stream. A failure is ignored here: the caller's own requests report it. */
static void
open_stream(Listener *listener)
{
    listener->tried_ms = time_monotonic_ms();
    if (!session_prepare(listener->session, "GET", listener->path, &listener->request, NULL))
        return;
    listener->multi = curl_multi_init();
    listener->easy = curl_easy_init();
    listener->reader = event_reader_new();
    listener->state = STATE_OPENING;
    listener->heard = false;
    if (listener->multi == NULL || listener->easy == NULL) {
        listener_close(listener, STATE_CLOSED);
        return;
    }
    set_options(listener);
    curl_multi_add_handle(listener->multi, listener->easy);
}

/* What an ended answer means for the next try. */
static State
state_after(long status)
{
    switch (status) {
    case 400: /* Ironic, or a version before events */
    case 403:
    case 404:
    case 405:
    case 406:
    case 501:
        return STATE_NEVER;
    default:
        return STATE_CLOSED;
    }
}

/* Transfers bytes; waits at most timeout_ms for them. */
static void
listener_transfer(Listener *listener, int timeout_ms)
{
    int running = 0;
    if (timeout_ms > 0)
        curl_multi_poll(listener->multi, NULL, 0, timeout_ms, NULL);
    curl_multi_perform(listener->multi, &running);
    long status = 0;
    curl_easy_getinfo(listener->easy, CURLINFO_RESPONSE_CODE, &status);
    if (running == 0)
        listener_close(listener, state_after(status));
    else if (listener->state == STATE_OPENING && listener->heard)
        listener->state = STATE_OPEN;
    else if (listener->state == STATE_OPENING &&
             time_monotonic_ms() - listener->tried_ms > CONNECT_LIMIT_MS)
        listener_close(listener, STATE_CLOSED);
}

/* The next valid event; *lost: the service reports that events were lost. */
static bool
take_event(Listener *listener, char **type, json_t **payload, bool *lost)
{
    while (listener->state == STATE_OPEN) {
        g_autoptr(EventText) event = event_reader_next(listener->reader);
        if (event == NULL)
            return false;
        if (strcmp(event->type, "lost") == 0) {
            *lost = true;
            return false;
        }
        *payload = json_text_parse(event->data, strlen(event->data), 0, NULL);
        if (*payload != NULL) {
            *type = g_steal_pointer(&event->type);
            return true;
        }
    }
    return false;
}

News
listener_next(Listener *listener, int timeout_ms, char **type, json_t **payload)
{
    int64_t begun = time_monotonic_ms();
    bool lost = false;
    for (;;) {
        if (take_event(listener, type, payload, &lost))
            return NEWS_EVENT;
        if (lost)
            return NEWS_LOOK;
        int64_t now = time_monotonic_ms(), passed = now - begun;
        if (listener->state == STATE_CLOSED &&
            (listener->tried_ms == 0 || now - listener->tried_ms >= PAUSE_MS))
            open_stream(listener);
        bool listening = listener->state == STATE_OPENING || listener->state == STATE_OPEN;
        int limit_ms =
            listener->state == STATE_OPEN ? timeout_ms : MIN(timeout_ms, LISTENER_POLL_MS);
        if (passed >= limit_ms)
            return listener->state == STATE_OPEN ? NEWS_NOTHING : NEWS_LOOK;
        if (!listening) {
            backoff_sleep((unsigned)(limit_ms - passed));
            return NEWS_LOOK;
        }
        State before = listener->state;
        listener_transfer(listener, (int)(limit_ms - passed));
        if (listener->state != before && (before == STATE_OPEN || listener->state == STATE_OPEN))
            return NEWS_LOOK;
    }
}
