/* An iSCSI target of the lab's own: tgtd from Debian's package tgt, in user space, with a control
 * socket in the lab's folder, apart from any other tgtd. CHAP accounts are per target. The disk is
 * LUN 1 (LUN 0 is tgt's controller). Main thread only: tgtd dies with the thread that started it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TARGET_LUN 1

typedef struct Target Target;

/* Starts tgtd and waits until it answers, at most 10 s.
 *
 * folder              where its socket and log go; copied
 * address, port       where it listens
 * network_namespace   descriptor of the namespace it listens in, or 0
 * Errors              PROCESS, TIMEOUT, IO (port in use)
 */
Target *target_start(const char *folder, const char *address, uint16_t port, int network_namespace,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends tgtd; files it exported stay. NULL is fine. */
void target_free(Target *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Target, target_free)

/* Exports a file as LUN 1 of a new target.
 *
 * number      of the target, from 1, unique
 * iqn, user   unique; initiators need a password of 12 to 16 characters
 * Errors      PROCESS, TIMEOUT
 */
bool target_export(Target *target, unsigned number, const char *iqn, const char *file,
                   const char *chap_user, const char *chap_password,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The targets and their sessions, as tgtadm prints them; for target_count_sessions. Caller
 * frees. */
char *target_show(Target *target, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Initiators logged in to a target, from the text of target_show. Pure. */
unsigned target_count_sessions(const char *shown, const char *iqn);

pid_t target_pid(const Target *target);

/* Call it after SIGCHLD: logs it if tgtd has ended by itself. */
void target_reap(Target *target);
