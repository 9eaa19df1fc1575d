/* Sets and reads the properties of a simulated BMC; the contract is in server.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/bmc/bmc.h"

#include <string.h>

#include "common/due_heap.h"

void
ipmi_bmc_set_faults(IpmiBmc *bmc, const IpmiBmcFaults *faults)
{
    lock_acquire(&bmc->lock);
    bmc->faults = *faults;
    bmc->started_ms = due_now_ms() + faults->starting_ms;
    bmc->boot.flags_locked = faults->boot_flags_locked;
    bmc->boot.held = faults->boot_flags_held;
    lock_release(&bmc->lock);
}

IpmiBmcFaults
bmc_faults(IpmiBmc *bmc)
{
    lock_acquire(&bmc->lock);
    IpmiBmcFaults faults = bmc->faults;
    lock_release(&bmc->lock);
    return faults;
}

void
ipmi_bmc_set_identity(IpmiBmc *bmc, uint32_t manufacturer, uint16_t product)
{
    lock_acquire(&bmc->lock);
    bmc->manufacturer = manufacturer & 0xfffff;
    bmc->product = product;
    lock_release(&bmc->lock);
}

void
ipmi_bmc_set_guid(IpmiBmc *bmc, const uint8_t guid[16])
{
    lock_acquire(&bmc->lock);
    memcpy(bmc->guid, guid, sizeof bmc->guid);
    lock_release(&bmc->lock);
}

void
ipmi_bmc_set_boot_flag_timeout(IpmiBmc *bmc, unsigned timeout_ms)
{
    lock_acquire(&bmc->lock);
    bmc->boot_flag_timeout_ms = timeout_ms;
    lock_release(&bmc->lock);
}

void
ipmi_bmc_set_session_limits(IpmiBmc *bmc, unsigned timeout_ms, unsigned slots)
{
    lock_acquire(&bmc->lock);
    bmc->session_timeout_ms = timeout_ms;
    bmc->session_slots = CLAMP(slots, 1, BMC_SESSIONS_MAX);
    lock_release(&bmc->lock);
}

void
ipmi_bmc_set_kg(IpmiBmc *bmc, const uint8_t *kg, size_t size)
{
    g_return_if_fail(size <= IPMI_KG_MAX);
    lock_acquire(&bmc->lock);
    memset(bmc->kg, 0, sizeof bmc->kg);
    if (size > 0)
        memcpy(bmc->kg, kg, size);
    bmc->kg_set = size > 0;
    lock_release(&bmc->lock);
}

void
ipmi_bmc_set_power(IpmiBmc *bmc, bool on)
{
    lock_acquire(&bmc->lock);
    bmc->power = on;
    lock_release(&bmc->lock);
}

void
ipmi_bmc_stats(IpmiBmc *bmc, IpmiBmcStats *stats)
{
    lock_acquire(&bmc->lock);
    *stats = bmc->stats;
    lock_release(&bmc->lock);
}

bool
bmc_power_is_on(IpmiBmc *bmc)
{
    if (bmc->ops->get_power != NULL)
        return bmc->ops->get_power(bmc->user_data);
    lock_acquire(&bmc->lock);
    bool on = bmc->power;
    lock_release(&bmc->lock);
    return on;
}
