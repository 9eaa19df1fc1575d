/* A serial port that answers; the contract is in teletype.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/teletype.h"

#include <string.h>

enum {
    COUNT_MAX = 4000, /* lines, as many as a BMC keeps for its client */
    BACKSPACE = 0x08,
    DELETE = 0x7f,
};

void
teletype_init(Teletype *teletype, const char *name, IpmiBmc *bmc)
{
    *teletype = (Teletype){.bmc = bmc};
    g_strlcpy(teletype->name, name, sizeof teletype->name);
}

static void
print(const Teletype *teletype, const GString *text)
{
    if (teletype->bmc != NULL)
        ipmi_bmc_serial_output(teletype->bmc, (const uint8_t *)text->str, text->len);
}

/* What the finished line has as an answer, and the next prompt. */
static void
answer(Teletype *teletype, GString *out)
{
    static const char count[] = "count ";
    teletype->line[teletype->length] = '\0';
    g_string_append(out, "\r\n");
    if (g_str_has_prefix(teletype->line, count)) {
        guint64 lines = g_ascii_strtoull(teletype->line + strlen(count), NULL, 10);
        for (guint64 i = 1; i <= MIN(lines, COUNT_MAX); i++)
            g_string_append_printf(out, "line %" G_GUINT64_FORMAT "\r\n", i);
    } else if (teletype->length > 0) {
        g_string_append_printf(out, "%s has read: %s\r\n", teletype->name, teletype->line);
    }
    g_string_append_printf(out, "%s login: ", teletype->name);
    teletype->length = 0;
}

static void
type(Teletype *teletype, char c, GString *out)
{
    if (c == '\r' || c == '\n') {
        answer(teletype, out);
    } else if (c == BACKSPACE || c == DELETE) {
        if (teletype->length > 0) {
            teletype->length--;
            g_string_append(out, "\b \b");
        }
    } else if (teletype->length < TELETYPE_LINE_MAX && g_ascii_isprint(c)) {
        teletype->line[teletype->length++] = c;
        g_string_append_c(out, c);
    }
}

size_t
teletype_input(Teletype *teletype, const uint8_t *bytes, size_t size)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (size_t i = 0; i < size; i++)
        type(teletype, (char)bytes[i], out);
    print(teletype, out);
    return size;
}

void
teletype_break(Teletype *teletype)
{
    g_autoptr(GString) out = g_string_new("\r\n[break]\r\n");
    print(teletype, out);
}

static size_t
teletype_serial_input(void *user_data, const uint8_t *bytes, size_t size)
{
    return teletype_input(user_data, bytes, size);
}

static void
teletype_serial_break(void *user_data)
{
    teletype_break(user_data);
}

const IpmiBmcOps teletype_bmc_ops = {
    .serial_input = teletype_serial_input,
    .serial_break = teletype_serial_break,
};
