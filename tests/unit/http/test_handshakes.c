/* TLS handshakes that their clients leave half done: they cost nothing, go on when their clients
 * do, and end with them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/listener.h"

#include "common/backoff.h"
#include "common/metrics.h"
#include "common/time_text.h"
#include "http/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "certificates.inc"
#include "ok_server.inc"

enum {
    LIMIT_S = 30,
    PAUSE_MS = 1,
    LOOKS = 5, /* a thread that is always at work is not asleep at each of them */
    ROUNDS = 50,
    HALTED = 4,
    COMERS = 3,
    SERVED_BEFORE_STOP = 5,
};

static const char TLS_1_2[] = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
static const char TLS_1_3[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3";

/* What clients and the test share; atomic. */
static unsigned short port;
static bool over;

/* ---- the server ---- */

typedef struct World {
    char *folder, *certificate, *key, *priorities;
    HttpTls *tls;
    Listener *listener;
} World;

static Listener *
started(const World *world)
{
    int fd = http_socket_open("127.0.0.1", 0, NULL);
    assert_true(fd >= 0);
    const ListenerOptions options = {
        .area = "test",
        .socket_fd = fd,
        .threads = 4,
        .connection_limit = 100,
        .descriptor_share = 4,
        .tls = true,
        .tls_priorities = world->priorities,
        .server = ok_server,
    };
    __atomic_store_n(&port, (unsigned short)http_socket_port(fd), __ATOMIC_RELEASE);
    Listener *listener = listener_start(&options, NULL);
    assert_non_null(listener);
    return listener;
}

static int
make_world(void **state)
{
    World *world = g_new0(World, 1);
    world->folder = g_dir_make_tmp("steel-handshakes-XXXXXX", NULL);
    world->certificate = g_build_filename(world->folder, "cert.pem", NULL);
    world->key = g_build_filename(world->folder, "key.pem", NULL);
    assert_true(g_file_set_contents(world->certificate, certificates[0], -1, NULL));
    assert_true(g_file_set_contents(world->key, keys[0], -1, NULL));
    world->tls = http_tls_new(world->certificate, world->key, NULL);
    world->priorities = http_tls_priorities("1.2", NULL, NULL);
    assert_true(world->tls != NULL && world->priorities != NULL);
    world->listener = started(world);
    *state = world;
    return 0;
}

static int
end_world(void **state)
{
    World *world = *state;
    listener_free(world->listener);
    http_tls_free(world->tls);
    g_unlink(world->certificate);
    g_unlink(world->key);
    g_rmdir(world->folder);
    g_free(world->certificate);
    g_free(world->key);
    g_free(world->folder);
    g_free(world->priorities);
    g_free(world);
    return 0;
}

/* ---- clients ---- */

typedef struct Client {
    int fd; /* waits LIMIT_S at most */
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    bool halts;    /* after its ClientHello it sends nothing until it goes on */
    bool has_read; /* so its ClientHello is sent */
    bool by_bytes; /* each byte goes by itself */
} Client;

static ssize_t
client_push(gnutls_transport_ptr_t pointer, const void *data, size_t size)
{
    const Client *client = pointer;
    if (client->halts && client->has_read) {
        errno = EAGAIN;
        return -1;
    }
    if (!client->by_bytes)
        return send(client->fd, data, size, MSG_NOSIGNAL);
    for (size_t i = 0; i < size; i++)
        if (send(client->fd, (const char *)data + i, 1, MSG_NOSIGNAL) != 1)
            return -1;
    return (ssize_t)size;
}

static ssize_t
client_pull(gnutls_transport_ptr_t pointer, void *out, size_t size)
{
    Client *client = pointer;
    client->has_read = true;
    return recv(client->fd, out, size, 0);
}

static void
client_free(Client *client)
{
    gnutls_deinit(client->session);
    gnutls_certificate_free_credentials(client->credentials);
    close(client->fd);
    g_free(client);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Client, client_free)

/* NULL: the port refuses. */
static Client *
client_connect(const char *priorities)
{
    const struct sockaddr_in name = {.sin_family = AF_INET,
                                     .sin_port = htons(__atomic_load_n(&port, __ATOMIC_ACQUIRE)),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval limit = {.tv_sec = LIMIT_S};
    const int yes = 1;
    g_autoptr(Client) client = g_new0(Client, 1);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    gnutls_init(&client->session, GNUTLS_CLIENT);
    gnutls_certificate_allocate_credentials(&client->credentials);
    gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, client->credentials);
    gnutls_priority_set_direct(client->session, priorities, NULL);
    gnutls_transport_set_ptr(client->session, client);
    gnutls_transport_set_push_function(client->session, client_push);
    gnutls_transport_set_pull_function(client->session, client_pull);
    if (connect(client->fd, (const struct sockaddr *)&name, sizeof name) != 0)
        return NULL;
    return g_steal_pointer(&client);
}

/* True: it has sent its ClientHello, and read what the server says to it. */
static bool
client_halt(Client *client)
{
    client->halts = true;
    return gnutls_handshake(client->session) == GNUTLS_E_AGAIN &&
           gnutls_record_get_direction(client->session) == 1;
}

/* True: its handshake is finished and its request is answered. */
static bool
client_is_served(Client *client)
{
    static const char status[] = "HTTP/1.1 200 ";
    char bytes[sizeof status - 1];
    ssize_t got;
    client->halts = false;
    if (gnutls_handshake(client->session) != 0 ||
        gnutls_record_send(client->session, REQUEST, strlen(REQUEST)) != (ssize_t)strlen(REQUEST))
        return false;
    /* a session ticket that came before it is GNUTLS_E_AGAIN */
    int64_t limit = time_monotonic_ms() + LIMIT_S * 1000;
    do
        got = gnutls_record_recv(client->session, bytes, sizeof bytes);
    while (got == GNUTLS_E_AGAIN && time_monotonic_ms() < limit);
    return got == (ssize_t)sizeof bytes && memcmp(bytes, status, sizeof bytes) == 0;
}

/* The server has not closed it. */
static bool
client_is_welcome(const Client *client)
{
    struct pollfd look = {.fd = client->fd, .events = POLLRDHUP};
    return poll(&look, 1, 0) == 0;
}

static void
expect_service(const char *priorities)
{
    g_autoptr(Client) client = client_connect(priorities);
    assert_non_null(client);
    assert_true(client_is_served(client));
}

/* ---- what the process does ---- */

/* 'S' as in proc_pid_stat(5); '-' for a thread that has ended. */
static char
thread_state(const char *id)
{
    g_autofree char *path = g_build_filename("/proc/self/task", id, "stat", NULL);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return '-';
    const char *name_end = strrchr(text, ')');
    return name_end != NULL && name_end[1] == ' ' ? name_end[2] : '-';
}

/* All threads but the calling one. */
static bool
all_sleep(void)
{
    g_autofree char *self = g_strdup_printf("%d", gettid());
    g_autoptr(GDir) threads = g_dir_open("/proc/self/task", 0, NULL);
    assert_non_null(threads);
    const char *id;
    while ((id = g_dir_read_name(threads)) != NULL) {
        char now = g_str_equal(id, self) ? 'S' : thread_state(id);
        if (now != 'S' && now != '-')
            return false;
    }
    return true;
}

/* Waits until all threads sleep. The server cuts an unfinished handshake off after ten seconds, and
 * then they sleep too: before that it must be seen. */
static void
wait_asleep(const Client *client)
{
    for (unsigned looks = 0; looks < LOOKS;) {
        looks = all_sleep() ? looks + 1 : 0;
        assert_true(client_is_welcome(client));
        if (looks == 0)
            backoff_sleep(PAUSE_MS);
    }
}

static unsigned
open_descriptors(void)
{
    unsigned count = 0;
    g_autoptr(GDir) descriptors = g_dir_open("/proc/self/fd", 0, NULL);
    assert_non_null(descriptors);
    while (g_dir_read_name(descriptors) != NULL)
        count++;
    return count;
}

/* ---- tests ---- */

static const char *const versions[] = {TLS_1_2, TLS_1_3};

static Client *
halted_and_asleep(const char *priorities)
{
    Client *client = client_connect(priorities);
    assert_non_null(client);
    assert_true(client_halt(client));
    wait_asleep(client);
    return client;
}

static void
a_silent_client_leaves_all_threads_asleep(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++)
        client_free(halted_and_asleep(versions[i]));
}

