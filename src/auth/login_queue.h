/* Logins that must be checked (a password hashed, Keystone asked) wait here for a thread, so that
 * strangers who try logins do not delay everybody else.
 *
 * Each caller has a lane: a source address, and a part of it by the name or token. Lanes take
 * turns. A lane holds few waiting logins and at most half of the threads. A lane whose logins have
 * failed lately is a suspect: it holds fewer, runs one at a time, and all suspects together have
 * half of the threads. A login without a place is refused at once. Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/pool.h"
#include "http/address.h"

typedef struct LoginQueue LoginQueue;

/* Parts of a source address: tries of one name do not delay those of other names. */
enum { LOGIN_PARTS = 16 };

typedef struct LoginLane {
    HttpAddress source; /* as http_address_group makes it */
    unsigned part;      /* below LOGIN_PARTS */
} LoginLane;

LoginQueue *login_queue_new(const char *name, unsigned threads);

/* Runs all waiting checks, waits for them, frees. NULL is fine. */
void login_queue_free(LoginQueue *queue);

/* Queues a check. It must call login_queue_judge with its result. Errors: IDENTITY_UNAVAILABLE
 * (503) if the queue is full: then the job is not run. */
bool login_queue_submit(LoginQueue *queue, const LoginLane *lane, PoolJob job, void *data,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Counts the result of a lane's login: failures make the lane suspect, correct logins let it
 * recover. */
void login_queue_judge(LoginQueue *queue, const LoginLane *lane, bool right);
