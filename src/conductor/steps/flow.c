/* Records when the steps of an operation begin and end; the contract is in steps.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "conductor/notify.h"
#include "conductor/steps/catalog.h"
#include "conductor/steps/steps.h"
#include "model/releases.h"
#include "model/secrets.h"

typedef struct Flow {
    const char *type;  /* of its events in the history, with _start and _end */
    const char *begun; /* in the middle and at the beginning of a sentence */
    const char *ended;
} Flow;

static const Flow deployment = {"deployment", "deployment", "Deployment"},
                  servicing = {"servicing", "servicing", "Servicing"},
                  manual_cleaning = {"manual_cleaning", "manual cleaning", "Manual Cleaning"},
                  automated_cleaning = {"automated_cleaning", "automated cleaning",
                                        "Automated Cleaning"};

/* NULL: steps of this kind are one operation for clients. */
static const Flow *
flow_of(const Task *task, StepKind kind)
{
    const char *target = task->node->target_provision_state;
    switch (kind) {
    case STEP_KIND_DEPLOY:
        return &deployment;
    case STEP_KIND_SERVICE:
        return &servicing;
    case STEP_KIND_CLEAN:
        return target != NULL && state_from_wire(target) == STATE_MANAGEABLE ? &manual_cleaning
                                                                             : &automated_cleaning;
    case STEP_KIND_RESCUE:
    case STEP_KIND_UNRESCUE:
    case STEP_KIND_INSPECT:
    case STEP_KIND_COUNT:
        break;
    }
    return NULL;
}

static bool
is_recorded(const Config *config)
{
    return config_is_set(config, OPT_CONDUCTOR_RECORD_STEP_FLOWS_IN_HISTORY)
               ? config_boolean(config, OPT_CONDUCTOR_RECORD_STEP_FLOWS_IN_HISTORY)
               : release_pinned_version(config) >= RELEASE_RECORDS_STEPS;
}

/* The plan, without its secrets. Caller frees. */
static char *
steps_text(const Task *task, StepKind kind)
{
    const json_t *plan = info_json(task->node, step_kind_info(kind)->steps);
    json_auto_t *shown = plan != NULL ? json_deep_copy(plan) : json_array();
    secret_mask(shown);
    return json_text_dump(shown);
}

static void
record(Task *task, const char *severity, const Flow *flow, const char *moment, const char *event)
{
    g_autofree char *type = g_strconcat(flow->type, moment, NULL);
    if (is_recorded(config_current()))
        history_add(task, severity, type, event);
}

void
steps_flow_begins(Task *task, StepKind kind)
{
    const Flow *flow = flow_of(task, kind);
    if (flow == NULL || info_true(task->node, INFO_STEP_FLOW_RECORDED))
        return;
    g_autofree char *steps = steps_text(task, kind);
    g_autofree char *event = g_strdup_printf("Starting %s with steps=%s", flow->begun, steps);
    record(task, "INFO", flow, "_start", event);
    info_set_boolean(task->node, INFO_STEP_FLOW_RECORDED, true);
}

void
steps_flow_ends(Task *task, StepKind kind, bool good)
{
    const Flow *flow = flow_of(task, kind);
    const json_t *current = steps_current(task, kind);
    if (flow == NULL || !info_remove(task->node, INFO_STEP_FLOW_RECORDED))
        return;
    g_autofree char *steps = steps_text(task, kind),
                    *name = current != NULL ? catalog_name(current) : NULL,
                    *how = good           ? g_strdup("completed successfully")
                           : name != NULL ? g_strdup_printf("aborted at step '%s'", name)
                                          : g_strdup("aborted after its last step"),
                    *event = g_strdup_printf("%s %s with steps=%s", flow->ended, how, steps);
    record(task, good ? "INFO" : "ERROR", flow, "_end", event);
}
