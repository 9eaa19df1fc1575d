/* The node lock in the database, and the conductors' leases that keep it valid.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "common/steady.h"
#include "common/time_text.h"
#include "db/conductors.h"
#include "db/nodes.h"
#include "model/internal_info.h"

#include <pthread.h>
#include <stdatomic.h>

#define HOUR_MS (3600 * 1000)

/* Registers a conductor with a lease of this many milliseconds. */
static void
conductor(Db *db, const char *hostname, const char *lease, int64_t runs_ms)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ConductorRecord) record = conductor_record_new();
    record->hostname = g_strdup(hostname);
    record->lease = g_strdup(lease);
    record->lease_expires_ms = steady_now_ms() + runs_ms;
    if (!db_conductor_register(db, record, &error))
        fail_msg("%s", error->message);
}

static void
reserve(Db *db, const Node *node, const char *hostname, const char *lease)
{
    g_autoptr(GError) error = NULL;
    if (!db_node_reserve(db, node->uuid, hostname, lease, "deploy", &error))
        fail_msg("%s", error->message);
}

static Node *
reload(Db *db, const Node *node)
{
    g_autoptr(GError) error = NULL;
    Node *found = db_record_find(db, &node_resource, "uuid", node->uuid, &error);
    if (found == NULL)
        fail_msg("%s", error->message);
    return found;
}

static void
locked_out(Db *db, const Node *node, const char *lease, const char *holder)
{
    g_autoptr(GError) error = NULL;
    assert_false(db_node_reserve(db, node->uuid, "other", lease, "clean", &error));
    assert_error(error, STEEL_ERROR_LOCKED);
    assert_says(error, holder);
    assert_says(error, node->uuid);
    assert_true(steel_error_retryable(error));
}

static void
a_lock_names_its_holder_its_purpose_and_since_when(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    g_autoptr(GError) error = NULL;
    conductor(db, "rack1", "lease-1", HOUR_MS);
    int64_t before = time_now_ms();
    reserve(db, node, "rack1", "lease-1");
    g_autoptr(Node) held = reload(db, node);
    assert_string_equal(held->reservation, "rack1");
    assert_string_equal(held->reservation_lease, "lease-1");
    assert_string_equal(held->reservation_purpose, "deploy");
    assert_true(held->reserved_at_ms >= before && held->reserved_at_ms <= time_now_ms());
    assert_false(db_node_reserve(db, node->uuid, "rack2", "lease-2", "clean", &error));
    assert_error(error, STEEL_ERROR_LOCKED);
    char since[TIME_TEXT_SIZE];
    assert_says(error, "rack1");
    assert_says(error, "deploy");
    assert_says(error, time_text_ms(held->reserved_at_ms, since));
    assert_says(error, node->uuid);
}

static void
a_holder_cannot_take_its_own_lock_twice(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    conductor(db, "rack1", "lease-1", HOUR_MS);
    reserve(db, node, "rack1", "lease-1");
    locked_out(db, node, "lease-1", "rack1");
}

static void
a_released_lock_is_free_and_leaves_no_trace(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    g_autoptr(GError) error = NULL;
    conductor(db, "rack1", "lease-1", HOUR_MS);
    conductor(db, "rack2", "lease-2", HOUR_MS);
    reserve(db, node, "rack1", "lease-1");
    assert_true(db_node_release(db, node->uuid, "lease-1", &error));
    g_autoptr(Node) free_node = reload(db, node);
    assert_null(free_node->reservation);
    assert_null(free_node->reservation_lease);
    assert_null(free_node->reservation_purpose);
    assert_true(free_node->reserved_at_ms == 0);
    reserve(db, node, "rack2", "lease-2");
}

static void
only_the_lease_that_took_a_lock_can_release_it(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    g_autoptr(GError) error = NULL;
    conductor(db, "rack1", "lease-1", HOUR_MS);
    reserve(db, node, "rack1", "lease-1");
    assert_true(db_node_release(db, node->uuid, "lease-0", &error));
    locked_out(db, node, "lease-2", "rack1");
    assert_true(db_node_release(db, node->uuid, "lease-1", &error));
    assert_true(db_node_release(db, node->uuid, "lease-1", &error)); /* twice is fine */
}

