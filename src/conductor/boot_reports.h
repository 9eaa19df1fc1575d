/* Reports of booting machines that are not in the database yet. Machines report without a login, so
 * their load is bounded: a list per node holds each phase once (the newest detail wins, repetitions
 * are counted), the number of lists is limited, and a report that cannot be stored in time is
 * dropped.
 *
 * A list does not poll for the node's lock: a thread of this process that releases the lock calls
 * boot_reports_lock_released. A slow tick covers everything else.
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
    unsigned count; /* how often it came since it was last stored */
} PendingReport;

void pending_report_free(void *report);

/* Stores reports of a node (owned PendingReport, oldest first) and removes the stored ones from the
 * queue. The rest is offered again. Runs on a thread of `submit`. */
typedef void (*BootReportsTake)(void *user, const char *node_uuid, GQueue *reports);

/* Runs a job on another thread soon; returns false if it cannot. Never blocks. */
typedef bool (*BootReportsSubmit)(void *user, void (*job)(void *data), void *data);

/* user: passed to both functions, borrowed until boot_reports_free. */
BootReports *boot_reports_new(BootReportsTake take, BootReportsSubmit submit, void *user);

/* Drops the remaining reports and frees. No job may be under way. NULL is fine. */
void boot_reports_free(BootReports *reports);

/* Takes a report. Never blocks.
 *
 * report  borrowed
 * Errors  NO_WORKER: too many nodes have waiting reports */
bool boot_reports_add(BootReports *reports, const BootReport *report, GError **error);

/* Call it when the node's lock is free: offers its list. */
void boot_reports_lock_released(BootReports *reports, const char *node_uuid);

/* Offers every list again, and drops reports that are too old. From the clock, every few
 * seconds. */
void boot_reports_tick(BootReports *reports);

/* The number of lists, waiting or at work. */
size_t boot_reports_count(BootReports *reports);
