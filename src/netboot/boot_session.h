/* One boot of a machine as the boot server sees it: which address has its script, with which token.
 *
 * A session begins when a script is served: for the first request after Steel has started the
 * machine (the window), for another address than before, after the volumes were attached (the
 * machine has restarted by itself), or long after the last session. Each has its own token. Reports
 * count only from the session's address, with its token, and until Steel starts the machine again.
 *
 * Changes the BootSession only; nothing is stored. Pure but for random numbers; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/boot_sessions.h"
#include "netboot/boot_admission.h"

/* Sets what the session knows of an address that asks.
 *
 * record_id, address  borrowed
 * now_ms              of common/steady.h
 * facts               window_open, served, holder and attacher are set */
void boot_session_facts(const BootSession *session, const char *record_id, const char *address,
                        int64_t now_ms, BootFacts *facts);

/* True if the address that has the script of the session asks for it again: the session stays.
 *
 * window_ms  after this time it is another boot */
bool boot_session_continues(const BootSession *session, const char *record_id, const char *address,
                            int64_t now_ms, int64_t window_ms);

/* Begins a session for an address, with a new token. Notes about another record are dropped. */
void boot_session_serve(BootSession *session, const char *record_id, const char *address,
                        int64_t now_ms);

/* True if a report from this address with this token counts. */
bool boot_session_believes(const BootSession *session, const char *record_id, const char *address,
                           const char *token);

/* Notes that the volumes are attached. False if that was noted before. */
bool boot_session_attach(BootSession *session);

/* Steel starts the machine: what was served before no longer counts.
 *
 * until_ms  how long the window is open, of common/steady.h */
void boot_session_open_window(BootSession *session, const char *record_id, int64_t until_ms);
