/* A connection by librabbitmq; the contract is in session.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus/session.h"

#include "common/secret.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define CHANNEL 1
#define FRAME_SIZE 131072
#define DELIVERY_TRANSIENT 1
#define DELIVERY_PERSISTENT 2
#define SYSTEM_AUTHORITIES "/etc/ssl/certs/ca-certificates.crt" /* Debian's ca-certificates */

struct BusSession {
    amqp_connection_state_t connection;
    const BusSettings *settings; /* borrowed */
    uint64_t published;          /* the number of the last message */
    bool is_open;                /* the channel is there: a farewell makes sense */
};

static const struct timeval call_limit = {BUS_CALL_LIMIT_MS / 1000, 0};
static const struct timeval no_wait = {0, 0};

/* ---- errors ---- */

static SteelErrorCode
code_of(int broker_code)
{
    if (broker_code == AMQP_ACCESS_REFUSED)
        return STEEL_ERROR_UNAUTHORIZED;
    return broker_code == AMQP_PRECONDITION_FAILED ? STEEL_ERROR_CONFLICT : STEEL_ERROR_BUS;
}

static bool
fail_closed(GError **error, int code, amqp_bytes_t text, const char *what)
{
    return steel_fail(error, code_of(code), "%s: RabbitMQ answers %d: %.*s", what, code,
                      (int)MIN(text.len, 500), (const char *)text.bytes);
}

static bool
fail_method(GError **error, const amqp_method_t *method, const char *what)
{
    if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
        const amqp_connection_close_t *closed = method->decoded;
        return fail_closed(error, closed->reply_code, closed->reply_text, what);
    }
    if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
        const amqp_channel_close_t *closed = method->decoded;
        return fail_closed(error, closed->reply_code, closed->reply_text, what);
    }
    return steel_fail(error, STEEL_ERROR_BUS, "%s: RabbitMQ answers with method 0x%08X", what,
                      method->id);
}

static bool
check_reply(amqp_rpc_reply_t reply, const char *what, GError **error)
{
    if (reply.reply_type == AMQP_RESPONSE_NORMAL)
        return true;
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION)
        return fail_method(error, &reply.reply, what);
    return steel_fail(error, STEEL_ERROR_BUS, "%s: %s", what,
                      amqp_error_string2(reply.library_error));
}

static bool
check_status(int status, const char *what, GError **error)
{
    return status == AMQP_STATUS_OK ||
           steel_fail(error, STEEL_ERROR_BUS, "%s: %s", what, amqp_error_string2(status));
}

/* ---- opening ---- */

static bool
use_authorities(amqp_socket_t *socket, const BusSettings *settings, GError **error)
{
    amqp_ssl_socket_set_verify_peer(socket, 1);
    amqp_ssl_socket_set_verify_hostname(socket, 1);
    const char *file = settings->ca_file != NULL ? settings->ca_file : SYSTEM_AUTHORITIES;
    return check_status(amqp_ssl_socket_set_cacert(socket, file), file, error);
}

static bool
use_certificate(amqp_socket_t *socket, const BusSettings *settings, GError **error)
{
    if (settings->cert_file == NULL || settings->key_file == NULL)
        return true;
    return check_status(amqp_ssl_socket_set_key(socket, settings->cert_file, settings->key_file),
                        settings->cert_file, error);
}

static amqp_socket_t *
make_socket(BusSession *session, GError **error)
{
    const BusSettings *settings = session->settings;
    amqp_socket_t *socket = settings->tls ? amqp_ssl_socket_new(session->connection)
                                          : amqp_tcp_socket_new(session->connection);
    if (socket == NULL) {
        steel_fail(error, STEEL_ERROR_BUS, "no socket can be made");
        return NULL;
    }
    bool good = !settings->tls || (use_authorities(socket, settings, error) &&
                                   use_certificate(socket, settings, error));
    return good ? socket : NULL;
}

/* What this client understands, beyond what librabbitmq says of itself: without it a broker that is
 * short of disk stops reading and says nothing. */
