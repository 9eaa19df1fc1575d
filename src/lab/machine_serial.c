/* The serial port of a virtual server; the contract is in machine_serial.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/machine_serial.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CHUNK = 4096, CHUNKS_MAX = 16 };

bool
machine_serial_open(MachineSerial *serial)
{
    *serial = (MachineSerial){.qemu_fd = -1, .typed = {-1, -1}};
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, serial->typed) == 0;
}

static void
close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void
machine_serial_close(MachineSerial *serial)
{
    close_fd(&serial->qemu_fd);
    close_fd(&serial->typed[0]);
    close_fd(&serial->typed[1]);
}

char *
machine_serial_file(const char *name)
{
    return g_strconcat(name, MACHINE_SERIAL_ENDING, NULL);
}

/* A path by the folder's descriptor: that of the folder may be longer than a socket's may be. */
static bool
connect_to(int fd, int folder_fd, const char *file)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int length =
        snprintf(name.sun_path, sizeof name.sun_path, "/proc/self/fd/%d/%s", folder_fd, file);
    return length > 0 && (size_t)length < sizeof name.sun_path &&
           connect(fd, (const struct sockaddr *)&name, sizeof name) == 0;
}

void
machine_serial_connect(MachineSerial *serial, const char *folder, const char *name)
{
    if (serial->qemu_fd >= 0)
        return;
    g_autofree char *file = machine_serial_file(name);
    int folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (folder_fd >= 0 && fd >= 0 && connect_to(fd, folder_fd, file)) {
        serial->qemu_fd = fd;
        fd = -1;
    }
    close_fd(&fd);
    close_fd(&folder_fd);
}

void
machine_serial_drop(MachineSerial *serial, const char *folder, const char *name)
{
    g_autofree char *file = machine_serial_file(name);
    g_autofree char *path = g_build_filename(folder, file, NULL);
    close_fd(&serial->qemu_fd);
    unlink(path); /* a QEMU that was killed leaves it */
}

size_t
machine_serial_poll(const MachineSerial *serial, struct pollfd *polled)
{
    size_t count = 0;
    if (serial->qemu_fd >= 0)
        polled[count++] = (struct pollfd){.fd = serial->qemu_fd, .events = POLLIN};
    if (serial->typed[0] >= 0)
        polled[count++] = (struct pollfd){.fd = serial->typed[0], .events = POLLIN};
    return count;
}

void
machine_serial_carry(MachineSerial *serial, IpmiBmc *bmc)
{
    uint8_t bytes[CHUNK];
    ssize_t size = -1;
    for (int i = 0; i < CHUNKS_MAX && serial->qemu_fd >= 0; i++) {
        size = recv(serial->qemu_fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (size == 0)
            close_fd(&serial->qemu_fd); /* QEMU ends */
        if (size <= 0)
            break;
        if (bmc != NULL)
            ipmi_bmc_serial_output(bmc, bytes, (size_t)size);
    }
    if (serial->typed[0] < 0)
        return;
    size = recv(serial->typed[0], bytes, sizeof bytes, MSG_DONTWAIT);
    if (size > 0 && serial->qemu_fd >= 0) /* a machine that is off hears nothing */
        (void)send(serial->qemu_fd, bytes, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

size_t
machine_serial_type(const MachineSerial *serial, const uint8_t *bytes, size_t size)
{
    ssize_t taken = send(serial->typed[1], bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    return taken > 0 ? (size_t)taken : 0;
}
