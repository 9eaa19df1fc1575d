/* Reports of booting machines; the contract is in boot_reports.h. One lock guards all lists and is
 * never held while a list is worked on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/boot_reports.h"

#include "common/lock.h"
#include "common/log.h"
#include "common/time_text.h"

#include <stdatomic.h>

/* Limit of nodes with waiting reports. */
#define LIST_LIMIT 4096
/* Longer than a thread that holds the lock may wait for a BMC that does not answer. */
#define LIFE_MS (10 * 60 * 1000)

typedef enum ListState {
    LIST_WAITING, /* waits for the lock, or a tick */
    LIST_AT_WORK, /* a job is queued, or works on it */
} ListState;

typedef struct List {
    BootReports *owner;
    char *node_uuid; /* owned; the key of the table */
    GQueue reports;  /* owned PendingReport */
    ListState state;
    /* at work: the lock became free, or a report came, so the list must be offered again */
    bool offered;
    bool being_taken; /* by this thread, whose own release of the lock offers nothing */
    pthread_t taker;
    int64_t since_ms; /* monotonic: when the oldest report came */
} List;

struct BootReports {
    BootReportsTake take;
    BootReportsSubmit submit;
    void *user;
    Lock lock;
    GHashTable *lists GUARDED; /* node_uuid -> List, owned */
    atomic_uint count; /* of lists: saves taking the lock for most releases, which find no list */
};

void
pending_report_free(void *report)
{
    g_free(((PendingReport *)report)->detail);
    g_free(report);
}

static void
list_free(void *data)
{
    List *list = data;
    g_queue_clear_full(&list->reports, pending_report_free);
    g_free(list->node_uuid);
    g_free(list);
}

UNSHARED BootReports *
boot_reports_new(BootReportsTake take, BootReportsSubmit submit, void *user)
{
    BootReports *reports = g_new0(BootReports, 1);
    reports->take = take;
    reports->submit = submit;
    reports->user = user;
    lock_init(&reports->lock, LOCK_RANK_BOOT_REPORTS);
    reports->lists = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, list_free);
    return reports;
}

void UNSHARED
boot_reports_free(BootReports *reports)
{
    if (reports == NULL)
        return;
    g_hash_table_unref(reports->lists);
    lock_destroy(&reports->lock);
    g_free(reports);
}

static PendingReport *
find_phase(const List *list, BootPhase phase)
{
    for (GList *link = list->reports.head; link != NULL; link = link->next)
        if (((PendingReport *)link->data)->phase == phase)
            return link->data;
    return NULL;
}

/* Adds a report, or updates the one of the same phase and moves it to the end. Takes the report. */
static void
list_append(List *list, PendingReport *report)
{
    PendingReport *same = find_phase(list, report->phase);
    if (same != NULL) {
        report->count += same->count;
        g_queue_remove(&list->reports, same);
        pending_report_free(same);
    }
    g_queue_push_tail(&list->reports, report);
}

static List *find_or_make(BootReports *reports, const char *node_uuid) REQUIRES(&reports->lock);

static List *
find_or_make(BootReports *reports, const char *node_uuid)
{
    List *list = g_hash_table_lookup(reports->lists, node_uuid);
    if (list != NULL || g_hash_table_size(reports->lists) >= LIST_LIMIT)
        return list;
    list = g_new0(List, 1);
    list->owner = reports;
    list->node_uuid = g_strdup(node_uuid);
    list->since_ms = time_monotonic_ms();
    g_queue_init(&list->reports);
    g_hash_table_insert(reports->lists, list->node_uuid, list);
    atomic_fetch_add(&reports->count, 1);
    return list;
}

/* Returns true if the caller must submit a job, without the lock. */
static bool
begin_work(List *list)
{
    bool waits = list->state == LIST_WAITING;
    list->offered = !waits;
    list->state = LIST_AT_WORK;
    return waits;
}

static void boot_reports_job(void *data);

/* No thread is free: the list waits for the next tick. */
static void
submit(BootReports *reports, List *list)
{
    if (reports->submit(reports->user, boot_reports_job, list))
        return;
    lock_acquire(&reports->lock);
    list->state = LIST_WAITING;
    lock_release(&reports->lock);
}

/* Puts the remaining reports before newer ones. */
static void
prepend_left(List *list, GQueue *left)
{
    GQueue newer = list->reports;
    list->reports = *left;
    for (PendingReport *report; (report = g_queue_pop_head(&newer)) != NULL;)
        list_append(list, report);
}