static void
a_client_that_goes_on_is_served(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        g_autoptr(Client) client = halted_and_asleep(versions[i]);
        assert_true(client_is_served(client));
    }
}

static void
a_handshake_in_single_bytes_is_served(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        g_autoptr(Client) client = client_connect(versions[i]);
        assert_non_null(client);
        client->by_bytes = true;
        assert_true(client_is_served(client));
    }
}

/* Reads until the server has closed its side. */
static void
expect_end(const Client *client)
{
    char bytes[512];
    ssize_t got;
    do
        got = recv(client->fd, bytes, sizeof bytes, 0);
    while (got > 0);
    assert_true(got == 0 || errno == ECONNRESET);
}

static void
sends_its_end(const Client *client)
{
    assert_int_equal(shutdown(client->fd, SHUT_WR), 0);
    expect_end(client);
}

static void
sends_garbage(const Client *client)
{
    static const char garbage[] = "GET / HTTP/1.1\r\nHost: it\r\n\r\n";
    assert_int_equal(send(client->fd, garbage, strlen(garbage), MSG_NOSIGNAL), strlen(garbage));
    expect_end(client);
}

static void
goes(const Client *client)
{
    (void)client;
}

/* At once: not as one that is cut off after its time. */
static void
a_client_that_breaks_off_is_taken_out(void **state)
{
    (void)state;
    static void (*const ways[])(const Client *) = {goes, sends_its_end, sends_garbage};
    expect_service(TLS_1_3);
    uint64_t overdue = metrics_value(METRIC_HTTP_OVERDUE);
    for (size_t i = 0; i < G_N_ELEMENTS(ways) * G_N_ELEMENTS(versions); i++) {
        unsigned before = open_descriptors();
        Client *client = halted_and_asleep(versions[i % G_N_ELEMENTS(versions)]);
        ways[i / G_N_ELEMENTS(versions)](client);
        client_free(client);
        int64_t limit = time_monotonic_ms() + LIMIT_S * 1000;
        while (open_descriptors() > before) {
            assert_true(time_monotonic_ms() < limit);
            backoff_sleep(PAUSE_MS);
        }
        assert_int_equal(metrics_value(METRIC_HTTP_OVERDUE), overdue);
        expect_service(versions[i % G_N_ELEMENTS(versions)]);
    }
}

