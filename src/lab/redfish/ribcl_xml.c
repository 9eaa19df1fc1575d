/* Finds elements and attributes of RIBCL; the contract is in ribcl.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/ribcl.h"

bool
ribcl_is_named(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE &&
           g_ascii_strcasecmp((const char *)node->name, name) == 0;
}

char *
ribcl_attribute(const xmlNode *node, const char *name)
{
    for (const xmlAttr *each = node != NULL ? node->properties : NULL; each != NULL;
         each = each->next) {
        const xmlNode *text = each->children;
        if (g_ascii_strcasecmp((const char *)each->name, name) == 0)
            return g_strdup(text != NULL && text->content != NULL ? (const char *)text->content
                                                                  : "");
    }
    return g_strdup("");
}

const xmlNode *
ribcl_child_named(const xmlNode *node, const char *name)
{
    for (const xmlNode *each = node->children; each != NULL; each = each->next)
        if (ribcl_is_named(each, name))
            return each;
    return NULL;
}

const xmlNode *
ribcl_first_element(const xmlNode *node)
{
    for (const xmlNode *each = node->children; each != NULL; each = each->next)
        if (each->type == XML_ELEMENT_NODE)
            return each;
    return NULL;
}