static const char *const capabilities[] = {"connection.blocked", "publisher_confirms", "basic.nack",
                                           "consumer_cancel_notify"};
enum { CAPABILITIES_COUNT = G_N_ELEMENTS(capabilities) };

static amqp_table_t
write_capabilities(amqp_table_entry_t entries[CAPABILITIES_COUNT])
{
    for (size_t i = 0; i < CAPABILITIES_COUNT; i++) {
        entries[i].key = amqp_cstring_bytes(capabilities[i]);
        entries[i].value.kind = AMQP_FIELD_KIND_BOOLEAN;
        entries[i].value.value.boolean = 1;
    }
    return (amqp_table_t){CAPABILITIES_COUNT, entries};
}

static bool
log_in(BusSession *session, const BusHost *host, GError **error)
{
    amqp_table_entry_t known[CAPABILITIES_COUNT];
    amqp_table_entry_t entries[] = {
        {.key = amqp_cstring_bytes("connection_name"), .value = {.kind = AMQP_FIELD_KIND_UTF8}},
        {.key = amqp_cstring_bytes("capabilities"), .value = {.kind = AMQP_FIELD_KIND_TABLE}},
    };
    entries[0].value.value.bytes = amqp_cstring_bytes(session->settings->name);
    entries[1].value.value.table = write_capabilities(known);
    const amqp_table_t properties = {G_N_ELEMENTS(entries), entries};
    return check_reply(
        amqp_login_with_properties(session->connection, session->settings->url->virtual_host, 0,
                                   FRAME_SIZE, (int)session->settings->heartbeat_s, &properties,
                                   AMQP_SASL_METHOD_PLAIN, host->user, host->password),
        "login", error);
}

static bool
open_channel(BusSession *session, GError **error)
{
    amqp_channel_open(session->connection, CHANNEL);
    if (!check_reply(amqp_get_rpc_reply(session->connection), "channel", error))
        return false;
    session->is_open = true;
    amqp_confirm_select(session->connection, CHANNEL);
    return check_reply(amqp_get_rpc_reply(session->connection), "publisher confirms", error);
}

/* A host that takes no more bytes, since it is cut off or short of memory, ends the connection. By
 * itself librabbitmq waits for that as long as heartbeats are missed. */
static bool
limit_stalls(const BusSession *session, GError **error)
{
    const unsigned limit_ms = BUS_CALL_LIMIT_MS;
    return setsockopt(bus_session_descriptor(session), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms,
                      sizeof limit_ms) == 0 ||
           steel_fail(error, STEEL_ERROR_BUS, "TCP_USER_TIMEOUT: %s", g_strerror(errno));
}

static bool
open_session(BusSession *session, const BusHost *host, GError **error)
{
    amqp_set_handshake_timeout(session->connection, &call_limit);
    amqp_set_rpc_timeout(session->connection, &call_limit);
    amqp_socket_t *socket = make_socket(session, error);
    if (socket == NULL)
        return false;
    struct timeval limit = call_limit;
    return check_status(amqp_socket_open_noblock(socket, host->name, (int)host->port, &limit),
                        "connect", error) &&
           limit_stalls(session, error) && log_in(session, host, error) &&
           open_channel(session, error);
}

BusSession *
bus_session_open(const BusSettings *settings, const BusHost *host, GError **error)
{
    BusSession *session = g_new0(BusSession, 1);
    session->settings = settings;
    session->connection = amqp_new_connection();
    if (open_session(session, host, error))
        return session;
    bus_session_free(session);
    return NULL;
}

