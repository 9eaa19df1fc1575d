/* The process itself as metrics; part of metrics_write.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

/* Appends process_resident_memory_bytes and the other standard metrics of a process, in the text
 * format of Prometheus. Nothing without /proc. */
void metrics_write_process(GString *out);
