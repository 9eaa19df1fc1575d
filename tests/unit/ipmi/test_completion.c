/* What completion codes say, and which of them ipmitool's words mean.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "bmc/ipmi/wire/completion.h"

static void
codes_that_say_nothing_final_are_known(void **state)
{
    static const struct {
        uint8_t code;
        IpmiRetry retry;
        IpmiPowerRefusal power;
        IpmiBootRefusal boot;
    } cases[] = {
        {IPMI_CC_BUSY,                   IPMI_RETRY_NOT_DONE, IPMI_POWER_AGAIN, IPMI_BOOT_AGAIN},
        {IPMI_CC_OUT_OF_SPACE,           IPMI_RETRY_NOT_DONE, IPMI_POWER_AGAIN, IPMI_BOOT_AGAIN},
        {IPMI_CC_INITIALIZING,           IPMI_RETRY_NOT_DONE, IPMI_POWER_AGAIN, IPMI_BOOT_AGAIN},
        {IPMI_CC_TIMEOUT,                IPMI_RETRY_UNCLEAR,  IPMI_POWER_AGAIN, IPMI_BOOT_AGAIN},
        {IPMI_CC_NO_RESPONSE,            IPMI_RETRY_UNCLEAR,  IPMI_POWER_AGAIN, IPMI_BOOT_AGAIN},
        {IPMI_CC_UNSPECIFIED,            IPMI_RETRY_UNCLEAR,  IPMI_POWER_AGAIN, IPMI_BOOT_AGAIN},
        {IPMI_CC_INSUFFICIENT_PRIVILEGE, IPMI_RETRY_FINAL,    IPMI_POWER_FINAL, IPMI_BOOT_FINAL},
        {IPMI_CC_NOT_IN_THIS_STATE,      IPMI_RETRY_FINAL,    IPMI_POWER_FINAL, IPMI_BOOT_FINAL},
        {IPMI_CC_INVALID_FIELD,          IPMI_RETRY_FINAL,    IPMI_POWER_FINAL, IPMI_BOOT_LESS},
        {IPMI_CC_SET_IN_PROGRESS,        IPMI_RETRY_FINAL,    IPMI_POWER_FINAL, IPMI_BOOT_RELEASE},
        {IPMI_CC_READ_ONLY,              IPMI_RETRY_FINAL,    IPMI_POWER_FINAL, IPMI_BOOT_UNLOCK},
        {0x55,                           IPMI_RETRY_FINAL,    IPMI_POWER_FINAL, IPMI_BOOT_FINAL},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_int_equal(ipmi_completion_retry(cases[i].code), cases[i].retry);
        assert_int_equal(ipmi_completion_power(cases[i].code), cases[i].power);
        assert_int_equal(ipmi_completion_boot(cases[i].code), cases[i].boot);
    }
}

static void
ipmitools_words_mean_completion_codes(void **state)
{
    static const struct {
        const char *text;
        uint8_t codes[4]; /* to the first 0 */
    } cases[] = {
        {"Unspecified error",                                            {0xff}},
        {"Set Chassis Power Control to Up/On failed: Unspecified error", {0xff}},
        {"Timeout",                                                      {0xc3}},
        {"Command not supported in present state",                       {0xd5}},
        {"not supported in present",                                     {0xd5}},
        {"Unable to send RAW command (channel=0x0 netfn=0x6 rsp=0xce)",  {0xce}},
        {"Unknown (0x81)",                                               {0x81}},
        {"Requested sensor, data, or record not found",                  {0xcb}},
        {"update mode",                                                  {0xd0, 0xd1}},
        {"Device firmeware in update mode",                              {0xd1}},
        {"the moon is full",                                             {0}},
        {"",                                                             {0}},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        IpmiCodeSet set = {0}, wanted = {0};
        for (const uint8_t *code = cases[i].codes; *code != 0; code++)
            wanted.bits[*code / 64] |= UINT64_C(1) << *code % 64;
        assert_int_equal(ipmi_code_set_add_words(&set, cases[i].text), cases[i].codes[0] != 0);
        assert_memory_equal(&set, &wanted, sizeof set);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_that_say_nothing_final_are_known),
        cmocka_unit_test(ipmitools_words_mean_completion_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
