/* What Steel tells of a node beyond Ironic: its timeline, and changes as they happen.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/timeline.h"
#include "cli/body.h"
#include "cli/requests.h"
#include "cli/resources.h"
#include "common/http_client.h"
#include "common/json_text.h"
#include "common/time_text.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WATCH_POLL_MS = 500 };

/* The columns; those that are not `usual` only with --long. "seconds" is made of the times. */
static const struct {
    const char *field, *label;
    bool usual;
} timeline_columns[] = {
    {"operation",   "Operation",   true },
    {"phase",       "Phase",       true },
    {"started_at",  "Started At",  true },
    {"finished_at", "Finished At", false},
    {"seconds",     "Seconds",     true },
    {"result",      "Result",      true },
    {"detail",      "Detail",      true },
    {"bytes_done",  "Bytes Done",  false},
    {"bytes_total", "Bytes Total", false},
};

/* How long a phase took, or takes so far, in seconds to the millisecond; null when its times are no times. */
static json_t *
phase_seconds(json_t *phase, int64_t now_ms)
{
    int64_t started = 0, finished = now_ms;
    const char *from = json_string_member(phase, "started_at");
    const char *to = json_string_member(phase, "finished_at");
    if (from == NULL || !time_parse_ms(from, &started) ||
        (to != NULL && !time_parse_ms(to, &finished)))
        return json_null();
    return json_real((double)MAX(finished - started, 0) / 1000.0);
}

/* One phase as a row; what the service did not say is null. */
static json_t *
phase_row(json_t *phase, bool detailed, int64_t now_ms)
{
    json_t *row = json_array();
    for (size_t i = 0; i < G_N_ELEMENTS(timeline_columns); i++) {
        const char *field = timeline_columns[i].field;
        json_t *value = json_object_get(phase, field);
        if (!detailed && !timeline_columns[i].usual)
            continue;
        if (strcmp(field, "seconds") == 0)
            json_array_append_new(row, phase_seconds(phase, now_ms));
        else
            json_array_append_new(row, value != NULL ? json_incref(value) : json_null());
    }
    return row;
}

static bool
run_timeline(Context *context, GError **error)
{
    g_autofree char *path = path_build("/v1/nodes/{0}/timeline", context->arguments);
    json_auto_t *answer = request_get(context, path, error);
    if (answer == NULL)
        return false;
    Listing *listing = listing_new(false);
    context->listing = listing;
    bool detailed = arguments_has(context->arguments, "--long");
    for (size_t i = 0; i < G_N_ELEMENTS(timeline_columns); i++) {
        if (detailed || timeline_columns[i].usual)
            g_ptr_array_add(listing->columns, g_strdup(timeline_columns[i].label));
    }
    int64_t now = time_now_ms();
    size_t index;
    json_t *phase;
    json_array_foreach(json_object_get(answer, "timeline"), index, phase)
    {
        json_array_append_new(listing->rows, phase_row(phase, detailed, now));
    }
    return true;
}

/* One watched node and what was last printed of it. */
typedef struct Watched {
    char *state; /* "power on, active" */
    char *phase;
} Watched;

static void
watched_free(void *pointer)
{
    Watched *watched = pointer;
    g_free(watched->state);
    g_free(watched->phase);
    g_free(watched);
}

static void
print_change(const char *name, const char *what)
{
    char clock[16] = "";
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) != NULL)
        strftime(clock, sizeof clock, "%H:%M:%S", &local);
    printf("%s  %s  %s\n", clock, name, what);
    fflush(stdout);
}

/* Prints `text` when it differs from what was printed before, and remembers it. */
static void
print_if_new(const char *name, char **known, const char *text)
{
    if (g_strcmp0(*known, text) == 0)
        return;
    g_free(*known);
    *known = g_strdup(text);
    print_change(name, text);
}

static char *
state_text(json_t *node)
{
    const char *power = json_string_member(node, "power_state");
    const char *state = json_string_member(node, "provision_state");
    const char *target = json_string_member(node, "target_provision_state");
    const char *fault = json_string_member(node, "last_error");
    GString *text = g_string_new(state != NULL ? state : "?");
    if (target != NULL)
        g_string_append_printf(text, " (to %s)", target);
    g_string_append_printf(text, ", %s", power != NULL ? power : "power unknown");
    if (json_is_true(json_object_get(node, "maintenance")))
        g_string_append(text, ", maintenance");
    if (fault != NULL)
        g_string_append_printf(text, ", last error: %s", fault);
    return g_string_free(text, false);
}