static void
a_lock_is_void_when_its_lease_has_ended(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    bool ended = false;
    g_autoptr(GError) error = NULL;
    conductor(db, "rack1", "lease-1", HOUR_MS);
    conductor(db, "rack2", "lease-2", HOUR_MS);
    reserve(db, node, "rack1", "lease-1");
    locked_out(db, node, "lease-2", "rack1");
    assert_true(
        db_conductor_end(db, "lease-1", 0, &ended, &error)); /* another has seen it run out */
    assert_true(ended);
    reserve(db, node, "rack2", "lease-2");
    g_autoptr(Node) held = reload(db, node);
    assert_string_equal(held->reservation, "rack2");
    assert_true(db_node_release(db, node->uuid, "lease-1", &error)); /* too late */
    locked_out(db, node, "lease-1", "rack2");
}

static void
a_lock_is_void_when_its_conductor_has_left(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    g_autoptr(GError) error = NULL;
    conductor(db, "rack1", "lease-1", HOUR_MS);
    reserve(db, node, "rack1", "lease-1");
    assert_true(db_conductor_leave(db, "lease-1", &error));
    reserve(db, node, "rack2", "lease-2");
}

static void
a_lock_is_void_when_its_host_has_started_anew(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    conductor(db, "rack1", "lease-1", HOUR_MS);
    reserve(db, node, "rack1", "lease-1");
    conductor(db, "rack1", "lease-1b", HOUR_MS); /* after a kill -9 */
    reserve(db, node, "rack1", "lease-1b");
}

static void
a_lock_of_an_unknown_lease_is_void(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    scratch_execute(db, "UPDATE nodes SET reservation = 'ghost'");
    reserve(db, node, "rack1", "lease-1");
}

static void
a_node_is_its_owner_s_and_lessee_s(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    static const struct {
        const char *name, *sql, *owner, *lessee;
    } rows[] = {
        {"nobody-s", "",                                           NULL, NULL},
        {"one-s",    "UPDATE nodes SET owner = 'a'",               "a",  NULL},
        {"two-s",    "UPDATE nodes SET owner = 'a', lessee = 'b'", "a",  "b"},
        {"gone",     "DELETE FROM nodes",                          NULL, NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *owner = NULL, *lessee = NULL;
        g_autoptr(Node) node = scratch_node(db, rows[i].name);
        if (rows[i].sql[0] != '\0')
            scratch_execute(db, rows[i].sql);
        assert_true(db_node_owners(db, node->uuid, &owner, &lessee, &error));
        assert_int_equal(g_strcmp0(owner, rows[i].owner), 0);
        assert_int_equal(g_strcmp0(lessee, rows[i].lessee), 0);
    }
}

static void
a_deleted_node_is_not_found(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    assert_false(db_node_reserve(db, "nobody", "rack1", "lease-1", "deploy", &error));
    assert_error(error, STEEL_ERROR_NODE_NOT_FOUND);
}

static void
a_registration_replaces_the_earlier_life_of_its_host(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    conductor(db, "rack1", "lease-1", HOUR_MS);
    conductor(db, "rack2", "lease-2", HOUR_MS);
    conductor(db, "rack1", "lease-3", HOUR_MS);
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM conductors") == 2);
    assert_false(db_conductor_renew(db, "lease-1", HOUR_MS, &error));
    assert_error(error, STEEL_ERROR_CONFLICT);
    g_clear_error(&error);
    assert_true(db_conductor_renew(db, "lease-3", HOUR_MS, &error));
    assert_true(db_conductor_leave(db, "lease-1", &error)); /* ends nobody's lease */
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM conductors WHERE lease_expires_ms > 0") ==
                2);
}

