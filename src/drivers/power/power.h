/* What a power driver must do.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"
#include "model/power_states.h"

typedef struct DriverServices DriverServices;
typedef struct Node Node;

/* Called once, on any thread; must not block. The error is borrowed; NULL is success. */
typedef void (*PowerDone)(void *user_data, PowerState state, const GError *error);

typedef struct PowerOps {
    Interface interface;

    /* Reads the state from the BMC. From a worker; may block until task->deadline_ms. Errors: BMC_*, TIMEOUT. */
    bool (*get)(Task *task, PowerState *state, GError **error);

    /* `get` and management's detect_vendor in one visit, for BMCs that want a pause between two. Called only when the
     * management driver has a detect_vendor. *vendor: the caller frees; NULL when the BMC does not say or refuses to, which
     * is no failure. NULL: callers ask twice. */
    bool (*get_with_vendor)(Task *task, PowerState *state, char **vendor, GError **error);

    /* Brings the machine to the target and waits until it is there, at most timeout_s seconds. From a worker, with the
     * exclusive lock. Idempotent. Errors: BMC_*, POWER (not reached in time). */
    bool (*set)(Task *task, PowerTarget target, int timeout_s, GError **error);

    /* Targets that `set` understands: bits 1 << PowerTarget. */
    unsigned targets;

    /* Reads the state without a task, lock or thread, for the sync of thousands. NULL: the sync uses `get` on a worker, without
     * the node's lock.
     * An error that can be known at once is reported through `done` as well. */
    void (*get_async)(const DriverServices *services, const Node *node, PowerDone done,
                      void *user_data);
} PowerOps;

#define POWER_HARD_TARGETS                                                                         \
    (1u << POWER_TARGET_ON | 1u << POWER_TARGET_OFF | 1u << POWER_TARGET_REBOOT)
#define POWER_SOFT_TARGETS (1u << POWER_TARGET_SOFT_REBOOT | 1u << POWER_TARGET_SOFT_OFF)

/* Reads, sets: UNSUPPORTED when the driver has no such target; otherwise the driver's own errors. */
bool power_get(Task *task, PowerState *state, GError **error);
bool power_set(Task *task, PowerTarget target, int timeout_s, GError **error);
