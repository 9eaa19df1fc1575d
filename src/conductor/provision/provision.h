/* The work behind the provision states, one file per kind. Each *_work function takes the task of a node in its busy
 * state, does the work or goes on with it where an earlier life of the process left it, moves the state on, and ends the
 * task. From a worker.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/internal.h"

void verify_work(Task *task);    /* verifying */
void deploy_work(Task *task);    /* deploying */
void tear_down_work(Task *task); /* deleting */
void clean_work(Task *task);     /* cleaning */
void inspect_work(Task *task);   /* inspecting */
void adopt_work(Task *task);     /* adopting */
void rescue_work(Task *task);    /* rescuing */
void unrescue_work(Task *task);  /* unrescuing */

/* What is undone when a deploy, a clean or a rescue has failed or was aborted: boot configuration and, if so configured,
 * power. What cannot be undone is logged. */
void deploy_undo(Task *task);
void clean_undo(Task *task);
bool rescue_undo(Task *task); /* false: something could not be undone */

/* Preconditions of a verb, checked under the lock before the state changes, and what it leaves in the node for its work.
 * arguments as in RPC PROVISION. */
bool deploy_prepare_verb(Task *task, const json_t *arguments, GError **error);

/* With [conductor]automatic_lessee: the project that deploys a node without a lessee becomes it, until undeployed (not
 * saved). project_id NULL: nobody does. */
void deploy_lease(Task *task, const char *project_id);
bool tear_down_prepare_verb(Task *task, const json_t *arguments, GError **error);
bool clean_prepare_verb(Task *task, const json_t *arguments, GError **error);
bool provide_prepare_verb(Task *task, const json_t *arguments, GError **error);
bool inspect_prepare_verb(Task *task, const json_t *arguments, GError **error);
bool rescue_prepare_verb(Task *task, const json_t *arguments, GError **error);
bool unrescue_prepare_verb(Task *task, const json_t *arguments, GError **error);

/* [conductor]max_concurrent_deploy and max_concurrent_clean: LIMIT when so many nodes are at it already. */
bool provision_limit_deploy(Task *task, GError **error);
bool provision_limit_clean(Task *task, GError **error);

/* Saves and logs a failure to; for the ends of work where nobody is left to be told. False: nothing has changed, and the
 * state's work is begun again by whoever finds the node. */
bool provision_event_or_log(Task *task, ProvisionEvent event);
