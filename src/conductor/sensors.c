/* The table of machines and their sensors; the contract is in sensors.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/sensors.h"

#include "common/json_text.h"
#include "common/lock.h"
#include "common/metrics.h"
#include "common/time_text.h"

enum { NODES_MAX = 100000, FAILURES_MAX = 3, NAME_BYTES = 64 };

/* Lines for /metrics. They are written once, so that a scrape only copies them; immutable. */
typedef struct Lines {
    GString *values, *healths;
} Lines;

typedef struct Machine {
    Lines *lines; /* a reference; NULL: never read */
    uint64_t round;
    unsigned failures; /* readings in a row */
    bool being_read;
} Machine;

struct Sensors {
    Lock lock;
    GHashTable *machines GUARDED; /* owned uuid -> Machine */
    GQueue waiting GUARDED;       /* owned uuids that the round still has to read */
    uint64_t round GUARDED;
    int64_t until_ms GUARDED; /* monotonic: the round ends */
    unsigned workers GUARDED;
};

static void
lines_clear(gpointer pointer)
{
    Lines *lines = pointer;
    g_string_free(lines->values, TRUE);
    g_string_free(lines->healths, TRUE);
}

static void
lines_unref(gpointer lines)
{
    if (lines != NULL)
        g_atomic_rc_box_release_full(lines, lines_clear);
}

static void
machine_free(gpointer pointer)
{
    Machine *machine = pointer;
    lines_unref(machine->lines);
    g_free(machine);
}

Sensors *UNSHARED
sensors_new(void)
{
    Sensors *sensors = g_new0(Sensors, 1);
    lock_init(&sensors->lock, LOCK_RANK_SENSORS);
    sensors->machines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, machine_free);
    g_queue_init(&sensors->waiting);
    return sensors;
}

void UNSHARED
sensors_free(Sensors *sensors)
{
    if (sensors == NULL)
        return;
    g_queue_clear_full(&sensors->waiting, g_free);
    g_hash_table_unref(sensors->machines);
    lock_destroy(&sensors->lock);
    g_free(sensors);
}

/* ---- a round ---- */

unsigned
sensors_begin(Sensors *sensors, int64_t until_ms)
{
    lock_acquire(&sensors->lock);
    unsigned left = g_queue_get_length(&sensors->waiting);
    g_queue_clear_full(&sensors->waiting, g_free);
    sensors->round++;
    sensors->until_ms = until_ms;
    lock_release(&sensors->lock);
    return left;
}

static Machine *machine_of(Sensors *sensors, const char *node_uuid) REQUIRES(&sensors->lock);

/* The machine's row, a new one if need be; NULL if there are too many. */
static Machine *
machine_of(Sensors *sensors, const char *node_uuid)
{
    Machine *machine = g_hash_table_lookup(sensors->machines, node_uuid);
    if (machine != NULL || g_hash_table_size(sensors->machines) >= NODES_MAX)
        return machine;
    machine = g_new0(Machine, 1);
    g_hash_table_insert(sensors->machines, g_strdup(node_uuid), machine);
    return machine;
}

void
sensors_add(Sensors *sensors, const char *node_uuid)
{
    lock_acquire(&sensors->lock);
    Machine *machine = machine_of(sensors, node_uuid);
    if (machine != NULL) {
        machine->round = sensors->round;
        if (!machine->being_read)
            g_queue_push_tail(&sensors->waiting, g_strdup(node_uuid));
    }
    lock_release(&sensors->lock);
}

static gboolean
sensors_is_gone(gpointer key, gpointer value, gpointer user_data)
{
    const Machine *machine = value;
    (void)key;
    return machine->round != *(const uint64_t *)user_data && !machine->being_read;
}

void
sensors_complete(Sensors *sensors)
{
    lock_acquire(&sensors->lock);
    uint64_t round = sensors->round;
    g_hash_table_foreach_remove(sensors->machines, sensors_is_gone, &round);
    lock_release(&sensors->lock);
}

/* ---- its workers ---- */

bool
sensors_worker_begin(Sensors *sensors, unsigned most)
{
    lock_acquire(&sensors->lock);
    bool begins = sensors->workers < most && !g_queue_is_empty(&sensors->waiting);
    sensors->workers += begins;
    lock_release(&sensors->lock);
    return begins;
}

void
sensors_worker_end(Sensors *sensors)
{
    lock_acquire(&sensors->lock);
    sensors->workers--;
    lock_release(&sensors->lock);
}

static char *next_present(Sensors *sensors) REQUIRES(&sensors->lock);

/* A machine that is still known; the others of the queue are dropped. */
static char *
next_present(Sensors *sensors)
{
    for (char *uuid; (uuid = g_queue_pop_head(&sensors->waiting)) != NULL; g_free(uuid)) {
        Machine *machine = g_hash_table_lookup(sensors->machines, uuid);
        if (machine == NULL)
            continue;
        machine->being_read = true;
        return uuid;
    }
    return NULL;
}

