/* What a driver sees of its work: the locked node, its ports and volumes, the node's other
 * interfaces, the services of the process, and the timeline. The conductor makes and ends tasks
 * (conductor/internal.h).
 *
 * A task is used by one thread at a time. What loads or saves asks the database: it blocks and
 * fails as db.h says.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/clients.h"
#include "bus/notifier.h"
#include "consoles/consoles.h"
#include "db/db.h"
#include "drivers/registry.h"
#include "iscsi/writes.h"
#include "openstack/session.h"
#include "rpc/events.h"
#include "rpc/progress_board.h"

/* Publishes an event of a node; see task_notify. `extra` is taken. Any thread; never blocks. */
typedef void (*TaskNotify)(const Task *task, const char *action, const char *status, json_t *extra);

/* For how long the task may act on its machine; INT64_MAX: always. Any thread. */
typedef int64_t (*TaskLeaseLeft)(const Task *task);

/* What drivers may use of the process; one for all, immutable, borrowed. */
typedef struct DriverServices {
    Db *db;
    BmcClients bmc;
    Events *events;
    Notifier *notifier; /* NULL: notifications go nowhere */
    const Registry *registry;
    const char *conductor_host;
    const char *boot_url;        /* how machines reach the boot file server; NULL without one */
    TaskNotify notify;           /* NULL: nobody listens */
    TaskLeaseLeft lease_left_ms; /* NULL: nobody else may take the node over */
    ProgressBoard *progress;     /* how far agents have come; NULL: it is not kept */
    LunWrites *writes;           /* images that are written to machines' disks */
    Consoles *consoles;          /* serial consoles that are served */
    const Openstack *openstack;  /* sessions with other services; NULL: there are none */
} DriverServices;

struct Task {
    const DriverServices *services;
    Node *node;   /* owned: change it, then task_save */
    Node *stored; /* owned: as the database has it */
    DriverSet driver;
    GPtrArray *ports;             /* owned, loaded by task_ports; NULL before */
    GPtrArray *portgroups;        /* owned, loaded by task_portgroups */
    GPtrArray *volume_connectors; /* owned, loaded by task_volume_connectors */
    GPtrArray *volume_targets;    /* owned, loaded by task_volume_targets, in order of boot_index */
    /* monotonic; 0: none. A call that blocks ends at it, or at its own limit if that is earlier */
    int64_t deadline_ms;
    bool exclusive;             /* holds the lock */
    char *purpose;              /* owned: why the lock is held */
    char *request_id, *user_id; /* owned: of the client's request */
    char *project_id;           /* owned: of the client; NULL: none */
    char *global_request_id;    /* owned: the client's own name of it; NULL: it has none */
    void *conductor;            /* borrowed: for the conductor only */
};

/* Loads the node's driver set and nothing else; the node is taken, also on failure. services:
 * borrowed until the task ends. Errors: those of registry_driver_set; asks nobody. */
Task *task_new(const DriverServices *services, Node *node, GError **error);

/* For a node whose driver is no longer enabled: the driver set is empty, and no function of it may
 * be called. */
Task *task_new_without_driver(const DriverServices *services, Node *node);
void task_free(Task *task);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Task, task_free)

/* Writes what has changed in task->node. */
bool task_save(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for a node that the transaction under way holds for this lease (db_nodes_hold). */
bool task_save_held(Task *task, const char *lease, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The id of the request that other services are told: the client's own, or Steel's. */
const char *task_request_told(const Task *task);

/* Reads the node again, after another thread may have changed it. LEASE_LOST if another conductor
 * has the node now. */
bool task_reload(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Asked right before anything is done to the machine (a command to its BMC or agent): true while
 * nobody else may act on it. A task that has no lock only reads, and may always.
 *
 * Errors   LEASE_LOST: this conductor has not renewed its lease in time, and another one may have
 *          taken the node over. Work that gets it is left as it is, and resumed. */
bool task_may_act(const Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Publishes "baremetal.node.<action>.<status>" with the node and `extra` (an object that is taken,
 * or NULL). status: "start", "end", "success" or "error". */
void task_notify(const Task *task, const char *action, const char *status, json_t *extra);

/* Ports, port groups, connectors and targets of the node: loaded once, borrowed from the task; NULL
 * on a database error. */
GPtrArray *task_ports(Task *task, GError **error);
GPtrArray *task_portgroups(Task *task, GError **error);
GPtrArray *task_volume_connectors(Task *task, GError **error);
GPtrArray *task_volume_targets(Task *task, GError **error);

/* Forgets the lists above, after they were changed. */
void task_forget_lists(Task *task);

/* A string of driver_info, or NULL. Borrowed. */
const char *task_driver_info(const Task *task, const char *key);

/* Milliseconds until the deadline, at most `most`, at least 1. */
unsigned task_time_left_ms(const Task *task, unsigned most);

/* The timeline: an operation (a deploy) has phases (power_on), each started and finished. Starting
 * a phase finishes the one before it with "ok". A failure to write it is logged, and never fails
 * the work. */
void task_operation_begin(Task *task, const char *operation);
void task_phase_begin(Task *task, const char *phase, const char *detail);
void task_phase_end(Task *task, const char *result, const char *detail);
void task_phase_note(Task *task, const char *detail); /* changes the detail of the open phase */
void task_operation_end(Task *task, const char *result, const char *detail);
