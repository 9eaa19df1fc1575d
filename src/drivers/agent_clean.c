/* How an agent is to clean; the contract is in agent_clean.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/agent_clean.h"

#include "common/config.h"
#include "model/internal_info.h"

typedef struct Setting {
    InfoKey key;
    ConfigOption option;
} Setting;

static const Setting switches[] = {
    {INFO_AGENT_ZEROIZE,              OPT_DEPLOY_SHRED_FINAL_OVERWRITE_WITH_ZEROS},
    {INFO_AGENT_CONTINUE_ERASE,       OPT_DEPLOY_CONTINUE_IF_DISK_SECURE_ERASE_FAILS},
    {INFO_AGENT_ATA_SECURE_ERASE,     OPT_DEPLOY_ENABLE_ATA_SECURE_ERASE},
    {INFO_AGENT_NVME_SECURE_ERASE,    OPT_DEPLOY_ENABLE_NVME_SECURE_ERASE},
    {INFO_AGENT_ERASE_SKIP_READ_ONLY, OPT_DEPLOY_ERASE_SKIP_READ_ONLY},
};

static const Setting numbers[] = {
    {INFO_AGENT_ERASE_ITERATIONS, OPT_DEPLOY_SHRED_RANDOM_OVERWRITE_ITERATIONS},
    {INFO_DISK_ERASURE_CONCURRENCY, OPT_DEPLOY_DISK_ERASURE_CONCURRENCY},
};

void
agent_clean_settings(Node *node)
{
    const Config *config = config_current();
    for (size_t i = 0; i < G_N_ELEMENTS(switches); i++)
        info_set_boolean(node, switches[i].key, config_boolean(config, switches[i].option));
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        info_set_integer(node, numbers[i].key, config_integer(config, numbers[i].option));
}
