/* Consoles of nodes beyond their verbs: they are served again after a restart and after a deploy,
 * and a node tells when its console has lost the BMC.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/notify.h"
#include "conductor/periodic.h"
#include "conductor/provision/provision.h"
#include "db/nodes.h"
#include "drivers/console/console.h"

#define AREA "conductor.console"

/* Consoles in one run of the clock. */
#define RECOVER_LIMIT 100

void
console_offer_again(Task *task)
{
    g_autoptr(GError) error = NULL;
    notify_node(task, "console_restore", "start", NULL);
    bool good = console_restore(task, &error);
    if (!good) {
        g_prefix_error(&error, "the console was not started again, and is disabled: ");
        log_error(AREA, "node %s: %s", task->node->uuid, error->message);
        record_set_text(&task->node->last_error, error->message);
        history_add(task, "ERROR", "console", error->message);
        task->node->console_enabled = false;
    }
    notify_node(task, "console_restore", good ? "end" : "error", NULL);
}

/* ---- after a restart ---- */

void
consoles_recover(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) nodes = db_nodes_with_console(conductor->services.db, &error);
    if (nodes == NULL)
        log_warning(AREA, "consoles are not started again: %s", error->message);
    for (guint i = 0; nodes != NULL && i < nodes->len; i++)
        if (ring_was_mine(conductor, nodes->pdata[i]))
            g_queue_push_tail(&conductor->consoles_left,
                              g_strdup(((const Node *)nodes->pdata[i])->uuid));
}

/* False: later. */
static bool
recover(Conductor *conductor, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    Task *task = task_acquire(conductor, uuid, TASK_EXCLUSIVE, "start console", &error);
    if (task == NULL) {
        bool later = steel_error_is(error, STEEL_ERROR_LOCKED);
        if (!later)
            log_warning(AREA, "node %s: its console is not started: %s", uuid, error->message);
        return !later;
    }
    bool wanted =
        task->node->console_enabled && consoles_port(conductor->consoles, task->node->uuid) == 0;
    if (wanted)
        console_offer_again(task);
    if (wanted && !task_save(task, &error))
        log_error(AREA, "%s", error->message);
    task_release(task);
    return true;
}

void
consoles_recover_run(Conductor *conductor)
{
    guint count = MIN(conductor->consoles_left.length, RECOVER_LIMIT);
    for (guint i = 0; i < count; i++) {
        char *uuid = g_queue_pop_head(&conductor->consoles_left);
        if (recover(conductor, uuid))
            g_free(uuid);
        else
            g_queue_push_tail(&conductor->consoles_left, uuid);
    }
}

/* ---- a console without its BMC ---- */

typedef struct Trouble {
    Conductor *conductor;
    char *uuid, *text; /* owned */
} Trouble;

static void
trouble_free(Trouble *trouble)
{
    g_free(trouble->uuid);
    g_free(trouble->text);
    g_free(trouble);
}

/* A PoolJob: a node that is locked keeps its last_error; the log has the reason already. */
static void
consoles_note_trouble(void *data)
{
    Trouble *trouble = data;
    g_autoptr(GError) error = NULL;
    Task *task = task_acquire(trouble->conductor, trouble->uuid, TASK_EXCLUSIVE,
                              "console without its BMC", &error);
    if (task != NULL && task->node->console_enabled) {
        record_set_text(&task->node->last_error, trouble->text);
        history_add(task, "ERROR", "console", trouble->text);
        if (!task_save(task, &error))
            log_error(AREA, "%s", error->message);
    }
    task_release(task);
    trouble_free(trouble);
}

void
consoles_trouble(void *user, const char *node_uuid, const GError *error)
{
    Conductor *conductor = user;
    Trouble *trouble = g_new0(Trouble, 1);
    trouble->conductor = conductor;
    trouble->uuid = g_strdup(node_uuid);
    trouble->text = g_strdup_printf("The console has lost its BMC: %s", error->message);
    if (!conductor_submit(conductor, CONDUCTOR_BACKGROUND, consoles_note_trouble, trouble, NULL))
        trouble_free(trouble);
}
