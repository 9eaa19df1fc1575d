/* Runs commands and keeps their results; the contract is in commands.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/commands.h"

#include "agent/extensions/extensions.h"
#include "agent/heartbeat.h"
#include "agent_protocol/command_check.h"
#include "common/log.h"
#include "common/uuid.h"

#include <pthread.h>
#include <string.h>

#define AREA "agent.commands"

typedef struct Waiter {
    CommandDone done;
    void *data;
} Waiter;

typedef struct Result {
    Agent *agent; /* borrowed */
    char id[UUID_TEXT_SIZE];
    const ExtensionCommand *command; /* borrowed from its table */
    json_t *params;                  /* owned while it runs */
    Progress progress;
    pthread_t thread;
    bool has_thread; /* must be joined; guarded by the lock of Commands */

    /* Guarded by the lock of Commands. */
    const char *status;
    json_t *error, *value; /* owned; NULL: null */
    GArray *waiters;       /* of Waiter */
} Result;

struct Commands {
    Agent *agent; /* borrowed */
    Lock lock;
    GQueue *results GUARDED; /* of Result, oldest first */
    unsigned waiter_count GUARDED;
};

static void
result_free(Result *result)
{
    if (result->has_thread)
        pthread_join(result->thread, NULL);
    json_decref(result->params);
    json_decref(result->error);
    json_decref(result->value);
    g_array_free(result->waiters, TRUE);
    g_free(result);
}

UNSHARED Commands *
commands_new(Agent *agent)
{
    Commands *commands = g_new0(Commands, 1);
    commands->agent = agent;
    lock_init(&commands->lock, LOCK_RANK_AGENT_COMMANDS);
    commands->results = g_queue_new();
    return commands;
}

void UNSHARED
commands_free(Commands *commands)
{
    if (commands == NULL)
        return;
    g_queue_free_full(commands->results, (GDestroyNotify)result_free);
    lock_destroy(&commands->lock);
    g_free(commands);
}

/* Takes one thread from the results. The caller joins it without the lock, since joining waits. */
static bool
take_thread(Commands *commands, pthread_t *thread)
{
    bool found = false;
    lock_acquire(&commands->lock);
    for (GList *link = commands->results->head; link != NULL && !found; link = link->next) {
        Result *result = link->data;
        found = result->has_thread;
        *thread = result->thread;
        result->has_thread = false;
    }
    lock_release(&commands->lock);
    return found;
}

void
commands_finish(Commands *commands)
{
    pthread_t thread;
    while (take_thread(commands, &thread))
        pthread_join(thread, NULL);
}

static bool
is_running(const Result *result)
{
    return strcmp(result->status, AGENT_STATUS_RUNNING) == 0;
}

static json_t *
or_null(const json_t *value)
{
    return value != NULL ? json_deep_copy(value) : json_null();
}

static json_t *
value_json(const Result *result)
{
    json_t *progress = is_running(result) ? progress_json(&result->progress) : NULL;
    return progress != NULL ? json_pack("{s:o}", "progress", progress) : or_null(result->value);
}

static json_t *
result_json(const Result *result)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "id", result->id, "command_name",
                     agent_command_info(result->command->command)->name, "command_status",
                     result->status, "command_error", or_null(result->error), "command_result",
                     value_json(result));
}

/* ---- the end of a command ---- */

static void
call_waiters(const GArray *waiters)
{
    for (guint i = 0; i < waiters->len; i++) {
        const Waiter *waiter = &g_array_index(waiters, Waiter, i);
        waiter->done(waiter->data);
    }
}

static GArray *take_waiters(Commands *commands, Result *result) REQUIRES(commands->lock);

static GArray *
take_waiters(Commands *commands, Result *result)
{
    GArray *waiters = result->waiters;
    result->waiters = g_array_new(FALSE, FALSE, sizeof(Waiter));
    commands->waiter_count -= waiters->len;
    return waiters;
}

/* Wraps a text in an object, as Ironic's agent does. */
static json_t *
wrap(const AgentCommandInfo *info, json_t *value)
{
    if (!json_is_string(value))
        return value;
    const char *text = json_string_value(value);
    json_t *wrapped = info->kind == AGENT_COMMAND_ASYNC
                          ? json_pack("{s:o}", "result", json_sprintf("%s: %s", info->name, text))
                          : json_pack("{s:s}", "result", text);
    json_decref(value);
    return wrapped;
}

