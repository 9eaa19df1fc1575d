/* Logical units by libiscsi; the contract is in lun.h.
 *
 * libiscsi is driven by its events: lun_turn is one look at the socket. A Request is one command,
 * or a row of them for zeros that must be written; requests whose command the target wants later
 * are sent again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "iscsi/lun.h"

#include "common/time_text.h"

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
#include <poll.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

/* Commands under way at a time, and how often the target may put one off. */
enum { QUEUE_DEPTH = 32, ATTEMPTS = 100 };
enum { LOOK_MS = 100, STALL_S = 60, LOGOUT_MS = 2000, BLOCK_LIMIT = 4096 };
/* Of one WRITE SAME: what Linux' target takes without being asked. */
enum { SAME_BLOCKS = 4096 };

static uint8_t zeros[LUN_PIECE];

typedef enum RequestKind {
    REQUEST_WRITE,
    REQUEST_SAME,  /* zeros that the target writes */
    REQUEST_ZEROS, /* zeros that we write, a piece after the other */
    REQUEST_FLUSH,
    REQUEST_READ
} RequestKind;

typedef struct Request {
    Lun *lun; /* borrowed */
    RequestKind kind;
    bool busy, again;
    unsigned attempts;
    uint64_t offset, size, done;
    void *read_to; /* borrowed */
    uint8_t *data; /* owned, LUN_PIECE bytes */
} Request;

struct Lun {
    struct iscsi_context *iscsi; /* owned */
    char *name;                  /* owned: "iqn... at 192.0.2.7:3260" */
    int number;
    uint32_t block;
    uint64_t size;
    bool connected, no_write_same;
    unsigned under_way;
    GError *failed; /* owned: the first failure of a command */
    int64_t heard_ms;
    int stall_ms;
    const atomic_bool *stop; /* borrowed; NULL: never */
    Request requests[QUEUE_DEPTH];
};

/* ---- failures ---- */

/* Keeps the first one. */
static void
note_failure(Lun *lun, const char *what)
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

/* Whether there is any use in waiting. */
static bool
goes_on(const Lun *lun, GError **error)
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
    return (uint32_t)MIN(request->size - request->done, sizeof zeros);
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
                                      (uint32_t)(request->size / lun->block), 0, 0, 0, 0,
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

static void
request_send(Request *request)
{
    request->again = false;
    if (request_task(request) != NULL)
        return;
    note_failure(request->lun, "a command cannot be sent");
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
            note_failure(request->lun, "a read brought less than was asked for");
        else
            memcpy(request->read_to, task->datain.data, request->size);
    }
    if (request->kind == REQUEST_ZEROS) {
        request->done += piece_left(request);
        request->attempts = 0;
        if (request->done < request->size) {
            request_send(request);
            return;
        }
    }
    request_over(request);
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
        request_send(request);
    } else if (wants_later(status, task) && request->attempts++ < ATTEMPTS) {
        request->again = true;
    } else if (request->kind == REQUEST_FLUSH && is_illegal(status, task)) {
        request_over(request); /* it has no cache */
    } else {
        g_autofree char *where = g_strdup_printf(
            "%s at byte %" G_GUINT64_FORMAT, what[request->kind], request->offset + request->done);
        note_failure(lun, where);
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
    for (size_t i = 0; i < QUEUE_DEPTH; i++)
        if (lun->requests[i].busy && lun->requests[i].again)
            request_send(&lun->requests[i]);
}

/* One look at the network, LOOK_MS at most. While libiscsi connects anew it has no events. */
static bool
lun_turn(Lun *lun, GError **error)
{
    struct pollfd look = {.fd = iscsi_get_fd(lun->iscsi),
                          .events = (short)iscsi_which_events(lun->iscsi)};
    int ready = poll(&look, look.fd >= 0 && look.events != 0 ? 1 : 0, LOOK_MS);
    if (iscsi_service(lun->iscsi, ready > 0 ? look.revents : 0) < 0)
        note_failure(lun, "the connection is lost");
    if (ready == 0)
        send_again(lun);
    return goes_on(lun, error);
}

