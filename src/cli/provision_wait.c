/* --wait.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/provision_wait.h"
#include "cli/arguments.h"
#include "cli/listener.h"
#include "cli/session.h"
#include "cli/timeline.h"
#include "common/http_client.h"
#include "common/json_text.h"
#include "common/time_text.h"
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    LIVE_LINE_MS = 1000, /* how often the live line is renewed */
    QUIET_MS = 5000, /* how often to read the node without a live line, in case an event was lost */
    SILENCE_LIMIT_MS = 60000,
};

/* One wait. */
typedef struct Wait {
    Context *context;
    const char *node; /* as typed */
    const char *expected;
    Listener *listener;  /* owned */
    char *path;          /* owned */
    char *timeline_path; /* owned; NULL if the service has no timeline */
    int64_t started_ms;
    int64_t answered_ms; /* when the service last answered */
    bool terminal;       /* there is a live line */
    char *told;          /* owned: without one, the mark of the last line; NULL: none yet */
} Wait;

WaitOutcome
wait_judge(json_t *node, const char *expected)
{
    const char *state = json_string_member(node, "provision_state");
    const char *target = json_string_member(node, "target_provision_state");
    if (state == NULL)
        return WAIT_GOES_ON;
    if (strcmp(state, expected) == 0)
        return WAIT_REACHED;
    if (strcmp(state, "error") == 0 || g_str_has_suffix(state, " failed"))
        return WAIT_FAILED;
    return target == NULL || target[0] == '\0' ? WAIT_FAILED : WAIT_GOES_ON;
}

static size_t
terminal_columns(void)
{
    struct winsize size = {0};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
        return 79;
    return size.ws_col - 1u; /* the last column makes some terminals wrap */
}

/* Wipes the live line before other output. */
static void
wipe(const Wait *wait)
{
    if (wait->terminal)
        fputs("\r\033[K", stderr);
}

/* Without a terminal: a line for each tenth of what an agent does. Of the rest nothing is said:
 * scripts that read this know Ironic's client. */
static void
tell_change(Wait *wait, const char *state, json_t *phase, int64_t elapsed_s)
{
    if (phase == NULL || json_string_member(phase, "agent_phase") == NULL)
        return;
    g_autofree char *mark = timeline_phase_mark(phase);
    if (g_strcmp0(mark, wait->told) == 0)
        return;
    g_free(wait->told);
    wait->told = g_steal_pointer(&mark);
    g_autofree char *text = timeline_phase_text(phase), *elapsed = duration_text(elapsed_s);
    fprintf(stderr, "%s: %s  %s  %s\n", wait->node, state, elapsed, text);
    fflush(stderr);
}

static void
show_live(const Wait *wait, const char *state, json_t *phase, int64_t elapsed_s)
{
    g_autofree char *line = progress_line(wait->node, state, phase, elapsed_s, terminal_columns());
    fprintf(stderr, "\r\033[K%s", line);
    fflush(stderr);
}

static void
show_progress(Wait *wait, json_t *node)
{
    json_auto_t *answer = NULL;
    if (wait->timeline_path != NULL) {
        answer = session_try(wait->context->session, "GET", wait->timeline_path, NULL, NULL);
        if (answer == NULL) /* not a Steel service: only the state is shown */
            g_clear_pointer(&wait->timeline_path, g_free);
    }
    const char *state = json_string_member(node, "provision_state");
    json_t *phase = timeline_current(answer);
    if (phase != NULL && json_is_string(json_object_get(phase, "finished_at")))
        phase = NULL; /* of an earlier operation, or between two phases */
    int64_t elapsed_s = (time_monotonic_ms() - wait->started_ms) / 1000;
    if (wait->terminal)
        show_live(wait, state != NULL ? state : "?", phase, elapsed_s);
    else
        tell_change(wait, state != NULL ? state : "?", phase, elapsed_s);
}

static bool
fail(const Wait *wait, json_t *node, GError **error)
{
    const char *state = json_string_member(node, "provision_state");
    const char *last_error = json_string_member(node, "last_error");
    return steel_fail(error, STEEL_ERROR_DEPLOY_FAILED,
                      "Node %s failed to reach state %s. It's in state %s%s%s", wait->node,
                      wait->expected, state != NULL ? state : "?",
                      last_error != NULL ? ", and has error: " : " and reports no error",
                      last_error != NULL ? last_error : "");
}

/* Reads the node once. False ends the wait with an error, *reached with success. */
static bool
poll_node(Wait *wait, bool *reached, GError **error)
{
    g_autoptr(GError) cause = NULL;
    json_auto_t *node = session_try(wait->context->session, "GET", wait->path, NULL, &cause);
    int64_t now = time_monotonic_ms();
    if (node == NULL) {
        if (steel_error_retryable(cause) && now - wait->answered_ms < SILENCE_LIMIT_MS)
            return true;
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    wait->answered_ms = now;
    WaitOutcome outcome = wait_judge(node, wait->expected);
    if (outcome == WAIT_FAILED)
        return fail(wait, node, error);
    *reached = outcome == WAIT_REACHED;
    if (!*reached)
        show_progress(wait, node);
    return true;
}

/* Waits for an event or the next poll, but not beyond the deadline. */
static void
wait_for_news(const Wait *wait, int64_t deadline)
{
    g_autofree char *type = NULL;
    json_auto_t *payload = NULL;
    int64_t left = MAX(deadline - time_monotonic_ms(), 0);
    int limit_ms = wait->terminal ? LIVE_LINE_MS : QUIET_MS;
    listener_next(wait->listener, (int)MIN(limit_ms, left), &type, &payload);
}

static bool
wait_loop(Wait *wait, int timeout_s, GError **error)
{
    int64_t deadline = timeout_s > 0 ? wait->started_ms + (int64_t)timeout_s * 1000 : INT64_MAX;
    for (;;) {
        bool reached = false;
        if (!poll_node(wait, &reached, error))
            return false;
        if (reached)
            return true;
        if (time_monotonic_ms() >= deadline)
            return steel_fail(error, STEEL_ERROR_TIMEOUT,
                              "Node %s failed to reach state %s in %d seconds", wait->node,
                              wait->expected, timeout_s);
        wait_for_news(wait, deadline);
    }
}

bool
provision_wait(Context *context, const char *expected, int timeout_s, GError **error)
{
    const char *node = arguments_positional(context->arguments, 0);
    g_autofree char *escaped = http_escape(node);
    int64_t now = time_monotonic_ms();
    Wait wait = {
        .context = context,
        .node = node,
        .expected = expected,
        .listener = listener_new(context->session, node),
        .path = g_strdup_printf(
            "/v1/nodes/%s?fields=provision_state,target_provision_state,last_error", escaped),
        .timeline_path = g_strdup_printf("/v1/nodes/%s/timeline", escaped),
        .started_ms = now,
        .answered_ms = now,
        .terminal = isatty(STDERR_FILENO) == 1,
    };
    printf("Waiting for provision state %s on node %s\n", expected, node);
    fflush(stdout);
    bool reached = wait_loop(&wait, timeout_s, error);
    wipe(&wait);
    listener_free(wait.listener);
    g_free(wait.path);
    g_free(wait.timeline_path);
    g_free(wait.told);
    return reached;
}
