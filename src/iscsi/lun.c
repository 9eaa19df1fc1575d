/* Logical units by libiscsi: login, size, and the unit as a sink; the contract is in lun.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/time_text.h"
#include "iscsi/lun_internal.h"

#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

enum { STALL_S = 60, LOGOUT_MS = 2000, BLOCK_LIMIT = 4096 };
/* Of one WRITE SAME: what Linux' target takes without being asked. */
enum { SAME_BLOCKS = 4096 };

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
    lun_send_request(request);
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
    lun_send_request(request);
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
    lun_send_request(request);
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
    lun_send_request(request);
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
        lun_note_failure(lun, "the target does not let us in");
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
        lun_note_failure(lun, "the unit does not tell its size");
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
        lun_note_failure(lun, "cannot connect");
    while (!lun->connected)
        if (!lun_turn(lun, error))
            return false;
    return lun_is_alive(lun, error);
}

static bool
ask_size(Lun *lun, GError **error)
{
    if (iscsi_readcapacity16_task(lun->iscsi, lun->number, lun_size_told, lun) == NULL)
        lun_note_failure(lun, "cannot ask for the size");
    while (lun->size == 0)
        if (!lun_turn(lun, error))
            return false;
    return lun_is_alive(lun, error);
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
    for (size_t i = 0; i < LUN_QUEUE_DEPTH; i++)
        g_free(lun->requests[i].data);
    g_clear_error(&lun->failed);
    g_free(lun->name);
    g_free(lun);
}
