/* The commands of a logical unit that are under way; the contract is in lun_internal.h.
 *
 * libiscsi is driven by its events. A request that the target wants later is sent again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "iscsi/lun_internal.h"

#include "common/time_text.h"

#include <poll.h>
#include <string.h>

/* How often the target may put a command off. */
enum { ATTEMPTS = 100 };
enum { LOOK_MS = 100 };

static uint8_t zeros[LUN_PIECE];

/* ---- failures ---- */

void
lun_note_failure(Lun *lun, const char *what)
{
    const char *words = iscsi_get_error(lun->iscsi);
    if (lun->failed == NULL)
        steel_fail(&lun->failed, STEEL_ERROR_STORAGE, "%s: %s: %s", lun->name, what,
                   words != NULL && *words != '\0' ? words : "no reason given");
}

static bool
is_stopped(const Lun *lun)
{
    return lun->stop != NULL && atomic_load(lun->stop);
}

/* Silence counts while something is asked. */
static bool
is_silent(const Lun *lun)
{
    bool asked = lun->under_way > 0 || lun->size == 0;
    return asked && time_monotonic_ms() - lun->heard_ms > lun->stall_ms;
}

bool
lun_is_alive(const Lun *lun, GError **error)
{
    if (lun->failed != NULL) {
        g_propagate_error(error, g_error_copy(lun->failed));
        return false;
    }
    if (is_stopped(lun))
        return steel_fail(error, STEEL_ERROR_CANCELLED, "%s: by request", lun->name);
    return !is_silent(lun) || steel_fail(error, STEEL_ERROR_TIMEOUT, "%s has not answered for %d s",
                                         lun->name, lun->stall_ms / 1000);
}

/* ---- commands ---- */

static void lun_request_ended(struct iscsi_context *iscsi, int status, void *data, void *user);

static uint32_t
piece_left(const Request *request)
{
    return (uint32_t)MIN(request->size - request->done, request->lun->piece);
}

static struct scsi_task *
request_task(Request *request)
{
    Lun *lun = request->lun;
    struct iscsi_context *iscsi = lun->iscsi;
    int block = (int)lun->block;
    uint64_t at = (request->offset + request->done) / lun->block;
    switch (request->kind) {
    case REQUEST_WRITE:
        return iscsi_write16_task(iscsi, lun->number, at, request->data, (uint32_t)request->size,
                                  block, 0, 0, 0, 0, 0, lun_request_ended, request);
    case REQUEST_SAME:
        return iscsi_writesame16_task(iscsi, lun->number, at, zeros, lun->block,
                                      (uint32_t)(request->size / lun->block), 0, lun->thin, 0, 0,
                                      lun_request_ended, request);
    case REQUEST_ZEROS:
        return iscsi_write16_task(iscsi, lun->number, at, zeros, piece_left(request), block, 0, 0,
                                  0, 0, 0, lun_request_ended, request);
    case REQUEST_FLUSH:
        return iscsi_synchronizecache16_task(iscsi, lun->number, 0, 0, 0, 0, lun_request_ended,
                                             request);
    case REQUEST_READ:
        break;
    }
    return iscsi_read16_task(iscsi, lun->number, at, (uint32_t)request->size, block, 0, 0, 0, 0, 0,
                             lun_request_ended, request);
}

static void
request_over(Request *request)
{
    request->busy = false;
    request->lun->under_way--;
}

void
lun_send_request(Request *request)
{
    request->again = false;
    if (request_task(request) != NULL)
        return;
    lun_note_failure(request->lun, "a command cannot be sent");
    request_over(request);
}

/* ---- answers ---- */

/* The target wants it later, or something has happened that it had to tell first. */
static bool
wants_later(int status, const struct scsi_task *task)
{
    return status == SCSI_STATUS_BUSY || status == SCSI_STATUS_TASK_SET_FULL ||
           (status == SCSI_STATUS_CHECK_CONDITION &&
            (task->sense.key == SCSI_SENSE_UNIT_ATTENTION ||
             task->sense.key == SCSI_SENSE_NOT_READY));
}

static bool
is_illegal(int status, const struct scsi_task *task)
{
    return status == SCSI_STATUS_CHECK_CONDITION && task->sense.key == SCSI_SENSE_ILLEGAL_REQUEST;
}

static void
request_good(Request *request, const struct scsi_task *task)
{
    if (request->kind == REQUEST_READ) {
        if (task->datain.size != (int)request->size)
            lun_note_failure(request->lun, "a read brought less than was asked for");
        else
            memcpy(request->read_to, task->datain.data, request->size);
    }
    if (request->kind == REQUEST_ZEROS) {
        request->done += piece_left(request);
        request->attempts = 0;
        if (request->done < request->size) {
            lun_send_request(request);
            return;
        }
    }
    request_over(request);
}

