/* The walk through a BMC's sensor data repository, as requests and what their answers mean.
 * Pure: the caller sends them. A session per record would take minutes, so each round asks for many
 * records by the numbers that usually follow one another, and goes on where the chain leads.
 *
 * Source: IPMI 2.0, 33.9 to 33.12.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

#include "bmc/ipmi/client/client.h"
#include "bmc/ipmi/wire/sensor.h"

enum { IPMI_SDR_RECORDS_MAX = 1024 };

typedef struct IpmiSdrWalk {
    GArray *sensors;      /* of IpmiSensor, owned: what was found */
    uint16_t next;        /* the record to be read next; IPMI_SDR_LAST: the walk is over */
    unsigned records;     /* read so far */
    bool reserved;        /* `reservation` was asked for */
    uint16_t reservation; /* parts of records need one */
    bool parts;           /* the BMC does not give whole records */
} IpmiSdrWalk;

void ipmi_sdr_walk_begin(IpmiSdrWalk *walk);
void ipmi_sdr_walk_clear(IpmiSdrWalk *walk);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IpmiSdrWalk, ipmi_sdr_walk_clear)

/* The requests of the next round; returns how many, 0: the walk is over. */
size_t ipmi_sdr_walk_requests(const IpmiSdrWalk *walk, IpmiRequest requests[IPMI_REQUESTS_MAX]);

/* Takes their answers. Errors: BMC_REFUSED, BMC_PROTOCOL (a chain without end, answers that cannot
 * be). */
bool ipmi_sdr_walk_take(IpmiSdrWalk *walk, const IpmiResponse *responses, size_t count,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Get Sensor Reading (35.14). */
void ipmi_build_sensor_reading(IpmiRequest *request, const IpmiSensor *sensor);
