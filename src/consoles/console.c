/* One console: its port, its clients, and its session with the BMC; the contract is in internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "consoles/internal.h"

#include "common/error.h"
#include "common/log.h"
#include "common/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define AREA "consoles"

enum {
    FIRST_PAUSE_MS = 1000, /* before the session is opened again; doubles */
    LONGEST_PAUSE_MS = 60 * 1000,
    DATAGRAMS_MAX = 32, /* before the turn of the others */
    ACCEPTS_MAX = 8,
};

/* ---- life ---- */

Console *
console_new(const ConsoleSettings *settings, int listener_fd, uint16_t port)
{
    Console *console = g_new0(Console, 1);
    console->key = g_strdup(settings->key);
    console->listener.fd = listener_fd;
    console->bmc.fd = -1;
    console->port = port;
    console->idle_s = settings->idle_s;
    console->target = *settings->target;
    console->target.address = console->address = g_strdup(settings->target->address);
    console->target.username = console->username = g_strdup(settings->target->username);
    console->target.password = console->password = g_strdup(settings->target->password);
    if (console->target.port == 0)
        console->target.port = IPMI_PORT;
    if (ipmi_peer_parse(console->address, console->target.port, &console->peers[0]))
        console->peer_count = 1;
    console->viewers = g_ptr_array_new();
    return console;
}

void
console_free(void *data)
{
    Console *console = data;
    door_close(&console->listener);
    door_close(&console->bmc);
    ipmi_sol_free(console->sol);
    g_ptr_array_unref(console->viewers);
    g_free(console->key);
    g_free(console->address);
    g_free(console->username);
    secret_free(console->password);
    secret_wipe(&console->target, sizeof console->target);
    secret_wipe(&console->memory, sizeof console->memory);
    g_free(console);
}

/* ---- what its clients see ---- */

static const char greeting[] = "\r\n[connected to the console]\r\n";

static void
show(Console *console, const uint8_t *bytes, size_t size)
{
    for (guint i = 0; i < console->viewers->len; i++)
        viewer_show(console->viewers->pdata[i], bytes, size);
}

