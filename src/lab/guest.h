/* The guest operating system of the lab: a Debian kernel with an initramfs of a few megabytes, and
 * a disk image of both that boots under BIOS and UEFI. It prints on the serial console what it was
 * booted from, and runs until the power button. Built once per kernel version and cached.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* The guest prints this when it is up; the rest of the line says from where it booted. */
#define GUEST_MARKER "STEEL-LAB guest is up: booted from"
/* It prints this, and powers off, when it was started only to test whether guests run. */
#define GUEST_PROBE_MARKER "STEEL-LAB probe: guest runs"
#define GUEST_PROBE_ARGUMENT "steel_lab.probe"

/* The kernel's arguments: it speaks on the serial console, and takes a timer that a busy host makes
 * late for no broken one. */
#define GUEST_CONSOLE_ARGUMENTS "console=ttyS0,115200 loglevel=4 panic=5 no_timer_check"

/* Paths of files in the cache; all owned. */
typedef struct LabGuest {
    char *kernel;
    char *initramfs;
    char *volume; /* raw disk image, sparse */
} LabGuest;

void lab_guest_clear(LabGuest *guest);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LabGuest, lab_guest_clear)

/* Called with a line for the user before work that takes a while. */
typedef void (*LabProgress)(const char *text);

/* Returns the guest; builds it if the cache has none. Needs apt (to download, not to install, the
 * kernel package), dpkg, busybox-static, gzip, and what volume.h needs.
 *
 * cache_folder   made when absent; locked while building
 * progress       may be NULL
 * Errors         PROCESS, TIMEOUT, IO, NOT_FOUND (no kernel package known, module missing)
 * Threads        any; blocks for seconds to minutes when it builds
 */
bool lab_guest_prepare(const char *cache_folder, LabProgress progress, LabGuest *guest,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Builds the initramfs, not compressed. modules_folder: as for modules_resolve. Errors: those of
 * modules_resolve, and NOT_FOUND (no static busybox). */
GByteArray *lab_guest_initramfs(const char *modules_folder,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
