/* Damaged databases; the contract is in health.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/health.h"

#include "common/log.h"

#include <time.h>

/* Files up to this size are checked before the start continues; that takes some tenths of a
 * second. */
#define SMALL_SIZE (INT64_C(64) * 1024 * 1024)

static char *
damage_of(const DbHealth *health)
{
    return __atomic_load_n(&health->damage, __ATOMIC_ACQUIRE);
}

void
db_health_note(DbHealth *health, const char *damage)
{
    char *text = g_strdup(damage), *none = NULL;
    if (!__atomic_compare_exchange_n(&health->damage, &none, text, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        g_free(text); /* the first damage is enough */
        return;
    }
    if (health->settings->write_damaged)
        log_error("db", "%s; it is written to all the same, as [database]write_damaged says",
                  damage);
    else
        log_error(
            "db",
            "%s; nothing is written to it any more. Stop steeld and restore a backup, or save "
            "what can be read: sqlite3 DAMAGED .recover | sqlite3 NEW. "
            "[database]write_damaged = true writes to it as it is",
            damage);
}

bool
db_health_is_good(const DbHealth *health, GError **error)
{
    const char *damage = damage_of(health);
    return damage == NULL || health->settings->write_damaged ||
           steel_fail(error, STEEL_ERROR_DATABASE_DAMAGED, "%s", damage);
}

bool
db_health_may_write(const DbHealth *health, GError **error)
{
    const char *damage = damage_of(health);
    return damage == NULL || health->settings->write_damaged ||
           steel_fail(error, STEEL_ERROR_DATABASE_DAMAGED,
                      "%s; it is not written to until it is restored from a backup or recovered",
                      damage);
}

static bool
is_closing(void *user_data)
{
    return __atomic_load_n(&((DbHealth *)user_data)->closing, __ATOMIC_ACQUIRE);
}

static void
health_check(DbHealth *health, DbConnection *connection)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *damage = NULL;
    if (!health->engine->check(connection, is_closing, health, &damage, &error))
        log_warning("db", "the database was not looked through: %s", error->message);
    if (damage != NULL)
        db_health_note(health, damage);
}

static void *
health_check_thread(void *data)
{
    DbHealth *health = data;
    g_autoptr(GError) error = NULL;
    DbConnection *connection = health->engine->connect(health->address, health->settings, &error);
    if (connection == NULL) {
        log_warning("db", "the database was not looked through: %s", error->message);
        return NULL;
    }
    __atomic_store_n(&health->connection, connection, __ATOMIC_RELEASE);
    health_check(health, connection);
    if (damage_of(health) == NULL && !is_closing(health))
        log_info("db", "the database was looked through: it is whole");
    return NULL;
}

void
db_health_begin(DbHealth *health, DbConnection *connection)
{
    if (health->engine->check == NULL)
        return;
    int64_t small = health->settings->small_size > 0 ? health->settings->small_size : SMALL_SIZE;
    if (health->engine->file_size(health->address) <= small)
        health_check(health, connection);
    else
        health->has_thread =
            pthread_create(&health->thread, NULL, health_check_thread, health) == 0;
}

/* Stops the check's thread. The check may be about to begin, so it is interrupted until it has
 * ended. */
static void
end_thread(DbHealth *health)
{
    for (;;) {
        struct timespec soon;
        DbConnection *connection = __atomic_load_n(&health->connection, __ATOMIC_ACQUIRE);
        if (connection != NULL)
            health->engine->interrupt(connection);
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_nsec += 20 * 1000 * 1000;
        soon.tv_sec += soon.tv_nsec / 1000000000;
        soon.tv_nsec %= 1000000000;
        if (pthread_timedjoin_np(health->thread, NULL, &soon) == 0)
            return;
    }
}

void
db_health_end(DbHealth *health)
{
    __atomic_store_n(&health->closing, true, __ATOMIC_RELEASE);
    if (health->has_thread)
        end_thread(health);
    if (health->connection != NULL)
        health->engine->disconnect(health->connection);
    g_free(health->damage);
}
