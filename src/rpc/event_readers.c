/* Events for processes that fetch them; the contract is in event_readers.h. One thread has the
 * readers; what others bring it waits in a queue.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/event_readers.h"

#include "common/json_text.h"
#include "common/lock.h"
#include "common/time_text.h"
#include "common/uuid.h"
#include "rpc/message.h"

#include <string.h>

/* Bytes of events in one answer; the last event may go beyond. */
#define ANSWER_SIZE_MOST ((size_t)1024 * 1024)

typedef struct Question {
    char id[UUID_TEXT_SIZE];
    int64_t have;
    int64_t limit_ms; /* monotonic */
    RpcServerReply reply;
    void *user_data;
} Question;

/* Of the thread alone, but for `has_news`. */
typedef struct Reader {
    EventReaders *owner;
    char id[UUID_TEXT_SIZE];
    EventOutlet *outlet;
    Question *question; /* that waits; NULL: none does */
    int64_t number;     /* of the last answer */
    char *kept;         /* that answer, until it has come; NULL: it has */
    int64_t asked_ms;   /* monotonic: when it last asked, or was answered */
    bool has_news;      /* atomic: events may be in the outlet */
} Reader;

struct EventReaders {
    EventRelay *relay;
    pthread_t thread;
    pthread_cond_t changed;
    GHashTable *readers; /* id of the Reader -> Reader (owned); the thread's */
    Lock lock;
    GQueue questions GUARDED; /* of Question, owned */
    bool woken GUARDED;       /* a reader has news */
    bool stopping GUARDED;
};

/* ---- answers ---- */

static void
question_end(Question *question, const char *text)
{
    question->reply(question->user_data, text, strlen(text));
    g_free(question);
}

static void
question_fail(Question *question, const GError *error)
{
    char *text = rpc_answer_write(question->id, RPC_VERSION, NULL, error);
    question_end(question, text);
    g_free(text);
}

/* Appends what waits; how many. */
static unsigned
append_events(EventOutlet *outlet, GString *out, int64_t *lost)
{
    unsigned count = 0;
    size_t most = out->len + ANSWER_SIZE_MOST;
    while (count < READERS_ANSWER_EVENTS && out->len < most) {
        char *event = event_outlet_next(outlet, lost);
        if (event == NULL)
            break;
        if (count++ > 0)
            g_string_append_c(out, ',');
        g_string_append(out, event);
        g_free(event);
    }
    return count;
}

static char *
write_answer(const Reader *reader, int64_t number, int64_t lost, const char *events)
{
    return g_strdup_printf("{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"version\":%d,\"result\":{"
                           "\"number\":%" G_GINT64_FORMAT ",\"lost\":%" G_GINT64_FORMAT
                           ",\"events\":[%s]}}",
                           reader->id, RPC_VERSION, number, lost, events);
}

/* An answer without events has the number of the one before, so that nothing need be kept. */
static void
answer_empty(Reader *reader)
{
    g_autofree char *text = write_answer(reader, reader->number, 0, "");
    question_end(g_steal_pointer(&reader->question), text);
}

static void
answer(Reader *reader, int64_t now_ms)
{
    GString *events = g_string_new(NULL);
    int64_t lost = 0;
    __atomic_store_n(&reader->has_news, false, __ATOMIC_SEQ_CST);
    unsigned count = append_events(reader->outlet, events, &lost);
    if (count == READERS_ANSWER_EVENTS || events->len >= ANSWER_SIZE_MOST)
        __atomic_store_n(&reader->has_news, true, __ATOMIC_SEQ_CST); /* there may be more */
    if (count > 0 || lost > 0) {
        reader->kept = write_answer(reader, ++reader->number, lost, events->str);
        reader->asked_ms = now_ms;
        question_end(g_steal_pointer(&reader->question), reader->kept);
    }
    g_string_free(events, TRUE);
}

/* ---- readers ---- */

