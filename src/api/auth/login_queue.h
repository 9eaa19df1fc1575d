/* Logins that must be checked (a password hashed, Keystone asked) wait here for a thread, so that
 * strangers who try logins do not keep everybody else waiting.
 *
 * Each caller has a lane: a source address, and a part of it by what is tried. Lanes take turns. A
 * lane holds few that wait and at most half of the threads; one whose logins have failed lately is
 * a suspect: it holds fewer, runs one at a time, and all suspects together have half of the
 * threads. What finds no place is refused at once. All functions from any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/pool.h"
#include "http/address.h"

typedef struct LoginQueue LoginQueue;

/* Parts that a lane's logins are divided into: who tries one name does not delay those with
 * others. */
enum { LOGIN_PARTS = 16 };

typedef struct LoginLane {
    HttpAddress source; /* as http_address_group makes it */
    unsigned part;      /* below LOGIN_PARTS */
} LoginLane;

LoginQueue *login_queue_new(const char *name, unsigned threads);

/* Runs what waits, waits for all, frees. NULL is fine. */
void login_queue_free(LoginQueue *queue);

/* Queues a check. It must call login_queue_judge, with what came of it. Errors:
 * IDENTITY_UNAVAILABLE (503) when there is no place: then the job is not run. */
bool login_queue_submit(LoginQueue *queue, const LoginLane *lane, PoolJob job, void *data,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Tells how a login of a lane ended: a failure makes it suspect, what goes right lets it
 * recover. */
void login_queue_judge(LoginQueue *queue, const LoginLane *lane, bool right);
