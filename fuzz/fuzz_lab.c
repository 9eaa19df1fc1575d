/* What the lab reads from others: QEMU's monitor, captured consoles, the words of tgtadm and apt,
 * kernel modules. The first byte chooses the reader.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "lab/console.h"
#include "lab/guest.h"
#include "lab/qmp.h"
#include "lab/target.h"
#include "ramdisk/kernel_package.h"
#include "ramdisk/modules.h"

#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ignore_event(void *user_data, const char *event, const json_t *data)
{
    (void)user_data;
    (void)event;
    (void)data;
}

static void
read_monitor(const uint8_t *data, size_t size)
{
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets) != 0)
        abort();
    Qmp *qmp = qmp_new(sockets[0], "fuzz", ignore_event, NULL);
    for (size_t done = 0; done < size;) {
        ssize_t sent = write(sockets[1], data + done, size - done);
        if (sent <= 0 || !qmp_read(qmp, NULL))
            break;
        done += (size_t)sent;
    }
    close(sockets[1]);
    struct pollfd end = {.fd = sockets[0], .events = POLLIN};
    if (poll(&end, 1, -1) == 1 && qmp_read(qmp, NULL)) /* the end is always seen */
        abort();
    qmp_free(qmp);
}

static void
clean_console(const uint8_t *data, size_t size)
{
    char *text = g_memdup2(data, size);
    size_t kept = console_clean(text, size);
    if (kept > size)
        abort();
    for (size_t i = 0; i < kept; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c != '\n' && c != '\t' && (c < 0x20 || c == 0x7f))
            abort();
    }
    g_free(text);
}

static void
read_module(const uint8_t *data, size_t size)
{
    char *contents = g_memdup2(data, size);
    g_strfreev(modules_depends(contents, size));
    g_free(contents);
}

static void
read_words(const uint8_t *data, size_t size)
{
    char *text = g_strndup((const char *)data, size);
    target_count_sessions(text, "iqn.x:a");
    g_free(kernel_package_parse_depends(text));
    g_free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    typedef void (*Reader)(const uint8_t *data, size_t size);
    static const Reader readers[] = {read_monitor, clean_console, read_module, read_words};
    log_set_level(LOG_LEVEL_ERROR);
    if (size > 1)
        readers[data[0] % (sizeof readers / sizeof readers[0])](data + 1, size - 1);
    return 0;
}
