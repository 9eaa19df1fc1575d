/* What waits for its turn, and when it will begin.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"
#include "api/controllers/controllers.h"
#include "common/time_text.h"
#include "db/work_queue.h"

/* Places that an answer lists, of each kind. */
#define PLACES_LIMIT 20000

/* A kind of work as it is now. */
typedef struct Capacity {
    const DbQueueKind *kind;
    int64_t limit; /* 0: none */
    int64_t waiting, working, mean_ms, now_ms;
} Capacity;

static bool
read_capacity(Db *db, const DbQueueKind *kind, Capacity *capacity, GError **error)
{
    int64_t limit = config_integer(config_current(), kind->limit);
    *capacity = (Capacity){.kind = kind, .limit = MAX(limit, 0), .now_ms = time_now_ms()};
    return db_queue_count(db, kind, NULL, &capacity->waiting, &capacity->working, error) &&
           db_queue_mean_ms(db, kind->name, &capacity->mean_ms, error);
}

static void
put_member(GString *out, const char *name, int64_t number, bool known)
{
    g_string_append_printf(out, ",\"%s\":", name);
    if (known)
        json_text_append_integer(out, number);
    else
        g_string_append(out, "null");
}

static void
put_capacity(GString *out, const Capacity *capacity)
{
    g_string_append(out, "{\"operation\":");
    json_text_append_string(out, capacity->kind->name);
    put_member(out, "limit", capacity->limit, capacity->limit > 0);
    put_member(out, "working", capacity->working, true);
    put_member(out, "queued", capacity->waiting, true);
    put_member(out, "mean_seconds", (capacity->mean_ms + 999) / 1000, capacity->mean_ms >= 0);
    g_string_append_c(out, '}');
}

/* ---- the places ---- */

typedef struct Places {
    GString *out;
    const Capacity *capacity;
    const char *project; /* whose nodes are told; NULL: all */
    int64_t place;       /* of the last one that was seen */
} Places;

/* As many begin in the mean time of one as the limit allows. */
static void
put_start(GString *out, const Capacity *capacity, int64_t place)
{
    char text[TIME_TEXT_SIZE];
    g_string_append(out, ",\"expected_start_at\":");
    if (capacity->mean_ms < 0 || capacity->limit == 0) {
        g_string_append(out, "null");
        return;
    }
    int64_t free = MAX(capacity->limit - capacity->working, 0);
    int64_t rounds_ms = MAX(place - free, 0) * capacity->mean_ms / capacity->limit;
    json_text_append_string(out, time_text_ms(capacity->now_ms + rounds_ms, text));
}

static bool
is_told(const Places *places, const DbQueued *queued)
{
    return places->project == NULL || g_strcmp0(queued->owner, places->project) == 0 ||
           g_strcmp0(queued->lessee, places->project) == 0;
}

static void
put_place(const DbQueued *queued, void *user_data)
{
    Places *places = user_data;
    GString *out = places->out;
    char text[TIME_TEXT_SIZE];
    places->place++;
    if (!is_told(places, queued))
        return;
    g_string_append(out, out->str[out->len - 1] != '[' ? ",{" : "{");
    g_string_append(out, "\"node_uuid\":");
    json_text_append_string(out, queued->node_uuid);
    g_string_append(out, ",\"operation\":");
    json_text_append_string(out, places->capacity->kind->name);
    g_string_append(out, ",\"project\":");
    if (*queued->project != '\0')
        json_text_append_string(out, queued->project);
    else
        g_string_append(out, "null");
    put_member(out, "place", places->place, true);
    g_string_append(out, ",\"queued_at\":");
    json_text_append_string(out, time_text_ms(queued->queued_at_ms, text));
    put_start(out, places->capacity, places->place);
    g_string_append_c(out, '}');
}

Answer
capacity_get(Request *request, GError **error)
{
    static const char *const none[] = {NULL};
    Capacity capacities[DB_QUEUE_KINDS];
    Db *db = request_db(request);
    if (!request_only_arguments(request, none, error))
        return ANSWER_FAILED;
    for (size_t i = 0; i < DB_QUEUE_KINDS; i++)
        if (!read_capacity(db, &db_queue_kinds[i], &capacities[i], error))
            return ANSWER_FAILED;
    GString *out = request_out(request, 200, 1024);
    g_string_append(out, "{\"capacity\":[");
    for (size_t i = 0; i < DB_QUEUE_KINDS; i++) {
        g_string_append(out, i > 0 ? "," : "");
        put_capacity(out, &capacities[i]);
    }
    g_string_append(out, "],\"queue\":[");
    for (size_t i = 0; i < DB_QUEUE_KINDS; i++) {
        Places places = {out, &capacities[i], policy_list_project(request), 0};
        if (!db_queue_list(db, &db_queue_kinds[i], false, 0, PLACES_LIMIT, put_place, &places,
                           error))
            return ANSWER_FAILED;
    }
    g_string_append(out, "]}");
    return ANSWER_NOW;
}