static const char *
status_of(const GError *error)
{
    if (error == NULL)
        return AGENT_STATUS_SUCCEEDED;
    return agent_error_is(error, AGENT_ERROR_VERSION_MISMATCH) ? AGENT_STATUS_VERSION_MISMATCH
                                                               : AGENT_STATUS_FAILED;
}

static void
log_end(const AgentCommandInfo *info, const GError *error)
{
    g_autofree char *text = error != NULL ? agent_error_text(error) : NULL;
    if (error == NULL)
        log_info(AREA, "%s has succeeded", info->full_name);
    else
        log_error(AREA, "%s has failed: %s", info->full_name, text);
}

/* Stores the outcome of a command and calls its waiters. Takes `value`. */
static void
finish(Commands *commands, Result *result, json_t *value, const GError *error)
{
    const AgentCommandInfo *info = agent_command_info(result->command->command);
    json_t *shown = value != NULL ? wrap(info, value) : NULL;
    json_t *fault = error != NULL ? agent_error_json(error) : NULL;
    log_end(info, error);
    lock_acquire(&commands->lock);
    result->value = shown;
    result->error = fault;
    result->status = status_of(error);
    GArray *waiters = take_waiters(commands, result);
    lock_release(&commands->lock);
    call_waiters(waiters);
    g_array_free(waiters, TRUE);
}

/* ---- running ---- */

static json_t *
run(Result *result, GError **error)
{
    const AgentCommandInfo *info = agent_command_info(result->command->command);
    log_info(AREA, "%s begins", info->full_name);
    if (!command_check_params(info, result->params, error))
        return NULL;
    return result->command->run(result->agent, result->params, &result->progress, error);
}

static void *
command_thread(void *data)
{
    Result *result = data;
    g_autoptr(GError) error = NULL;
    json_t *value = run(result, &error);
    finish(result->agent->commands, result, value, error);
    heartbeat_force(result->agent->heartbeat);
    return NULL;
}

/* Removes the oldest result if the list is full and it does not run. The caller frees it without
 * the lock. */
static Result *trim(Commands *commands) REQUIRES(commands->lock);

static Result *
trim(Commands *commands)
{
    const Result *oldest = g_queue_peek_head(commands->results);
    bool full = commands->results->length >= COMMANDS_KEPT;
    return full && !is_running(oldest) ? g_queue_pop_head(commands->results) : NULL;
}

static Result *
result_new(Agent *agent, const ExtensionCommand *command, json_t *params)
{
    Result *result = g_new0(Result, 1);
    uuid_generate(result->id);
    result->agent = agent;
    result->command = command;
    result->params = json_incref(params);
    result->status = AGENT_STATUS_RUNNING;
    result->progress.stop = &agent->stopping;
    result->waiters = g_array_new(FALSE, FALSE, sizeof(Waiter));
    return result;
}

/* Adds the result as the running command. Errors: BUSY. */
static bool
admit(Commands *commands, Result *result, GError **error)
{
    lock_acquire(&commands->lock);
    const Result *last = g_queue_peek_tail(commands->results);
    bool busy = last != NULL && is_running(last);
    const char *name = busy ? agent_command_info(last->command->command)->name : NULL;
    Result *old = busy ? NULL : trim(commands);
    if (!busy)
        g_queue_push_tail(commands->results, result);
    lock_release(&commands->lock);
    if (old != NULL)
        result_free(old);
    return !busy || agent_fail(error, AGENT_ERROR_BUSY, "executing command %s", name);
}

static void
forget(Commands *commands, Result *result)
{
    lock_acquire(&commands->lock);
    g_queue_remove(commands->results, result);
    GArray *waiters = take_waiters(commands, result);
    lock_release(&commands->lock);
    call_waiters(waiters);
    g_array_free(waiters, TRUE);
    result_free(result);
}

static bool
is_client_mistake(const GError *error)
{
    return agent_error_is(error, AGENT_ERROR_INVALID_CONTENT) ||
           agent_error_is(error, AGENT_ERROR_INVALID_COMMAND) ||
           agent_error_is(error, AGENT_ERROR_INVALID_PARAMS);
}

