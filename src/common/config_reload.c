/* The current configuration of the process, and how SIGHUP replaces it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config_internal.h"
#include "common/error.h"
#include "common/log.h"

#include <pthread.h>
#include <stdatomic.h>

/* Readers only load the pointer; what it pointed to earlier stays until config_shutdown. */
static _Atomic(const Config *) current;
static pthread_mutex_t published_lock = PTHREAD_MUTEX_INITIALIZER;
static GPtrArray *published; /* Config *, owned; guarded by published_lock */

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
    pthread_mutex_lock(&published_lock);
    remember_published(config);
    pthread_mutex_unlock(&published_lock);
}

static const Config *
publish_defaults(void)
{
    pthread_mutex_lock(&published_lock);
    const Config *config = atomic_load_explicit(&current, memory_order_acquire);
    if (config == NULL) {
        g_autoptr(GError) error = NULL;
        Config *defaults = config_new();
        if (!config_finish(defaults, &error))
            g_error("the built-in defaults are wrong: %s", error->message);
        remember_published(defaults);
        config = defaults;
    }
    pthread_mutex_unlock(&published_lock);
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
    fresh->running = NULL;
    config_publish(g_steal_pointer(&fresh));
    return true;
}

void
config_shutdown(void)
{
    pthread_mutex_lock(&published_lock);
    atomic_store_explicit(&current, NULL, memory_order_release);
    if (published != NULL)
        g_ptr_array_unref(published);
    published = NULL;
    pthread_mutex_unlock(&published_lock);
}