/* Called by publishers. */
static void
reader_wake(void *user)
{
    Reader *reader = user;
    EventReaders *readers = reader->owner;
    if (__atomic_exchange_n(&reader->has_news, true, __ATOMIC_SEQ_CST))
        return;
    lock_acquire(&readers->lock);
    readers->woken = true;
    pthread_cond_signal(&readers->changed);
    lock_release(&readers->lock);
}

static void
reader_free(void *data)
{
    Reader *reader = data;
    event_outlet_close(reader->outlet);
    if (reader->question != NULL)
        answer_empty(reader);
    g_free(reader->kept);
    g_free(reader);
}

/* A new reader continues with the number that it brings, so that it takes no answer of this process
 * for one of an earlier process. */
static Reader *
reader_new(EventReaders *readers, const Question *question)
{
    Reader *reader = g_new0(Reader, 1);
    reader->owner = readers;
    memcpy(reader->id, question->id, sizeof reader->id);
    reader->number = question->have;
    reader->outlet = event_outlet_open(readers->relay, reader_wake, reader);
    g_hash_table_insert(readers->readers, reader->id, reader);
    return reader;
}

static void
forget_silent(EventReaders *readers, int64_t now_ms)
{
    GHashTableIter iterator;
    void *value;
    g_hash_table_iter_init(&iterator, readers->readers);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        const Reader *reader = value;
        if (reader->question == NULL && now_ms - reader->asked_ms > READERS_FORGOTTEN_MS)
            g_hash_table_iter_remove(&iterator);
    }
}

/* Takes a question. An earlier one of the same reader is answered: nobody waits for it any more. */
static void
take_question(EventReaders *readers, Question *question, int64_t now_ms)
{
    g_autoptr(GError) error = NULL;
    Reader *reader = g_hash_table_lookup(readers->readers, question->id);
    if (reader == NULL && g_hash_table_size(readers->readers) >= READERS_MOST)
        forget_silent(readers, now_ms);
    if (reader == NULL && g_hash_table_size(readers->readers) >= READERS_MOST) {
        steel_fail(&error, STEEL_ERROR_NO_WORKER, "%d processes fetch events here already.",
                   READERS_MOST);
        question_fail(question, error);
        return;
    }
    if (reader == NULL)
        reader = reader_new(readers, question);
    if (reader->question != NULL)
        answer_empty(reader);
    reader->question = question;
    reader->asked_ms = now_ms;
    if (reader->kept != NULL && question->have == reader->number - 1) {
        question_end(g_steal_pointer(&reader->question), reader->kept);
        return;
    }
    g_clear_pointer(&reader->kept, g_free);
    reader->number = question->have;
}

/* Answers what can be answered now; when the next question has waited long enough. */
static int64_t
serve(EventReaders *readers, int64_t now_ms)
{
    int64_t next_ms = now_ms + READERS_FORGOTTEN_MS;
    GHashTableIter iterator;
    void *value;
    g_hash_table_iter_init(&iterator, readers->readers);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        Reader *reader = value;
        if (reader->question != NULL && __atomic_load_n(&reader->has_news, __ATOMIC_SEQ_CST))
            answer(reader, now_ms);
        if (reader->question != NULL && reader->question->limit_ms <= now_ms)
            answer_empty(reader);
        if (reader->question != NULL)
            next_ms = MIN(next_ms, reader->question->limit_ms);
    }
    return next_ms;
}

/* ---- the thread ---- */

/* Waits for something to do. False: the end. */
static bool
fetch_questions(EventReaders *readers, int64_t until_ms, GQueue *questions)
{
    lock_acquire(&readers->lock);
    while (!readers->stopping && !readers->woken && readers->questions.length == 0 &&
           lock_wait_until(&readers->lock, &readers->changed, until_ms))
        continue;
    readers->woken = false;
    *questions = readers->questions;
    g_queue_init(&readers->questions);
    bool goes_on = !readers->stopping;
    lock_release(&readers->lock);
    return goes_on;
}

