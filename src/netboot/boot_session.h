/* The boot of a machine as the boot server sees it: who has its script, with which token, and what is believed from there.
 *
 * A session begins when a script is served: with the first request after Steel has started the machine (the window), from
 * another address than before, after the volumes were attached (the machine has restarted by itself), or when the last one is
 * long ago. Each has a token of its own. Reports are believed only from the session's address, with its token, and until
 * Steel starts the machine again.
 *
 * Changes the BootSession only; nothing is stored. Pure but for random numbers; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/boot_sessions.h"
#include "netboot/boot_admission.h"

/* What the session tells of an address that asks.
 *
 * record_id, address  borrowed
 * now_ms              of common/steady.h
 * facts               window_open, served, holder and attacher are set */
void boot_session_facts(const BootSession *session, const char *record_id, const char *address,
                        int64_t now_ms, BootFacts *facts);

/* True when the script of this session is asked for once more, by whoever has it: nothing changes.
 *
 * window_ms  after so long it is another boot */
bool boot_session_continues(const BootSession *session, const char *record_id, const char *address,
                            int64_t now_ms, int64_t window_ms);

/* Begins a session for an address: a new token. What was noted of another record is forgotten. */
void boot_session_serve(BootSession *session, const char *record_id, const char *address,
                        int64_t now_ms);

/* True when what comes from this address with this token is to be believed. */
bool boot_session_believes(const BootSession *session, const char *record_id, const char *address,
                           const char *token);

/* The volumes are attached. False when that is known, and nothing changes. */
bool boot_session_attach(BootSession *session);

/* Steel starts the machine: what was served before counts no more.
 *
 * until_ms  how long the window is open, of common/steady.h */
void boot_session_open_window(BootSession *session, const char *record_id, int64_t until_ms);
