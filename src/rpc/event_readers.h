/* The events of this process for others that fetch them over HTTP (json_rpc_server.h). Each process
 * with an API is a reader, with a queue of its own, that asks again and again; a question waits
 * until something happens, READERS_WAIT_MS at most.
 *
 *     {"jsonrpc": "2.0", "id": uuid of the reader, "have": int}
 *
 *     {"jsonrpc": "2.0", "id": uuid, "version": int, "result":
 *         {"number": int, "lost": int, "events": [{...}]}}
 *
 * An event is that of event_relay.h. `have` is the number of the last answer that has come: events
 * are kept until then, and an answer that was lost is given again. `lost` is how many events before
 * these did not fit into the queue.
 *
 * Bounded: readers, the queue of each (events.h), and what one answer carries. A reader that has
 * not asked for READERS_FORGOTTEN_MS is forgotten.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "rpc/event_relay.h"
#include "rpc/server.h"

enum {
    READERS_MOST = 64,
    READERS_QUESTIONS_MOST = 1024, /* that have come and were not looked at yet */
    READERS_WAIT_MS = 20 * 1000,
    READERS_FORGOTTEN_MS = 60 * 1000,
    READERS_QUESTION_SIZE = 4096,
    READERS_ANSWER_EVENTS = 256,
};

typedef struct EventReaders EventReaders;

/* Starts its thread; `relay` is borrowed. */
EventReaders *event_readers_new(EventRelay *relay);

/* Takes a question, which is borrowed. `reply` gets the answer's text, on any thread, as in
 * server.h; an error when the question cannot be read, when there are too many readers, or when
 * event_readers_stop was called. Any thread. */
void event_readers_ask(EventReaders *readers, const char *text, size_t size, RpcServerReply reply,
                       void *user_data);

/* Answers all questions and ends the thread. NULL is fine. */
void event_readers_stop(EventReaders *readers);

/* Frees, after event_readers_stop. NULL is fine. */
void event_readers_free(EventReaders *readers);
