/* A command of RIBCL on its way, between its request (ribcl.c) and what it does (ribcl_commands.c),
 * and the reading of its XML (ribcl_xml.c). For these files only.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/redfish/inside.h"

#include <libxml/tree.h>

typedef struct RibclCommand {
    RedfishCall *call;
    const xmlNode *element;
    bool write;        /* in a block with MODE="write" */
    GString *data;     /* out: what stands beside the RESPONSE */
    unsigned status;   /* out */
    char message[160]; /* out */
} RibclCommand;

/* Does what the element's name says, or refuses it. */
void ribcl_run(RibclCommand *command) REQUIRES(command->call->bmc->lock);

/* ---- ribcl_xml.c ---- */

/* Names of elements and attributes count in any case. */
bool ribcl_is_named(const xmlNode *node, const char *name);
/* The value of an attribute; the caller frees. "": there is none, or no node. */
char *ribcl_attribute(const xmlNode *node, const char *name);
/* NULL: there is none. */
const xmlNode *ribcl_child_named(const xmlNode *node, const char *name);
const xmlNode *ribcl_first_element(const xmlNode *node);
