/* Sensors over IPMI: conversion of readings, and the walk through a repository.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "bmc/ipmi/client/sdr_walk.h"
#include "wire.h"

static void
a_record_is_read_as_it_was_written(void **state)
{
    const IpmiSensor wanted = {.number = 0x31,
                               .sensor_type = 0x02,
                               .unit = 4,
                               .m = -300,
                               .b = 511,
                               .r_exponent = -8,
                               .b_exponent = 7,
                               .name = "VBAT"};
    uint8_t record[IPMI_SDR_MAX];
    IpmiSensor sensor;
    (void)state;
    size_t size = ipmi_sensor_write(&wanted, 7, 0x07, record);
    assert_true(ipmi_sensor_read(record, size, &sensor));
    assert_memory_equal(&sensor, &wanted, sizeof sensor);
    for (size_t cut = 0; cut < IPMI_SDR_FULL_SIZE; cut++)
        assert_false(ipmi_sensor_read(record, cut, &sensor));
}

static void
readings_are_converted(void **state)
{
    static const struct {
        IpmiSensor sensor;
        uint8_t raw;
        double value;
    } cases[] = {
        {{.m = 1}, 44, 44},
        {{.m = 6, .r_exponent = -2}, 201, 12.06},
        {{.m = 40}, 80, 3200},
        {{.m = 1, .format = 2}, 0xf6, -10},
        {{.m = 1, .format = 1}, 0xf5, -10},
        {{.m = 2, .b = 5, .b_exponent = 1}, 10, 70},
        {{.m = 1, .linearization = 8}, 12, 144},
        {{.m = 1, .linearization = 10}, 144, 12},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        double value = 0;
        assert_true(ipmi_sensor_value(&cases[i].sensor, cases[i].raw, &value));
        assert_true(fabs(value - cases[i].value) < 0.0001);
    }
    double value = 0;
    const IpmiSensor reciprocal = {.m = 1, .linearization = 7};
    assert_false(ipmi_sensor_value(&reciprocal, 0, &value));
}

static void
thresholds_make_the_health(void **state)
{
    static const struct {
        uint8_t bytes[3];
        size_t size;
        bool good, available;
        IpmiSensorHealth health;
    } cases[] = {
        {{44, 0x40, 0xc0}, 3, true,  true,  IPMI_SENSOR_OK},
        {{44, 0x40, 0x08}, 3, true,  true,  IPMI_SENSOR_WARNING},
        {{44, 0x40, 0x18}, 3, true,  true,  IPMI_SENSOR_CRITICAL},
        {{44, 0x40, 0},    2, true,  true,  IPMI_SENSOR_OK},
        {{0, 0x60, 0},     3, true,  false, IPMI_SENSOR_OK},
        {{0, 0x00, 0},     3, true,  false, IPMI_SENSOR_OK},
        {{44, 0, 0},       1, false, false, IPMI_SENSOR_OK},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        IpmiResponse response = {.size = cases[i].size};
        IpmiSensorReading reading;
        memcpy(response.data, cases[i].bytes, cases[i].size);
        assert_int_equal(ipmi_sensor_reading_read(&response, &reading), cases[i].good);
        assert_int_equal(reading.available, cases[i].available);
        assert_int_equal(reading.health, cases[i].health);
    }
}

/* ---- the walk ---- */

/* A repository of records with these numbers. */
typedef struct Repository {
    const uint16_t *ids;
    size_t count;
    bool parts_only; /* it gives at most 20 bytes at a time */
    unsigned rounds;
} Repository;

static size_t
find(const Repository *repository, uint16_t id)
{
    size_t at = 0;
    while (at < repository->count && id != IPMI_SDR_FIRST && repository->ids[at] != id)
        at++;
    return at;
}

