/* The inside of waves.h, shared by the files that deploy and that report.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/lock.h"
#include "common/pool.h"
#include "lab/fleet/wave_plan.h"
#include "lab/fleet/waves.h"

#include <stdatomic.h>
#include <stdint.h>

typedef enum WaveEnd { NOT_ENDED, ENDED_ACTIVE, ENDED_FAILED } WaveEnd;

typedef struct WaveMember {
    Waves *waves;
    unsigned index;
    json_t *machine;     /* owned: machines_node() */
    atomic_int answer;   /* IDLE, UNDER_WAY, or a status that was not yet noted */
    const char *verb;    /* that is asked for; NULL: the enrolment */
    char *state, *fault; /* owned: what the list said last; NULL */
    char *asked_state;   /* owned: the state in which it was asked for; NULL */
    char *refusal;       /* owned: what the service said last against something; NULL */
    WaveNode plan;
    WaveEnd end;
    int64_t began_ms, ended_ms; /* monotonic: its deploy was taken, it is active; 0 */
} WaveMember;

typedef struct Wave {
    unsigned first, size, ended;
    int64_t began_ms, ended_ms; /* monotonic; 0: not yet */
} Wave;

struct Waves {
    const LabOptions *options;         /* borrowed */
    Machines *machines;                /* borrowed */
    char *api;                         /* owned: without a slash at its end */
    json_t *more;                      /* owned: members of each node; NULL */
    WaveMember *nodes;                 /* owned array */
    Wave *waves;                       /* owned array */
    unsigned count, wave_count, begun; /* machines, waves, waves that have begun */
    unsigned settled;                  /* active nodes whose machine runs from its disk */
    int64_t started_ms;
    Pool *pool; /* owned */
    pthread_t thread;
    bool running;
    Lock lock;
    pthread_cond_t condition; /* stopping was set */
    bool stopping GUARDED;
};

/* How many nodes have come to this end. The thread of the waves, or any one after it. */
unsigned waves_count(const Waves *waves, WaveEnd end);
