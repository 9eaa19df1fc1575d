/* Policy checks that another server answers: `http://...` and `https://...` in a policy file. The
 * question is a POST with the members rule, target and credentials, as a form of JSON texts or as
 * JSON by [oslo_policy]remote_content_type. The answer True means yes; any other answer, or none,
 * means no.
 *
 * Source: oslo.policy 4.0, _external.py.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "auth/check.h"

/* The questions of one request: each is asked once, and all of them together take at most
 * [oslo_policy]remote_timeout. Used by one thread at a time. */
typedef struct PolicyQuestions PolicyQuestions;

PolicyQuestions *policy_questions_new(void);
void policy_questions_free(PolicyQuestions *questions);

/* Sets if this thread may wait for answers. If it may not, known answers are given, and all else is
 * FAILED. At first it may not. */
void policy_questions_allow(PolicyQuestions *questions, bool may_wait);

/* A CheckRemote; user_data is a PolicyQuestions, or NULL: no server may be asked. Failures are
 * logged. Blocks only while it may. */
Verdict policy_remote_ask(void *user_data, const char *url, const CheckContext *context);