/* Registers a conductor that gets a new lease, which the caller frees. */
static char *
new_lease(Db *db, const char *hostname)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ConductorRecord) record = conductor_record_new();
    record->hostname = g_strdup(hostname);
    record->lease_expires_ms = steady_now_ms() + HOUR_MS;
    if (!db_conductor_register(db, record, &error))
        fail_msg("%s", error->message);
    return g_strdup(record->lease);
}

static int64_t
number_of(const char *lease)
{
    return g_ascii_strtoll(lease, NULL, 10);
}

static void
each_lease_has_a_greater_number_than_all_before_it(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autofree char *first = new_lease(db, "rack1"), *second = new_lease(db, "rack2");
    scratch_execute(db, "DELETE FROM conductors");
    g_autofree char *third = new_lease(db, "rack1");
    assert_true(number_of(first) < number_of(second));
    assert_true(number_of(second) < number_of(third));
}

/* A standby was promoted that lacks rack1's registration: the next conductor gets rack1's
 * number. */
static void
a_lease_that_the_database_forgot_is_nobody_else_s(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = scratch_node(db, "one");
    bool ended = true;
    g_autofree char *lost = new_lease(db, "rack1");
    reserve(db, node, "rack1", lost);
    g_autoptr(Node) stored = reload(db, node);
    scratch_execute(db, "UPDATE nodes SET reservation = NULL, reservation_lease = NULL");
    scratch_execute(db, "DELETE FROM conductors");
    scratch_execute(db, "UPDATE lease_numbers SET last = last - 1");
    g_autofree char *given = new_lease(db, "rack2");
    assert_int_equal(number_of(given), number_of(lost));
    reserve(db, node, "rack2", given);

    assert_false(db_conductor_renew(db, lost, HOUR_MS, &error));
    assert_error(error, STEEL_ERROR_CONFLICT);
    g_clear_error(&error);
    g_autoptr(Node) written = node_copy(stored);
    record_set_text(&written->provision_state, "active");
    assert_false(db_node_save(db, written, stored, &error));
    assert_error(error, STEEL_ERROR_LEASE_LOST);
    g_clear_error(&error);
    assert_true(db_node_release(db, node->uuid, lost, &error));
    locked_out(db, node, lost, "rack2");
    assert_true(db_conductor_end(db, lost, 0, &ended, &error));
    assert_false(ended);
    assert_true(db_conductor_drain(db, lost, &error));
    assert_true(db_conductor_leave(db, lost, &error));
    assert_true(db_conductor_renew(db, given, HOUR_MS, &error));
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM conductors WHERE lease_expires_ms > 1") ==
                1);
}

#define CONTENDERS 8
#define ROUNDS 40

/* All threads try to lock the same node, round after round. */
typedef struct Race {
    Db *db;
    const Node *node;
    pthread_barrier_t start, tried, end;
    atomic_int winners, losers, wrong;
} Race;

typedef struct Contender {
    Race *race;
    char lease[16];
} Contender;

static void *
contend(void *data)
{
    Contender *contender = data;
    Race *race = contender->race;
    for (int round = 0; round < ROUNDS; round++) {
        g_autoptr(GError) error = NULL;
        pthread_barrier_wait(&race->start);
        bool won = db_node_reserve(race->db, race->node->uuid, contender->lease, contender->lease,
                                   "race", &error);
        atomic_fetch_add(won ? &race->winners : &race->losers, 1);
        if (!won && !steel_error_is(error, STEEL_ERROR_LOCKED))
            atomic_fetch_add(&race->wrong, 1);
        pthread_barrier_wait(&race->tried);
        if (won && !db_node_release(race->db, race->node->uuid, contender->lease, NULL))
            atomic_fetch_add(&race->wrong, 1);
        pthread_barrier_wait(&race->end);
    }
    return NULL;
}