static void
answer(const Repository *repository, const IpmiRequest *request, IpmiResponse *response)
{
    *response = (IpmiResponse){0};
    if (request->command == IPMI_CMD_SDR_RESERVE) {
        response->size = 2;
        response->data[0] = 9;
        return;
    }
    size_t at = find(repository, (uint16_t)(request->data[2] | request->data[3] << 8));
    size_t offset = request->data[4], wanted = request->data[5];
    IpmiSensor sensor = {.sensor_type = 1, .unit = 1, .m = 1, .name = "Temp"};
    uint8_t record[IPMI_SDR_MAX];
    if (at == repository->count) {
        response->completion_code = IPMI_CC_NOT_PRESENT;
        return;
    }
    sensor.number = (uint8_t)at;
    size_t size = ipmi_sensor_write(&sensor, repository->ids[at], 3, record);
    if (repository->parts_only && wanted > 20)
        response->completion_code = 0xca;
    else if (offset >= size || (offset > 0 && request->data[0] != 9))
        response->completion_code = IPMI_CC_OUT_OF_RANGE;
    if (response->completion_code != 0)
        return;
    uint16_t next = at + 1 < repository->count ? repository->ids[at + 1] : IPMI_SDR_LAST;
    size_t given = MIN(wanted, size - offset);
    response->data[0] = (uint8_t)next;
    response->data[1] = (uint8_t)(next >> 8);
    memcpy(response->data + 2, record + offset, given);
    response->size = given + 2;
}

static bool
walk_through(Repository *repository, IpmiSdrWalk *walk, GError **error)
{
    static IpmiRequest requests[IPMI_REQUESTS_MAX];
    static IpmiResponse responses[IPMI_REQUESTS_MAX];
    size_t count;
    ipmi_sdr_walk_begin(walk);
    while ((count = ipmi_sdr_walk_requests(walk, requests)) > 0) {
        repository->rounds++;
        for (size_t i = 0; i < count; i++)
            answer(repository, &requests[i], &responses[i]);
        if (!ipmi_sdr_walk_take(walk, responses, count, error))
            return false;
    }
    return true;
}

static void
each_record_is_found_whatever_their_numbers(void **state)
{
    static const uint16_t in_a_row[] = {1, 2, 3, 4, 5}, apart[] = {1, 2, 900, 901, 40, 41},
                          one[] = {0x1234};
    static const struct {
        const uint16_t *ids;
        size_t count;
        unsigned rounds;
    } cases[] = {{in_a_row, 5, 1}, {apart, 6, 3}, {one, 1, 1}};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        for (int parts = 0; parts < 2; parts++) {
            Repository repository = {cases[i].ids, cases[i].count, parts == 1, 0};
            g_auto(IpmiSdrWalk) walk = {0};
            GError *error = NULL;
            assert_true(walk_through(&repository, &walk, &error));
            assert_int_equal(walk.sensors->len, cases[i].count);
            for (guint n = 0; n < walk.sensors->len; n++) {
                assert_int_equal(g_array_index(walk.sensors, IpmiSensor, n).number, n);
                assert_string_equal(g_array_index(walk.sensors, IpmiSensor, n).name, "Temp");
            }
            if (parts == 0)
                assert_int_equal(repository.rounds, cases[i].rounds);
        }
}

static void
a_chain_without_end_is_told(void **state)
{
    static const uint16_t circle[] = {1, 2, 1};
    Repository repository = {circle, 3, false, 0};
    g_auto(IpmiSdrWalk) walk = {0};
    g_autoptr(GError) error = NULL;
    (void)state;
    assert_false(walk_through(&repository, &walk, &error));
    assert_int_equal(error->code, STEEL_ERROR_BMC_PROTOCOL);
    assert_non_null(strstr(error->message, "or no end"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_read_as_it_was_written),
        cmocka_unit_test(readings_are_converted),
        cmocka_unit_test(thresholds_make_the_health),
        cmocka_unit_test(each_record_is_found_whatever_their_numbers),
        cmocka_unit_test(a_chain_without_end_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
