/* What a power driver must do.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"
#include "model/power_states.h"

typedef struct DriverServices DriverServices;
typedef struct Node Node;

/* What a BMC has told of its machine. */
typedef struct PowerTold {
    PowerState state;
    /* "OK", "Warning" or "Critical", static; NULL: nothing of it. Without tells_health the BMC was
     * not asked for it. */
    const char *health;
    bool tells_health;
} PowerTold;

/* Called once, on any thread; must not block. The error is borrowed; NULL is success. told:
 * borrowed, never NULL; its state is unknown with an error. */
typedef void (*PowerDone)(void *user_data, const PowerTold *told, const GError *error);

typedef struct PowerOps {
    Interface interface;

    /* Reads the state from the BMC. From a worker; may block until task->deadline_ms. Errors:
     * BMC_*, TIMEOUT. */
    bool (*get)(Task *task, PowerState *state, GError **error);

    /* `get` and management's detect_vendor in one session, for BMCs that need a pause between two
     * sessions. Called only if the management driver has a detect_vendor. *vendor: the caller
     * frees; NULL if the BMC does not report it, which is not a failure. NULL: callers use two
     * sessions. */
    bool (*get_with_vendor)(Task *task, PowerState *state, char **vendor, GError **error);

    /* Brings the machine to the target and waits until it is there, at most timeout_s seconds. From
     * a worker, with the exclusive lock. Idempotent. Errors: BMC_*, POWER (not reached in time). */
    bool (*set)(Task *task, PowerTarget target, int timeout_s, GError **error);

    /* Targets that `set` understands: bits 1 << PowerTarget. */
    unsigned targets;

    /* Reads the state without a task, lock or thread, for the sync of thousands of nodes. NULL: the
     * sync uses `get` on a worker, without the node's lock. `done` gets every error, also one that
     * is known at once. */
    void (*get_async)(const DriverServices *services, const Node *node, PowerDone done,
                      void *user_data);

    /* The node is deleted: ends what is kept open to its BMC. Does not block. NULL: nothing is. */
    void (*forget)(const DriverServices *services, const Node *node);

    /* An operator has changed driver_info: what is known against the BMC (bmc/guard.h) is
     * forgotten, and it is asked at once. Does not block. NULL: nothing is known. */
    void (*absolve)(const DriverServices *services, const Node *node);
} PowerOps;

#define POWER_HARD_TARGETS                                                                         \
    (1u << POWER_TARGET_ON | 1u << POWER_TARGET_OFF | 1u << POWER_TARGET_REBOOT)
#define POWER_SOFT_TARGETS (1u << POWER_TARGET_SOFT_REBOOT | 1u << POWER_TARGET_SOFT_OFF)

/* Call the node's driver. UNSUPPORTED if the driver has no such target; otherwise the driver's own
 * errors. */
bool power_get(Task *task, PowerState *state, GError **error);
bool power_set(Task *task, PowerTarget target, int timeout_s, GError **error);

/* Any thread, without a task; a node whose driver is not enabled has nothing open. */
void power_forget(const DriverServices *services, const Node *node);
void power_absolve(const DriverServices *services, const Node *node);
