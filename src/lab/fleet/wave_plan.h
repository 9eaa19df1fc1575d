/* What is asked for a machine next, so that its node becomes active: decided by the state of the
 * node alone. Pure.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>

/* Verbs are asked this often without an answer that the service means well: 409 and 503 do. */
#define WAVE_REFUSALS 20

typedef enum WaveAdvice {
    WAVE_WAIT,   /* the service works on it, or its wave has not begun */
    WAVE_ENROL,  /* node and port are not known to be there */
    WAVE_ASK,    /* ask for the verb */
    WAVE_ACTIVE, /* the end */
    WAVE_FAILED, /* no more is tried */
} WaveAdvice;

/* States in which something is asked for, in the order of the table in wave_plan.c. */
#define WAVE_STATES 6

/* What was asked for one node. Zeroed: nothing. */
typedef struct WaveNode {
    bool enrolled;               /* node and port */
    unsigned asked[WAVE_STATES]; /* how often the service took the verb of a state */
    unsigned refused;            /* answers in a row that mean no */
} WaveNode;

/* What comes next.
 *
 * state    the provision state; NULL: there is no such node
 * begun    its wave has begun
 * retries  how often what failed is asked for again
 * verb     out, with WAVE_ASK: the verb; static. Else NULL */
WaveAdvice wave_advice(const WaveNode *node, const char *state, bool begun, unsigned retries,
                       const char **verb);

/* Notes an answer. Returns true if the service took what was asked for.
 *
 * state    in which it was asked for; NULL: there was no such node
 * verb     NULL: the enrolment
 * status   0: no answer */
bool wave_answered(WaveNode *node, const char *state, const char *verb, int status);

/* How often something was asked for again. */
unsigned wave_retries(const WaveNode *node);

/* True if the next wave is to begin: nine tenths of the nodes of this one have ended, so that one
 * slow machine does not hold the others up. */
bool wave_is_over(unsigned ended, unsigned size);
