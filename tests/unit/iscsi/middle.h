/* Between an initiator and its target: passes their iSCSI on (RFC 7143), lets the unit have other
 * limits than it has, and counts what is asked of it. tgtd has no limits to set.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* 0, false: as the unit has it. */
typedef struct MiddleLimits {
    uint32_t transfer_blocks; /* the most of one command */
    uint64_t same_blocks;     /* the most of one WRITE SAME */
    bool same_never_unmaps;
} MiddleLimits;

typedef struct MiddleSeen {
    unsigned told; /* answers that were changed */
    unsigned writes, sames, unmaps;
    uint32_t most_written, most_same; /* blocks */
} MiddleSeen;

typedef struct Middle Middle;

/* Listens at a port of its own, for one connection at a time. */
Middle *middle_start(uint16_t target_port, MiddleLimits limits, uint16_t *port);

/* When the initiator has gone: frees it. */
MiddleSeen middle_end(Middle *middle);
