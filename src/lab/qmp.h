/* Client of QEMU's machine protocol (QMP): JSON lines over a unix socket. Commands are sent without
 * waiting for an answer. QEMU runs them in order; an error in its answer is logged. Events go to a
 * callback.
 *
 * Source: QEMU docs/interop/qmp-spec.txt.
 * One thread at a time.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

typedef struct Qmp Qmp;

/* One event, e.g. "RESET", "SHUTDOWN". `data` is borrowed and may be NULL. Must not free the
 * Qmp. */
typedef void (*QmpEvent)(void *user_data, const char *event, const json_t *data);

/* Takes a connected stream socket and negotiates. name: for the log; copied. */
Qmp *qmp_new(int fd, const char *name, QmpEvent on_event, void *user_data);
void qmp_free(Qmp *qmp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Qmp, qmp_free)

/* For poll(): when it is readable, call qmp_read. */
int qmp_fd(const Qmp *qmp);

/* Sends a command. Takes `arguments`, also on failure; NULL: none. Does not block. Errors: IO. */
bool qmp_send(Qmp *qmp, const char *command, json_t *arguments,
              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, where nothing can be done about a failure: it is logged. qmp: NULL is fine. */
void qmp_tell(Qmp *qmp, const char *command, json_t *arguments);

/* Reads what has arrived and calls back for each event. False if QEMU has closed the socket, or
 * does not speak QMP (a line of more than 64 KiB, or not a JSON object): the caller stops polling
 * it. Errors: IO. */
bool qmp_read(Qmp *qmp, GError **error) G_GNUC_WARN_UNUSED_RESULT;