/* What the disk says of itself (SPC-4, 4.5.6 sense key); NULL: what libiscsi says will do. */
static const char *
sense_words(int status, const struct scsi_task *task)
{
    static const char *const words[] = {
        [SCSI_SENSE_NOT_READY] = "it is not ready",
        [SCSI_SENSE_MEDIUM_ERROR] = "a medium error",
        [SCSI_SENSE_HARDWARE_ERROR] = "a hardware error",
        [SCSI_SENSE_ILLEGAL_REQUEST] = "it does not know the request",
        [SCSI_SENSE_DATA_PROTECTION] = "it is write-protected",
        [SCSI_SENSE_COMMAND_ABORTED] = "it gave the command up",
    };
    size_t key = status == SCSI_STATUS_CHECK_CONDITION && task != NULL ? task->sense.key : 0;
    return key < G_N_ELEMENTS(words) ? words[key] : NULL;
}

/* The first failure of all is the one that is told. */
static void
note_request_failure(Request *request, const char *what, int status, const struct scsi_task *task)
{
    const char *sense = sense_words(status, task);
    uint64_t at = request->offset + request->done;
    g_autofree char *where = g_strdup_printf("%s at byte %" G_GUINT64_FORMAT, what, at);
    Lun *lun = request->lun;
    if (sense == NULL)
        lun_note_failure(lun, where);
    else if (lun->failed == NULL)
        steel_fail(&lun->failed, STEEL_ERROR_STORAGE,
                   "%s: %s: the disk reports: %s (sense key %d, code %04x)", lun->name, where,
                   sense, (int)task->sense.key, (unsigned)task->sense.ascq);
}

static void
request_bad(Request *request, int status, const struct scsi_task *task)
{
    static const char *const what[] = {
        [REQUEST_WRITE] = "a write failed", [REQUEST_SAME] = "writing zeros failed",
        [REQUEST_ZEROS] = "a write failed", [REQUEST_FLUSH] = "the disk does not keep it",
        [REQUEST_READ] = "a read failed",
    };
    Lun *lun = request->lun;
    if (request->kind == REQUEST_SAME && is_illegal(status, task)) {
        lun->no_write_same = true;
        request->kind = REQUEST_ZEROS;
        lun_send_request(request);
    } else if (wants_later(status, task) && request->attempts++ < ATTEMPTS) {
        request->again = true;
    } else if (request->kind == REQUEST_FLUSH && is_illegal(status, task)) {
        request_over(request); /* it has no cache */
    } else {
        note_request_failure(request, what[request->kind], status, task);
        request_over(request);
    }
}

static void
lun_request_ended(struct iscsi_context *iscsi, int status, void *data, void *user)
{
    Request *request = user;
    struct scsi_task *task = data;
    (void)iscsi;
    request->lun->heard_ms = time_monotonic_ms();
    if (status == SCSI_STATUS_GOOD)
        request_good(request, task);
    else
        request_bad(request, status, task);
    if (task != NULL)
        scsi_free_scsi_task(task);
}

/* ---- waiting ---- */

static void
send_again(Lun *lun)
{
    for (size_t i = 0; i < LUN_QUEUE_DEPTH; i++)
        if (lun->requests[i].busy && lun->requests[i].again)
            lun_send_request(&lun->requests[i]);
}

/* While libiscsi reconnects it has no events. */
bool
lun_turn(Lun *lun, GError **error)
{
    struct pollfd look = {.fd = iscsi_get_fd(lun->iscsi),
                          .events = (short)iscsi_which_events(lun->iscsi)};
    int ready = poll(&look, look.fd >= 0 && look.events != 0 ? 1 : 0, LOOK_MS);
    if (iscsi_service(lun->iscsi, ready > 0 ? look.revents : 0) < 0)
        lun_note_failure(lun, "the connection is lost");
    if (ready == 0)
        send_again(lun);
    return lun_is_alive(lun, error);
}

Request *
lun_take_request(Lun *lun, GError **error)
{
    if (!lun_is_alive(lun, error))
        return NULL;
    while (lun->under_way >= lun->depth)
        if (!lun_turn(lun, error))
            return NULL;
    Request *request = lun->requests;
    while (request->busy)
        request++;
    if (lun->under_way++ == 0)
        lun->heard_ms = time_monotonic_ms();
    *request = (Request){.lun = lun, .busy = true, .data = request->data};
    return request;
}

bool
lun_settle(Lun *lun, GError **error)
{
    while (lun->under_way > 0)
        if (!lun_turn(lun, error))
            return false;
    return lun_is_alive(lun, error);
}
