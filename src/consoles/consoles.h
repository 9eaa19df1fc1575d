/* Serial consoles of machines, served over TCP: a console listens on a port of its own, and what
 * its clients type goes to the machine's BMC by IPMI's Serial over LAN. One thread serves them all.
 *
 * A BMC has one session for its console, so Steel takes it when the first client comes, and gives
 * it back when the last one has left. When the session is lost while clients are there, they are
 * told why, and it is opened again, after a pause that grows.
 *
 * All clients of a console see the same, and all may type. A client that does not keep up misses
 * characters, and is told how many.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/client/client.h"

typedef struct Consoles Consoles;

enum {
    CONSOLE_CLIENTS_MAX = 4, /* of one console */
};

/* What a console is; copied. */
typedef struct ConsoleSettings {
    const char *key;          /* whose console it is: a node's UUID */
    const IpmiTarget *target; /* its BMC */
    const char *address;      /* to listen on */
    uint16_t wanted_port;     /* taken if it is free, or if it must be; 0: none */
    uint16_t first_port;      /* else the first free one of these, */
    uint16_t last_port;       /* 0: none of them, it must be wanted_port */
    unsigned idle_s;          /* a client that is quiet for so long is disconnected; 0: never */
} ConsoleSettings;

/* A console has lost its BMC, or cannot reach it, and had clients; once until it works again. On
 * the consoles' thread: must not block, nor call the functions below. */
typedef void (*ConsoleTrouble)(void *user, const char *key, const GError *error);

/* Starts the thread. trouble: NULL: nobody wants to know. Errors: INTERNAL. */
Consoles *consoles_new(ConsoleTrouble trouble, void *user,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends all consoles, gives them back to their BMCs with one datagram each, and frees. NULL is fine.
 */
void consoles_free(Consoles *consoles);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Consoles, consoles_free)

/* Begins to listen. A console of the same key ends first. Does not ask the BMC.
 *
 * port     out: the port that it has got
 * Errors   CONFIG (the address), IO (the port is taken, or all of them), INVALID (the target)
 * Threads  any but the consoles' own; blocks for moments */
bool consoles_start(Consoles *consoles, const ConsoleSettings *settings, uint16_t *port,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends a console: its clients are disconnected and its port is free when this returns; the BMC has
 * its console back soon after. False: there was none. Threads: as consoles_start(). */
bool consoles_stop(Consoles *consoles, const char *key);

/* The port of a console that listens; 0: there is none. Any thread. */
uint16_t consoles_port(Consoles *consoles, const char *key);
