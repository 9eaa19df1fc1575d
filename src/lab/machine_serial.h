/* The serial port of a virtual server: QEMU listens on a socket in the machine's folder and keeps
 * the captured console besides; the BMC's Serial over LAN reads and writes it. Main thread, except
 * what the BMC's thread calls.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/bmc/server.h"

#include <poll.h>

/* How the socket's name ends. */
#define MACHINE_SERIAL_ENDING ".serial"

typedef struct MachineSerial {
    int qemu_fd;  /* connection to QEMU; -1: none */
    int typed[2]; /* what the BMC's thread has typed: the main thread reads [0] */
} MachineSerial;

enum { MACHINE_SERIAL_POLLED = 2 };

/* False without descriptors: it is no port then, and the other functions do nothing. */
bool machine_serial_open(MachineSerial *serial);
void machine_serial_close(MachineSerial *serial);

/* The socket's name in the machine's folder. The caller frees. */
char *machine_serial_file(const char *name);

/* Connects to a QEMU that has started, if it listens by now. */
void machine_serial_connect(MachineSerial *serial, const char *folder, const char *name);

/* QEMU has ended. */
void machine_serial_drop(MachineSerial *serial, const char *folder, const char *name);

/* What to wait for; returns how many were filled, at most MACHINE_SERIAL_POLLED. */
size_t machine_serial_poll(const MachineSerial *serial, struct pollfd *polled);

/* Carries what waits in both directions. bmc: NULL: nobody listens. */
void machine_serial_carry(MachineSerial *serial, IpmiBmc *bmc);

/* For the BMC's thread: characters to type; returns how many were taken. */
size_t machine_serial_type(const MachineSerial *serial, const uint8_t *bytes, size_t size);