void
bus_session_free(BusSession *session)
{
    if (session == NULL)
        return;
    if (session->is_open)
        amqp_connection_close(session->connection, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(session->connection);
    g_free(session);
}

int
bus_session_descriptor(const BusSession *session)
{
    return amqp_get_sockfd(session->connection);
}

void
bus_session_break(int descriptor)
{
    shutdown(descriptor, SHUT_RDWR);
}

/* Marks the session as over, so that no farewell is tried. */
static bool
over(BusSession *session)
{
    session->is_open = false;
    return false;
}

/* ---- exchanges and queues ---- */

static bool
check_call(BusSession *session, const char *what, const char *name, GError **error)
{
    g_autofree char *sentence = g_strdup_printf("%s %s", what, name);
    return check_reply(amqp_get_rpc_reply(session->connection), sentence, error) || over(session);
}

bool
bus_session_declare_exchange(BusSession *session, const char *name, bool as_it_is, GError **error)
{
    const BusSettings *settings = session->settings;
    amqp_exchange_declare(session->connection, CHANNEL, amqp_cstring_bytes(name),
                          amqp_cstring_bytes("topic"), as_it_is, settings->durable,
                          settings->auto_delete, 0, amqp_empty_table);
    return check_call(session, "exchange", name, error);
}

bool
bus_session_declare_queue(BusSession *session, const char *name, const char *exchange,
                          bool as_it_is, GError **error)
{
    const BusSettings *settings = session->settings;
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes("x-queue-type"),
                                .value = {.kind = AMQP_FIELD_KIND_UTF8}};
    entry.value.value.bytes = amqp_cstring_bytes("quorum");
    const amqp_table_t arguments = {settings->quorum ? 1 : 0, &entry};
    amqp_queue_declare(session->connection, CHANNEL, amqp_cstring_bytes(name), as_it_is,
                       settings->durable, 0, settings->auto_delete, arguments);
    if (!check_call(session, "queue", name, error))
        return false;
    amqp_queue_bind(session->connection, CHANNEL, amqp_cstring_bytes(name),
                    amqp_cstring_bytes(exchange), amqp_cstring_bytes(name), amqp_empty_table);
    return check_call(session, "binding of queue", name, error);
}

/* An argument of a queue; 0 is left out. Returns how many there are now. */
static int
add_number(amqp_table_entry_t *entries, int count, const char *name, unsigned number)
{
    if (number == 0)
        return count;
    entries[count].key = amqp_cstring_bytes(name);
    entries[count].value.kind = AMQP_FIELD_KIND_I64;
    entries[count].value.value.i64 = number;
    return count + 1;
}

bool
bus_session_declare_inbox(BusSession *session, const char *name, unsigned expires_ms,
                          unsigned messages_most, GError **error)
{
    amqp_table_entry_t entries[2];
    int count = add_number(entries, 0, "x-expires", expires_ms);
    count = add_number(entries, count, "x-max-length", messages_most);
    amqp_queue_declare(session->connection, CHANNEL, amqp_cstring_bytes(name), 0, 0, 0,
                       expires_ms == 0, (amqp_table_t){count, entries});
    return check_call(session, "queue", name, error);
}

bool
bus_session_delete_queue(BusSession *session, const char *name, GError **error)
{
    amqp_queue_delete(session->connection, CHANNEL, amqp_cstring_bytes(name), 0, 0);
    return check_call(session, "deletion of queue", name, error);
}

bool
bus_session_declare_fanout(BusSession *session, const char *name, const char *queue, GError **error)
{
    amqp_exchange_declare(session->connection, CHANNEL, amqp_cstring_bytes(name),
                          amqp_cstring_bytes("fanout"), 0, 0, 0, 0, amqp_empty_table);
    if (!check_call(session, "exchange", name, error))
        return false;
    if (queue == NULL)
        return true;
    amqp_queue_bind(session->connection, CHANNEL, amqp_cstring_bytes(queue),
                    amqp_cstring_bytes(name), amqp_empty_bytes, amqp_empty_table);
    return check_call(session, "binding of queue", queue, error);
}

bool
bus_session_consume(BusSession *session, const char *queue, unsigned prefetch, GError **error)
{
    if (prefetch > 0) {
        amqp_basic_qos(session->connection, CHANNEL, 0, (uint16_t)MIN(prefetch, UINT16_MAX), 0);
        if (!check_call(session, "prefetch of", queue, error))
            return false;
    }
    amqp_basic_consume(session->connection, CHANNEL, amqp_cstring_bytes(queue), amqp_empty_bytes, 0,
                       prefetch == 0, 0, amqp_empty_table);
    return check_call(session, "consuming", queue, error);
}