static void
of_many_threads_exactly_one_takes_a_lock(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    Race race = {.db = db, .node = node};
    pthread_t threads[CONTENDERS];
    Contender contenders[CONTENDERS];
    pthread_barrier_init(&race.start, NULL, CONTENDERS);
    pthread_barrier_init(&race.tried, NULL, CONTENDERS);
    pthread_barrier_init(&race.end, NULL, CONTENDERS);
    for (int i = 0; i < CONTENDERS; i++) {
        contenders[i].race = &race;
        g_snprintf(contenders[i].lease, sizeof contenders[i].lease, "lease-%d", i);
        conductor(db, contenders[i].lease, contenders[i].lease, HOUR_MS);
    }
    for (int i = 0; i < CONTENDERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, contend, &contenders[i]), 0);
    for (int i = 0; i < CONTENDERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&race.wrong), 0);
    assert_int_equal(atomic_load(&race.winners), ROUNDS);
    assert_int_equal(atomic_load(&race.losers), (CONTENDERS - 1) * ROUNDS);
    pthread_barrier_destroy(&race.start);
    pthread_barrier_destroy(&race.tried);
    pthread_barrier_destroy(&race.end);
}

#define TURNS 300

/* Takes the lock and gives it back at once, again and again. */
static void *
take_turns(void *data)
{
    Contender *contender = data;
    Race *race = contender->race;
    const char *uuid = race->node->uuid;
    for (int turn = 0; turn < TURNS; turn++) {
        g_autoptr(GError) error = NULL;
        if (db_node_reserve(race->db, uuid, contender->lease, contender->lease, "turn", &error)) {
            if (!db_node_release(race->db, uuid, contender->lease, NULL))
                atomic_fetch_add(&race->wrong, 1);
        } else if (!steel_error_is(error, STEEL_ERROR_LOCKED) ||
                   strstr(error->message, "lease-") == NULL) {
            atomic_fetch_add(&race->wrong, 1);
        }
    }
    return NULL;
}

/* Who is refused learns who has the lock: a holder who leaves meanwhile has made room. */
static void
nobody_is_refused_by_a_lock_that_nobody_has(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    Race race = {.db = db, .node = node};
    pthread_t threads[CONTENDERS];
    Contender contenders[CONTENDERS];
    for (int i = 0; i < CONTENDERS; i++) {
        contenders[i].race = &race;
        g_snprintf(contenders[i].lease, sizeof contenders[i].lease, "lease-%d", i);
        conductor(db, contenders[i].lease, contenders[i].lease, HOUR_MS);
    }
    for (int i = 0; i < CONTENDERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &contenders[i]), 0);
    for (int i = 0; i < CONTENDERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&race.wrong), 0);
}

/* The node is read and its agent accepted; before the heartbeat is written, the machine is switched
 * off. */
static void
a_heartbeat_of_an_agent_that_is_forgotten_is_not_recorded(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = scratch_node(db, "one");
    bool made = false, recorded = false;
    assert_true(db_node_agent_token_make(db, node->uuid, "first", &made, &error));
    assert_true(made);
    g_autoptr(Node) loaded = reload(db, node);
    json_t *said = json_pack("{s:s}", "agent_url", "http://192.0.2.1:9999");
    assert_true(db_node_heartbeat(db, loaded, said, &recorded, &error));
    assert_true(recorded);
    scratch_execute(db, "UPDATE nodes SET driver_internal_info = '{}'");
    assert_true(db_node_heartbeat(db, loaded, said, &recorded, &error));
    assert_false(recorded);
    assert_true(db_node_agent_token_make(db, node->uuid, "second", &made, &error));
    assert_true(made);
    assert_true(db_node_heartbeat(db, loaded, said, &recorded, &error));
    assert_false(recorded);
    json_decref(said);
    g_autoptr(Node) after = reload(db, node);
    assert_false(info_has(after, INFO_AGENT_URL));
}

/* Otherwise nodes without work would take the places of those that must be ended. */
static void
waits_of_nodes_in_maintenance_are_not_late(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) kept = scratch_node(db, "kept");
    g_autoptr(Node) late = scratch_node(db, "late");
    scratch_execute(db, "UPDATE nodes SET wait_deadline_ms = 1000");
    scratch_execute(db, "UPDATE nodes SET maintenance = 1 WHERE name = 'kept'");
    g_autoptr(GPtrArray) found = db_nodes_waiting_late(db, 1000, 1, &error);
    assert_non_null(found);
    assert_int_equal(found->len, 1);
    assert_string_equal(((const Node *)found->pdata[0])->uuid, late->uuid);
}

