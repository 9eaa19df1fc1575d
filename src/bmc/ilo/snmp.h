/* What an iLO tells by SNMPv3 that it does not tell otherwise: the sizes of its machine's drives.
 *
 * The program snmpbulkwalk asks (package snmp). Its secrets stand in a file of its own that only
 * this user may read and that is gone afterwards, never among its arguments.
 *
 * Source: HPE's MIBs CPQIDA-MIB and CPQSCSI-MIB, tables of physical drives.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stdint.h>

enum { ILO_SNMP_PORT = 161 };

/* All strings are borrowed. */
typedef struct IloSnmp {
    const char *address; /* IPv4, IPv6 (also in brackets) or a name */
    uint16_t port;       /* UDP */
    const char *user;
    const char *auth_protocol, *auth_password; /* "MD5" or "SHA" */
    const char *priv_protocol, *priv_password; /* "DES" or "AES" */
} IloSnmp;

/* The size of the largest physical drive, in MiB; 0: the iLO names none.
 *
 * timeout_ms  for each of three tables
 * Errors      INVALID (a login that no file of settings can hold), IO, PROCESS (no such program,
 *             the iLO does not answer or refuses the login: the program's last words), TIMEOUT
 * Threads     any; blocks */
bool ilo_snmp_largest_drive(const IloSnmp *snmp, int timeout_ms, int64_t *mib,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