/* Prints what is new about the phases of a node that is at work. A service without timelines has none. */
static void
watch_phase(Context *context, json_t *node, const char *name, Watched *watched)
{
    const char *uuid = json_string_member(node, "uuid");
    if (uuid == NULL || json_string_member(node, "target_provision_state") == NULL)
        return;
    g_autofree char *escaped = http_escape(uuid);
    g_autofree char *path = g_strdup_printf("/v1/nodes/%s/timeline", escaped);
    json_auto_t *answer = session_try(context->session, "GET", path, NULL, NULL);
    json_t *phase = timeline_current(answer);
    if (phase == NULL)
        return;
    const char *operation = json_string_member(phase, "operation");
    g_autofree char *text = timeline_phase_text(phase);
    g_autofree char *line = g_strdup_printf("  %s: %s", operation != NULL ? operation : "?", text);
    print_if_new(name, &watched->phase, line);
}

/* Looks at one node. *waiting is counted up while it is not in the state asked for. */
static bool
watch_node(Context *context, GHashTable *seen, json_t *node, const char *until, int *waiting,
           GError **error)
{
    const char *uuid = json_string_member(node, "uuid");
    const char *name = json_string_member(node, "name");
    const char *state = json_string_member(node, "provision_state");
    if (uuid == NULL)
        return true;
    Watched *watched = g_hash_table_lookup(seen, uuid);
    if (watched == NULL) {
        watched = g_new0(Watched, 1);
        g_hash_table_insert(seen, g_strdup(uuid), watched);
    }
    g_autofree char *text = state_text(node);
    name = name != NULL ? name : uuid;
    print_if_new(name, &watched->state, text);
    watch_phase(context, node, name, watched);
    if (until == NULL || g_strcmp0(state, until) == 0)
        return true;
    (*waiting)++;
    if (state != NULL && (g_str_has_suffix(state, " failed") || strcmp(state, "error") == 0))
        return steel_fail(error, STEEL_ERROR_DEPLOY_FAILED, "Node %s: %s", name, text);
    return true;
}

static const char watch_fields[] =
    "fields=uuid,name,power_state,provision_state,target_provision_state,maintenance,last_error";

/* The nodes that are watched: those named, or all. A new array. */
static json_t *
watched_nodes(Context *context, GError **error)
{
    guint count = arguments_positional_count(context->arguments);
    json_auto_t *nodes = json_array();
    if (count == 0) {
        g_autofree char *path = g_strdup_printf("/v1/nodes?%s", watch_fields);
        json_auto_t *answer = request_get(context, path, error);
        return answer != NULL ? json_incref(json_object_get(answer, "nodes")) : NULL;
    }
    for (guint i = 0; i < count; i++) {
        g_autofree char *escaped = http_escape(arguments_positional(context->arguments, i));
        g_autofree char *path = g_strdup_printf("/v1/nodes/%s?%s", escaped, watch_fields);
        json_t *node = request_get(context, path, error);
        if (node == NULL)
            return NULL;
        json_array_append_new(nodes, node);
    }
    return json_incref(nodes);
}

static bool
run_watch(Context *context, GError **error)
{
    const char *until = arguments_text(context->arguments, "--until");
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, watched_free);
    for (;;) {
        json_auto_t *nodes = watched_nodes(context, error);
        size_t i;
        json_t *node;
        int waiting = 0;
        if (nodes == NULL)
            return false;
        json_array_foreach(nodes, i, node)
        {
            if (!watch_node(context, seen, node, until, &waiting, error))
                return false;
        }
        if (until != NULL && waiting == 0)
            return true;
        g_usleep(WATCH_POLL_MS * 1000);
    }
}

/* Tables, one row each. */
/* clang-format off */
static const PositionalRow one_node[] = {
    {"<node>", "Name or UUID of the node"},
    {NULL},
};

static const PositionalRow some_nodes[] = {
    {"<node>", "Nodes to watch (names or UUIDs); all of them without", .several = true, .optional = true},
    {NULL},
};

static const OptionRow timeline_options[] = {
    {"--long", OPTION_FLAG, USE_BY_COMMAND, NULL, NULL, "also when each phase ended and how many bytes it moved"},
    {NULL},
};

static const OptionRow watch_options[] = {
    {"--until", OPTION_TEXT, USE_BY_COMMAND, NULL, "<provision state>", "end when all of them are in this state; with status 1 when one fails"},
    {NULL},
};

const Command timeline_commands[] = {
    {"node timeline", "Show the phases of what was and is done to a node", COMMAND_CUSTOM, NULL, one_node, timeline_options, .run = run_timeline, .output = PRINTS_LIST},
    {"node watch", "Print changes of state and phase as they happen", COMMAND_CUSTOM, NULL, some_nodes, watch_options, .version = "1.8", .run = run_watch},
    {NULL},
};
/* clang-format on */
