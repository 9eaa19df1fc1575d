/* Logical units by libiscsi: login, size, and the unit as a sink; the contract is in lun.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/time_text.h"
#include "iscsi/lun_internal.h"

#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

enum { STALL_S = 60, LOGOUT_MS = 2000 };

/* ---- the sink ---- */

static uint8_t *
request_buffer(Request *request)
{
    if (request->data == NULL)
        request->data = g_malloc(LUN_PIECE);
    return request->data;
}

/* What ends within a block is filled up with zeros. */
static void
send_write(Request *request, uint64_t offset, size_t size)
{
    size_t block = request->lun->block, rest = size % block;
    size_t whole = rest == 0 ? size : size + block - rest;
    memset(request->data + size, 0, whole - size);
    request->kind = REQUEST_WRITE;
    request->offset = offset;
    request->size = whole;
    lun_send_request(request);
}

static bool
write_piece(Lun *lun, uint64_t offset, const uint8_t *data, size_t size, GError **error)
{
    Request *request = lun_take_request(lun, error);
    if (request == NULL)
        return false;
    memcpy(request_buffer(request), data, size);
    send_write(request, offset, size);
    return true;
}

bool
lun_write_buffer(Lun *lun, uint64_t offset, uint8_t **buffer, size_t size, GError **error)
{
    Request *request = lun_take_request(lun, error);
    if (request == NULL)
        return false;
    uint8_t *free_buffer = request_buffer(request);
    request->data = *buffer;
    *buffer = free_buffer;
    send_write(request, offset, size);
    return true;
}

static bool
lun_write(void *self, uint64_t offset, const void *data, size_t size, GError **error)
{
    const uint8_t *from = data;
    for (size_t part = 0; size > 0; size -= part, from += part, offset += part) {
        part = MIN(size, lun_piece(self));
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
    uint64_t most = (uint64_t)lun->same_blocks * lun->block;
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
    for (size_t done = 0, part; done < size; done += part) {
        Request *request = lun_take_request(lun, error);
        if (request == NULL)
            return false;
        part = MIN(size - done, lun->piece);
        request->kind = REQUEST_READ;
        request->offset = offset + done;
        request->size = part;
        request->read_to = (uint8_t *)data + done;
        lun_send_request(request);
    }
    return lun_settle(lun, error);
}

size_t
lun_piece(const Lun *lun)
{
    return lun->piece;
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
    lun->depth = 1;
    if (log_in(lun, options, error) && lun_ask_limits(lun, error))
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
