/* Sensor data records and readings; the contract is in sensor.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/wire/sensor.h"

#include <glib.h>
#include <math.h>

#include "bmc/ipmi/wire/bytes.h"
#include "bmc/ipmi/wire/packet.h"

enum {
    SDR_VERSION = 0x51,
    EVENT_THRESHOLD = 0x01, /* event/reading type of sensors with a number */
    FORMAT_NONE = 3,
    PERCENTAGE = 0x01,
    LINEAR_NONE = 0x70, /* and above: there is no formula */
    NAME_ASCII = 0xc0,
    NAME_KIND = 0xc0,
    NAME_LENGTH = 0x1f,
    UNIT_WATTS = 6,
    SCANNING = 0x40,
    UNAVAILABLE = 0x20,
};

/* Bits of the third byte of a reading: where it stands to its thresholds. */
enum { NON_CRITICAL = 0x01 | 0x08, CRITICAL = 0x02 | 0x04 | 0x10 | 0x20 };

static const struct {
    uint8_t type;
    const char *kind;
} kinds[] = {
    {0x01, "Temperature"},
    {0x02, "Voltage"},
    {0x03, "Current"},
    {0x04, "Fan"},
    {0x08, "Power"},
    {0x09, "Power"},
};

static const struct {
    uint8_t unit;
    const char *name;
} units[] = {
    {1,  "celsius"},
    {2,  "fahrenheit"},
    {3,  "kelvin"},
    {4,  "volts"},
    {5,  "amperes"},
    {6,  "watts"},
    {7,  "joules"},
    {18, "rpm"},
};

/* The lowest `bits` of a number, as two's complement. */
static int
signed_bits(unsigned value, unsigned bits)
{
    unsigned sign = 1U << (bits - 1);
    return (int)(value & (sign - 1)) - (int)(value & sign);
}

/* ---- records ---- */

/* Names in other alphabets than ASCII are rare, and become a number. */
static void
read_name(IpmiReader *reader, IpmiSensor *sensor)
{
    uint8_t kind = ipmi_read_u8(reader);
    size_t length = MIN((size_t)(kind & NAME_LENGTH), ipmi_read_left(reader));
    const uint8_t *bytes = ipmi_read_view(reader, length);
    size_t size = 0;
    for (size_t i = 0; bytes != NULL && (kind & NAME_KIND) == NAME_ASCII && i < length; i++)
        if (g_ascii_isprint(bytes[i]) && size < sizeof sensor->name - 1)
            sensor->name[size++] = (char)bytes[i];
    sensor->name[size] = '\0';
    g_strchomp(sensor->name);
    if (*sensor->name == '\0')
        g_snprintf(sensor->name, sizeof sensor->name, "sensor 0x%02x", sensor->number);
}

static void
read_factors(IpmiReader *reader, IpmiSensor *sensor)
{
    sensor->linearization = ipmi_read_u8(reader) & 0x7f;
    unsigned m = ipmi_read_u8(reader), m_high = ipmi_read_u8(reader);
    unsigned b = ipmi_read_u8(reader), b_high = ipmi_read_u8(reader);
    ipmi_read_skip(reader, 1); /* accuracy */
    unsigned exponents = ipmi_read_u8(reader);
    sensor->m = (int16_t)signed_bits(m | (m_high & 0xc0) << 2, 10);
    sensor->b = (int16_t)signed_bits(b | (b_high & 0xc0) << 2, 10);
    sensor->r_exponent = (int8_t)signed_bits(exponents >> 4, 4);
    sensor->b_exponent = (int8_t)signed_bits(exponents & 0x0f, 4);
}

bool
ipmi_sensor_read(const uint8_t *record, size_t size, IpmiSensor *sensor)
{
    IpmiReader reader = ipmi_reader(record, size);
    *sensor = (IpmiSensor){0};
    ipmi_read_skip(&reader, 3); /* id, version */
    uint8_t type = ipmi_read_u8(&reader);
    ipmi_read_skip(&reader, 1); /* length */
    uint8_t owner = ipmi_read_u8(&reader);
    sensor->lun = ipmi_read_u8(&reader) & 0x03;
    sensor->number = ipmi_read_u8(&reader);
    ipmi_read_skip(&reader, 4); /* entity, how it starts, what it can */
    sensor->sensor_type = ipmi_read_u8(&reader);
    uint8_t event_type = ipmi_read_u8(&reader);
    ipmi_read_skip(&reader, 6); /* masks of events and thresholds */
    uint8_t flags = ipmi_read_u8(&reader);
    sensor->unit = ipmi_read_u8(&reader);
    ipmi_read_skip(&reader, 1); /* the unit that modifies it */
    sensor->format = flags >> 6;
    sensor->percentage = (flags & PERCENTAGE) != 0;
    read_factors(&reader, sensor);
    ipmi_read_skip(&reader, 17); /* usual values, thresholds, reserved, the maker's */
    read_name(&reader, sensor);
    return !reader.overrun && type == IPMI_SDR_FULL && owner == IPMI_BMC_ADDRESS &&
           event_type == EVENT_THRESHOLD && sensor->format != FORMAT_NONE &&
           sensor->linearization < LINEAR_NONE;
}

