/* What booting machines have said and nobody has written down yet. Machines speak without a login,
 * so what they can make us do is bounded: a list per node holds each phase once (the newest words
 * win, repetitions are counted), the number of lists is limited, and a report that nobody could
 * write down in time is dropped.
 *
 * A list waits for the node's lock without asking for it again and again: whoever gives the lock
 * back in this process hands it over (boot_reports_lock_released). A slow tick covers everything
 * else.
 *
 * Any thread, except where it says otherwise.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include "netboot/boot_phase.h"
#include <glib.h>
#include <stddef.h>

typedef struct BootReports BootReports;

/* One entry of a list. */
typedef struct PendingReport {
    BootPhase phase;
    char *detail;   /* owned; NULL: none */
    unsigned count; /* how often it was said since it was last written down */
} PendingReport;

void pending_report_free(void *report);

/* Writes down what it can of a node's reports (owned PendingReport, oldest first) and takes that
 * out of the queue. What it leaves is offered again. On a thread of `submit`. */
typedef void (*BootReportsTake)(void *user, const char *node_uuid, GQueue *reports);

/* Runs a job on another thread soon; false when it cannot. Never blocks. */
typedef bool (*BootReportsSubmit)(void *user, void (*job)(void *data), void *data);

/* user  handed to both, borrowed until boot_reports_free */
BootReports *boot_reports_new(BootReportsTake take, BootReportsSubmit submit, void *user);

/* Drops what is left. No job may be under way. NULL is fine. */
void boot_reports_free(BootReports *reports);

/* Takes a report. Never blocks.
 *
 * report  borrowed
 * Errors  NO_WORKER: reports of too many nodes wait */
bool boot_reports_add(BootReports *reports, const BootReport *report, GError **error);

/* The node's lock is free: its list is offered. */
void boot_reports_lock_released(BootReports *reports, const char *node_uuid);

/* Offers every list again, and drops what is too old. From the clock, each few seconds. */
void boot_reports_tick(BootReports *reports);

/* Lists that wait or are at work. */
size_t boot_reports_count(BootReports *reports);
