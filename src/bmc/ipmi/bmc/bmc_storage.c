/* The event log and the sensor repository of a simulated BMC: the log has power events, the
 * repository a record of the BMC itself and one of each sensor.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "bmc/ipmi/bmc/bmc.h"
#include "bmc/ipmi/wire/bytes.h"
#include "common/lock.h"

enum {
    REPOSITORY_VERSION = 0x51,
    SUPPORTS_RESERVE = 0x02,
    FIRST = 0x0000,
    LAST = 0xffff,
    WHOLE_RECORD = 0xff,
    RECORD_SYSTEM_EVENT = 0x02,
    EVENT_REVISION = 0x04,
    EVENT_SENSOR_SPECIFIC = 0x6f,
    CLEAR_INITIATE = 0xaa,
    CLEAR_DONE = 0x01,
};

/* The log entry of a power verb: sensor type and offset of table 42-3. */
static const struct {
    uint8_t sensor_type;
    uint8_t offset;
} power_events[] = {
    [IPMI_CHASSIS_OFF] = {0x22, 0x06},   /* System ACPI Power State: soft off */
    [IPMI_CHASSIS_ON] = {0x22, 0x00},    /* working */
    [IPMI_CHASSIS_CYCLE] = {0x1d, 0x00}, /* System Boot / Restart Initiated: power up */
    [IPMI_CHASSIS_RESET] = {0x1d, 0x01}, /* hard reset */
    [IPMI_CHASSIS_DIAG] = {0x13, 0x00},  /* Critical Interrupt: NMI */
    [IPMI_CHASSIS_SOFT] = {0x22, 0x06},
};

/* The first record of the repository: a management controller device locator (43.9) for the BMC
 * itself. Those of the sensors follow it. */
static const uint8_t locator_record[] = {
    0x01, 0x00, REPOSITORY_VERSION,
    0x12, 0x0e, /* id 1, type 12h, 14 bytes follow */
    0x20, 0x00, 0x00,
    0xbf, 0x00, 0x00,
    0x00,             /* address, channel, notification, capabilities */
    0x06, 0x01, 0x00, /* entity: system management module 1 */
    0xc3, 'B',  'M',
    'C',
};

/* ---- event log ---- */

void
bmc_log_power_event(IpmiBmc *bmc, IpmiChassisControl control)
{
    uint8_t entry[BMC_SEL_ENTRY_SIZE];
    IpmiWriter writer = ipmi_writer(entry, sizeof entry);
    lock_acquire(&bmc->lock);
    if (bmc->sel == NULL)
        bmc->sel = g_byte_array_new();
    if (bmc->sel->len >= BMC_SEL_MAX * BMC_SEL_ENTRY_SIZE) /* drops the oldest */
        g_byte_array_remove_range(bmc->sel, 0, BMC_SEL_ENTRY_SIZE);
    bmc->sel_next_id = bmc->sel_next_id >= LAST - 1 ? 1 : bmc->sel_next_id + 1;
    ipmi_write_le16(&writer, bmc->sel_next_id);
    ipmi_write_u8(&writer, RECORD_SYSTEM_EVENT);
    ipmi_write_le32(&writer, (uint32_t)time(NULL));
    ipmi_write_le16(&writer, 0x0020); /* generator: the BMC */
    ipmi_write_u8(&writer, EVENT_REVISION);
    ipmi_write_u8(&writer, power_events[control].sensor_type);
    ipmi_write_u8(&writer, 0x01); /* sensor number */
    ipmi_write_u8(&writer, EVENT_SENSOR_SPECIFIC);
    ipmi_write_u8(&writer, power_events[control].offset);
    ipmi_write_u8(&writer, 0xff);
    ipmi_write_u8(&writer, 0xff);
    g_byte_array_append(bmc->sel, entry, sizeof entry);
    lock_release(&bmc->lock);
}

static size_t sel_count(const IpmiBmc *bmc) REQUIRES(bmc->lock);
static const uint8_t *sel_entry(const IpmiBmc *bmc, size_t position) REQUIRES(bmc->lock);

static size_t
sel_count(const IpmiBmc *bmc)
{
    return bmc->sel == NULL ? 0 : bmc->sel->len / BMC_SEL_ENTRY_SIZE;
}

static const uint8_t *
sel_entry(const IpmiBmc *bmc, size_t position)
{
    return bmc->sel->data + position * BMC_SEL_ENTRY_SIZE;
}

static uint16_t
entry_id(const uint8_t *entry)
{
    return (uint16_t)(entry[0] | entry[1] << 8);
}

static void
bmc_storage_get_sel_info(BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    IpmiWriter writer = ipmi_writer(call->response->data, IPMI_DATA_MAX);
    lock_acquire(&bmc->lock);
    size_t count = sel_count(bmc);
    ipmi_write_u8(&writer, REPOSITORY_VERSION);
    ipmi_write_le16(&writer, (uint16_t)count);
    ipmi_write_le16(&writer, (uint16_t)((BMC_SEL_MAX - count) * BMC_SEL_ENTRY_SIZE));
    if (count > 0)
        ipmi_write_bytes(&writer, sel_entry(bmc, count - 1) + 3, 4);
    else
        ipmi_write_le32(&writer, 0);
    ipmi_write_le32(&writer, 0); /* never erased */
    ipmi_write_u8(&writer, SUPPORTS_RESERVE);
    lock_release(&bmc->lock);
    call->response->size = writer.size;
}

static void
bmc_storage_reserve(BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    lock_acquire(&bmc->lock);
    bmc->sel_reservation = bmc->sel_reservation == UINT16_MAX ? 1 : bmc->sel_reservation + 1;
    const uint8_t id[] = {(uint8_t)bmc->sel_reservation, (uint8_t)(bmc->sel_reservation >> 8)};
    lock_release(&bmc->lock);
    bmc_respond(call, id, sizeof id);
}

