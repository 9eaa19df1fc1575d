/* Sensor data records and readings as bytes: pure functions, for the client and the simulated BMC.
 * Sensors with a number are read; those that tell states alone are left out.
 *
 * Source: IPMI 2.0, 33 (repository), 35.14 (Get Sensor Reading), 36 (conversion), 43.1 (full
 * record), 43.17 (units).
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/wire/message.h"

enum {
    IPMI_SDR_HEADER_SIZE = 5, /* id, version, type, how many bytes follow */
    IPMI_SDR_FULL = 0x01,     /* type of a full sensor record */
    IPMI_SDR_FULL_SIZE = 48,  /* up to the name */
    IPMI_SDR_MAX = 64,        /* with it */
    IPMI_SDR_FIRST = 0x0000,
    IPMI_SDR_LAST = 0xffff,
    IPMI_SENSOR_NAME_SIZE = 20, /* with the end */
};

/* What a full record says of its sensor. */
typedef struct IpmiSensor {
    uint8_t number, lun;
    uint8_t sensor_type; /* table 42-3 */
    uint8_t unit;        /* table 43-15 */
    bool percentage;
    uint8_t format; /* of the raw reading: 0 unsigned, 1 ones' complement, 2 two's complement */
    uint8_t linearization; /* table 43-1, 0: none */
    int16_t m, b;
    int8_t r_exponent, b_exponent;
    char name[IPMI_SENSOR_NAME_SIZE]; /* printable ASCII */
} IpmiSensor;

/* Reads a whole record. False: it is no full record, its sensor has no number that can be
 * converted, belongs to another controller, or the bytes do not hold what they say. */
bool ipmi_sensor_read(const uint8_t *record, size_t size, IpmiSensor *sensor);

/* Writes a full record, as a BMC has it; returns its size, at most IPMI_SDR_MAX. entity: table
 * 43-13. */
size_t ipmi_sensor_write(const IpmiSensor *sensor, uint16_t id, uint8_t entity,
                         uint8_t record[IPMI_SDR_MAX]);

/* The value of a raw reading. False: none can be made of it (1/0, the logarithm of 0). */
bool ipmi_sensor_value(const IpmiSensor *sensor, uint8_t raw, double *value);

typedef enum IpmiSensorHealth {
    IPMI_SENSOR_OK,
    IPMI_SENSOR_WARNING, /* beyond a non-critical threshold */
    IPMI_SENSOR_CRITICAL
} IpmiSensorHealth;

typedef struct IpmiSensorReading {
    bool available; /* false: the sensor is switched off, or has nothing to tell now */
    uint8_t raw;
    IpmiSensorHealth health;
} IpmiSensorReading;

/* Reads the data of an answer to Get Sensor Reading. False: it is too short. */
bool ipmi_sensor_reading_read(const IpmiResponse *response, IpmiSensorReading *reading);

/* "Temperature", "Fan", ... as readings are grouped; NULL: no kind that is told. Static. */
const char *ipmi_sensor_kind(const IpmiSensor *sensor);

/* "celsius", "rpm", ... Static; never NULL. */
const char *ipmi_sensor_unit(const IpmiSensor *sensor);