static void *
event_readers_thread(void *data)
{
    EventReaders *readers = data;
    int64_t next_ms = 0;
    GQueue questions = G_QUEUE_INIT;
    bool goes_on = true;
    while (goes_on) {
        goes_on = fetch_questions(readers, next_ms, &questions);
        int64_t now_ms = time_monotonic_ms();
        Question *question;
        while ((question = g_queue_pop_head(&questions)) != NULL)
            take_question(readers, question, now_ms);
        forget_silent(readers, now_ms);
        next_ms = serve(readers, now_ms);
    }
    g_hash_table_remove_all(readers->readers);
    return NULL;
}

/* ---- questions ---- */

static bool
read_question(const char *text, size_t size, Question *question, GError **error)
{
    const JsonLimits limits = {4, 16};
    if (size > READERS_QUESTION_SIZE)
        return steel_fail(error, STEEL_ERROR_INVALID, "a question of %zu bytes; %d are allowed",
                          size, READERS_QUESTION_SIZE);
    json_auto_t *message = json_text_parse_limited(text, size, &limits, error);
    if (message == NULL)
        return false;
    const char *id = json_string_member(message, "id");
    const json_t *have = json_object_get(message, "have");
    if (!uuid_valid(id))
        return steel_fail(error, STEEL_ERROR_INVALID, "id is no UUID");
    memcpy(question->id, id, UUID_TEXT_SIZE);
    question->have = json_integer_value(have);
    if (json_is_integer(have) && question->have >= 0 && question->have < INT64_MAX / 2)
        return true;
    return steel_fail(error, STEEL_ERROR_INVALID, "have is no number of an answer");
}

/* False with the error: the question was not taken. */
static bool
add_question(EventReaders *readers, Question *question, GError **error)
{
    lock_acquire(&readers->lock);
    bool stopping = readers->stopping;
    bool fits = readers->questions.length < READERS_QUESTIONS_MOST;
    if (fits && !stopping) {
        g_queue_push_tail(&readers->questions, question);
        pthread_cond_signal(&readers->changed);
    }
    lock_release(&readers->lock);
    if (stopping)
        return steel_fail(error, STEEL_ERROR_NO_CONDUCTOR, "This conductor stops.");
    return fits || steel_fail(error, STEEL_ERROR_NO_WORKER, "Too many questions wait.");
}

void
event_readers_ask(EventReaders *readers, const char *text, size_t size, RpcServerReply reply,
                  void *user_data)
{
    g_autoptr(GError) error = NULL;
    Question *question = g_new0(Question, 1);
    question->limit_ms = time_monotonic_ms() + READERS_WAIT_MS;
    question->reply = reply;
    question->user_data = user_data;
    if (!read_question(text, size, question, &error) || !add_question(readers, question, &error))
        question_fail(question, error);
}

/* ---- start and stop ---- */

UNSHARED EventReaders *
event_readers_new(EventRelay *relay)
{
    EventReaders *readers = g_new0(EventReaders, 1);
    readers->relay = relay;
    readers->readers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, reader_free);
    g_queue_init(&readers->questions);
    lock_init(&readers->lock, LOCK_RANK_RPC_EVENTS);
    lock_condition_init(&readers->changed);
    pthread_create(&readers->thread, NULL, event_readers_thread, readers);
    return readers;
}

void
event_readers_stop(EventReaders *readers)
{
    if (readers == NULL)
        return;
    lock_acquire(&readers->lock);
    bool stops = readers->stopping;
    readers->stopping = true;
    pthread_cond_signal(&readers->changed);
    lock_release(&readers->lock);
    if (!stops)
        pthread_join(readers->thread, NULL);
}

UNSHARED void
event_readers_free(EventReaders *readers)
{
    if (readers == NULL)
        return;
    g_hash_table_destroy(readers->readers);
    pthread_cond_destroy(&readers->changed);
    lock_destroy(&readers->lock);
    g_free(readers);
}
