/* The walk through a sensor data repository; the contract is in sdr_walk.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/client/sdr_walk.h"

#include "bmc/ipmi/wire/bytes.h"
#include "common/error.h"

enum {
    WHOLE = 0xff,
    PART = 16, /* bytes of a record at a time, which each BMC gives */
    PARTS = IPMI_SDR_MAX / PART,
    NEXT_SIZE = 2, /* before the bytes of a record comes the number of the next one */
    CC_TOO_MANY_BYTES = 0xca,
};

void
ipmi_sdr_walk_begin(IpmiSdrWalk *walk)
{
    *walk = (IpmiSdrWalk){.sensors = g_array_new(FALSE, FALSE, sizeof(IpmiSensor)),
                          .next = IPMI_SDR_FIRST};
}

void
ipmi_sdr_walk_clear(IpmiSdrWalk *walk)
{
    g_clear_pointer(&walk->sensors, g_array_unref);
}

/* ---- requests ---- */

static void
build_reserve(IpmiRequest *request)
{
    *request = (IpmiRequest){.net_function = IPMI_NETFN_STORAGE,
                             .command = IPMI_CMD_SDR_RESERVE,
                             .ignore_completion_code = true,
                             .repeatable = true};
}

static void
build_get(IpmiRequest *request, uint16_t reservation, uint16_t id, unsigned offset, unsigned count)
{
    *request = (IpmiRequest){.net_function = IPMI_NETFN_STORAGE,
                             .command = IPMI_CMD_SDR_GET,
                             .ignore_completion_code = true,
                             .repeatable = true};
    IpmiWriter writer = ipmi_writer(request->data, sizeof request->data);
    ipmi_write_le16(&writer, reservation);
    ipmi_write_le16(&writer, id);
    ipmi_write_u8(&writer, offset);
    ipmi_write_u8(&writer, count);
    request->size = writer.size;
}

size_t
ipmi_sdr_walk_requests(const IpmiSdrWalk *walk, IpmiRequest requests[IPMI_REQUESTS_MAX])
{
    size_t count = 0, each = walk->parts ? PARTS : 1;
    if (walk->next == IPMI_SDR_LAST)
        return 0;
    if (walk->parts && !walk->reserved) {
        build_reserve(&requests[0]);
        return 1;
    }
    for (unsigned id = walk->next; id < IPMI_SDR_LAST && count + each <= IPMI_REQUESTS_MAX; id++)
        for (unsigned part = 0; part < each; part++)
            build_get(&requests[count++], walk->parts ? walk->reservation : 0, (uint16_t)id,
                      part * PART, walk->parts ? PART : WHOLE);
    return count;
}

void
ipmi_build_sensor_reading(IpmiRequest *request, const IpmiSensor *sensor)
{
    *request = (IpmiRequest){.net_function = IPMI_NETFN_SENSOR,
                             .command = IPMI_CMD_SENSOR_READING,
                             .lun = sensor->lun,
                             .ignore_completion_code = true,
                             .repeatable = true,
                             .size = 1,
                             .data = {sensor->number}};
}

/* ---- answers ---- */

static bool
take_reservation(IpmiSdrWalk *walk, const IpmiResponse *response, GError **error)
{
    if (response->completion_code != 0 || response->size < 2)
        return steel_fail(error, STEEL_ERROR_BMC_REFUSED,
                          "the BMC gives no reservation of its sensor repository (completion code "
                          "0x%02x)",
                          response->completion_code);
    walk->reservation = (uint16_t)(response->data[0] | response->data[1] << 8);
    walk->reserved = true;
    return true;
}

/* The bytes of a record, of one answer or of its parts. The first one tells which record is next;
 * parts beyond the record's end are refused. */
static size_t
join_record(const IpmiResponse *responses, size_t count, uint8_t record[IPMI_DATA_MAX])
{
    IpmiWriter writer = ipmi_writer(record, IPMI_DATA_MAX);
    for (size_t i = 0; i < count; i++) {
        if (responses[i].completion_code != 0 || responses[i].size <= NEXT_SIZE)
            break;
        ipmi_write_bytes(&writer, responses[i].data + NEXT_SIZE, responses[i].size - NEXT_SIZE);
    }
    return writer.size;
}

static void
take_record(IpmiSdrWalk *walk, const IpmiResponse *responses, size_t count)
{
    uint8_t record[IPMI_DATA_MAX];
    IpmiSensor sensor;
    size_t size = join_record(responses, count, record);
    if (ipmi_sensor_read(record, size, &sensor) && ipmi_sensor_kind(&sensor) != NULL)
        g_array_append_val(walk->sensors, sensor);
    walk->records++;
    walk->next = (uint16_t)(responses[0].data[0] | responses[0].data[1] << 8);
}

static bool
refused(const IpmiSdrWalk *walk, const IpmiResponse *response, GError **error)
{
    return steel_fail(
        error, response->completion_code != 0 ? STEEL_ERROR_BMC_REFUSED : STEEL_ERROR_BMC_PROTOCOL,
        "the BMC does not give record 0x%04x of its sensor repository (completion "
        "code 0x%02x)",
        walk->next, response->completion_code);
}

bool
ipmi_sdr_walk_take(IpmiSdrWalk *walk, const IpmiResponse *responses, size_t count, GError **error)
{
    uint16_t first = walk->next;
    size_t each = walk->parts ? PARTS : 1;
    if (walk->parts && !walk->reserved)
        return count > 0 && take_reservation(walk, &responses[0], error);
    for (size_t at = 0; walk->next != IPMI_SDR_LAST && walk->next >= first &&
                        (at = (size_t)(walk->next - first) * each) + each <= count;) {
        const IpmiResponse *response = &responses[at];
        if (walk->records >= IPMI_SDR_RECORDS_MAX)
            return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL,
                              "the BMC's sensor repository has more than %d records, or no end",
                              IPMI_SDR_RECORDS_MAX);
        if (!walk->parts && response->completion_code == CC_TOO_MANY_BYTES) {
            walk->parts = true;
            return true;
        }
        if (response->completion_code != 0 || response->size <= NEXT_SIZE)
            return refused(walk, response, error);
        take_record(walk, response, each);
    }
    return true;
}