/* The node as a conductor has it that has locked it, and has then stood still while an heir took it
 * over. */
static Node *
overtaken(Db *db, const Node *node)
{
    g_autoptr(GError) error = NULL;
    bool ended = false;
    conductor(db, "rack1", "lease-1", HOUR_MS);
    conductor(db, "rack2", "lease-2", HOUR_MS);
    reserve(db, node, "rack1", "lease-1");
    Node *held = reload(db, node);
    assert_true(db_conductor_end(db, "lease-1", 0, &ended, &error));
    reserve(db, node, "rack2", "lease-2");
    return held;
}

static void
who_has_lost_the_lock_writes_nothing(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    g_autoptr(Node) stored = overtaken(db, node);
    g_autoptr(Node) changed = node_copy(stored);
    g_autoptr(GError) error = NULL;
    record_set_text(&changed->description, "of a dead conductor");
    assert_false(db_node_save(db, changed, stored, &error));
    assert_error(error, STEEL_ERROR_LEASE_LOST);
    assert_says(error, "lease-1");
    g_clear_error(&error);
    info_set_text(changed, INFO_AGENT_URL, "http://dead");
    assert_false(db_node_save(db, changed, stored, &error));
    assert_error(error, STEEL_ERROR_LEASE_LOST);
    g_clear_error(&error);
    assert_false(db_node_delete(db, stored, &error));
    assert_error(error, STEEL_ERROR_LEASE_LOST);
    g_autoptr(Node) now = reload(db, node);
    assert_null(now->description);
    assert_false(info_has(now, INFO_AGENT_URL));
    g_clear_error(&error);
    assert_false(db_node_lock_lost(stored, &error));
    assert_error(error, STEEL_ERROR_LEASE_LOST);
}

static void
who_holds_the_lock_may_delete(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    g_autoptr(GError) error = NULL;
    conductor(db, "rack1", "lease-1", HOUR_MS);
    reserve(db, node, "rack1", "lease-1");
    g_autoptr(Node) held = reload(db, node);
    assert_true(db_node_delete(db, held, &error));
    assert_false(db_node_delete(db, held, &error));
    assert_error(error, STEEL_ERROR_NODE_NOT_FOUND);
}

static void
a_lease_that_was_renewed_meanwhile_is_not_ended(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    bool ended = true;
    conductor(db, "rack1", "lease-1", HOUR_MS);
    assert_true(db_conductor_renew(db, "lease-1", HOUR_MS, &error));
    assert_true(db_conductor_end(db, "lease-1", 0, &ended, &error));
    assert_false(ended);
    assert_true(db_conductor_end(db, "lease-1", 1, &ended, &error));
    assert_true(ended);
    assert_false(db_conductor_renew(db, "lease-1", HOUR_MS, &error)); /* it stays ended */
    assert_error(error, STEEL_ERROR_LEASE_LOST);
}

static void
leases_have_numbers_that_grow(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    int64_t last = 0;
    for (int life = 0; life < 12; life++) {
        g_autoptr(ConductorRecord) record = conductor_record_new();
        record->hostname = g_strdup("rack1");
        assert_true(db_conductor_register(db, record, &error));
        int64_t number = g_ascii_strtoll(record->lease, NULL, 10);
        assert_true(number > last);
        last = number;
    }
}

static void
a_conductor_that_drains_holds_its_locks_and_stays_so(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    g_autoptr(GError) error = NULL;
    int64_t count = 0;
    conductor(db, "rack1", "lease-1", HOUR_MS);
    reserve(db, node, "rack1", "lease-1");
    assert_true(db_conductor_drain(db, "lease-1", &error));
    assert_true(db_conductor_renew(db, "lease-1", HOUR_MS, &error));
    assert_true(scratch_number(db, "SELECT lease_expires_ms FROM conductors") == LEASE_DRAINS);
    locked_out(db, node, "lease-2", "rack1");
    assert_true(db_nodes_count_locked(db, "lease-1", &count, &error));
    assert_int_equal(count, 1);
    assert_true(db_conductor_leave(db, "lease-1", &error));
    assert_true(db_conductor_drain(db, "lease-1", &error)); /* does not bring it back */
    reserve(db, node, "rack2", "lease-2");
}

