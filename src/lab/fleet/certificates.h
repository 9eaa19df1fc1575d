/* The certificates of a fleet's agents: one for each machine, chosen by the port that a client came
 * to. One fleet per process.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Certificates Certificates;

/* first_port: of machine 0. */
Certificates *certificates_new(uint16_t first_port, unsigned count);

/* Makes a machine's certificate, once; it stays until the end. One thread at a time for a machine.
 *
 * address  the agent's
 * Returns  as PEM; the caller frees. Errors: INVALID, INTERNAL */
char *certificates_make(Certificates *certificates, unsigned index, const char *address,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For ListenerOptions.tls_certificates. */
void *certificates_callback(void);

/* The listener must be stopped. NULL is fine. */
void certificates_free(Certificates *certificates);
