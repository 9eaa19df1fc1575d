/* The table of completion codes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/wire/completion.h"

#include <glib.h>
#include <string.h>

typedef struct CompletionRow {
    const char *words;
    const char *ipmitool;
    IpmiRetry retry;
    IpmiPowerRefusal power;
    IpmiBootRefusal boot;
} CompletionRow;

static const CompletionRow rows[256] = {
#define COMPLETION_CODE(code, name, words, ipmitool, retry, power, boot)                           \
    [code] = {words, ipmitool, IPMI_RETRY_##retry, IPMI_POWER_##power, IPMI_BOOT_##boot},
#include "bmc/ipmi/wire/completion_codes.def"
#undef COMPLETION_CODE
};

const char *
ipmi_completion_text(uint8_t completion_code)
{
    if (rows[completion_code].words != NULL)
        return rows[completion_code].words;
    if (completion_code >= 0x01 && completion_code <= 0x7e)
        return "device specific (OEM) completion code";
    if (completion_code >= 0x80 && completion_code <= 0xbe)
        return "command specific completion code";
    return "reserved completion code";
}

IpmiRetry
ipmi_completion_retry(uint8_t completion_code)
{
    return rows[completion_code].retry;
}

IpmiPowerRefusal
ipmi_completion_power(uint8_t completion_code)
{
    return rows[completion_code].power;
}

IpmiBootRefusal
ipmi_completion_boot(uint8_t completion_code)
{
    return rows[completion_code].boot;
}

/* True if ipmitool prints this text for the code. */
static bool
has_words(unsigned code, const char *text)
{
    char number[8];
    const char *words = rows[code].ipmitool;
    g_snprintf(number, sizeof number, "0x%02x", code);
    if (strstr(text, number) != NULL)
        return true;
    return words != NULL && (strstr(words, text) != NULL || strstr(text, words) != NULL);
}

bool
ipmi_code_set_add_words(IpmiCodeSet *set, const char *text)
{
    bool found = false;
    for (unsigned code = 1; code < G_N_ELEMENTS(rows) && *text != '\0'; code++) {
        if (!has_words(code, text))
            continue;
        set->bits[code / 64] |= UINT64_C(1) << code % 64;
        found = true;
    }
    return found;
}