size_t
ipmi_sensor_write(const IpmiSensor *sensor, uint16_t id, uint8_t entity,
                  uint8_t record[IPMI_SDR_MAX])
{
    IpmiWriter writer = ipmi_writer(record, IPMI_SDR_MAX);
    size_t length = MIN(strlen(sensor->name), (size_t)(IPMI_SDR_MAX - IPMI_SDR_FULL_SIZE));
    ipmi_write_le16(&writer, id);
    ipmi_write_u8(&writer, SDR_VERSION);
    ipmi_write_u8(&writer, IPMI_SDR_FULL);
    ipmi_write_u8(&writer, (unsigned)(IPMI_SDR_FULL_SIZE - IPMI_SDR_HEADER_SIZE + length));
    ipmi_write_u8(&writer, IPMI_BMC_ADDRESS);
    ipmi_write_u8(&writer, sensor->lun);
    ipmi_write_u8(&writer, sensor->number);
    ipmi_write_u8(&writer, entity);
    ipmi_write_u8(&writer, 1);    /* its instance */
    ipmi_write_u8(&writer, 0x7f); /* all of it is on after a start */
    ipmi_write_u8(&writer, 0x40); /* rearms itself; thresholds cannot be read */
    ipmi_write_u8(&writer, sensor->sensor_type);
    ipmi_write_u8(&writer, EVENT_THRESHOLD);
    ipmi_write_zeros(&writer, 6);
    ipmi_write_u8(&writer, (unsigned)(sensor->format << 6 | (sensor->percentage ? PERCENTAGE : 0)));
    ipmi_write_u8(&writer, sensor->unit);
    ipmi_write_u8(&writer, 0);
    ipmi_write_u8(&writer, sensor->linearization);
    ipmi_write_u8(&writer, (unsigned)sensor->m & 0xff);
    ipmi_write_u8(&writer, ((unsigned)sensor->m >> 2) & 0xc0);
    ipmi_write_u8(&writer, (unsigned)sensor->b & 0xff);
    ipmi_write_u8(&writer, ((unsigned)sensor->b >> 2) & 0xc0);
    ipmi_write_u8(&writer, 0);
    ipmi_write_u8(&writer, ((unsigned)sensor->r_exponent & 0x0f) << 4 |
                               ((unsigned)sensor->b_exponent & 0x0f));
    ipmi_write_zeros(&writer, 17);
    ipmi_write_u8(&writer, (unsigned)(NAME_ASCII | length));
    ipmi_write_bytes(&writer, sensor->name, length);
    return writer.size;
}

/* ---- readings ---- */

static double
number_of(const IpmiSensor *sensor, uint8_t raw)
{
    if (sensor->format == 1) /* ones' complement: -0 is 0 */
        return (raw & 0x80) != 0 ? -(double)(uint8_t)~raw : raw;
    return sensor->format == 2 ? (int8_t)raw : raw;
}

static double
linearize(uint8_t how, double x)
{
    switch (how) {
    case 1:
        return log(x);
    case 2:
        return log10(x);
    case 3:
        return log2(x);
    case 4:
        return exp(x);
    case 5:
        return pow(10, x);
    case 6:
        return exp2(x);
    case 7:
        return 1 / x;
    case 8:
        return x * x;
    case 9:
        return x * x * x;
    case 10:
        return sqrt(x);
    case 11:
        return cbrt(x);
    default:
        return x;
    }
}

bool
ipmi_sensor_value(const IpmiSensor *sensor, uint8_t raw, double *value)
{
    double x = (sensor->m * number_of(sensor, raw) + sensor->b * pow(10, sensor->b_exponent)) *
               pow(10, sensor->r_exponent);
    *value = linearize(sensor->linearization, x);
    return isfinite(*value);
}

bool
ipmi_sensor_reading_read(const IpmiResponse *response, IpmiSensorReading *reading)
{
    IpmiReader reader = ipmi_reader(response->data, response->size);
    reading->raw = ipmi_read_u8(&reader);
    uint8_t flags = ipmi_read_u8(&reader);
    bool good = !reader.overrun;
    uint8_t thresholds = ipmi_read_left(&reader) > 0 ? ipmi_read_u8(&reader) : 0;
    reading->available = (flags & SCANNING) != 0 && (flags & UNAVAILABLE) == 0;
    reading->health = (thresholds & CRITICAL) != 0       ? IPMI_SENSOR_CRITICAL
                      : (thresholds & NON_CRITICAL) != 0 ? IPMI_SENSOR_WARNING
                                                         : IPMI_SENSOR_OK;
    return good;
}

const char *
ipmi_sensor_kind(const IpmiSensor *sensor)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (kinds[i].type == sensor->sensor_type)
            return kinds[i].kind;
    return sensor->unit == UNIT_WATTS && !sensor->percentage ? "Power" : NULL;
}

const char *
ipmi_sensor_unit(const IpmiSensor *sensor)
{
    for (size_t i = 0; !sensor->percentage && i < G_N_ELEMENTS(units); i++)
        if (units[i].unit == sensor->unit)
            return units[i].name;
    return sensor->percentage ? "percent" : "none";
}
