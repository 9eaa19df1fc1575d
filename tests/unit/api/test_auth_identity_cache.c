/* Remembered identities: how long, how many, and that equal questions are asked once.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/identity_cache.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A question that counts its calls, and waits at a gate if it has one. */
typedef struct Question {
    IdentityOutcome outcome;
    int64_t expires_ms;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int asked;  /* guarded by mutex */
    bool gated; /* guarded by mutex */
} Question;

static const IdentityLifetime lifetime = {.known_ms = 1000, .refused_ms = 100};

static void
question_init(Question *question, IdentityOutcome outcome)
{
    *question = (Question){.outcome = outcome, .expires_ms = INT64_MAX};
    pthread_mutex_init(&question->mutex, NULL);
    pthread_cond_init(&question->changed, NULL);
}

static IdentityOutcome
asked(void *user_data, Bearer **bearer, GError **error)
{
    Question *question = user_data;
    pthread_mutex_lock(&question->mutex);
    question->asked++;
    pthread_cond_broadcast(&question->changed);
    while (question->gated)
        pthread_cond_wait(&question->changed, &question->mutex);
    pthread_mutex_unlock(&question->mutex);
    if (question->outcome == IDENTITY_KNOWN) {
        Credentials credentials = {.user_id = g_strdup("u")};
        *bearer = bearer_new(&credentials, question->expires_ms);
    } else if (question->outcome == IDENTITY_FAILED) {
        steel_fail(error, STEEL_ERROR_IDENTITY_UNAVAILABLE, "nobody is at home");
    }
    return question->outcome;
}

static IdentityOutcome
get(IdentityCache *cache, int key, int64_t now_ms, Question *question)
{
    uint8_t bytes[IDENTITY_KEY_SIZE] = {0};
    memcpy(bytes, &key, sizeof key);
    g_autoptr(Bearer) bearer = NULL;
    g_autoptr(GError) error = NULL;
    IdentityOutcome outcome =
        identity_cache_get(cache, bytes, now_ms, &lifetime, question != NULL ? asked : NULL,
                           question, &bearer, &error);
    assert_true((outcome == IDENTITY_KNOWN) == (bearer != NULL));
    assert_true((outcome == IDENTITY_FAILED) == (error != NULL));
    return outcome;
}

static void
answers_are_good_for_their_time_and_no_longer(void **state)
{
    (void)state;
    IdentityCache *cache = identity_cache_new(10);
    Question yes, no;
    question_init(&yes, IDENTITY_KNOWN);
    question_init(&no, IDENTITY_REFUSED);
    assert_int_equal(get(cache, 1, 5000, NULL), IDENTITY_ASK);
    assert_int_equal(get(cache, 1, 5000, &yes), IDENTITY_KNOWN);
    assert_int_equal(get(cache, 1, 5999, NULL), IDENTITY_KNOWN);
    assert_int_equal(get(cache, 1, 6000, NULL), IDENTITY_ASK);
    assert_int_equal(get(cache, 2, 5000, &no), IDENTITY_REFUSED);
    assert_int_equal(get(cache, 2, 5099, NULL), IDENTITY_REFUSED);
    assert_int_equal(get(cache, 2, 5100, NULL), IDENTITY_ASK);
    assert_int_equal(yes.asked, 1);
    assert_int_equal(no.asked, 1);
    identity_cache_free(cache);
}

static void
no_identity_outlives_its_token(void **state)
{
    (void)state;
    IdentityCache *cache = identity_cache_new(10);
    Question yes;
    question_init(&yes, IDENTITY_KNOWN);
    yes.expires_ms = 5300;
    assert_int_equal(get(cache, 1, 5000, &yes), IDENTITY_KNOWN);
    assert_int_equal(get(cache, 1, 5299, NULL), IDENTITY_KNOWN);
    assert_int_equal(get(cache, 1, 5300, NULL), IDENTITY_ASK);
    identity_cache_free(cache);
}

