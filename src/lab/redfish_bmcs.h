/* The BMCs of a lab that speak Redfish: one for each machine, at addresses in a row, with one
 * certificate. Main thread only.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/machine.h"
#include "lab/node.h"

typedef struct RedfishBmcs RedfishBmcs;

/* The certificate's file and its key's, in the lab's folder. */
#define REDFISH_CERTIFICATE_FILE "bmc-certificate.pem"
#define REDFISH_KEY_FILE "bmc-key.pem"

/* Fills in where a node's BMC is: `first` and index addresses on. */
void redfish_bmcs_place(LabNode *node, const char *folder, const char *first, int port);

/* Makes the certificate for the addresses of all nodes.
 *
 * nodes    array of LabNode
 * Errors   IO, CONFIG */
RedfishBmcs *redfish_bmcs_new(const char *folder, GPtrArray *nodes,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Puts a BMC before a machine. port: as in redfish_bmcs_place. Errors: IO, CONFIG. */
bool redfish_bmcs_add(RedfishBmcs *bmcs, const char *kind, const LabNode *node,
                      const MachineConfig *config, int64_t disk_bytes, int port, Machine *machine,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The BMC of a node by its name, or the only one (NULL); NULL if there is no such. */
RedfishBmc *redfish_bmcs_find(const RedfishBmcs *bmcs, const GPtrArray *nodes, const char *name);

/* All BMCs begin to answer. Errors: IO. */
bool redfish_bmcs_start(RedfishBmcs *bmcs, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* No BMC answers after this; the machines may still use theirs. NULL is fine. */
void redfish_bmcs_stop(RedfishBmcs *bmcs);

/* Frees; the machines must be gone. NULL is fine. */
void redfish_bmcs_free(RedfishBmcs *bmcs);