/* Returns true if new reports must be handled at once. */
static bool end_work(BootReports *reports, List *list, GQueue *left) REQUIRES(reports->lock);

static bool
end_work(BootReports *reports, List *list, GQueue *left)
{
    bool offered = list->offered;
    prepend_left(list, left);
    list->offered = false;
    if (g_queue_is_empty(&list->reports)) {
        atomic_fetch_sub(&reports->count, 1);
        g_hash_table_remove(reports->lists, list->node_uuid);
        return false;
    }
    list->state = offered ? LIST_AT_WORK : LIST_WAITING;
    return offered;
}

/* No other thread frees a list that is at work. */
static void
boot_reports_job(void *data)
{
    List *list = data;
    BootReports *reports = list->owner;
    lock_acquire(&reports->lock);
    GQueue taken = list->reports;
    g_queue_init(&list->reports);
    list->offered = false;
    list->being_taken = true;
    list->taker = pthread_self();
    lock_release(&reports->lock);
    reports->take(reports->user, list->node_uuid, &taken);
    lock_acquire(&reports->lock);
    list->being_taken = false;
    bool again = end_work(reports, list, &taken);
    lock_release(&reports->lock);
    if (again)
        submit(reports, list);
}

bool
boot_reports_add(BootReports *reports, const BootReport *report, GError **error)
{
    bool work = false;
    lock_acquire(&reports->lock);
    List *list = find_or_make(reports, report->node_uuid);
    if (list != NULL) {
        PendingReport *pending = g_new0(PendingReport, 1);
        *pending = (PendingReport){report->phase, g_strdup(report->detail), 1};
        list_append(list, pending);
        work = !report->repeated && begin_work(list);
    }
    lock_release(&reports->lock);
    if (work)
        submit(reports, list);
    return list != NULL || steel_fail(error, STEEL_ERROR_NO_WORKER,
                                      "reports of %d nodes wait to be written down", LIST_LIMIT);
}

void
boot_reports_lock_released(BootReports *reports, const char *node_uuid)
{
    if (atomic_load(&reports->count) == 0)
        return;
    lock_acquire(&reports->lock);
    List *list = g_hash_table_lookup(reports->lists, node_uuid);
    bool ours = list != NULL && list->being_taken && pthread_equal(list->taker, pthread_self());
    bool work = list != NULL && !ours && begin_work(list);
    lock_release(&reports->lock);
    if (work)
        submit(reports, list);
}

/* Frees a list that is no longer in the table. */
static void
list_drop(void *data)
{
    List *list = data;
    const PendingReport *newest = g_queue_peek_tail(&list->reports);
    log_warning("conductor.boot",
                "what the machine of node %s said was not written down (%s%s%s): the node was "
                "locked for too long",
                list->node_uuid, boot_phase_info(newest->phase)->word,
                newest->detail != NULL ? ": " : "", newest->detail != NULL ? newest->detail : "");
    list_free(list);
}

/* Collects the waiting lists: due ones to offer, and old ones, which it removes from the table. */
static void collect(BootReports *reports, GPtrArray *due, GPtrArray *old) REQUIRES(&reports->lock);

static void
collect(BootReports *reports, GPtrArray *due, GPtrArray *old)
{
    GHashTableIter iter;
    void *value;
    int64_t oldest_ms = time_monotonic_ms() - LIFE_MS;
    g_hash_table_iter_init(&iter, reports->lists);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        List *list = value;
        if (list->state != LIST_WAITING)
            continue;
        if (list->since_ms < oldest_ms) {
            g_ptr_array_add(old, list);
            g_hash_table_iter_steal(&iter);
            atomic_fetch_sub(&reports->count, 1);
        } else if (begin_work(list)) {
            g_ptr_array_add(due, list);
        }
    }
}

void
boot_reports_tick(BootReports *reports)
{
    if (atomic_load(&reports->count) == 0)
        return;
    g_autoptr(GPtrArray) due = g_ptr_array_new();
    g_autoptr(GPtrArray) old = g_ptr_array_new_with_free_func(list_drop);
    lock_acquire(&reports->lock);
    collect(reports, due, old);
    lock_release(&reports->lock);
    for (guint i = 0; i < due->len; i++)
        submit(reports, due->pdata[i]);
}

size_t
boot_reports_count(BootReports *reports)
{
    return atomic_load(&reports->count);
}
