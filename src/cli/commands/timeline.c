/* What Steel reports of a node beyond Ironic: its timeline, and its changes as they happen.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/commands.h"

#include "cli/body.h"
#include "cli/listener.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/requests.h"
#include "cli/session.h"
#include "cli/timeline.h"
#include "common/http_client.h"
#include "common/json_text.h"
#include "common/time_text.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    PHASES_MS = 1000,  /* how often the phases of busy nodes are read when no event comes */
    SETTLED_MS = 1000, /* an event within this time after a read may be older than the answer */
};

/* The columns; those that are not `usual` only with --long. "seconds" is made of the times. */
static const struct {
    const char *field, *label;
    bool usual;
} timeline_columns[] = {
    {"operation",   "Operation",   true},
    {"phase",       "Phase",       true},
    {"started_at",  "Started At",  true},
    {"finished_at", "Finished At", false},
    {"seconds",     "Seconds",     true},
    {"result",      "Result",      true},
    {"detail",      "Detail",      true},
    {"bytes_done",  "Bytes Done",  false},
    {"bytes_total", "Bytes Total", false},
};

/* How long a phase took, or has taken so far, in seconds to the millisecond; null if its times are
 * not valid. */
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

/* One phase as a row; missing members are null. */
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
    char *phase; /* its mark */
    char *name;
    bool at_work;   /* it has a target */
    bool reached;   /* the state asked for */
    unsigned round; /* number of the last reading of all nodes that had it */
} Watched;

/* One watch. */
typedef struct Watch {
    Context *context;
    const char *until;  /* NULL: forever */
    Listener *listener; /* owned */
    GHashTable *seen;   /* owned; UUID -> Watched */
    unsigned round;
    int64_t looked_ms; /* when all nodes were last read */
} Watch;

