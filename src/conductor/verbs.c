/* What a conductor answers, one row per rpc method.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/verbs.h"

#include "conductor/node_verbs.h"
#include "conductor/power_verbs.h"
#include "conductor/provision_verbs.h"
#include "conductor/resources/resources.h"

/* handler, lock, whether it waits for hardware, purpose of the lock */
static const Verb verbs[RPC_METHOD_COUNT] = {
    [RPC_CREATE] = {verb_create,                     VERB_NO_TASK,   false, NULL                    },
    [RPC_UPDATE] = {verb_update,                     VERB_NO_TASK,   false, NULL                    },
    [RPC_DESTROY] = {verb_destroy,                    VERB_NO_TASK,   false, NULL                    },
    [RPC_PROVISION] = {verb_provision,                  VERB_EXCLUSIVE, false, "provision state change"},
    [RPC_SET_POWER] = {verb_set_power,                  VERB_EXCLUSIVE, false, "power state change"    },
    [RPC_VALIDATE] = {verb_validate,                   VERB_SHARED,    false, NULL                    },
    [RPC_SET_MAINTENANCE] = {verb_set_maintenance,            VERB_EXCLUSIVE, false, "maintenance"           },
    [RPC_GET_BOOT_DEVICE] = {verb_get_boot_device,            VERB_SHARED,    true,  NULL                    },
    [RPC_SET_BOOT_DEVICE] = {verb_set_boot_device,            VERB_EXCLUSIVE, true,  "set boot device"       },
    [RPC_GET_SUPPORTED_BOOT_DEVICES] = {verb_get_supported_boot_devices, VERB_SHARED,    false, NULL                    },
    [RPC_SET_BOOT_MODE] = {verb_set_boot_mode,              VERB_EXCLUSIVE, false, "set boot mode"         },
    [RPC_SET_SECURE_BOOT] = {verb_set_secure_boot,            VERB_EXCLUSIVE, false, "set secure boot"       },
    [RPC_INJECT_NMI] = {verb_inject_nmi,                 VERB_EXCLUSIVE, true,  "inject NMI"            },
    [RPC_GET_SUPPORTED_INDICATORS] = {verb_get_supported_indicators,   VERB_SHARED,    true,  NULL                    },
    [RPC_GET_INDICATOR] = {verb_get_indicator,              VERB_SHARED,    true,  NULL                    },
    [RPC_SET_INDICATOR] = {verb_set_indicator,              VERB_EXCLUSIVE, true,  "set indicator"         },
    [RPC_GET_CONSOLE] = {verb_get_console,                VERB_SHARED,    true,  NULL                    },
    [RPC_SET_CONSOLE] = {verb_set_console,                VERB_EXCLUSIVE, false, "set console"           },
    [RPC_SET_RAID] = {verb_set_raid,                   VERB_EXCLUSIVE, false, "set target RAID config"},
    [RPC_VENDOR_PASSTHRU] = {verb_vendor_passthru,            VERB_SHARED,    true,  NULL                    },
    [RPC_VENDOR_METHODS] = {verb_vendor_methods,             VERB_SHARED,    false, NULL                    },
    [RPC_SET_TRAITS] = {verb_set_traits,                 VERB_EXCLUSIVE, false, "set traits"            },
    [RPC_ADD_TRAIT] = {verb_add_trait,                  VERB_EXCLUSIVE, false, "add trait"             },
    [RPC_REMOVE_TRAITS] = {verb_remove_traits,              VERB_EXCLUSIVE, false, "remove traits"         },
    [RPC_VIF_LIST] = {verb_vif_list,                   VERB_SHARED,    false, NULL                    },
    [RPC_VIF_ATTACH] = {verb_vif_attach,                 VERB_EXCLUSIVE, true,  "attach VIF"            },
    [RPC_VIF_DETACH] = {verb_vif_detach,                 VERB_EXCLUSIVE, true,  "detach VIF"            },
    [RPC_HEARTBEAT] = {verb_heartbeat,                  VERB_NO_TASK,   false, NULL                    },
    [RPC_GET_AGENT_TOKEN] = {verb_get_agent_token,            VERB_NO_TASK,   false, NULL                    },
    [RPC_DRIVER_PROPERTIES] = {verb_driver_properties,          VERB_NO_TASK,   false, NULL                    },
    [RPC_DRIVER_RAID_PROPERTIES] = {verb_driver_raid_properties,     VERB_NO_TASK,   false, NULL                    },
    [RPC_DRIVER_VENDOR_METHODS] = {verb_driver_vendor_methods,      VERB_NO_TASK,   false, NULL                    },
    [RPC_DRIVER_VENDOR_PASSTHRU] = {verb_driver_vendor_passthru,     VERB_NO_TASK,   true,  NULL                    },
};

const Verb *
verb_row(RpcMethod method)
{
    return &verbs[method];
}