/* A request that is free; NULL on failure. */
static Request *
lun_take_request(Lun *lun, GError **error)
{
    if (!goes_on(lun, error))
        return NULL;
    while (lun->under_way == QUEUE_DEPTH)
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

static bool
lun_settle(Lun *lun, GError **error)
{
    while (lun->under_way > 0)
        if (!lun_turn(lun, error))
            return false;
    return goes_on(lun, error);
}

/* ---- the sink ---- */

/* What ends within a block is filled up with zeros. */
static bool
write_piece(Lun *lun, uint64_t offset, const uint8_t *data, size_t size, GError **error)
{
    Request *request = lun_take_request(lun, error);
    if (request == NULL)
        return false;
    size_t rest = size % lun->block, whole = rest == 0 ? size : size + lun->block - rest;
    if (request->data == NULL)
        request->data = g_malloc(LUN_PIECE);
    memcpy(request->data, data, size);
    memset(request->data + size, 0, whole - size);
    request->kind = REQUEST_WRITE;
    request->offset = offset;
    request->size = whole;
    request_send(request);
    return true;
}

static bool
lun_write(void *self, uint64_t offset, const void *data, size_t size, GError **error)
{
    const uint8_t *from = data;
    for (size_t part = 0; size > 0; size -= part, from += part, offset += part) {
        part = MIN(size, LUN_PIECE);
        if (!write_piece(self, offset, from, part, error))
            return false;
    }
    return true;
}

static bool
zero_piece(Lun *lun, uint64_t offset, uint64_t size, GError **error)
{
    Request *request = lun_take_request(lun, error);
    if (request == NULL)
        return false;
    request->kind = lun->no_write_same ? REQUEST_ZEROS : REQUEST_SAME;
    request->offset = offset;
    request->size = (size + lun->block - 1) / lun->block * lun->block;
    request_send(request);
    return true;
}

static bool
lun_zero(void *self, uint64_t offset, uint64_t size, GError **error)
{
    Lun *lun = self;
    uint64_t most = (uint64_t)SAME_BLOCKS * lun->block;
    for (uint64_t part = 0; size > 0; size -= part, offset += part) {
        part = MIN(size, most);
        if (!zero_piece(lun, offset, part, error))
            return false;
    }
    return true;
}

static bool
lun_flush(void *self, GError **error)
{
    Lun *lun = self;
    if (!lun_settle(lun, error))
        return false;
    Request *request = lun_take_request(lun, error);
    if (request == NULL)
        return false;
    request->kind = REQUEST_FLUSH;
    request_send(request);
    return lun_settle(lun, error);
}

static void
lun_sink_close(void *self)
{
    (void)self;
}

static const SinkOps lun_ops = {lun_write, lun_zero, lun_flush, lun_sink_close};

Sink *
lun_sink(Lun *lun)
{
    return sink_new(&lun_ops, lun, lun->name, lun->size);
}

bool
lun_read(Lun *lun, uint64_t offset, void *data, size_t size, GError **error)
{
    if (!lun_settle(lun, error))
        return false;
    Request *request = lun_take_request(lun, error);
    if (request == NULL)
        return false;
    request->kind = REQUEST_READ;
    request->offset = offset;
    request->size = size;
    request->read_to = data;
    request_send(request);
    return lun_settle(lun, error);
}

uint64_t
lun_size(const Lun *lun)
{
    return lun->size;
}

/* ---- beginning and end ---- */

static void
lun_connected(struct iscsi_context *iscsi, int status, void *data, void *user)
{
    Lun *lun = user;
    (void)iscsi, (void)data;
    lun->heard_ms = time_monotonic_ms();
    lun->connected = true;
    if (status != SCSI_STATUS_GOOD)
        note_failure(lun, "the target does not let us in");
}

static void
lun_size_told(struct iscsi_context *iscsi, int status, void *data, void *user)
{
    Lun *lun = user;
    struct scsi_task *task = data;
    (void)iscsi;
    struct scsi_readcapacity16 *told =
        status == SCSI_STATUS_GOOD ? scsi_datain_unmarshall(task) : NULL;
    if (told == NULL || told->block_length == 0 || told->block_length > BLOCK_LIMIT ||
        told->returned_lba >= UINT64_MAX / BLOCK_LIMIT) {
        note_failure(lun, "the unit does not tell its size");
        lun->size = 1;
    } else {
        lun->block = told->block_length;
        lun->size = (told->returned_lba + 1) * told->block_length;
    }
    if (task != NULL)
        scsi_free_scsi_task(task);
}

/* libiscsi 1.19 loses 24 bytes when a login is broken off: the leak checker does not count them. */
static int
begin_login(Lun *lun, const LunOptions *options)
{
#ifdef __SANITIZE_ADDRESS__
    __lsan_disable();
#endif
    int result =
        iscsi_full_connect_async(lun->iscsi, options->portal, options->lun, lun_connected, lun);
#ifdef __SANITIZE_ADDRESS__
    __lsan_enable();
#endif
    return result;
}

static bool
log_in(Lun *lun, const LunOptions *options, GError **error)
{
    struct iscsi_context *iscsi = lun->iscsi;
    iscsi_set_targetname(iscsi, options->target);
    iscsi_set_session_type(iscsi, ISCSI_SESSION_NORMAL);
    iscsi_set_header_digest(iscsi, ISCSI_HEADER_DIGEST_NONE_CRC32C);
    if (options->username != NULL)
        iscsi_set_initiator_username_pwd(iscsi, options->username, options->password);
    if (begin_login(lun, options) != 0)
        note_failure(lun, "cannot connect");
    while (!lun->connected)
        if (!lun_turn(lun, error))
            return false;
    return goes_on(lun, error);
}

static bool
ask_size(Lun *lun, GError **error)
{
    if (iscsi_readcapacity16_task(lun->iscsi, lun->number, lun_size_told, lun) == NULL)
        note_failure(lun, "cannot ask for the size");
    while (lun->size == 0)
        if (!lun_turn(lun, error))
            return false;
    return goes_on(lun, error);
}

Lun *
lun_open(const LunOptions *options, GError **error)
{
    Lun *lun = g_new0(Lun, 1);
    lun->name = g_strdup_printf("%s at %s", options->target, options->portal);
    lun->number = options->lun;
    lun->stall_ms = (options->stall_s > 0 ? options->stall_s : STALL_S) * 1000;
    lun->stop = options->stop;
    lun->heard_ms = time_monotonic_ms();
    lun->iscsi = iscsi_create_context(options->initiator);
    if (log_in(lun, options, error) && ask_size(lun, error))
        return lun;
    lun_close(lun);
    return NULL;
}

static void
lun_logged_out(struct iscsi_context *iscsi, int status, void *data, void *user)
{
    bool *over = user;
    (void)iscsi, (void)status, (void)data;
    *over = true;
}

/* A target that does not answer is left. */
static void
log_out(Lun *lun)
{
    bool over = false;
    int64_t end_ms = time_monotonic_ms() + LOGOUT_MS;
    iscsi_set_noautoreconnect(lun->iscsi, 1);
    if (lun->failed == NULL && lun->under_way == 0 && iscsi_is_logged_in(lun->iscsi) &&
        iscsi_logout_async(lun->iscsi, lun_logged_out, &over) == 0)
        while (!over && lun->failed == NULL && time_monotonic_ms() < end_ms)
            lun_turn(lun, NULL);
    iscsi_destroy_context(lun->iscsi); /* ends what is under way by calling back */
}

void
lun_close(Lun *lun)
{
    if (lun == NULL)
        return;
    lun->stop = NULL;
    log_out(lun);
    for (size_t i = 0; i < QUEUE_DEPTH; i++)
        g_free(lun->requests[i].data);
    g_clear_error(&lun->failed);
    g_free(lun->name);
    g_free(lun);
}
