/* properties.capabilities, "iscsi_boot:true,boot_mode:uefi" or an object, and
 * instance_info.capabilities.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include "model/resources.h"

/* The value of a node's capability, instance_info before properties; the caller frees; NULL if
 * absent. */
char *capability_get(const Node *node, const char *name);

/* True when the capability is there and true ("iscsi_boot:false" is false). "fibre_channel_boot" is
 * also known by the spelling "fiberchannel_boot". */
bool capability_is_true(const Node *node, const char *name);

/* True when the instance asks for secure boot; that of properties says what the machine can do. */
bool capability_wants_secure_boot(const Node *node);

/* Sets a capability in a node's properties, in the form that they have there; as text
 * "name:value,..." where there are none. The others stay as they are. */
void capability_set(json_t *properties, const char *name, const char *value);

/* Removes a capability from a node's properties; nothing if it is absent. */
void capability_unset(json_t *properties, const char *name);

/* "bios" or "uefi": the node's boot_mode capability, else its own boot_mode, else the standard
 * given. Static or borrowed from the node. */
const char *capability_boot_mode(const Node *node, const char *standard);

/* Checks that capabilities are well formed and boot_mode and secure_boot hold a known value. */
bool capabilities_validate(const Node *node, GError **error);
