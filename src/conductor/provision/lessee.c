/* The project that leases a node for as long as its instance lives; the contract is in provision.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "common/log.h"
#include "conductor/provision/provision.h"
#include "model/releases.h"
#include "model/resources.h"

#include <string.h>

static bool
looks_leasing(const Config *config)
{
    return release_pinned_version(config) >= RELEASE_LEASES_NODES;
}

static bool
is_enabled(const Config *config)
{
    return config_is_set(config, OPT_CONDUCTOR_AUTOMATIC_LESSEE)
               ? config_boolean(config, OPT_CONDUCTOR_AUTOMATIC_LESSEE)
               : looks_leasing(config);
}

static const char *
source(const Config *config)
{
    const char *word = config_string(config, OPT_CONDUCTOR_AUTOMATIC_LESSEE_SOURCE);
    return word != NULL ? word : looks_leasing(config) ? "instance" : "request";
}

/* The project that the source names, borrowed; NULL: none. */
static const char *
project_of(const Config *config, const Node *node, const char *project_id)
{
    const char *from = source(config);
    if (strcmp(from, "request") == 0)
        return project_id;
    return strcmp(from, "instance") == 0 ? json_string_member(node->instance_info, "project_id")
                                         : NULL;
}

void
deploy_lease(Task *task, const char *project_id)
{
    Node *node = task->node;
    const Config *config = config_current();
    const char *project = is_enabled(config) ? project_of(config, node, project_id) : NULL;
    if (project == NULL || *project == '\0')
        return;
    if (node->lessee != NULL) {
        if (strcmp(node->lessee, project) != 0)
            log_warning("conductor.deploy", "node %s stays leased by project %s, not by %.255s",
                        node->uuid, node->lessee, project);
        return;
    }
    g_autoptr(GError) error = NULL;
    json_t *value = json_string(project);
    if (record_set(&node_resource, node, resource_field(&node_resource, "lessee"), value, &error))
        info_set_boolean(node, INFO_AUTOMATIC_LESSEE, true);
    else
        log_warning("conductor.deploy", "node %s is not leased: %s", node->uuid, error->message);
    json_decref(value);
}
