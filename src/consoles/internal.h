/* What the files of this folder share: the thread with its sockets, a console, and its clients. All
 * functions are called on the consoles' thread, unless they say otherwise; none blocks.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/client/resolver.h"
#include "bmc/ipmi/client/sol.h"
#include "common/due_heap.h"
#include "common/lock.h"
#include "consoles/consoles.h"
#include "http/address.h"

#include <pthread.h>

/* A descriptor that the thread waits for. It is the first member of what it belongs to. */
typedef struct Door {
    int fd; /* -1: closed; owned */
    void (*open)(struct Door *door, uint32_t events);
} Door;

typedef struct Console Console;

/* A client of a console. */
typedef struct Viewer {
    Door door; /* first member */
    Console *console;
    char from[HTTP_ADDRESS_TEXT_SIZE]; /* its address, for the log */
    GByteArray *out;    /* owned: characters for it, and the newlines of our own words */
    size_t lost;        /* characters that had no room, and of which it is not told yet */
    uint64_t active_ms; /* when something came or went last */
    uint32_t events;    /* what is waited for */
    bool ended;         /* it sends no more */
    bool line_begins;   /* for escapes: the next character is the first of a line, */
    bool escape;        /* or follows a ~ */
} Viewer;

struct Console {
    DueEntry due; /* first member */
    Consoles *consoles;
    char *key;
    Door listener;
    uint16_t port;
    unsigned idle_s;

    /* The BMC. The strings of target are owned. */
    IpmiTarget target;
    char *address, *username, *password;
    IpmiPeer peers[IPMI_RESOLVED_MAX];
    size_t peer_count;  /* 0: the name is not resolved */
    size_t peer_index;  /* grows with each failure: another address is tried */
    uint64_t resolving; /* id of the question; 0: none is asked */
    IpmiMemory memory;
    Door bmc;          /* UDP; closed without a session */
    IpmiSol *sol;      /* owned; NULL: no session */
    IpmiSolState told; /* what its clients have been told of it */
    bool leaving;      /* it is stopped: it ends when its session has */
    unsigned failures; /* in a row */
    uint64_t retry_ms; /* not before; 0: at once */

    GPtrArray *viewers; /* of Viewer, owned */
};

struct Consoles {
    pthread_t thread;
    int epoll_fd;
    int wake_fd;
    ConsoleTrouble trouble; /* NULL: nobody wants to know */
    void *user;
    IpmiResolver *resolver;

    /* The thread's own. */
    DueHeap due;
    GHashTable *serving;  /* key in Console -> Console, owned: those that listen */
    GPtrArray *leaving;   /* of Console, owned: stopped, their sessions end */
    GHashTable *asking;   /* id in Console -> Console, borrowed: names that are being resolved */
    GPtrArray *graveyard; /* of Viewer and Console: an event of this round may still name them */
    uint64_t last_id;
    unsigned viewer_count; /* of all consoles */

    Lock lock;
    pthread_cond_t done;
    GQueue orders GUARDED;     /* of Order, borrowed from those who wait for them */
    GHashTable *ports GUARDED; /* owned key -> port */
    bool stopping GUARDED;
};

/* ---- door.c ---- */

/* Watches a descriptor, which the door owns from here, for these EPOLL events; door_change: for
 * others. False with errno. */
bool door_watch(Consoles *consoles, Door *door, uint32_t events);
void door_change(Consoles *consoles, Door *door, uint32_t events);
/* Closes it, if it is open. */
void door_close(Door *door);

/* ---- console.c ---- */

/* A console that does not listen yet.
 *
 * settings     copied
 * listener_fd  of a socket that listens; the console's from here */
Console *console_new(const ConsoleSettings *settings, int listener_fd, uint16_t port);
void console_free(void *console);

/* Begins to listen. */
void console_open(Consoles *consoles, Console *console);
/* Disconnects its clients, closes its port and ends its session. True: it has none, it may be freed
 * now; else it is freed when its session has ended. */
bool console_leave(Console *console);
/* Its time in the heap has come. */
void console_expire(Console *console, uint64_t now_ms);
/* The BMC's name is resolved, or not. */
void console_resolved(Console *console, const IpmiResolved *answer);
/* Sets when it is due next, after any event. */
void console_settle(Console *console);

/* What a client has typed; returns how many characters had room. */
size_t console_type(Console *console, const uint8_t *bytes, size_t size);
size_t console_room(const Console *console);
void console_break(Console *console);
/* Tells a new client that the session is open; if it is not yet, all hear so when it is. */
void console_greet(const Console *console, Viewer *viewer);
/* A client has gone. */
void console_count_viewers(Console *console);

/* ---- viewer.c ---- */

/* Takes a connection of a client, or tells it why not. */
void viewer_accept(Console *console, int fd, const struct sockaddr *peer);
void viewer_free(void *viewer);
/* Characters for a client: ours or the machine's. */
void viewer_show(Viewer *viewer, const uint8_t *bytes, size_t size);
/* Sends what can be sent, waits for what can come; disconnects one that has ended. */
void viewer_settle(Viewer *viewer);
/* Disconnects it, after our last words. */
void viewer_leave(Viewer *viewer);
/* When it is to be disconnected because it is quiet; 0: never. */
uint64_t viewer_due_ms(const Viewer *viewer);