static void
an_orphan_is_adopted_once(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) orphan = scratch_node(db, "one");
    g_autoptr(Node) kept = scratch_node(db, "two");
    g_autoptr(GError) error = NULL;
    bool adopted = false;
    conductor(db, "rack1", "lease-1", HOUR_MS);
    conductor(db, "rack2", "lease-2", HOUR_MS);
    scratch_execute(db, "UPDATE nodes SET conductor_affinity = CASE name WHEN 'one' THEN 'rack1' "
                        "ELSE 'rack2' END");
    g_autoptr(GPtrArray) none = db_nodes_orphaned(db, "", 10, &error);
    assert_int_equal(none->len, 0);
    assert_true(db_conductor_leave(db, "lease-1", &error));
    g_autoptr(GPtrArray) one = db_nodes_orphaned(db, "", 10, &error);
    assert_int_equal(one->len, 1);
    assert_string_equal(((const Node *)one->pdata[0])->uuid, orphan->uuid);
    assert_true(db_node_adopt(db, orphan->uuid, "rack1", "rack2", &adopted, &error));
    assert_true(adopted);
    assert_true(db_node_adopt(db, orphan->uuid, "rack1", "rack3", &adopted, &error));
    assert_false(adopted);
    g_autoptr(GPtrArray) gone = db_nodes_orphaned(db, "", 10, &error);
    assert_int_equal(gone->len, 0);
}

static void
a_conductor_does_not_forget_itself(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    int64_t removed = 0;
    conductor(db, "rack1", "lease-1", HOUR_MS);
    conductor(db, "rack2", "lease-2", HOUR_MS);
    assert_true(
        db_conductors_prune(db, "9999-01-01T00:00:00+00:00", "lease-1", 10, &removed, &error));
    assert_int_equal(removed, 1);
    assert_int_equal(scratch_number(db, "SELECT COUNT(*) FROM conductors WHERE hostname = 'rack1'"),
                     1);
}

#define scratch_test(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(a_lock_names_its_holder_its_purpose_and_since_when),
        scratch_test(a_holder_cannot_take_its_own_lock_twice),
        scratch_test(a_released_lock_is_free_and_leaves_no_trace),
        scratch_test(only_the_lease_that_took_a_lock_can_release_it),
        scratch_test(a_lock_is_void_when_its_lease_has_ended),
        scratch_test(a_lock_is_void_when_its_conductor_has_left),
        scratch_test(a_lock_is_void_when_its_host_has_started_anew),
        scratch_test(a_lock_of_an_unknown_lease_is_void),
        scratch_test(a_node_is_its_owner_s_and_lessee_s),
        scratch_test(a_deleted_node_is_not_found),
        scratch_test(a_registration_replaces_the_earlier_life_of_its_host),
        scratch_test(each_lease_has_a_greater_number_than_all_before_it),
        scratch_test(a_lease_that_the_database_forgot_is_nobody_else_s),
        scratch_test(a_heartbeat_of_an_agent_that_is_forgotten_is_not_recorded),
        scratch_test(waits_of_nodes_in_maintenance_are_not_late),
        scratch_test(who_has_lost_the_lock_writes_nothing),
        scratch_test(who_holds_the_lock_may_delete),
        scratch_test(a_lease_that_was_renewed_meanwhile_is_not_ended),
        scratch_test(leases_have_numbers_that_grow),
        scratch_test(a_conductor_that_drains_holds_its_locks_and_stays_so),
        scratch_test(an_orphan_is_adopted_once),
        scratch_test(a_conductor_does_not_forget_itself),
        scratch_test(of_many_threads_exactly_one_takes_a_lock),
        scratch_test(nobody_is_refused_by_a_lock_that_nobody_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
