/* Answers without an end: the connection of a RequestStream sleeps, holding no thread, until there
 * is something to send. Private to the adapter to libmicrohttpd.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/request.h"
#include "common/pool.h"

typedef struct HttpStreams HttpStreams;
typedef struct HttpStream HttpStream;
struct MHD_Connection;
struct MHD_Response;

/* All streams of one listener. `pool` is borrowed: it runs the clock that wakes silent streams. */
HttpStreams *http_streams_new(Pool *pool);

/* Tells all streams to end. Those made from now on end at once. Any thread. */
void http_streams_close(HttpStreams *streams);

/* How many there are. Any thread. */
unsigned http_streams_count(HttpStreams *streams);

/* Frees; only after the HTTP threads and the pool have ended. NULL is fine. */
void http_streams_free(HttpStreams *streams);

/* Makes the answer that sends a stream. Takes the source. */
HttpStream *http_stream_new(HttpStreams *streams, RequestStream *source,
                            struct MHD_Connection *connection);
struct MHD_Response *http_stream_response(HttpStream *stream);

/* The answer has ended, or its client has left: frees the stream and its source. Objects that the
 * source borrows must still exist. NULL is fine. */
void http_stream_free(HttpStream *stream);