static void
watched_free(void *pointer)
{
    Watched *watched = pointer;
    g_free(watched->state);
    g_free(watched->phase);
    g_free(watched->name);
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

/* Prints `text` if it differs from the last printed one, and remembers it. */
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

/* Prints what is new in the phases of a busy node. A service without timelines has none. */
static void
watch_phase(const Watch *watch, const char *uuid, const char *name, Watched *watched)
{
    if (!watched->at_work)
        return;
    g_autofree char *escaped = http_escape(uuid);
    g_autofree char *path = g_strdup_printf("/v1/nodes/%s/timeline", escaped);
    json_auto_t *answer = session_try(watch->context->session, "GET", path, NULL, NULL);
    json_t *phase = timeline_current(answer);
    if (phase == NULL)
        return;
    const char *operation = json_string_member(phase, "operation");
    g_autofree char *text = timeline_phase_text(phase), *mark = timeline_phase_mark(phase);
    g_autofree char *line = g_strdup_printf("  %s: %s", operation != NULL ? operation : "?", text);
    g_autofree char *known = g_strdup_printf("%s %s", operation != NULL ? operation : "?", mark);
    if (g_strcmp0(watched->phase, known) == 0)
        return;
    g_free(watched->phase);
    watched->phase = g_steal_pointer(&known);
    print_change(name, line);
}

/* Takes a node's state from the API or from an event; both have the same members. */
static bool
watch_node(Watch *watch, json_t *node, GError **error)
{
    const char *uuid = json_string_member(node, "uuid");
    const char *name = json_string_member(node, "name");
    const char *state = json_string_member(node, "provision_state");
    if (uuid == NULL)
        return true;
    Watched *watched = g_hash_table_lookup(watch->seen, uuid);
    if (watched == NULL) {
        watched = g_new0(Watched, 1);
        g_hash_table_insert(watch->seen, g_strdup(uuid), watched);
    }
    g_autofree char *text = state_text(node);
    name = name != NULL ? name : uuid;
    g_free(watched->name);
    watched->name = g_strdup(name);
    watched->round = watch->round;
    watched->at_work = json_string_member(node, "target_provision_state") != NULL;
    watched->reached = g_strcmp0(state, watch->until) == 0;
    print_if_new(name, &watched->state, text);
    watch_phase(watch, uuid, name, watched);
    if (watch->until != NULL && !watched->reached && state != NULL &&
        (g_str_has_suffix(state, " failed") || strcmp(state, "error") == 0))
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
        return request_pages(context, path, "nodes", 0, error);
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

static gboolean
is_gone(gpointer uuid, gpointer watched, gpointer round)
{
    (void)uuid;
    return ((const Watched *)watched)->round != *(const unsigned *)round;
}

/* Reads all nodes and prints what is new. */
static bool
watch_all(Watch *watch, GError **error)
{
    json_auto_t *nodes = watched_nodes(watch->context, error);
    size_t i;
    json_t *node;
    if (nodes == NULL)
        return false;
    watch->round++;
    watch->looked_ms = time_monotonic_ms();
    json_array_foreach(nodes, i, node)
    {
        if (!watch_node(watch, node, error))
            return false;
    }
    g_hash_table_foreach_remove(watch->seen, is_gone, &watch->round);
    return true;
}

/* True if an event has the node's present state; the others report only that work begins. */
static bool
tells_present_state(const char *type)
{
    return g_str_has_prefix(type, "baremetal.node.provision_set.") ||
           !g_str_has_suffix(type, ".start");
}

/* Takes one event. *look: all nodes must be read. */
static bool
watch_event(Watch *watch, const char *type, json_t *payload, bool *look, GError **error)
{
    const char *uuid = json_string_member(payload, "uuid");
    bool all = arguments_positional_count(watch->context->arguments) == 0;
    Watched *watched = uuid != NULL ? g_hash_table_lookup(watch->seen, uuid) : NULL;
    if (strcmp(type, "baremetal.node.progress.update") == 0) {
        if (watched != NULL)
            watch_phase(watch, uuid, watched->name, watched);
        return true;
    }
    if (uuid == NULL || !tells_present_state(type))
        return true;
    if (!all && !g_hash_table_contains(watch->seen, uuid))
        return true;
    *look = strcmp(type, "baremetal.node.delete.end") == 0;
    if (*look || time_monotonic_ms() - watch->looked_ms >= SETTLED_MS)
        return *look || watch_node(watch, payload, error);
    g_autofree char *escaped = http_escape(uuid);
    g_autofree char *path = g_strdup_printf("/v1/nodes/%s?%s", escaped, watch_fields);
    json_auto_t *node = session_try(watch->context->session, "GET", path, NULL, NULL);
    *look = node == NULL;
    return *look || watch_node(watch, node, error);
}

/* Reads the phases of the busy nodes. */
static void
watch_phases(Watch *watch)
{
    GHashTableIter iterator;
    gpointer uuid, watched;
    g_hash_table_iter_init(&iterator, watch->seen);
    while (g_hash_table_iter_next(&iterator, &uuid, &watched))
        watch_phase(watch, uuid, ((const Watched *)watched)->name, watched);
}

static bool
all_reached(const Watch *watch)
{
    GHashTableIter iterator;
    gpointer watched;
    if (watch->until == NULL)
        return false;
    g_hash_table_iter_init(&iterator, watch->seen);
    while (g_hash_table_iter_next(&iterator, NULL, &watched)) {
        if (!((const Watched *)watched)->reached)
            return false;
    }
    return true;
}

static bool
watch_loop(Watch *watch, GError **error)
{
    bool look = true;
    for (;;) {
        if (look && !watch_all(watch, error))
            return false;
        if (all_reached(watch))
            return true;
        g_autofree char *type = NULL;
        json_auto_t *payload = NULL;
        News news = listener_next(watch->listener, PHASES_MS, &type, &payload);
        look = news == NEWS_LOOK;
        if (news == NEWS_EVENT && !watch_event(watch, type, payload, &look, error))
            return false;
        if (news == NEWS_NOTHING)
            watch_phases(watch);
    }
}

static bool
run_watch(Context *context, GError **error)
{
    const Arguments *arguments = context->arguments;
    bool one = arguments_positional_count(arguments) == 1;
    Watch watch = {
        .context = context,
        .until = arguments_text(arguments, "--until"),
        .listener = listener_new(context->session, one ? arguments_positional(arguments, 0) : NULL),
        .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, watched_free),
    };
    bool reached = watch_loop(&watch, error);
    listener_free(watch.listener);
    g_hash_table_unref(watch.seen);
    return reached;
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