/* Every second one breaks off. */
static void *
comer(void *unused)
{
    for (unsigned i = 0; !__atomic_load_n(&over, __ATOMIC_ACQUIRE); i++) {
        g_autoptr(Client) client = client_connect(versions[i / 2 % G_N_ELEMENTS(versions)]);
        if (client != NULL)
            (void)!(i % 2 == 0 ? client_is_served(client) : client_halt(client));
    }
    return unused;
}

static void
it_stops_with_handshakes_half_done(void **state)
{
    const World *world = *state;
    pthread_t comers[COMERS];
    for (unsigned i = 0; i < COMERS; i++)
        assert_int_equal(pthread_create(&comers[i], NULL, comer, NULL), 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        Client *clients[HALTED];
        Listener *listener = started(world);
        for (unsigned i = 0; i < HALTED; i++) {
            clients[i] = client_connect(versions[i % G_N_ELEMENTS(versions)]);
            assert_non_null(clients[i]);
            assert_true(client_halt(clients[i]));
        }
        unsigned before = __atomic_load_n(&served, __ATOMIC_RELAXED);
        while (__atomic_load_n(&served, __ATOMIC_RELAXED) - before < SERVED_BEFORE_STOP)
            sched_yield();
        listener_free(listener);
        for (unsigned i = 0; i < HALTED; i++) {
            expect_end(clients[i]);
            client_free(clients[i]);
        }
    }
    __atomic_store_n(&over, true, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < COMERS; i++)
        pthread_join(comers[i], NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_client_leaves_all_threads_asleep),
        cmocka_unit_test(a_client_that_goes_on_is_served),
        cmocka_unit_test(a_handshake_in_single_bytes_is_served),
        cmocka_unit_test(a_client_that_breaks_off_is_taken_out),
        cmocka_unit_test(it_stops_with_handshakes_half_done),
    };
    return cmocka_run_group_tests(tests, make_world, end_world);
}
