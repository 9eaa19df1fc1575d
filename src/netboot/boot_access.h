/* Decides who may have the boot script of a node: collects the facts for boot_admission.h from the
 * network and the database, and keeps the sessions of boot_session.h.
 *
 * Any thread. Blocks on the database, and for some milliseconds on the kernel.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "netboot/boot_admission.h"
#include "netboot/boot_phase.h"
#include "netboot/boot_record.h"
#include "netboot/neighbours.h"

/* What the network knows of an address. Both functions: false with IO if the source cannot be
 * read. */
typedef struct BootNetwork {
    bool (*neighbours)(const HttpAddress *address, Neighbours *out, GError **error);
    /* path: [boot_server]lease_file; mac: "" if no lease has the address */
    bool (*lease)(const char *path, const HttpAddress *address, char mac[MAC_TEXT_SIZE],
                  GError **error);
} BootNetwork;

/* The kernel's table and dnsmasq's file. */
extern const BootNetwork boot_network;

/* All borrowed. */
typedef struct BootSource {
    Db *db;
    const BootNetwork *network;
} BootSource;

typedef struct BootGrant {
    BootVerdict verdict;
    char *token; /* owned; NULL if refused */
    char *words; /* owned; why, with the addresses */
    bool again;  /* this address has had the script of this boot before */
} BootGrant;

void boot_grant_clear(BootGrant *grant);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BootGrant, boot_grant_clear)

/* An address asks for the script of a node that is to boot over the network.
 *
 * out     zeroed
 * Errors  of the database */
bool boot_access_ask(const BootSource *source, const Node *node, const BootRecord *record,
                     const HttpAddress *address, BootGrant *out, GError **error);

/* Checks a report from an address. After SAN_HOOKED this address counts as the one that has
 * attached the volumes.
 *
 * token   as it came; NULL: none
 * Errors  FORBIDDEN: the report is refused; of the database */
bool boot_access_report(const BootSource *source, const Node *node, const BootRecord *record,
                        const HttpAddress *address, const char *token, BootPhase phase,
                        GError **error);

/* Steel is about to start the machine: opens the boot window, if the machine boots over the
 * network.
 *
 * change_ms  how long the start may take; [boot_server]boot_window comes after it
 * Errors     of the database */
bool boot_access_open_window(Db *db, const Node *node, int64_t change_ms,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
