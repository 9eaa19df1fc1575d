/* HTTPS servers of simulated Redfish BMCs: each BMC has an address of its own, all share a few
 * threads and one certificate.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/redfish/bmc.h"

typedef struct RedfishServer RedfishServer;

/* One at a time in a process.
 *
 * certificate_file, key_file  PEM, see certificate.h
 * Errors                      CONFIG, IO */
RedfishServer *redfish_server_new(const char *certificate_file, const char *key_file,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Lets a BMC answer at an address. Call it before redfish_server_start.
 *
 * bmc     borrowed until the server is freed
 * port    0: any free one
 * Returns the port; 0 with an error: CONFIG, IO (the address is taken, the port needs root) */
unsigned redfish_server_add(RedfishServer *server, RedfishBmc *bmc, const char *address,
                            unsigned port, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Begins to answer. Errors: IO. */
bool redfish_server_start(RedfishServer *server, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A dead BMC takes connections, and says nothing on them, nor on those it has. Any thread. */
void redfish_server_set_dead(RedfishServer *server, const RedfishBmc *bmc, bool dead);

/* Closes all connections and frees. NULL is fine. */
void redfish_server_free(RedfishServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RedfishServer, redfish_server_free)
