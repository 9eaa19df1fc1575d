/* The lab's own network segment (`steel-lab up --bridge`, root only): a network namespace with a
 * bridge, a tap per node and a link to the host, and dnsmasq for DHCP, TFTP and router
 * advertisements. The namespace has no name: it ends with its last process, and its interfaces with
 * it. Main thread only.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/node.h"

#include <stdbool.h>
#include <sys/types.h>

#define NETWORK_BRIDGE_ADDRESS "10.77.0.1" /* in the namespace: DHCP, TFTP, the iSCSI target */
#define NETWORK_HOST_ADDRESS "10.77.0.254" /* the host's end of the link, which guests can reach */
#define NETWORK_FIRST_GUEST 10             /* 10.77.0.10 is the first node's address */
#define NETWORK_GUEST_LIMIT 100

typedef struct Network Network;

/* Makes the namespace, its interfaces and starts dnsmasq.
 *
 * folder     for dnsmasq's files and the TFTP root; copied
 * nodes      array of LabNode; each gets a tap, named as its `tap`
 * boot_url   the URL that iPXE fetches; NULL: no DHCP, another server on the bridge answers
 * Errors     PROCESS, TIMEOUT, IO
 */
Network *network_start(const char *folder, GPtrArray *nodes, const char *boot_url,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends dnsmasq and closes the namespace. NULL is fine. */
void network_free(Network *network);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Network, network_free)

/* Descriptor of the namespace, to start processes in it. */
int network_namespace(const Network *network);

pid_t network_dnsmasq_pid(const Network *network);

/* Call it after SIGCHLD: logs it if dnsmasq has ended by itself. */
void network_reap(Network *network);

/* dnsmasq's configuration, parameters as above; the caller frees. Pure. */
char *network_dnsmasq_config(const char *folder, GPtrArray *nodes, const char *boot_url);