static void
setting_the_clock_back_makes_no_answer_good(void **state)
{
    (void)state;
    IdentityCache *cache = identity_cache_new(10);
    Question yes;
    question_init(&yes, IDENTITY_KNOWN);
    assert_int_equal(get(cache, 1, 5000, &yes), IDENTITY_KNOWN);
    assert_int_equal(get(cache, 1, 4000, NULL), IDENTITY_ASK);
    identity_cache_free(cache);
}

static void
failures_are_not_remembered(void **state)
{
    (void)state;
    IdentityCache *cache = identity_cache_new(10);
    Question broken, yes;
    question_init(&broken, IDENTITY_FAILED);
    question_init(&yes, IDENTITY_KNOWN);
    assert_int_equal(get(cache, 1, 5000, &broken), IDENTITY_FAILED);
    assert_int_equal(identity_cache_count(cache), 0);
    assert_int_equal(get(cache, 1, 5000, &yes), IDENTITY_KNOWN);
    identity_cache_free(cache);
}

static void
the_answer_used_longest_ago_is_forgotten_first(void **state)
{
    (void)state;
    IdentityCache *cache = identity_cache_new(3);
    Question yes;
    question_init(&yes, IDENTITY_KNOWN);
    for (int key = 1; key <= 3; key++)
        get(cache, key, 5000, &yes);
    assert_int_equal(get(cache, 1, 5001, NULL), IDENTITY_KNOWN);
    get(cache, 4, 5002, &yes);
    assert_int_equal(identity_cache_count(cache), 3);
    assert_int_equal(get(cache, 2, 5003, NULL), IDENTITY_ASK);
    assert_int_equal(get(cache, 1, 5003, NULL), IDENTITY_KNOWN);
    assert_int_equal(get(cache, 3, 5003, NULL), IDENTITY_KNOWN);
    assert_int_equal(get(cache, 4, 5003, NULL), IDENTITY_KNOWN);
    identity_cache_free(cache);
}

static void
strangers_do_not_push_out_known_identities(void **state)
{
    (void)state;
    IdentityCache *cache = identity_cache_new(3);
    Question yes, no;
    question_init(&yes, IDENTITY_KNOWN);
    question_init(&no, IDENTITY_REFUSED);
    get(cache, 1, 5000, &yes);
    get(cache, 2, 5000, &yes);
    for (int key = 10; key < 30; key++)
        assert_int_equal(get(cache, key, 5001, &no), IDENTITY_REFUSED);
    assert_int_equal(identity_cache_count(cache), 3);
    assert_int_equal(get(cache, 1, 5002, NULL), IDENTITY_KNOWN);
    assert_int_equal(get(cache, 2, 5002, NULL), IDENTITY_KNOWN);
    assert_int_equal(get(cache, 29, 5002, NULL), IDENTITY_REFUSED);
    identity_cache_free(cache);
}

static void
a_sliding_answer_is_good_as_long_as_it_is_used(void **state)
{
    static const IdentityLifetime slides = {.known_ms = 1000, .sliding = true};
    static const uint8_t key[IDENTITY_KEY_SIZE] = {1};
    (void)state;
    IdentityCache *cache = identity_cache_new(3);
    Question yes;
    question_init(&yes, IDENTITY_KNOWN);
    yes.expires_ms = 9000;
    for (int64_t now = 5000; now < 9000; now += 900) {
        g_autoptr(Bearer) bearer = NULL;
        assert_int_equal(identity_cache_get(cache, key, now, &slides, asked, &yes, &bearer, NULL),
                         IDENTITY_KNOWN);
    }
    assert_int_equal(yes.asked, 1);
    g_autoptr(Bearer) bearer = NULL;
    assert_int_equal(identity_cache_get(cache, key, 9000, &slides, NULL, NULL, &bearer, NULL),
                     IDENTITY_ASK);
    identity_cache_free(cache);
}

/* ---- threads ---- */

typedef struct Caller {
    IdentityCache *cache;
    Question *question;
    IdentityOutcome outcome;
    pthread_t thread;
} Caller;

static void *
call(void *data)
{
    Caller *caller = data;
    caller->outcome = get(caller->cache, 1, 5000, caller->question);
    return NULL;
}

