/* Requests of machines that boot: path, report and range, one per line of the input.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_request.h"
#include "netboot/host_port.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_path(const char *path)
{
    char mac[MAC_TEXT_SIZE] = "";
    BootRoute route = boot_route(path, mac);
    bool addressed = route == BOOT_ROUTE_SCRIPT || route == BOOT_ROUTE_PROGRESS;
    if (addressed != (strlen(mac) == MAC_TEXT_SIZE - 1) ||
        strspn(mac, "0123456789abcdef:") != strlen(mac))
        abort();
}

static void
check_report(char **lines, unsigned count)
{
    g_autoptr(GError) error = NULL;
    BootProgressQuery query = {
        .phase = count > 1 ? lines[1] : NULL,
        .volume = count > 2 ? lines[2] : NULL,
        .attempt = count > 3 ? lines[3] : NULL,
        .number = count > 4 ? lines[4] : NULL,
        .unlisted = count > 5 ? lines[5] : NULL,
        .detail = count > 6 ? lines[6] : NULL,
    };
    BootPhase phase = BOOT_PHASE_COUNT;
    g_autofree char *words = boot_progress_words(&query, &phase, &error);
    if ((words == NULL) != (error != NULL) || (words != NULL && strlen(words) > 600))
        abort();
    for (const char *c = words != NULL ? words : ""; *c != '\0'; c++)
        if (!g_ascii_isprint(*c))
            abort();
}

static void
check_range(const char *header, uint64_t size)
{
    uint64_t first = 1, last = 0;
    ByteRange range = byte_range_read(header, size, &first, &last);
    if (range == BYTE_RANGE_PART && (first > last || last >= size))
        abort();
}

static void
check_host(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *host = NULL;
    unsigned port = 0;
    if (host_port_parse(text, 3260, &host, &port, &error) &&
        (port == 0 || port > 65535 ||
         host[strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                           "abcdefghijklmnopqrstuvwxyz0123456789:.-")]))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 16);
    unsigned count = g_strv_length(lines);
    if (count == 0)
        return 0;
    check_path(lines[0]);
    check_report(lines, count);
    check_range(lines[count - 1], count > 2 ? 10 : 0);
    check_range(lines[count - 1], UINT64_MAX / 2);
    check_host(lines[0]);
    char mac[MAC_TEXT_SIZE] = "";
    if (boot_mac_read(lines[0], mac) != (strlen(mac) == MAC_TEXT_SIZE - 1))
        abort();
    return 0;
}
