/* The boot file server: serves boot scripts and files to machines over HTTP, on a port of its own.
 *
 *     GET /boot.ipxe                    the script that every machine loads first (DHCP names it)
 *     GET /boot/<mac>.ipxe              the script of one machine, made for this request
 *     GET /boot/<mac>/progress?token=T&phase=P[&volume=N][&try=N][&errno=HEX][&detail=TEXT]
 *     GET /anything/else                a file below the root directory; HEAD and Range work,
 *                                       directories are not listed
 *
 * A machine names its MAC address, which proves nothing: the client's address decides whether it
 * gets a script with secrets, and whether its reports count (boot_access.h). Run this server only
 * in the network from which machines boot.
 *
 * Clients need no login. So a client that asks too often gets 503 with Retry-After, and repeated
 * log lines appear once a minute.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "http/address.h"
#include "netboot/boot_instructions.h"
#include "netboot/boot_phase.h"

typedef struct BootServer BootServer;

/* What the server asks and reports. All are required. Any of its threads calls them, several at a
 * time; they must be quick, since a thread that waits serves no machine. */
typedef struct BootServerHooks {
    /* Finds the instructions for a machine.
     *
     * source  the client
     * out     initialised for the MAC address asked for; filled in. For an unknown address it stays
     *         BOOT_ANSWER_UNKNOWN_MAC
     * Errors  any: the machine gets 503 with Retry-After and asks again */
    bool (*instructions)(void *user, const HttpAddress *source, BootInstructions *out,
                         GError **error);
    /* Checks a report that an address makes for a MAC address.
     *
     * token      as it came; NULL: none
     * node_uuid  out; the server frees it
     * Errors     FORBIDDEN: the report does not count (403); any other: 503 */
    bool (*believes)(void *user, const char *mac, const HttpAddress *source, const char *token,
                     BootPhase phase, char **node_uuid, GError **error);
    /* A machine has reached a phase (boot_phases.def): the server saw it, or the machine reported
     * it and `believes` said yes. Borrowed.
     * Errors  any: the machine gets 503, and no script */
    bool (*report)(void *user, const BootReport *report, GError **error);
} BootServerHooks;

typedef struct BootServerOptions {
    /* address to listen on, IPv4, IPv6 (brackets allowed) or a name: [boot_server]host_ip */
    const char *host;
    unsigned port;                    /* 0: any free one: [boot_server]port */
    unsigned connections_per_address; /* 0: no limit: [boot_server]max_connections_per_address */
    /* networks of proxies, whose requests are not counted; NULL: none */
    const char *const *trusted_proxies;
    unsigned requests_per_second; /* of one address: [boot_server]max_requests_per_second */
    const char *root; /* directory of files, made if absent; NULL: no files: [deploy]http_root */
    BootServerHooks hooks;
    void *user; /* passed to the hooks; must live until boot_server_stop has returned */
} BootServerOptions;

/* Starts to serve, with two threads of its own; the options are copied.
 * Errors  IO: the directory cannot be opened, the address cannot be listened on (with the
 *         reason) */
BootServer *boot_server_start(const BootServerOptions *options, GError **error);

/* Waits for running answers, ends the threads and frees the server. NULL is fine. */
void boot_server_stop(BootServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BootServer, boot_server_stop)

/* The port it listens on. */
unsigned boot_server_port(const BootServer *server);
