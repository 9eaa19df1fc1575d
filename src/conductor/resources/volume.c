/* Volume connectors and targets: the boot volume of a running machine must not change.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/resources/resources.h"
#include "model/releases.h"

/* The sentence is Ironic's, since clients may match it. */
static bool
powered_off(const Node *node, const char *action, GError **error)
{
    if (g_strcmp0(node->power_state, "power off") == 0)
        return true;
    return steel_fail(error, STEEL_ERROR_INVALID_STATE_REQUESTED,
                      "The requested action \"%s\" can not be performed on node \"%s\" while it "
                      "is in state \"%s\".",
                      action, node->uuid, node->power_state != NULL ? node->power_state : "None");
}

static bool
both_powered_off(const Change *change, const char *action, GError **error)
{
    return powered_off(change->now, action, error) && powered_off(change->next, action, error);
}

/* A node in these states has no instance that would lose its volume. */
static bool
may_go(const Node *node, const char *action, GError **error)
{
    ProvisionState state = state_from_wire(node->provision_state);
    bool deletable = state == STATE_ENROLL || state == STATE_MANAGEABLE || state == STATE_ADOPTFAIL;
    return (deletable && release_pinned_version(config_current()) >= RELEASE_LETS_VOLUMES_GO) ||
           powered_off(node, action, error);
}

static bool
connector_before_update(const Change *change, void *record, const void *original, GError **error)
{
    (void)record;
    (void)original;
    return both_powered_off(change, "volume connector update", error);
}

static bool
connector_before_destroy(const Change *change, const void *record, GError **error)
{
    (void)record;
    return may_go(change->now, "volume connector deletion", error);
}

/* 0 is the boot volume; Nova sends -1 for a volume that is not for booting. */
static bool
boot_index_valid(const VolumeTarget *target, GError **error)
{
    return (target->boot_index >= -1 && target->boot_index <= 1000) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "boot_index must be -1 (not for booting), 0 (the boot volume) or up to 1000");
}

static bool
target_before_create(Conductor *conductor, void *record, GError **error)
{
    (void)conductor;
    return boot_index_valid(record, error);
}

static bool
target_before_update(const Change *change, void *record, const void *original, GError **error)
{
    (void)original;
    return boot_index_valid(record, error) &&
           both_powered_off(change, "volume target update", error);
}

static bool
target_before_destroy(const Change *change, const void *record, GError **error)
{
    (void)record;
    return may_go(change->now, "volume target deletion", error);
}

const ResourceRules volume_connector_rules = {
    .resource = &volume_connector_resource,
    .owned_by_node = true,
    .before_update = connector_before_update,
    .before_destroy = connector_before_destroy,
};

const ResourceRules volume_target_rules = {
    .resource = &volume_target_resource,
    .owned_by_node = true,
    .before_create = target_before_create,
    .before_update = target_before_update,
    .before_destroy = target_before_destroy,
};
