/* The current configuration of the process, and how SIGHUP replaces it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config_internal.h"
#include "common/error.h"
#include "common/lock.h"
#include "common/log.h"

#include <stdatomic.h>

/* Readers only load the pointer; earlier configurations stay until config_shutdown. That costs
 * little: a reload stores only the changed values, and nothing if an equal configuration was
 * current before. So the memory grows with the number of different configurations between two
 * starts, some 7 KB each, not with the number of SIGHUPs. */
static _Atomic(const Config *) current;
static Lock published_lock = LOCK_INITIALIZER(CONFIG);
static GPtrArray *published GUARDED_BY(published_lock); /* Config *, owned */

static void remember_published(Config *config) REQUIRES(&published_lock);

static void
remember_published(Config *config)
{
    if (published == NULL)
        published = g_ptr_array_new_with_free_func((GDestroyNotify)config_free);
    g_ptr_array_add(published, config);
    atomic_store_explicit(&current, config, memory_order_release);
}

void
config_publish(Config *config)
{
    g_return_if_fail(config != NULL && config->finished && !config->broken);
    lock_acquire(&published_lock);
    remember_published(config);
    lock_release(&published_lock);
}

static const Config *
publish_defaults(void)
{
    lock_acquire(&published_lock);
    const Config *config = atomic_load_explicit(&current, memory_order_acquire);
    if (config == NULL) {
        g_autoptr(GError) error = NULL;
        Config *defaults = config_new();
        if (!config_finish(defaults, &error))
            g_error("the built-in defaults are wrong: %s", error->message);
        remember_published(defaults);
        config = defaults;
    }
    lock_release(&published_lock);
    return config;
}

const Config *
config_current(void)
{
    const Config *config = atomic_load_explicit(&current, memory_order_acquire);
    return config != NULL ? config : publish_defaults();
}

/* Reads the sources and finishes, with the mistakes of both. */
static bool
load_again(Config *fresh, const GPtrArray *sources, GError **error)
{
    g_autoptr(Mistakes) mistakes = mistakes_new();
    GError *loading = NULL, *finishing = NULL;
    if (!config_load_sources(fresh, sources, &loading))
        mistakes_take(mistakes, loading);
    if (!config_finish(fresh, &finishing))
        mistakes_take(mistakes, finishing);
    return mistakes_report(mistakes, error);
}

static bool
same_values(const Config *left, const Config *right)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (!config_same_value(left, right, (ConfigOption)i))
            return false;
    return true;
}

/* Makes a published configuration of the same values current again. False: there is none. */
static bool
republish_equal(const Config *fresh)
{
    bool found = false;
    lock_acquire(&published_lock);
    for (guint i = 0; published != NULL && i < published->len && !found; i++) {
        found = same_values(published->pdata[i], fresh);
        if (found)
            atomic_store_explicit(&current, published->pdata[i], memory_order_release);
    }
    lock_release(&published_lock);
    return found;
}

/* Shares the values that are equal to the running configuration's, and frees what only
 * config_finish needed. */
static void
share_unchanged_values(Config *fresh, const Config *running)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (config_same_value(fresh, running, (ConfigOption)i))
            config_share_value(fresh, (ConfigOption)i, running);
    g_ptr_array_unref(fresh->sources);
    fresh->sources = g_ptr_array_ref(running->sources);
    g_ptr_array_set_size(fresh->unknown_order, 0);
    g_hash_table_remove_all(fresh->unknown);
    g_string_free(g_steal_pointer(&fresh->kept), TRUE);
    fresh->running = NULL;
}

bool
config_reload(GError **error)
{
    const Config *running = config_current();
    g_autoptr(Config) fresh = config_new();
    fresh->running = running;
    fresh->kept = g_string_new(NULL);
    for (size_t i = 0; i < running->checks->len; i++)
        g_ptr_array_add(fresh->checks, running->checks->pdata[i]);
    if (!load_again(fresh, running->sources, error))
        return false;
    if (fresh->kept->len > 0)
        log_warning("config", "changed, but used only after a restart: %s", fresh->kept->str);
    if (republish_equal(fresh))
        return true;
    share_unchanged_values(fresh, running);
    config_publish(g_steal_pointer(&fresh));
    return true;
}

void
config_shutdown(void)
{
    lock_acquire(&published_lock);
    atomic_store_explicit(&current, NULL, memory_order_release);
    if (published != NULL)
        g_ptr_array_unref(published);
    published = NULL;
    lock_release(&published_lock);
}