/* Answers with the requested part of a record, behind the id of the next record. */
static void
respond_record(BmcCall *call, uint16_t next_id, const uint8_t *record, size_t size)
{
    size_t offset = call->request->data[4];
    size_t count = call->request->data[5];
    if (offset >= size) {
        bmc_refuse(call, IPMI_CC_OUT_OF_RANGE);
        return;
    }
    count = count == WHOLE_RECORD ? size - offset : MIN(count, size - offset);
    IpmiWriter writer = ipmi_writer(call->response->data, IPMI_DATA_MAX);
    ipmi_write_le16(&writer, next_id);
    ipmi_write_bytes(&writer, record + offset, count);
    call->response->size = writer.size;
}

static uint16_t
requested_id(const BmcCall *call)
{
    return (uint16_t)(call->request->data[2] | call->request->data[3] << 8);
}

static void
bmc_storage_get_sel_entry(BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    uint16_t id = requested_id(call);
    lock_acquire(&bmc->lock);
    size_t count = sel_count(bmc);
    size_t position = id == LAST && count > 0 ? count - 1 : 0;
    while (id != FIRST && id != LAST && position < count &&
           entry_id(sel_entry(bmc, position)) != id)
        position++;
    if (position < count) {
        uint16_t next_id =
            position + 1 < count ? entry_id(sel_entry(bmc, position + 1)) : (uint16_t)LAST;
        respond_record(call, next_id, sel_entry(bmc, position), BMC_SEL_ENTRY_SIZE);
    } else {
        bmc_refuse(call, IPMI_CC_NOT_PRESENT);
    }
    lock_release(&bmc->lock);
}

static void
bmc_storage_clear_sel(BmcCall *call)
{
    IpmiBmc *bmc = call->bmc;
    const uint8_t *data = call->request->data;
    const uint8_t done = CLEAR_DONE;
    uint16_t reservation = (uint16_t)(data[0] | data[1] << 8);
    lock_acquire(&bmc->lock);
    if (reservation != bmc->sel_reservation) {
        bmc_refuse(call, IPMI_CC_RESERVATION_LOST);
    } else if (memcmp(data + 2, "CLR", 3) != 0) {
        bmc_refuse(call, IPMI_CC_INVALID_FIELD);
    } else {
        if (data[5] == CLEAR_INITIATE && bmc->sel != NULL)
            g_byte_array_set_size(bmc->sel, 0);
        bmc_respond(call, &done, 1);
    }
    lock_release(&bmc->lock);
}

static void
bmc_storage_get_sel_time(BmcCall *call)
{
    IpmiWriter writer = ipmi_writer(call->response->data, IPMI_DATA_MAX);
    ipmi_write_le32(&writer, (uint32_t)time(NULL));
    call->response->size = writer.size;
}

static void
bmc_storage_accept(BmcCall *call)
{
    (void)call; /* the clock is the host's; setting it is answered and ignored */
}

/* ---- sensor data repository ---- */

static void
bmc_storage_get_sdr_info(BmcCall *call)
{
    IpmiWriter writer = ipmi_writer(call->response->data, IPMI_DATA_MAX);
    ipmi_write_u8(&writer, REPOSITORY_VERSION);
    ipmi_write_le16(&writer, bmc_sensor_count() + 1);
    ipmi_write_le16(&writer, 0);
    ipmi_write_zeros(&writer, 8);
    ipmi_write_u8(&writer, SUPPORTS_RESERVE);
    call->response->size = writer.size;
}

static void
bmc_storage_get_sdr(BmcCall *call)
{
    uint8_t record[IPMI_SDR_MAX];
    uint16_t id = requested_id(call), last = bmc_sensor_count() + 1;
    if (id == FIRST || id == LAST)
        id = id == FIRST ? 1 : last;
    if (id > last) {
        bmc_refuse(call, IPMI_CC_NOT_PRESENT);
    } else if (id == 1) {
        respond_record(call, last > 1 ? 2 : LAST, locator_record, sizeof locator_record);
    } else {
        size_t size = bmc_sensor_record(id - 2U, id, record);
        respond_record(call, id < last ? id + 1 : LAST, record, size);
    }
}

enum { USER = IPMI_PRIVILEGE_USER, OPERATOR = IPMI_PRIVILEGE_OPERATOR };

const BmcCommand bmc_storage_commands[] = {
    {IPMI_NETFN_STORAGE, IPMI_CMD_SDR_INFO,     USER,     0, bmc_storage_get_sdr_info},
    {IPMI_NETFN_STORAGE, IPMI_CMD_SDR_RESERVE,  USER,     0, bmc_storage_reserve},
    {IPMI_NETFN_STORAGE, IPMI_CMD_SDR_GET,      USER,     6, bmc_storage_get_sdr},
    {IPMI_NETFN_STORAGE, IPMI_CMD_SEL_INFO,     USER,     0, bmc_storage_get_sel_info},
    {IPMI_NETFN_STORAGE, IPMI_CMD_SEL_RESERVE,  USER,     0, bmc_storage_reserve},
    {IPMI_NETFN_STORAGE, IPMI_CMD_SEL_GET,      USER,     6, bmc_storage_get_sel_entry},
    {IPMI_NETFN_STORAGE, IPMI_CMD_SEL_CLEAR,    OPERATOR, 6, bmc_storage_clear_sel},
    {IPMI_NETFN_STORAGE, IPMI_CMD_SEL_TIME,     USER,     0, bmc_storage_get_sel_time},
    {IPMI_NETFN_STORAGE, IPMI_CMD_SET_SEL_TIME, OPERATOR, 4, bmc_storage_accept},
    {0,                  0,                     0,        0, NULL},
};