bool
bus_session_ack(BusSession *session, uint64_t tag, GError **error)
{
    return check_status(amqp_basic_ack(session->connection, CHANNEL, tag, 0), "acknowledge",
                        error) ||
           over(session);
}

/* ---- messages ---- */

static amqp_bytes_t
bytes_or_none(const char *text)
{
    return text != NULL ? amqp_cstring_bytes(text) : amqp_empty_bytes;
}

static amqp_basic_properties_t
properties_of(const BusOutput *output, const char *number, const char *expiration)
{
    amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_CONTENT_ENCODING_FLAG |
                  AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_PRIORITY_FLAG |
                  AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_HEADERS_FLAG,
        .content_type = amqp_cstring_bytes("application/json"),
        .content_encoding = amqp_cstring_bytes("utf-8"),
        .delivery_mode = output->is_transient ? DELIVERY_TRANSIENT : DELIVERY_PERSISTENT,
        .message_id = amqp_cstring_bytes(number),
        .correlation_id = bytes_or_none(output->correlation_id),
        .reply_to = bytes_or_none(output->reply_to),
        .type = bytes_or_none(output->type),
        .expiration = amqp_cstring_bytes(expiration),
    };
    if (output->correlation_id != NULL)
        properties._flags |= AMQP_BASIC_CORRELATION_ID_FLAG;
    if (output->reply_to != NULL)
        properties._flags |= AMQP_BASIC_REPLY_TO_FLAG;
    if (output->type != NULL)
        properties._flags |= AMQP_BASIC_TYPE_FLAG;
    if (output->expires_ms != 0)
        properties._flags |= AMQP_BASIC_EXPIRATION_FLAG;
    return properties;
}

bool
bus_session_publish(BusSession *session, const BusOutput *output, uint64_t *number, GError **error)
{
    char text[24], expiration[24]; /* the number comes back with a message that no queue takes */
    g_snprintf(text, sizeof text, "%" G_GUINT64_FORMAT, session->published + 1);
    g_snprintf(expiration, sizeof expiration, "%u", output->expires_ms);
    const amqp_basic_properties_t properties = properties_of(output, text, expiration);
    const amqp_bytes_t body = {output->size, (void *)(uintptr_t)output->body};
    int status = amqp_basic_publish(
        session->connection, CHANNEL, amqp_cstring_bytes(output->exchange),
        amqp_cstring_bytes(output->routing_key), !output->is_optional, 0, &properties, body);
    if (!check_status(status, "publish", error))
        return over(session);
    *number = ++session->published;
    return true;
}

/* ---- what comes ---- */

static void
set_text(BusEvent *event, amqp_bytes_t text)
{
    size_t length = MIN(text.len, sizeof event->text - 1);
    memcpy(event->text, text.bytes, length);
    event->text[length] = '\0';
}

/* The head and body of a returned message follow its method; only the number is of use. */
static bool
take_returned(BusSession *session, BusEvent *event, GError **error)
{
    amqp_message_t message;
    if (!check_reply(amqp_read_message(session->connection, CHANNEL, &message, 0),
                     "a returned message", error))
        return over(session);
    if (message.properties._flags & AMQP_BASIC_MESSAGE_ID_FLAG) {
        g_autofree char *number =
            g_strndup(message.properties.message_id.bytes, message.properties.message_id.len);
        event->number = g_ascii_strtoull(number, NULL, 10);
    }
    event->kind = BUS_EVENT_RETURNED;
    amqp_destroy_message(&message);
    return true;
}

static void
copy_name(char out[BUS_NAME_SIZE], amqp_bytes_t name, bool is_set)
{
    size_t length = is_set ? MIN(name.len, BUS_NAME_SIZE - 1) : 0;
    if (length > 0)
        memcpy(out, name.bytes, length);
    out[length] = '\0';
}

