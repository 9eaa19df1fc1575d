/* The policy in force: the table, with the files of [oslo_policy] laid over it; read again when one
 * of them changes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "auth/policy.h"
#include "common/config.h"

/* Reads policy_file and the *.yaml, *.yml and *.json of policy_dirs, in this order, and compiles
 * them. Relative names start at the directory of the configuration file, without one at /etc/steel.
 * Files that are not named in the configuration need not be there. Free with policy_free. Errors:
 * those of policy_file_read and policy_new. */
Policy *policy_load(const Config *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The policy in force, loading it first if there is none, and again if a file has changed since
 * `interval_ms` ago or longer. When that fails the older one stays in force and the log says why.
 *
 * Returns  borrowed, readable until policy_store_clear; NULL with the error set when there never
 *          was one
 * Threads  any; one of them looks and loads, without a lock. The others use the policy in force
 *          meanwhile; they wait only for the first one. */
const Policy *policy_current(int64_t interval_ms, GError **error);

/* The same without checking files and without a lock, for threads that may not wait; NULL when
 * there never was one. */
const Policy *policy_known(void);

/* Frees every policy; nobody may read one any more. */
void policy_store_clear(void);
