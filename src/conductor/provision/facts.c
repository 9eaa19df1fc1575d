/* What a node shows of its machine without being asked for it; the contract is in provision.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/provision/provision.h"
#include "drivers/bios/bios.h"
#include "drivers/firmware/firmware.h"
#include "drivers/management/management.h"

#define AREA "conductor.facts"

/* A machine that does not have it is nothing to tell. */
static void
tell(const GError *cause, const char *what)
{
    if (!steel_error_is(cause, STEEL_ERROR_UNSUPPORTED))
        log_warning(AREA, "%s could not be read: %s", what, cause->message);
}

void
facts_read_bios(Task *task)
{
    g_autoptr(GError) cause = NULL;
    if (!bios_cache(task, &cause))
        tell(cause, "the BIOS settings");
}

void
facts_read_firmware(Task *task)
{
    g_autoptr(GError) cause = NULL;
    if (!firmware_cache(task, &cause))
        tell(cause, "the firmware");
}

static bool
read_boot_mode(Task *task, const char **mode)
{
    g_autoptr(GError) cause = NULL;
    const ManagementOps *management = task->driver.management;
    if (management->get_boot_mode == NULL)
        return false;
    if (management->get_boot_mode(task, mode, &cause))
        return true;
    tell(cause, "the boot mode");
    return false;
}

static bool
read_secure_boot(Task *task, bool *on)
{
    g_autoptr(GError) cause = NULL;
    const ManagementOps *management = task->driver.management;
    if (management->get_secure_boot == NULL)
        return false;
    if (management->get_secure_boot(task, on, &cause))
        return true;
    tell(cause, "secure boot");
    return false;
}

void
facts_read_boot_mode(Task *task)
{
    const char *mode = NULL;
    bool on = false;
    if (read_boot_mode(task, &mode))
        record_set_text(&task->node->boot_mode, mode);
    if (read_secure_boot(task, &on))
        task->node->secure_boot = on;
}
