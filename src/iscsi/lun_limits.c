/* What a logical unit is and takes: its size, block, and the limits of its commands (SCSI Block
 * Commands 3: READ CAPACITY (16), and the pages Block Limits and Logical Block Provisioning).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/time_text.h"
#include "iscsi/lun_internal.h"

enum { BLOCK_LIMIT = 4096, PAGE_SIZE = 255 };
/* Of one WRITE SAME: what Linux' target takes without being asked. */
enum { SAME_BLOCKS = 4096 };

static void
note_size(Lun *lun, const struct scsi_readcapacity16 *told)
{
    if (told == NULL || told->block_length == 0 || told->block_length > BLOCK_LIMIT ||
        BLOCK_LIMIT % told->block_length != 0 || told->returned_lba >= UINT64_MAX / BLOCK_LIMIT) {
        lun_note_failure(lun, "the unit does not tell its size");
        lun->size = 1;
        return;
    }
    lun->block = told->block_length;
    lun->size = (told->returned_lba + 1) * told->block_length;
    lun->thin = told->lbpme && told->lbprz;
}

static void
lun_size_told(struct iscsi_context *iscsi, int status, void *data, void *user)
{
    struct scsi_task *task = data;
    (void)iscsi;
    note_size(user, status == SCSI_STATUS_GOOD ? scsi_datain_unmarshall(task) : NULL);
    if (task != NULL)
        scsi_free_scsi_task(task);
}

static void
note_limits(Lun *lun, const struct scsi_inquiry_block_limits *told)
{
    if (told->max_xfer_len > 0 && told->max_xfer_len < LUN_PIECE / lun->block)
        lun->piece = told->max_xfer_len * lun->block;
    if (told->max_ws_len > 0 && told->max_ws_len < SAME_BLOCKS)
        lun->same_blocks = (uint32_t)told->max_ws_len;
}

/* A page that the unit does not have leaves what is usual. */
static void
lun_limits_told(struct iscsi_context *iscsi, int status, void *data, void *user)
{
    Lun *lun = user;
    struct scsi_task *task = data;
    (void)iscsi;
    lun->heard_ms = time_monotonic_ms();
    lun->asked = true;
    const struct scsi_inquiry_block_limits *told =
        status == SCSI_STATUS_GOOD ? scsi_datain_unmarshall(task) : NULL;
    if (told != NULL)
        note_limits(lun, told);
    if (task != NULL)
        scsi_free_scsi_task(task);
}

static void
lun_thinness_told(struct iscsi_context *iscsi, int status, void *data, void *user)
{
    Lun *lun = user;
    struct scsi_task *task = data;
    (void)iscsi;
    lun->heard_ms = time_monotonic_ms();
    lun->asked = true;
    const struct scsi_inquiry_logical_block_provisioning *told =
        status == SCSI_STATUS_GOOD ? scsi_datain_unmarshall(task) : NULL;
    lun->thin = lun->thin && told != NULL && told->lbpws;
    if (task != NULL)
        scsi_free_scsi_task(task);
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

static bool
ask_page(Lun *lun, int page, iscsi_command_cb told, GError **error)
{
    lun->asked = false;
    if (iscsi_inquiry_task(lun->iscsi, lun->number, 1, page, PAGE_SIZE, told, lun) == NULL)
        lun_note_failure(lun, "cannot ask for its limits");
    while (!lun->asked)
        if (!lun_turn(lun, error))
            return false;
    return lun_is_alive(lun, error);
}

bool
lun_ask_limits(Lun *lun, GError **error)
{
    if (!ask_size(lun, error))
        return false;
    lun->piece = LUN_PIECE;
    lun->same_blocks = SAME_BLOCKS;
    if (!ask_page(lun, SCSI_INQUIRY_PAGECODE_BLOCK_LIMITS, lun_limits_told, error) ||
        (lun->thin && !ask_page(lun, SCSI_INQUIRY_PAGECODE_LOGICAL_BLOCK_PROVISIONING,
                                lun_thinness_told, error)))
        return false;
    lun->depth = CLAMP(LUN_QUEUE_BYTES / lun->piece, 1, LUN_QUEUE_DEPTH);
    return true;
}