char *
sensors_next(Sensors *sensors)
{
    lock_acquire(&sensors->lock);
    char *uuid = time_monotonic_ms() < sensors->until_ms ? next_present(sensors) : NULL;
    lock_release(&sensors->lock);
    return uuid;
}

/* ---- lines ---- */

/* 0: in order; 1: look at it; 2: it has failed; -1: the BMC does not tell. */
static int
health_number(const char *health)
{
    static const char *const words[] = {"OK", "Warning", "Critical"};
    for (size_t i = 0; health != NULL && i < G_N_ELEMENTS(words); i++)
        if (g_ascii_strcasecmp(words[i], health) == 0)
            return (int)i;
    return -1;
}

/* Prometheus refuses a page with the same labels twice: a name that a type has already gets a
 * number. seen: "type/name" that are taken. */
static char *
name_apart(GHashTable *seen, const char *type, const char *told)
{
    g_autofree char *cut = g_strndup(told, NAME_BYTES);
    g_autofree char *first = g_utf8_make_valid(cut, -1);
    for (unsigned number = 1;; number++) {
        g_autofree char *name =
            number == 1 ? g_strdup(first) : g_strdup_printf("%s #%u", first, number);
        if (g_hash_table_add(seen, g_strconcat(type, "/", name, NULL)))
            return g_steal_pointer(&name);
    }
}

static void
write_reading(const Lines *lines, const char *node, const json_t *row, GHashTable *seen)
{
    const char *type = json_string_member(row, "type"), *unit = json_string_member(row, "unit");
    g_autofree char *name = name_apart(seen, type, json_string_member(row, "name"));
    const char *const labels[] = {"node", node, "type", type, "name", name, "unit", unit, NULL};
    const char *const health_labels[] = {"node", node, "type", type, "name", name, NULL};
    const json_t *value = json_object_get(row, "value");
    int health = health_number(json_string_member(row, "health"));
    if (value != NULL)
        metrics_write_value(lines->values, "steel_node_sensor", labels, json_number_value(value));
    if (health >= 0)
        metrics_write_value(lines->healths, "steel_node_sensor_health", health_labels, health);
}

static Lines *
lines_new(const char *node, const json_t *readings)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Lines *lines = g_atomic_rc_box_new0(Lines);
    const json_t *row;
    size_t i;
    lines->values = g_string_new(NULL);
    lines->healths = g_string_new(NULL);
    json_array_foreach(readings, i, row) write_reading(lines, node, row, seen);
    return lines;
}

void
sensors_told(Sensors *sensors, const char *node_uuid, const json_t *readings)
{
    Lines *lines = readings != NULL ? lines_new(node_uuid, readings) : NULL, *old = lines;
    lock_acquire(&sensors->lock);
    Machine *machine = g_hash_table_lookup(sensors->machines, node_uuid);
    if (machine != NULL) {
        machine->being_read = false;
        machine->failures = readings != NULL ? 0 : machine->failures + 1;
        old = NULL;
        if (readings != NULL || machine->failures >= FAILURES_MAX) {
            old = machine->lines;
            machine->lines = lines;
        }
    }
    lock_release(&sensors->lock);
    lines_unref(old);
}

/* References to the lines of all machines. */
static GPtrArray *
all_lines(Sensors *sensors)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(lines_unref);
    GHashTableIter machines;
    gpointer machine;
    lock_acquire(&sensors->lock);
    g_hash_table_iter_init(&machines, sensors->machines);
    while (g_hash_table_iter_next(&machines, NULL, &machine))
        if (((Machine *)machine)->lines != NULL)
            g_ptr_array_add(all, g_atomic_rc_box_acquire(((Machine *)machine)->lines));
    lock_release(&sensors->lock);
    return all;
}

void
sensors_write(GString *out, Sensors *sensors)
{
    g_autoptr(GPtrArray) all = all_lines(sensors);
    metrics_write_family(out, "steel_node_sensor", "gauge",
                         "What the sensors of machines said last ([sensor_data]).");
    for (guint i = 0; i < all->len; i++) {
        const GString *lines = ((const Lines *)all->pdata[i])->values;
        g_string_append_len(out, lines->str, (gssize)lines->len);
    }
    metrics_write_family(out, "steel_node_sensor_health", "gauge",
                         "Health that the BMC tells of a part: 0 in order, 1 warning, 2 critical.");
    for (guint i = 0; i < all->len; i++) {
        const GString *lines = ((const Lines *)all->pdata[i])->healths;
        g_string_append_len(out, lines->str, (gssize)lines->len);
    }
}
