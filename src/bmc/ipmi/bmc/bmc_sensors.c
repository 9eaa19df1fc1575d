/* The sensors of a simulated BMC: records of its repository, and readings that follow the machine's
 * power.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/bmc/bmc.h"

enum { SENSORS_SCANNED = 0x40, SENSORS_OK = 0xc0 /* reserved bits of thresholds read as one */ };

/* entity: table 43-13. raw: the reading of a machine that is off, and of one that is on. */
static const struct {
    IpmiSensor sensor;
    uint8_t entity;
    uint8_t raw[2];
} sensors[] = {
    {{.number = 0x01, .sensor_type = 0x01, .unit = 1, .m = 1, .name = "Inlet Temp"},
     0x37,
     {21, 22}},
    {{.number = 0x02, .sensor_type = 0x01, .unit = 1, .format = 2, .m = 1, .name = "CPU1 Temp"},
     0x03,
     {22, 44}},
    {{.number = 0x03, .sensor_type = 0x04, .unit = 18, .m = 40, .name = "FAN1"}, 0x1d, {0, 80}},
    {{.number = 0x04, .sensor_type = 0x02, .unit = 4, .m = 6, .r_exponent = -2, .name = "12V"},
     0x07,
     {0, 201}},
    {{.number = 0x05, .sensor_type = 0x08, .unit = 6, .m = 4, .name = "PS1 Input Power"},
     0x0a,
     {2, 30}},
};

uint16_t
bmc_sensor_count(void)
{
    return G_N_ELEMENTS(sensors);
}

size_t
bmc_sensor_record(size_t place, uint16_t id, uint8_t record[IPMI_SDR_MAX])
{
    return ipmi_sensor_write(&sensors[place].sensor, id, sensors[place].entity, record);
}

static void
bmc_sensor_get_reading(BmcCall *call)
{
    bool on = bmc_power_is_on(call->bmc);
    for (size_t i = 0; i < G_N_ELEMENTS(sensors); i++)
        if (sensors[i].sensor.number == call->request->data[0]) {
            const uint8_t reading[] = {sensors[i].raw[on], SENSORS_SCANNED, SENSORS_OK};
            bmc_respond(call, reading, sizeof reading);
            return;
        }
    bmc_refuse(call, IPMI_CC_NOT_PRESENT);
}

const BmcCommand bmc_sensor_commands[] = {
    {IPMI_NETFN_SENSOR, IPMI_CMD_SENSOR_READING, IPMI_PRIVILEGE_USER, 1, bmc_sensor_get_reading},
    {0, 0, 0, 0, NULL},
};
