/* The TCP ports of a fleet's agents. All are taken at the start; clients are refused at a port
 * until its agent opens it. One thread accepts for all of them.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

typedef struct Doors Doors;

/* Takes an accepted connection, which is not blocking; on the doors' thread. */
typedef void (*DoorsTake)(void *user, int connection_fd, const struct sockaddr *peer,
                          socklen_t size);

/* Binds `count` ports from `first` on. Errors: CONFIG, IO (a port is taken). */
Doors *doors_new(const char *address, uint16_t first, unsigned count,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Starts the thread. Errors: INTERNAL. */
bool doors_start(Doors *doors, DoorsTake take, void *user,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Accepts at a port, or refuses. Connections that exist stay. Any thread; does not block. */
void doors_open(Doors *doors, unsigned index);
void doors_close(Doors *doors, unsigned index);

/* Ends the thread; nothing is accepted any more. May be called again. NULL is fine. */
void doors_stop(Doors *doors);

/* Stops, closes, frees. NULL is fine. */
void doors_free(Doors *doors);
