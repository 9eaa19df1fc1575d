/* What a machine asks of the boot server, parsed and checked: the address in the path, the report
 * of a boot's progress, the range of a file. Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include "netboot/boot_phase.h"
#include <stdint.h>

/* Room for aa:bb:cc:dd:ee:ff and its NUL. */
#define MAC_TEXT_SIZE 18

/* Reads aa:bb:cc:dd:ee:ff, with hyphens or capitals as well, and nothing else. mac: out, in lower
 * case with colons; untouched on failure. */
bool boot_mac_read(const char *text, char mac[MAC_TEXT_SIZE]);

typedef enum BootRoute {
    BOOT_ROUTE_GENERIC,  /* /boot.ipxe */
    BOOT_ROUTE_SCRIPT,   /* /boot/<mac>.ipxe */
    BOOT_ROUTE_PROGRESS, /* /boot/<mac>/progress */
    BOOT_ROUTE_FILE,     /* anything else: a path below http_root */
    BOOT_ROUTE_NONE,     /* below /boot/, but unknown */
} BootRoute;

/* Finds the route of a path.
 *
 * path  percent-decoded, starts with "/"
 * mac   out: for script and progress the address in lower case with colons; hyphens and capitals
 *       are accepted */
BootRoute boot_route(const char *path, char mac[MAC_TEXT_SIZE]);

/* A report's query parameters as they came: borrowed, each NULL when absent. */
typedef struct BootProgressQuery {
    const char *phase;    /* a phase that machines report (boot_phases.def) */
    const char *volume;   /* index of the volume it is about, 0 is the boot volume */
    const char *attempt;  /* "try" in the query: which attempt, from 1 */
    const char *number;   /* "errno" in the query: iPXE's error number, eight hexadecimal digits */
    const char *unlisted; /* volumes attached without being listed in the iBFT, as ".1.2" */
    const char *detail;   /* free words of at most BOOT_DETAIL_LENGTH characters */
} BootProgressQuery;

#define BOOT_DETAIL_LENGTH 128

/* Checks a report and puts it in words.
 *
 * phase   out
 * Returns words for a person, "" if the report has none, e.g. "attempt 2, volume 0: the target
 * refused the CHAP login:
 *         check auth_username and auth_password (iPXE error 410d613c)"; the caller frees
 * Errors  INVALID naming the parameter */
char *boot_progress_words(const BootProgressQuery *query, BootPhase *phase, GError **error);

typedef enum ByteRange {
    /* no header, or one that a server may ignore (RFC 9110, 14.2): several ranges, bad syntax */
    BYTE_RANGE_WHOLE,
    BYTE_RANGE_PART,          /* first..last */
    BYTE_RANGE_UNSATISFIABLE, /* outside of the file */
} ByteRange;

/* Reads a Range header (RFC 9110, 14.1.2) for a file of `size` bytes; first and last (inclusive)
 * are set for a part. */
ByteRange byte_range_read(const char *header, uint64_t size, uint64_t *first, uint64_t *last);