/* A mistake of the client becomes an error of the request and leaves no result. */
static json_t *
execute_sync(Commands *commands, Result *result, GError **error)
{
    g_autoptr(GError) fault = NULL;
    json_t *value = run(result, &fault);
    if (fault != NULL && is_client_mistake(fault)) {
        g_propagate_error(error, g_steal_pointer(&fault));
        forget(commands, result);
        return NULL;
    }
    finish(commands, result, value, fault);
    lock_acquire(&commands->lock);
    json_t *shown = result_json(result);
    lock_release(&commands->lock);
    return shown;
}

static json_t *
execute_async(Commands *commands, Result *result, GError **error)
{
    json_t *shown = result_json(result); /* no lock: its thread does not run yet */
    lock_acquire(&commands->lock);
    int code = pthread_create(&result->thread, NULL, command_thread, result);
    result->has_thread = code == 0;
    lock_release(&commands->lock);
    if (code == 0)
        return shown;
    json_decref(shown);
    forget(commands, result);
    agent_fail(error, AGENT_ERROR_COMMAND_EXECUTION, "no thread can be started: %s",
               g_strerror(code));
    return NULL;
}

json_t *
commands_execute(Commands *commands, const char *name, json_t *params, GError **error)
{
    const ExtensionCommand *command = extension_find(name, error);
    if (command == NULL)
        return NULL;
    Result *result = result_new(commands->agent, command, params);
    if (!admit(commands, result, error)) {
        result_free(result);
        return NULL;
    }
    bool async = agent_command_info(command->command)->kind == AGENT_COMMAND_ASYNC;
    return async ? execute_async(commands, result, error) : execute_sync(commands, result, error);
}

/* ---- reading ---- */

static Result *find(Commands *commands, const char *id) REQUIRES(commands->lock);

static Result *
find(Commands *commands, const char *id)
{
    for (GList *link = commands->results->head; link != NULL; link = link->next)
        if (strcmp(((Result *)link->data)->id, id) == 0)
            return link->data;
    return NULL;
}

json_t *
commands_find(Commands *commands, const char *id, GError **error)
{
    lock_acquire(&commands->lock);
    const Result *result = find(commands, id);
    json_t *shown = result != NULL ? result_json(result) : NULL;
    lock_release(&commands->lock);
    if (shown == NULL)
        agent_fail(error, AGENT_ERROR_NOT_FOUND, "Command Result with id %.80s not found.", id);
    return shown;
}

json_t *
commands_list(Commands *commands)
{
    json_t *list = json_array();
    lock_acquire(&commands->lock);
    for (GList *link = commands->results->head; link != NULL; link = link->next)
        json_array_append_new(list, result_json(link->data));
    lock_release(&commands->lock);
    return json_pack("{s:o}", "commands", list);
}

json_t *
commands_progress(Commands *commands)
{
    lock_acquire(&commands->lock);
    const Result *last = g_queue_peek_tail(commands->results);
    json_t *progress = NULL;
    if (last != NULL)
        progress =
            is_running(last) ? progress_json(&last->progress) : progress_most_json(&last->progress);
    lock_release(&commands->lock);
    return progress;
}

bool
commands_wait(Commands *commands, const char *id, CommandDone done, void *data)
{
    Waiter waiter = {done, data};
    lock_acquire(&commands->lock);
    Result *result = find(commands, id);
    bool later = result != NULL && is_running(result) && commands->waiter_count < COMMANDS_WAITERS;
    if (later) {
        g_array_append_val(result->waiters, waiter);
        commands->waiter_count++;
    }
    lock_release(&commands->lock);
    if (result != NULL && !later)
        done(data);
    return result != NULL;
}

void
commands_wake_all(Commands *commands)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(Waiter));
    lock_acquire(&commands->lock);
    for (GList *link = commands->results->head; link != NULL; link = link->next) {
        GArray *waiters = take_waiters(commands, link->data);
        g_array_append_vals(all, waiters->data, waiters->len);
        g_array_free(waiters, TRUE);
    }
    lock_release(&commands->lock);
    call_waiters(all);
    g_array_free(all, TRUE);
}
