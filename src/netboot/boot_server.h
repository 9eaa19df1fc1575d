/* The boot file server: tells machines over HTTP how to boot, on a port of its own.
 *
 *     GET /boot.ipxe                    the script that every machine loads first (DHCP names it)
 *     GET /boot/<mac>.ipxe              the script of one machine, made at this moment
 *     GET /boot/<mac>/progress?token=T&phase=P[&volume=N][&try=N][&errno=HEX][&detail=TEXT]
 *     GET /anything/else                a file below the root directory; HEAD and Range work, directories are not listed
 *
 * A machine is known by the MAC address it names; nothing else identifies it, so this server belongs into the network
 * from which machines boot and nowhere else.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "netboot/boot_instructions.h"
#include "netboot/boot_phase.h"

typedef struct BootServer BootServer;

/* What the server asks and tells. All are required, are called from any of its threads, several at a time, and must not
 * take long: a thread that waits serves nobody. */
typedef struct BootServerHooks {
    /* What a machine is to do now.
     *
     * mac     aa:bb:cc:dd:ee:ff
     * out     initialised for this address; filled in. An unknown address stays BOOT_MODE_UNKNOWN_MAC
     * Errors  any: the machine gets 503 with Retry-After and asks again until there is an answer */
    bool (*instructions)(void *user, const char *mac, BootInstructions *out, GError **error);
    /* The token of the script that this machine would get now, and its node; both NULL when it has none; the server frees
     * them. Errors  any: the machine gets 503 */
    bool (*token)(void *user, const char *mac, char **token, char **node_uuid, GError **error);
    /* A machine went a step on (boot_phases.def): what the server has seen, or what the machine reports with the right
     * token. Borrowed. Errors  any: the machine gets 503; no script is handed out whose serving was not taken */
    bool (*report)(void *user, const BootReport *report, GError **error);
} BootServerHooks;

typedef struct BootServerOptions {
    const char *
        host; /* address to listen on, IPv4, IPv6 (brackets allowed) or a name: [boot_server]host_ip */
    unsigned port;                      /* 0: any free one: [boot_server]port */
    unsigned connections_per_address;   /* 0: no limit: [boot_server]max_connections_per_address */
    const char *const *trusted_proxies; /* networks of which it does not count; NULL: none */
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
