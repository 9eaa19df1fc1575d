/* Records of sensors, and the walk through a BMC's repository of them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/client/sdr_walk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look_at_sensor(const IpmiSensor *sensor)
{
    if (memchr(sensor->name, '\0', sizeof sensor->name) == NULL || *sensor->name == '\0')
        abort();
    for (unsigned raw = 0; raw <= UINT8_MAX; raw++) {
        double value = 0;
        if (ipmi_sensor_value(sensor, (uint8_t)raw, &value) && !isfinite(value))
            abort();
    }
}

/* Answers of the lengths that the input gives. */
static void
fill(IpmiResponse *response, const uint8_t **data, size_t *size)
{
    size_t length = *size > 1 ? MIN((*data)[1], *size - 2) : 0;
    *response = (IpmiResponse){.completion_code = *size > 0 ? (*data)[0] : 0xc1, .size = length};
    memcpy(response->data, *data + MIN(*size, 2), length);
    *data += MIN(*size, length + 2);
    *size -= MIN(*size, length + 2);
}

static void
walk(const uint8_t *data, size_t size)
{
    static IpmiRequest requests[IPMI_REQUESTS_MAX];
    static IpmiResponse responses[IPMI_REQUESTS_MAX];
    g_auto(IpmiSdrWalk) walk = {0};
    size_t count;
    ipmi_sdr_walk_begin(&walk);
    for (unsigned round = 0; (count = ipmi_sdr_walk_requests(&walk, requests)) > 0; round++) {
        if (round > ROUNDS_MAX)
            return;
        for (size_t i = 0; i < count; i++)
            fill(&responses[i], &data, &size);
        if (!ipmi_sdr_walk_take(&walk, responses, count, NULL))
            break;
    }
    for (guint i = 0; i < walk.sensors->len; i++)
        look_at_sensor(&g_array_index(walk.sensors, IpmiSensor, i));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    IpmiSensor sensor;
    if (ipmi_sensor_read(data, size, &sensor))
        look_at_sensor(&sensor);
    walk(data, size);
    return 0;
}
