/* The step that erases what a crashed kernel left in the firmware's memory.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/sysfs.h"
#include "agent/steps/step_functions.h"
#include "common/log.h"

#include <errno.h>
#include <unistd.h>

#define AREA "agent.pstore"
#define FOLDER "/sys/fs/pstore"

json_t *
step_erase_pstore(const StepCall *call, GError **error)
{
    unsigned erased = 0;
    g_auto(GStrv) names = sysfs_list(call->agent->root, FOLDER);
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *path = g_strdup_printf("%s" FOLDER "/%s", call->agent->root, *name);
        if (unlink(path) != 0 && errno != ENOENT) {
            agent_fail(error, AGENT_ERROR_CLEANING, FOLDER "/%s cannot be erased: %s", *name,
                       g_strerror(errno));
            return NULL;
        }
        erased++;
    }
    log_info(AREA, "%u files of " FOLDER " are erased", erased);
    return json_null();
}