static void tell(Console *console, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A line of our own between the machine's. */
static void
tell(Console *console, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *line = g_strdup_printf("\r\n[%s]\r\n", text);
    show(console, (const uint8_t *)line, strlen(line));
}

/* ---- the session ---- */

static void
console_send(void *user_data, const uint8_t *bytes, size_t size)
{
    const Console *console = user_data;
    (void)send(console->bmc.fd, bytes, size, MSG_DONTWAIT); /* what is lost is sent again */
}

static size_t
console_take(void *user_data, const uint8_t *bytes, size_t size)
{
    show(user_data, bytes, size);
    return size;
}

static const IpmiSolOps sol_ops = {console_send, console_take};

/* The session could not be opened, or is lost: its clients hear why, and it is opened again. */
static void
fail(Console *console, const GError *error)
{
    unsigned doublings = MIN(console->failures, 6u);
    unsigned pause_ms = MIN((unsigned)FIRST_PAUSE_MS << doublings, (unsigned)LONGEST_PAUSE_MS);
    console->failures++;
    console->peer_index++;
    if (!ipmi_peer_parse(console->address, console->target.port, &console->peers[0]))
        console->peer_count = 0; /* a name is resolved again: it may have moved */
    console->retry_ms = due_now_ms() + pause_ms;
    tell(console, "%s; it is tried again in %u s", error->message, pause_ms / 1000);
    if (console->failures > 1)
        return;
    log_warning(AREA, "the console of node %s: %s", console->key, error->message);
    if (console->consoles->trouble != NULL && !console->leaving)
        console->consoles->trouble(console->consoles->user, console->key, error);
}

static void
drop_session(Console *console)
{
    console->memory = console->sol->session->memory;
    door_close(&console->bmc);
    ipmi_sol_free(g_steal_pointer(&console->sol));
}

void
console_greet(const Console *console, Viewer *viewer)
{
    if (console->sol != NULL && console->told == IPMI_SOL_OPEN &&
        ipmi_sol_state(console->sol) == IPMI_SOL_OPEN)
        viewer_show(viewer, (const uint8_t *)greeting, strlen(greeting));
}

/* After each event of the session. */
static void
follow_session(Console *console)
{
    IpmiSolState state = ipmi_sol_state(console->sol);
    if (state == IPMI_SOL_OPEN && console->told != IPMI_SOL_OPEN) {
        console->told = state;
        console->failures = 0;
        show(console, (const uint8_t *)greeting, strlen(greeting));
    }
    if (state != IPMI_SOL_ENDED)
        return;
    g_autoptr(GError) error =
        ipmi_sol_error(console->sol) != NULL ? g_error_copy(ipmi_sol_error(console->sol)) : NULL;
    drop_session(console);
    if (error != NULL && console->viewers->len > 0)
        fail(console, error);
}

static void
console_heard(Door *door, uint32_t events)
{
    (void)events; /* an error of the socket is one of a datagram, which counts as lost */
    Console *console = (Console *)((char *)door - offsetof(Console, bmc));
    for (int i = 0; i < DATAGRAMS_MAX && console->sol != NULL; i++) {
        uint8_t bytes[IPMI_DATAGRAM_MAX];
        ssize_t size = recv(console->bmc.fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (size < 0)
            break;
        ipmi_sol_receive(console->sol, due_now_ms(), bytes, (size_t)size);
        follow_session(console);
    }
    console_settle(console);
}

/* A socket of its own that takes datagrams of the BMC alone. */
static bool
open_socket(Console *console, const IpmiPeer *peer, GError **error)
{
    int fd = ipmi_socket_new(peer->any.sa_family, 0, error);
    if (fd < 0)
        return false;
    console->bmc = (Door){fd, console_heard};
    if (connect(fd, &peer->any, peer->size) == 0 &&
        door_watch(console->consoles, &console->bmc, EPOLLIN))
        return true;
    steel_fail(error, STEEL_ERROR_BMC_UNREACHABLE, "%s: %s", console->address, g_strerror(errno));
    door_close(&console->bmc);
    return false;
}

static void
open_session(Console *console)
{
    g_autoptr(GError) error = NULL;
    const IpmiPeer *peer = &console->peers[console->peer_index % console->peer_count];
    g_autofree char *where = ipmi_peer_text(peer);
    if (!open_socket(console, peer, &error)) {
        fail(console, error);
        return;
    }
    console->told = IPMI_SOL_OPENING;
    console->sol =
        ipmi_sol_new(&console->target, where, &console->memory, &sol_ops, console, &error);
    if (console->sol == NULL) {
        door_close(&console->bmc);
        fail(console, error);
        return;
    }
    ipmi_sol_start(console->sol, due_now_ms());
    follow_session(console);
}

static void
resolve(Console *console)
{
    Consoles *consoles = console->consoles;
    g_autoptr(GError) error = NULL;
    if (console->resolving != 0)
        return;
    console->resolving = ++consoles->last_id;
    if (!ipmi_resolver_ask(consoles->resolver, console->resolving, console->address,
                           console->target.port, &error)) {
        console->resolving = 0;
        fail(console, error);
        return;
    }
    g_hash_table_insert(consoles->asking, &console->resolving, console);
}

void
console_resolved(Console *console, const IpmiResolved *answer)
{
    console->resolving = 0;
    memcpy(console->peers, answer->peers, sizeof console->peers);
    console->peer_count = answer->peer_count;
    if (answer->peer_count == 0) {
        g_autoptr(GError) error =
            g_error_new(steel_error_quark(), STEEL_ERROR_BMC_UNREACHABLE,
                        "name %s does not resolve: %s", console->address, answer->problem);
        fail(console, error);
    }
    console_settle(console);
}

/* Clients wait and there is no session: one is begun, unless it is too early. */
static void
want_session(Console *console, uint64_t now_ms)
{
    if (console->sol != NULL || console->leaving || console->viewers->len == 0 ||
        now_ms < console->retry_ms)
        return;
    if (console->peer_count == 0)
        resolve(console);
    else
        open_session(console);
}

/* The last client has left: the BMC gets its console back. */
void
console_count_viewers(Console *console)
{
    uint64_t now_ms = due_now_ms();
    if (console->viewers->len > 0)
        return;
    console->retry_ms = 0;
    console->failures = 0;
    if (console->sol != NULL)
        ipmi_sol_close(console->sol, now_ms);
}

/* ---- its port ---- */

static void
console_knocked(Door *door, uint32_t events)
{
    (void)events;
    Console *console = (Console *)((char *)door - offsetof(Console, listener));
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        IpmiPeer peer = {.size = sizeof peer.v6};
        int fd = accept4(console->listener.fd, &peer.any, &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            break;
        viewer_accept(console, fd, &peer.any);
    }
    console_settle(console);
}

void
console_open(Consoles *consoles, Console *console)
{
    console->consoles = consoles;
    console->listener.open = console_knocked;
    if (!door_watch(consoles, &console->listener, EPOLLIN))
        log_error(AREA, "the console of node %s: %s", console->key, g_strerror(errno));
}

bool
console_leave(Console *console)
{
    console->leaving = true;
    door_close(&console->listener);
    if (console->resolving != 0)
        g_hash_table_remove(console->consoles->asking, &console->resolving);
    while (console->viewers->len > 0) {
        tell(console, "the console was stopped");
        viewer_leave(console->viewers->pdata[0]);
    }
    if (console->sol == NULL)
        return true;
    ipmi_sol_close(console->sol, due_now_ms());
    follow_session(console);
    if (console->sol == NULL)
        return true;
    console_settle(console);
    return false;
}

/* ---- typing ---- */

size_t
console_room(const Console *console)
{
    return console->sol != NULL ? ipmi_sol_room(console->sol) : 0;
}

size_t
console_type(Console *console, const uint8_t *bytes, size_t size)
{
    return console->sol != NULL ? ipmi_sol_write(console->sol, due_now_ms(), bytes, size) : 0;
}

void
console_break(Console *console)
{
    if (console->sol != NULL)
        ipmi_sol_break(console->sol, due_now_ms());
}

/* ---- time ---- */

static void
disconnect_quiet(Console *console, uint64_t now_ms)
{
    for (guint i = console->viewers->len; i > 0; i--) {
        Viewer *viewer = console->viewers->pdata[i - 1];
        uint64_t due_ms = viewer_due_ms(viewer);
        if (due_ms != 0 && due_ms <= now_ms)
            viewer_leave(viewer);
    }
}

void
console_expire(Console *console, uint64_t now_ms)
{
    disconnect_quiet(console, now_ms);
    if (console->sol != NULL) {
        ipmi_sol_expire(console->sol, now_ms);
        follow_session(console);
    }
    console_settle(console);
}

/* The earlier of two times; 0 is never. */
static uint64_t
earlier(uint64_t a, uint64_t b)
{
    return a == 0 ? b : b == 0 ? a : MIN(a, b);
}

void
console_settle(Console *console)
{
    want_session(console, due_now_ms());
    uint64_t due_ms = console->sol != NULL ? ipmi_sol_due_ms(console->sol) : 0;
    for (guint i = console->viewers->len; i > 0; i--)
        viewer_settle(console->viewers->pdata[i - 1]);
    for (guint i = 0; i < console->viewers->len; i++)
        due_ms = earlier(due_ms, viewer_due_ms(console->viewers->pdata[i]));
    if (console->sol == NULL && console->viewers->len > 0 && console->resolving == 0)
        due_ms = earlier(due_ms, MAX(console->retry_ms, 1));
    if (console->sol != NULL) /* a client has left meanwhile */
        due_ms = earlier(due_ms, ipmi_sol_due_ms(console->sol));
    due_heap_remove(&console->consoles->due, &console->due);
    if (due_ms != 0)
        due_heap_set(&console->consoles->due, &console->due, due_ms);
}
