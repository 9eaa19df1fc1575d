/* The kinds of steps; the contract is in step_kinds.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/step_kinds.h"

enum { NO_FIELD = -1 };

#define OFFSET_NONE NO_FIELD
/* clang-format off */
#define OFFSET_deploy_step (ptrdiff_t)offsetof(Node, deploy_step)
#define OFFSET_clean_step (ptrdiff_t)offsetof(Node, clean_step)
#define OFFSET_service_step (ptrdiff_t)offsetof(Node, service_step)
/* clang-format on */

static const struct {
    StepKindInfo info;
    ptrdiff_t field;
} kinds[STEP_KIND_COUNT] = {
/* clang-format off */
#define STEP_KIND(code, word, field, busy, waiting, held, limit)                                         \
    {{word, STATE_##busy, STATE_##waiting, STATE_##held, limit, OFFSET_##field != NO_FIELD,                      \
      INFO_##code##_STEPS, INFO_##code##_STEP_INDEX},                                              \
     OFFSET_##field},
/* clang-format on */
#include "model/step_kinds.def"
#undef STEP_KIND
};

const StepKindInfo *
step_kind_info(StepKind kind)
{
    return &kinds[kind].info;
}

bool
step_kind_of_state(ProvisionState state, StepKind *kind)
{
    for (StepKind i = 0; i < STEP_KIND_COUNT; i++) {
        const StepKindInfo *info = &kinds[i].info;
        if (state == STATE_NONE ||
            (info->busy != state && info->waiting != state && info->held != state))
            continue;
        *kind = i;
        return true;
    }
    return false;
}

json_t **
step_kind_field(Node *node, StepKind kind)
{
    if (kinds[kind].field == NO_FIELD)
        return NULL;
    return (json_t **)(void *)((char *)node + kinds[kind].field);
}
