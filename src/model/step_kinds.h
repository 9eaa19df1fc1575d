/* The kinds of steps, from step_kinds.def. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "model/internal_info.h"
#include "model/provision_states.h"

typedef enum StepKind {
#define STEP_KIND(code, word, field, busy, waiting, held, limit) STEP_KIND_##code,
#include "model/step_kinds.def"
#undef STEP_KIND
    STEP_KIND_COUNT
} StepKind;

typedef struct StepKindInfo {
    const char *word;        /* "deploy": for messages */
    ProvisionState busy;     /* while its steps run */
    ProvisionState waiting;  /* while one waits; STATE_NONE: none can */
    ProvisionState held;     /* while one holds the node; STATE_NONE: none can */
    ConfigOption wait_limit; /* of that state, in seconds */
    bool shown;              /* clients see the steps */
    InfoKey steps, index;    /* the plan, and the step under way */
} StepKindInfo;

const StepKindInfo *step_kind_info(StepKind kind);

/* The kind whose steps run, wait or hold the node in this state. False if there is none; *kind is
 * untouched. */
bool step_kind_of_state(ProvisionState state, StepKind *kind);

/* The field of the node that shows the step under way, an object; NULL when the kind has none. */
json_t **step_kind_field(Node *node, StepKind kind);
