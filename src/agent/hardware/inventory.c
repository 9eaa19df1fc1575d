/* Collects the inventory; the contract is in inventory.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/inventory.h"

#include "agent/hardware/nics.h"

json_t *
inventory_collect(Agent *agent)
{
    return json_pack("{s:o}", "interfaces", nics_list(agent->root));
}
