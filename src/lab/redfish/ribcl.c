/* RIBCL at a simulated iLO: XML in, XML documents out, always with status 200. The contract is in
 * inside.h. Strangers send it: entities are never expanded, and a document with a type is refused.
 *
 * Source: HPE iLO 4 Scripting and Command Line Guide, "RIBCL XML scripting language".
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/ribcl.h"

#include <libxml/parser.h>
#include <string.h>

#define PARSE_OPTIONS                                                                              \
    (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT)

enum { DEPTH_MAX = 12 };

static unsigned
depth_of(const xmlNode *node)
{
    unsigned deepest = 0;
    for (const xmlNode *each = node->children; each != NULL; each = each->next)
        if (each->type == XML_ELEMENT_NODE)
            deepest = MAX(deepest, depth_of(each));
    return deepest + 1;
}

/* ---- writing ---- */

static void
add_document(GString *out, unsigned status, const char *message, const char *data)
{
    g_autofree char *text = g_markup_escape_text(message, -1);
    g_string_append_printf(out,
                           "<?xml version=\"1.0\"?>\r\n<RIBCL VERSION=\"2.23\">\r\n<RESPONSE\r\n"
                           "    STATUS=\"0x%04X\"\r\n    MESSAGE='%s'\r\n     />\r\n%s</RIBCL>\r\n",
                           status, text, data);
}

/* ---- a request ---- */

/* Runs the one command in a block. The compiler cannot know that command.call is the call whose
 * lock is held. */
static void run_block(RedfishCall *call, const xmlNode *login, GString *out)
    REQUIRES(call->bmc->lock);

static void UNSHARED
run_block(RedfishCall *call, const xmlNode *login, GString *out)
{
    const xmlNode *block = ribcl_first_element(login);
    const xmlNode *element = block != NULL ? ribcl_first_element(block) : NULL;
    g_autoptr(GString) data = g_string_new(NULL);
    if (element == NULL) {
        add_document(out, 0x0001, "Syntax error: there is no command.", "");
        return;
    }
    g_autofree char *mode = ribcl_attribute(block, "MODE");
    RibclCommand command = {.call = call,
                            .element = element,
                            .write = g_ascii_strcasecmp(mode, "write") == 0,
                            .data = data,
                            .message = "No error"};
    ribcl_run(&command);
    add_document(out, command.status, command.message, command.status == 0 ? data->str : "");
}

static bool login_is_good(const RedfishCall *call, const xmlNode *login) REQUIRES(call->bmc->lock);

static bool
login_is_good(const RedfishCall *call, const xmlNode *login)
{
    g_autofree char *user = ribcl_attribute(login, "USER_LOGIN");
    char *password = ribcl_attribute(login, "PASSWORD");
    bool named = secret_equal(redfish_state_text(call->bmc, "identity.username"), user);
    bool good = secret_equal(call->bmc->password, password) && named;
    secret_free(password);
    return good;
}

static void answer(RedfishCall *call, const xmlDoc *document, GString *out)
    REQUIRES(call->bmc->lock);

static void
answer(RedfishCall *call, const xmlDoc *document, GString *out)
{
    const xmlNode *root = document != NULL && document->intSubset == NULL
                              ? xmlDocGetRootElement((xmlDoc *)(uintptr_t)document)
                              : NULL;
    bool readable = root != NULL && ribcl_is_named(root, "RIBCL") && depth_of(root) <= DEPTH_MAX;
    const xmlNode *login = readable ? ribcl_child_named(root, "LOGIN") : NULL;
    if (login == NULL) {
        add_document(out, 0x0001, "Syntax error: Line #0: syntax error near \"\" in the line: \"\"",
                     "");
        return;
    }
    add_document(out, 0, "No error", "");
    if (!login_is_good(call, login)) {
        add_document(out, 0x005F, "Login failed.", "");
        return;
    }
    run_block(call, login, out);
    add_document(out, 0, "No error", "");
}

void
redfish_ribcl(RedfishCall *call)
{
    const RedfishRequest *request = call->request;
    if (call->bmc->knobs[REDFISH_KNOB_NO_RIBCL] != 0 || request->body == NULL) {
        redfish_refuse(call, REDFISH_MESSAGE_RESOURCE_MISSING, NULL, call->path, NULL);
        return;
    }
    GString *out = g_string_new(NULL);
    xmlDoc *document =
        xmlReadMemory(request->body, (int)request->body_size, NULL, NULL, PARSE_OPTIONS);
    answer(call, document, out);
    xmlFreeDoc(document);
    redfish_say(call, 200, NULL);
    call->xml = g_string_free(out, FALSE);
}

void
redfish_xmldata(RedfishCall *call)
{
    call->xml = g_markup_printf_escaped(
        "<?xml version=\"1.0\"?><RIMP><HSI><SBSN>%s</SBSN><SPN>%s</SPN><cUUID>%s</cUUID></HSI>"
        "<MP><ST>1</ST><PN>%s</PN><FWRI>%s</FWRI></MP></RIMP>",
        redfish_state_text(call->bmc, "identity.serial"),
        redfish_state_text(call->bmc, "vendor.model"),
        redfish_state_text(call->bmc, "identity.uuid"), redfish_state_text(call->bmc, "vendor.ilo"),
        redfish_state_text(call->bmc, "vendor.firmware"));
    redfish_say(call, 200, NULL);
}