/* Head and body of a delivered message follow its method. */
static bool
take_delivered(BusSession *session, const amqp_basic_deliver_t *method, BusEvent *event,
               GError **error)
{
    amqp_message_t message;
    uint64_t tag = method->delivery_tag;
    bool is_again = method->redelivered != 0;
    if (!check_reply(amqp_read_message(session->connection, CHANNEL, &message, 0),
                     "a delivered message", error))
        return over(session);
    const amqp_basic_properties_t *properties = &message.properties;
    BusDelivery *delivery = g_new0(BusDelivery, 1);
    delivery->body = g_malloc(message.body.len + 1);
    if (message.body.len > 0)
        memcpy(delivery->body, message.body.bytes, message.body.len);
    delivery->body[message.body.len] = '\0';
    delivery->size = message.body.len;
    delivery->tag = tag;
    delivery->is_again = is_again;
    copy_name(delivery->correlation_id, properties->correlation_id,
              properties->_flags & AMQP_BASIC_CORRELATION_ID_FLAG);
    copy_name(delivery->reply_to, properties->reply_to,
              properties->_flags & AMQP_BASIC_REPLY_TO_FLAG);
    copy_name(delivery->type, properties->type, properties->_flags & AMQP_BASIC_TYPE_FLAG);
    amqp_destroy_message(&message);
    event->kind = BUS_EVENT_DELIVERED;
    event->delivery = delivery;
    return true;
}

void
bus_delivery_free(BusDelivery *delivery)
{
    if (delivery == NULL)
        return;
    secret_wipe(delivery->body, delivery->size);
    g_free(delivery->body);
    g_free(delivery);
}

static bool
take_method(BusSession *session, const amqp_method_t *method, BusEvent *event, GError **error)
{
    if (method->id == AMQP_BASIC_ACK_METHOD) {
        const amqp_basic_ack_t *ack = method->decoded;
        *event = (BusEvent){BUS_EVENT_CONFIRMED, ack->delivery_tag, ack->multiple != 0, "", NULL};
    } else if (method->id == AMQP_BASIC_NACK_METHOD) {
        const amqp_basic_nack_t *nack = method->decoded;
        *event = (BusEvent){BUS_EVENT_REFUSED, nack->delivery_tag, nack->multiple != 0, "", NULL};
    } else if (method->id == AMQP_CONNECTION_BLOCKED_METHOD) {
        event->kind = BUS_EVENT_BLOCKED;
        set_text(event, ((const amqp_connection_blocked_t *)method->decoded)->reason);
    } else if (method->id == AMQP_CONNECTION_UNBLOCKED_METHOD) {
        event->kind = BUS_EVENT_UNBLOCKED;
    } else if (method->id == AMQP_BASIC_RETURN_METHOD) {
        return take_returned(session, event, error);
    } else if (method->id == AMQP_BASIC_DELIVER_METHOD) {
        return take_delivered(session, method->decoded, event, error);
    } else if (method->id == AMQP_BASIC_CANCEL_METHOD) {
        event->kind = BUS_EVENT_CANCELLED;
    } else if (method->id == AMQP_CONNECTION_CLOSE_METHOD ||
               method->id == AMQP_CHANNEL_CLOSE_METHOD) {
        over(session);
        return fail_method(error, method, "the connection was closed");
    }
    return true;
}

bool
bus_session_next(BusSession *session, BusEvent *event, GError **error)
{
    amqp_frame_t frame;
    struct timeval limit = no_wait;
    *event = (BusEvent){.kind = BUS_EVENT_NONE};
    amqp_maybe_release_buffers(session->connection);
    int status = amqp_simple_wait_frame_noblock(session->connection, &frame, &limit);
    if (status == AMQP_STATUS_TIMEOUT)
        return true;
    if (!check_status(status, "the connection", error))
        return over(session);
    event->kind = BUS_EVENT_OTHER;
    if (frame.frame_type != AMQP_FRAME_METHOD)
        return true;
    return take_method(session, &frame.payload.method, event, error);
}
