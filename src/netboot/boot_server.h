/* The boot file server: tells machines over HTTP how to boot, on a port of its own.
 *
 *     GET /boot.ipxe                    the script that every machine loads first (DHCP names it)
 *     GET /boot/<mac>.ipxe              the script of one machine, made at this moment
 *     GET /boot/<mac>/progress?token=T&phase=P[&volume=N][&try=N][&errno=HEX][&detail=TEXT]
 *     GET /anything/else                a file below the root directory; HEAD and Range work, directories are not listed
 *
 * A machine is known by the MAC address it names, which proves nothing: who may have a script with secrets, and whose reports
 * are believed, is decided by the address that asks (boot_access.h). This server belongs into the network from which machines
 * boot and nowhere else.
 *
 * Nobody logs in here, so whoever asks too often is put off, and what can be said again and again is told in the log once a
 * minute.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "http/address.h"
#include "netboot/boot_instructions.h"
#include "netboot/boot_phase.h"

typedef struct BootServer BootServer;

/* What the server asks and tells. All are required, are called from any of its threads, several at a time, and must not
 * take long: a thread that waits serves nobody. */
typedef struct BootServerHooks {
    /* What a machine is to do now.
     *
     * source  who asks
     * out     initialised for the MAC address asked for; filled in. An unknown one stays BOOT_ANSWER_UNKNOWN_MAC
     * Errors  any: the machine gets 503 with Retry-After and asks again until there is an answer */
    bool (*instructions)(void *user, const HttpAddress *source, BootInstructions *out,
                         GError **error);
    /* Whether what an address reports in the name of a MAC address is to be believed.
     *
     * token      as it came; NULL: none
     * node_uuid  out; the server frees it
     * Errors     FORBIDDEN: no (403); any other: 503 */
    bool (*believes)(void *user, const char *mac, const HttpAddress *source, const char *token,
                     BootPhase phase, char **node_uuid, GError **error);
    /* A machine went a step on (boot_phases.def): what the server has seen, or what is believed of a machine. Borrowed.
     * Errors  any: the machine gets 503; no script is handed out whose serving was not taken */
    bool (*report)(void *user, const BootReport *report, GError **error);
} BootServerHooks;

typedef struct BootServerOptions {
    const char *
        host; /* address to listen on, IPv4, IPv6 (brackets allowed) or a name: [boot_server]host_ip */
    unsigned port;                      /* 0: any free one: [boot_server]port */
    unsigned connections_per_address;   /* 0: no limit: [boot_server]max_connections_per_address */
    const char *const *trusted_proxies; /* networks of which it does not count; NULL: none */
    unsigned requests_per_second;       /* of one address: [boot_server]max_requests_per_second */
    const char *root; /* directory of files, made if absent; NULL: no files: [deploy]http_root */
    BootServerHooks hooks;
    void *user; /* passed to the hooks; must live until boot_server_stop has returned */
} BootServerOptions;

/* Starts to serve, with two threads of its own; the options are copied.
 * Errors  IO: the directory cannot be opened, the address cannot be listened on (with the reason) */
BootServer *boot_server_start(const BootServerOptions *options, GError **error);

/* Waits for running answers, ends the threads and frees the server. NULL is fine. */
void boot_server_stop(BootServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BootServer, boot_server_stop)

/* The port it listens on. */
unsigned boot_server_port(const BootServer *server);
