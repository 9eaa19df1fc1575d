/* Completion codes: what a BMC says of a request that it has answered. One table
 * (completion_codes.def) says for each code their words, and what follows for retries, power and
 * boot flags. Pure functions; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
#define COMPLETION_CODE(code, name, words, ipmitool, retry, power, boot) IPMI_CC_##name = code,
#include "bmc/ipmi/wire/completion_codes.def"
#undef COMPLETION_CODE
};

typedef enum IpmiRetry {
    IPMI_RETRY_FINAL,
    IPMI_RETRY_NOT_DONE, /* any command may be sent again */
    IPMI_RETRY_UNCLEAR,  /* a command may be sent again that does no harm when done twice */
} IpmiRetry;

/* What follows from a refused Chassis Control. */
typedef enum IpmiPowerRefusal {
    IPMI_POWER_FINAL, /* unless the machine is where it should be */
    IPMI_POWER_AGAIN,
} IpmiPowerRefusal;

/* What follows from refused boot flags. */
typedef enum IpmiBootRefusal {
    IPMI_BOOT_FINAL,
    IPMI_BOOT_AGAIN,
    IPMI_BOOT_RELEASE, /* end the change under way */
    IPMI_BOOT_UNLOCK,
    IPMI_BOOT_LESS, /* ask for less: flags for one boot */
} IpmiBootRefusal;

/* A completion code in words, e.g. 0xd4 "insufficient privilege level". Static; never NULL. */
const char *ipmi_completion_text(uint8_t completion_code);

/* Codes without a row are FINAL. */
IpmiRetry ipmi_completion_retry(uint8_t completion_code);
IpmiPowerRefusal ipmi_completion_power(uint8_t completion_code);
IpmiBootRefusal ipmi_completion_boot(uint8_t completion_code);

/* A set of completion codes: bit n is code n. */
typedef struct IpmiCodeSet {
    uint64_t bits[4];
} IpmiCodeSet;

static inline bool
ipmi_code_set_has(const IpmiCodeSet *set, uint8_t completion_code)
{
    return (set->bits[completion_code / 64] >> completion_code % 64 & 1) != 0;
}

/* Adds the codes that ipmitool would report with this text: all of its words or a part of them
 * ("Unspecified error"), a whole line that has them ("... failed: Unspecified error"), or the
 * number ("rsp=0xff", "0xff"). False: there is none. */
bool ipmi_code_set_add_words(IpmiCodeSet *set, const char *text);
