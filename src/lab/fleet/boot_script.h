/* What a simulated machine understands of an iPXE script of Steel's boot server: which way of
 * booting it is, and what is asked and reported on the way. It is no interpreter: it finds the
 * lines that matter.
 *
 * Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* A longer script is not read. */
#define BOOT_SCRIPT_LIMIT (64u * 1024)

typedef enum BootScriptKind {
    BOOT_SCRIPT_RETRY,   /* no script, or one that asks to come again */
    BOOT_SCRIPT_UNKNOWN, /* this machine is not enrolled */
    BOOT_SCRIPT_LEAVE,   /* the next boot device */
    BOOT_SCRIPT_RESTART, /* the node cannot boot: restart later */
    BOOT_SCRIPT_KERNEL,  /* kernel and initramfs */
    BOOT_SCRIPT_VOLUME,  /* a volume that the firmware attaches */
} BootScriptKind;

/* All owned; NULL if absent. URLs are relative to the script's. */
typedef struct BootScript {
    BootScriptKind kind;
    char *kernel, *initramfs;
    char *arguments; /* of the kernel's command line; has the agent's token */
    char *report;    /* URL that reports success, its variables filled in */
} BootScript;

/* Reads a script; one that is not understood is RETRY. out: in {0} */
void boot_script_read(const char *text, size_t size, BootScript *out);

/* Wipes the token, frees, empties. */
void boot_script_clear(BootScript *script);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BootScript, boot_script_clear)

/* A URL relative to another one's folder; the caller frees.
 *
 * base      "http://192.0.2.1:8089/boot/52-54-01-00-00-00.ipxe"
 * relative  "52-54-01-00-00-00/progress?x=y", "../file", or a whole URL */
char *boot_url_resolve(const char *base, const char *relative);
