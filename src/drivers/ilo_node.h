/* A node's iLO as its driver_info describes it. All interfaces named ilo, ilo5 and ilo-... use
 * this.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ilo/ilo.h"
#include "bmc/ilo/snmp.h"
#include "drivers/task.h"

/* Address and login. Filled by ilo_node_read; ilo_node_clear wipes the secret. */
typedef struct IloNode {
    IloTarget target;                              /* its strings are those below */
    char *address, *username, *password, *ca_file; /* owned */
} IloNode;

/* The keys of driver_info, as Ironic knows them; with those of the clean steps; with the console's.
 */
extern const PropertyDef ilo_node_properties[], ilo_management_properties[],
    ilo_console_properties[];

/* Reads driver_info; what is not there comes from [ilo]. Numbers may be strings.
 *
 * out     untouched on failure
 * Errors  MISSING or INVALID, in Ironic's words. None contains the password.
 * Threads any. */
bool ilo_node_read(const Node *node, IloNode *out, GError **error);
void ilo_node_clear(IloNode *ilo);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IloNode, ilo_node_clear)

/* How the iLO is asked by SNMP. Filled by ilo_node_read_snmp; ilo_node_snmp_clear wipes the
 * secrets. */
typedef struct IloNodeSnmp {
    IloSnmp target; /* its strings are those below; user NULL: it is not to be asked */
    char *address, *user, *auth_password, *priv_password; /* owned */
} IloNodeSnmp;

/* Reads the keys snmp_*, as ilo_node_read reads the others. */
bool ilo_node_read_snmp(const Node *node, IloNodeSnmp *out, GError **error);
void ilo_node_snmp_clear(IloNodeSnmp *snmp);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IloNodeSnmp, ilo_node_snmp_clear)

/* The validate of all ilo interfaces. Errors as ilo_node_read. */
bool ilo_node_validate(Task *task, GError **error);

/* Reads driver_info and opens the iLO. From a worker; blocks; every request ends before the task's
 * deadline.
 *
 * node    out: cleared by the caller after the last use of *ilo
 * Errors  those of ilo_node_read and of bmc/ilo/ilo.h */
bool ilo_node_open(Task *task, IloNode *node, Ilo *ilo, GError **error);