static void
wait_until_asked(Question *question)
{
    pthread_mutex_lock(&question->mutex);
    while (question->asked == 0)
        pthread_cond_wait(&question->changed, &question->mutex);
    pthread_mutex_unlock(&question->mutex);
}

static void
open_gate(Question *question)
{
    pthread_mutex_lock(&question->mutex);
    question->gated = false;
    pthread_cond_broadcast(&question->changed);
    pthread_mutex_unlock(&question->mutex);
}

static void
ask_at_once(IdentityOutcome outcome)
{
    IdentityCache *cache = identity_cache_new(10);
    Question question;
    question_init(&question, outcome);
    question.gated = true;
    Caller callers[8];
    for (size_t i = 0; i < G_N_ELEMENTS(callers); i++) {
        callers[i] = (Caller){cache, &question, IDENTITY_ASK, 0};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    }
    wait_until_asked(&question);
    assert_int_equal(get(cache, 1, 5000, NULL), IDENTITY_ASK); /* this thread may not wait */
    open_gate(&question);
    for (size_t i = 0; i < G_N_ELEMENTS(callers); i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].outcome, outcome);
    }
    if (outcome != IDENTITY_FAILED) /* a thread that comes after a failure asks again */
        assert_int_equal(question.asked, 1);
    identity_cache_free(cache);
}

static void
equal_questions_at_the_same_time_are_asked_once(void **state)
{
    (void)state;
    ask_at_once(IDENTITY_KNOWN);
    ask_at_once(IDENTITY_REFUSED);
    ask_at_once(IDENTITY_FAILED);
}

static void
an_answer_from_before_a_clear_is_given_but_not_kept(void **state)
{
    (void)state;
    IdentityCache *cache = identity_cache_new(10);
    Question question;
    question_init(&question, IDENTITY_KNOWN);
    question.gated = true;
    Caller caller = {cache, &question, IDENTITY_ASK, 0};
    assert_int_equal(pthread_create(&caller.thread, NULL, call, &caller), 0);
    wait_until_asked(&question);
    identity_cache_clear(cache);
    open_gate(&question);
    pthread_join(caller.thread, NULL);
    assert_int_equal(caller.outcome, IDENTITY_KNOWN);
    assert_int_equal(identity_cache_count(cache), 0);
    assert_int_equal(get(cache, 1, 5000, NULL), IDENTITY_ASK);
    identity_cache_free(cache);
}

static void *
hammer(void *data)
{
    Caller *caller = data;
    for (int i = 0; i < 3000; i++)
        get(caller->cache, i % 50, 5000 + i, caller->question);
    return NULL;
}

static void
threads_share_a_cache_that_is_too_small_for_them(void **state)
{
    (void)state;
    IdentityCache *cache = identity_cache_new(16);
    Question yes;
    question_init(&yes, IDENTITY_KNOWN);
    Caller callers[4];
    for (size_t i = 0; i < G_N_ELEMENTS(callers); i++) {
        callers[i] = (Caller){cache, &yes, IDENTITY_ASK, 0};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, hammer, &callers[i]), 0);
    }
    for (int i = 0; i < 100; i++)
        identity_cache_clear(cache);
    for (size_t i = 0; i < G_N_ELEMENTS(callers); i++)
        pthread_join(callers[i].thread, NULL);
    assert_true(identity_cache_count(cache) <= 16);
    identity_cache_free(cache);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_good_for_their_time_and_no_longer),
        cmocka_unit_test(no_identity_outlives_its_token),
        cmocka_unit_test(setting_the_clock_back_makes_no_answer_good),
        cmocka_unit_test(failures_are_not_remembered),
        cmocka_unit_test(the_answer_used_longest_ago_is_forgotten_first),
        cmocka_unit_test(strangers_do_not_push_out_known_identities),
        cmocka_unit_test(a_sliding_answer_is_good_as_long_as_it_is_used),
        cmocka_unit_test(equal_questions_at_the_same_time_are_asked_once),
        cmocka_unit_test(an_answer_from_before_a_clear_is_given_but_not_kept),
        cmocka_unit_test(threads_share_a_cache_that_is_too_small_for_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
