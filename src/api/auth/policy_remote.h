/* Policy checks that another server answers: `http://...` and `https://...` in a policy file.
 *
 * The question is a POST with the members rule, target and credentials, as a form of JSON texts or
 * as JSON by [oslo_policy]remote_content_type; the answer True means yes. Whatever else comes, or
 * does not come, is no.
 *
 * Source: oslo.policy 4.0, _external.py.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/auth/check.h"

/* The questions of one request: what was answered is not asked twice, and all of them together take
 * at most [oslo_policy]remote_timeout. Used by one thread at a time. */
typedef struct PolicyQuestions PolicyQuestions;

PolicyQuestions *policy_questions_new(void);
void policy_questions_free(PolicyQuestions *questions);

/* Whether this thread may wait for answers. While it may not, only what is known is answered, all
 * else FAILED. At first it may not. */
void policy_questions_allow(PolicyQuestions *questions, bool may_wait);

/* A CheckRemote; user_data is a PolicyQuestions, or NULL: no server may be asked. Failures are
 * logged. Blocks only while it may. */
Verdict policy_remote_ask(void *user_data, const char *url, const CheckContext *context);
