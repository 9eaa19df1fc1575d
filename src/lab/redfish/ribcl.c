/* RIBCL at a simulated iLO: XML in, XML documents out, always with status 200. The contract is in
 * inside.h. Strangers send it: entities are never expanded, and a document with a type is refused.
 *
 * Source: HPE iLO 4 Scripting and Command Line Guide, "RIBCL XML scripting language".
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"

#include <libxml/parser.h>
#include <string.h>

#define PARSE_OPTIONS                                                                              \
    (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT)

enum { DEPTH_MAX = 12 };

/* One command on its way. */
typedef struct Command {
    RedfishCall *call;
    const xmlNode *element;
    bool write;        /* in a block with MODE="write" */
    GString *data;     /* out: what stands beside the RESPONSE */
    unsigned status;   /* out */
    char message[160]; /* out */
} Command;

typedef struct CommandRow {
    const char *name;
    bool changes; /* needs MODE="write" */
    void (*run)(Command *command);
} CommandRow;

/* ---- reading ---- */

static bool
is_named(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE &&
           g_ascii_strcasecmp((const char *)node->name, name) == 0;
}

/* An attribute's value, whatever the case of its name; the caller frees. "" if absent. */
static char *
attribute(const xmlNode *node, const char *name)
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

static const xmlNode *
child_named(const xmlNode *node, const char *name)
{
    for (const xmlNode *each = node->children; each != NULL; each = each->next)
        if (is_named(each, name))
            return each;
    return NULL;
}

static const xmlNode *
first_element(const xmlNode *node)
{
    for (const xmlNode *each = node->children; each != NULL; each = each->next)
        if (each->type == XML_ELEMENT_NODE)
            return each;
    return NULL;
}

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

static void G_GNUC_PRINTF(3, 4) say(Command *command, unsigned status, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    g_vsnprintf(command->message, sizeof command->message, format, values);
    va_end(values);
    command->status = status;
}

static void G_GNUC_PRINTF(2, 3) give(Command *command, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    g_autofree char *text = g_markup_vprintf_escaped(format, values);
    va_end(values);
    g_string_append(command->data, text);
}

static void
add_document(GString *out, unsigned status, const char *message, const char *data)
{
    g_autofree char *text = g_markup_escape_text(message, -1);
    g_string_append_printf(out,
                           "<?xml version=\"1.0\"?>\r\n<RIBCL VERSION=\"2.23\">\r\n<RESPONSE\r\n"
                           "    STATUS=\"0x%04X\"\r\n    MESSAGE='%s'\r\n     />\r\n%s</RIBCL>\r\n",
                           status, text, data);
}

/* ---- power ---- */

static void run_power_get(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_power_get(Command *command)
{
    give(command, "<GET_HOST_POWER HOST_POWER=\"%s\"/>", command->call->bmc->power ? "ON" : "OFF");
}

/* Gives an order; Redfish's answer is not shown. */
static void order(Command *command, const char *type) REQUIRES(command->call->bmc->lock);

static void
order(Command *command, const char *type)
{
    redfish_power_order(command->call, type);
}

static void run_power_set(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_power_set(Command *command)
{
    g_autofree char *wish = attribute(command->element, "HOST_POWER");
    bool on = g_ascii_strcasecmp(wish, "yes") == 0;
    if (on == command->call->bmc->power)
        say(command, 0, "Host power is already %s.", on ? "ON" : "OFF");
    else
        order(command, on ? "On" : "ForceOff");
}

static void run_reset_server(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_reset_server(Command *command)
{
    if (!command->call->bmc->power) {
        say(command, 0x0057, "Server power is off.");
        return;
    }
    order(command, "ForceRestart");
    say(command, 0, "Server being reset.");
}

static void run_press(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_press(Command *command)
{
    order(command, "PushPowerButton");
}

static void run_hold(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_hold(Command *command)
{
    if (!command->call->bmc->power)
        say(command, 0, "Host power is already OFF.");
    else
        order(command, "ForceOff");
}

/* ---- boot ---- */

typedef struct BootName {
    const char *ribcl, *redfish;
} BootName;

static const BootName boot_names[] = {
    {"NORMAL",     "None"},
    {"CDROM",      "Cd"},
    {"HDD",        "Hdd"},
    {"NETWORK",    "Pxe"},
    {"USB",        "Usb"},
    {"RBSU",       "BiosSetup"},
    {"UEFI_SHELL", "UefiShell"},
};

static const BootName *
find_boot(const char *name, bool ribcl)
{
    for (size_t i = 0; i < G_N_ELEMENTS(boot_names); i++)
        if (g_ascii_strcasecmp(ribcl ? boot_names[i].ribcl : boot_names[i].redfish, name) == 0)
            return &boot_names[i];
    return NULL;
}

static void run_once_get(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_once_get(Command *command)
{
    const BootName *name = find_boot(redfish_state_text(command->call->bmc, "boot.target"), false);
    bool once = strcmp(redfish_state_text(command->call->bmc, "boot.enabled"), "Once") == 0;
    give(command, "<ONE_TIME_BOOT><BOOT_TYPE VALUE=\"%s\"/></ONE_TIME_BOOT>",
         once && name != NULL ? name->ribcl : "Normal");
}

static void override(Command *command, const char *word, const char *enabled)
    REQUIRES(command->call->bmc->lock);

static void
override(Command *command, const char *word, const char *enabled)
{
    const BootName *name = find_boot(word, true);
    if (name == NULL) {
        say(command, 0x0068, "Invalid boot device.");
        return;
    }
    bool none = strcmp(name->redfish, "None") == 0;
    redfish_state_set(command->call->bmc->state, "boot.target", json_string(name->redfish));
    redfish_state_set(command->call->bmc->state, "boot.enabled",
                      json_string(none ? "Disabled" : enabled));
}

static void run_once_set(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_once_set(Command *command)
{
    g_autofree char *word = attribute(command->element, "VALUE");
    override(command, word, "Once");
}

static void run_persistent_get(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_persistent_get(Command *command)
{
    const BootName *name = find_boot(redfish_state_text(command->call->bmc, "boot.target"), false);
    bool fixed =
        strcmp(redfish_state_text(command->call->bmc, "boot.enabled"), "Continuous") == 0 &&
        name != NULL;
    give(command, "<PERSISTENT_BOOT>");
    if (fixed)
        give(command, "<DEVICE value=\"%s\"/>", name->ribcl);
    give(command, "<DEVICE value=\"HDD\"/><DEVICE value=\"NETWORK\"/><DEVICE "
                  "value=\"CDROM\"/></PERSISTENT_BOOT>");
}

static void run_persistent_set(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_persistent_set(Command *command)
{
    g_autofree char *word = attribute(child_named(command->element, "DEVICE"), "VALUE");
    override(command, word, "Continuous");
}

static void give_mode(Command *command, const char *element, const char *mode)
    REQUIRES(command->call->bmc->lock);

static void
give_mode(Command *command, const char *element, const char *mode)
{
    give(command, "<%s><BOOT_MODE VALUE=\"%s\"/></%s>", element,
         g_ascii_strcasecmp(mode, "Uefi") == 0 ? "UEFI" : "LEGACY", element);
}

static void run_mode_current(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_mode_current(Command *command)
{
    give_mode(command, "GET_CURRENT_BOOT_MODE",
              redfish_state_text(command->call->bmc, "bios.current.BootMode"));
}

static void run_mode_pending(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_mode_pending(Command *command)
{
    const char *mode =
        json_string_member(redfish_state(command->call->bmc, "bios.pending"), "BootMode");
    give_mode(command, "GET_PENDING_BOOT_MODE",
              mode != NULL ? mode
                           : redfish_state_text(command->call->bmc, "bios.current.BootMode"));
}

static void
run_mode_supported(Command *command)
{
    give(command, "<GET_SUPPORTED_BOOT_MODE><SUPPORTED_BOOT_MODE VALUE=\"LEGACY_UEFI\"/>"
                  "</GET_SUPPORTED_BOOT_MODE>");
}

static void run_mode_set(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_mode_set(Command *command)
{
    g_autofree char *wish = attribute(command->element, "VALUE");
    bool uefi = g_ascii_strcasecmp(wish, "UEFI") == 0;
    if (!uefi && g_ascii_strcasecmp(wish, "LEGACY") != 0)
        say(command, 0x0001, "Syntax error: invalid boot mode.");
    else
        json_object_set_new(redfish_state(command->call->bmc, "bios.pending"), "BootMode",
                            json_string(uefi ? "Uefi" : "LegacyBios"));
}

/* ---- virtual media ---- */

static bool
find_slot(Command *command, RedfishSlot *slot)
{
    g_autofree char *word = attribute(command->element, "DEVICE");
    if (redfish_media_find(word, slot))
        return true;
    say(command, 0x0035, "An invalid Virtual Media option has been given.");
    return false;
}

static void run_media_status(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_media_status(Command *command)
{
    RedfishSlot slot;
    if (!find_slot(command, &slot))
        return;
    const json_t *medium = redfish_media_state(command->call->bmc, slot);
    bool inserted = json_is_true(json_object_get(medium, "inserted"));
    const char *url = json_string_member(medium, "image");
    give(command,
         "<GET_VM_STATUS VM_APPLET=\"DISCONNECTED\" DEVICE=\"%s\" BOOT_OPTION=\"%s\" "
         "WRITE_PROTECT=\"YES\" IMAGE_INSERTED=\"%s\" IMAGE_URL=\"%s\"/>",
         slot == REDFISH_SLOT_CD ? "CDROM" : "FLOPPY", inserted ? "BOOT_ALWAYS" : "NO_BOOT",
         inserted ? "YES" : "NO", url != NULL ? url : "");
}

static void run_media_insert(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_media_insert(Command *command)
{
    RedfishSlot slot;
    g_autofree char *url = attribute(command->element, "IMAGE_URL");
    if (find_slot(command, &slot) && !redfish_media_put(command->call, slot, url))
        say(command, 0x0035, "The Virtual Media image could not be connected.");
}

static void run_media_eject(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_media_eject(Command *command)
{
    RedfishSlot slot;
    if (find_slot(command, &slot) && !redfish_media_take(command->call, slot))
        say(command, 0x0035, "The Virtual Media image could not be disconnected.");
}

static void run_media_set(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_media_set(Command *command)
{
    RedfishSlot slot;
    g_autofree char *option = attribute(child_named(command->element, "VM_BOOT_OPTION"), "VALUE");
    bool once = g_ascii_strcasecmp(option, "BOOT_ONCE") == 0;
    if (!find_slot(command, &slot))
        return;
    if (!json_is_true(json_object_get(redfish_media_state(command->call->bmc, slot), "inserted")))
        say(command, 0x0035, "No image present in the Virtual Media drive.");
    else if (once)
        redfish_state_set(command->call->bmc->state,
                          slot == REDFISH_SLOT_CD ? "media_once.Cd" : "media_once.Floppy",
                          json_true());
}

/* ---- the iLO itself ---- */

static void run_product_name(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_product_name(Command *command)
{
    give(command, "<GET_PRODUCT_NAME><PRODUCT_NAME VALUE=\"%s\"/></GET_PRODUCT_NAME>",
         redfish_state_text(command->call->bmc, "vendor.model"));
}

static void run_licences(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_licences(Command *command)
{
    json_auto_t *licence = redfish_licence(command->call);
    give(command,
         "<GET_ALL_LICENSES><LICENSE><LICENSE_TYPE VALUE=\"%s\"/><LICENSE_KEY VALUE=\"%s\"/>"
         "<LICENSE_INSTALL_DATE VALUE=\"Sun Jan 03 2021\"/><LICENSE_CLASS VALUE=\"FQL\"/></LICENSE>"
         "</GET_ALL_LICENSES>",
         json_string_member(licence, "LicenseString"), json_string_member(licence, "LicenseKey"));
}

static void run_licence(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_licence(Command *command)
{
    g_autofree char *key = attribute(child_named(command->element, "ACTIVATE"), "KEY");
    if (!redfish_licence_activate(command->call->bmc, key))
        say(command, 0x0044, "License key error.");
}

static void run_user(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_user(Command *command)
{
    g_autofree char *password = attribute(child_named(command->element, "PASSWORD"), "VALUE");
    if (strlen(password) < 8) {
        say(command, 0x0004, "Password is too short.");
        return;
    }
    secret_free(command->call->bmc->password);
    command->call->bmc->password = g_strdup(password);
    redfish_sessions_drop(command->call->bmc);
}

static void run_reset_rib(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_reset_rib(Command *command)
{
    redfish_manager_reset(command->call);
    give(command, "<INFORM>Integrated Lights-Out will reset at the end of the script.</INFORM>");
}

static void run_health(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_health(Command *command)
{
    json_int_t mib = json_integer_value(redfish_state(command->call->bmc, "identity.memory_mib"));
    json_int_t threads =
        json_integer_value(redfish_state(command->call->bmc, "identity.processors"));
    json_int_t disk_mib =
        json_integer_value(redfish_state(command->call->bmc, "identity.disk_mib"));
    give(
        command,
        "<GET_EMBEDDED_HEALTH_DATA><TEMPERATURE><TEMP><LABEL VALUE=\"01-Inlet Ambient\"/></TEMP>"
        "</TEMPERATURE><MEMORY><MEMORY_DETAILS_SUMMARY><CPU_1><TOTAL_MEMORY_SIZE VALUE=\"%d GB\"/>"
        "</CPU_1></MEMORY_DETAILS_SUMMARY></MEMORY><PROCESSORS><PROCESSOR><LABEL VALUE=\"Proc 1\"/>"
        "<EXECUTION_TECHNOLOGY VALUE=\"%d/%d cores; %d threads\"/></PROCESSOR></PROCESSORS>",
        (int)MAX(mib / 1024, 1), (int)threads, (int)threads, (int)threads);
    give(command,
         "<STORAGE><CONTROLLER><LABEL VALUE=\"Controller on System Board\"/><LOGICAL_DRIVE>"
         "<CAPACITY VALUE=\"%d GB\"/></LOGICAL_DRIVE></CONTROLLER></STORAGE><NIC_INFORMATION><NIC>"
         "<NETWORK_PORT VALUE=\"Port 1\"/><MAC_ADDRESS VALUE=\"%s\"/><LOCATION VALUE=\"Embedded\"/>"
         "</NIC></NIC_INFORMATION><FIRMWARE_INFORMATION><INDEX_1><FIRMWARE_NAME VALUE=\"iLO\"/>"
         "<FIRMWARE_VERSION VALUE=\"%s\"/></INDEX_1></FIRMWARE_INFORMATION>"
         "</GET_EMBEDDED_HEALTH_DATA>",
         (int)(disk_mib / 1024), redfish_state_text(command->call->bmc, "identity.mac"),
         redfish_state_text(command->call->bmc, "vendor.firmware"));
}

static void run_power_readings(Command *command) REQUIRES(command->call->bmc->lock);

static void
run_power_readings(Command *command)
{
    const char *watts = command->call->bmc->power ? "120" : "8";
    give(command,
         "<GET_POWER_READINGS><PRESENT_POWER_READING VALUE=\"%s\" UNIT=\"Watts\"/>"
         "<AVERAGE_POWER_READING VALUE=\"%s\" UNIT=\"Watts\"/></GET_POWER_READINGS>",
         watts, watts);
}

/* clang-format off */
static const CommandRow rows[] = {
    {"GET_PRODUCT_NAME",        false, run_product_name},
    {"GET_HOST_POWER_STATUS",   false, run_power_get},
    {"SET_HOST_POWER",          true,  run_power_set},
    {"RESET_SERVER",            true,  run_reset_server},
    {"PRESS_PWR_BTN",           true,  run_press},
    {"HOLD_PWR_BTN",            true,  run_hold},
    {"GET_ONE_TIME_BOOT",       false, run_once_get},
    {"SET_ONE_TIME_BOOT",       true,  run_once_set},
    {"GET_PERSISTENT_BOOT",     false, run_persistent_get},
    {"SET_PERSISTENT_BOOT",     true,  run_persistent_set},
    {"GET_CURRENT_BOOT_MODE",   false, run_mode_current},
    {"GET_PENDING_BOOT_MODE",   false, run_mode_pending},
    {"GET_SUPPORTED_BOOT_MODE", false, run_mode_supported},
    {"SET_PENDING_BOOT_MODE",   true,  run_mode_set},
    {"GET_VM_STATUS",           false, run_media_status},
    {"SET_VM_STATUS",           true,  run_media_set},
    {"INSERT_VIRTUAL_MEDIA",    true,  run_media_insert},
    {"EJECT_VIRTUAL_MEDIA",     true,  run_media_eject},
    {"GET_ALL_LICENSES",        false, run_licences},
    {"LICENSE",                 true,  run_licence},
    {"GET_EMBEDDED_HEALTH",     false, run_health},
    {"GET_POWER_READINGS",      false, run_power_readings},
    {"MOD_USER",                true,  run_user},
    {"RESET_RIB",               true,  run_reset_rib},
};
/* clang-format on */

/* ---- a request ---- */

static void run(Command *command) REQUIRES(command->call->bmc->lock);

static void
run(Command *command)
{
    const char *name = (const char *)command->element->name;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!is_named(command->element, rows[i].name))
            continue;
        if (rows[i].changes && !command->write)
            say(command, 0x0001, "Syntax error: write access is required.");
        else
            rows[i].run(command);
        return;
    }
    say(command, 0x003C, "Feature not supported - %.60s", name);
}

/* Runs the one command in a block. The compiler cannot know that command.call is the call whose
 * lock is held. */
static void run_block(RedfishCall *call, const xmlNode *login, GString *out)
    REQUIRES(call->bmc->lock);

static void UNSHARED
run_block(RedfishCall *call, const xmlNode *login, GString *out)
{
    const xmlNode *block = first_element(login);
    const xmlNode *element = block != NULL ? first_element(block) : NULL;
    g_autoptr(GString) data = g_string_new(NULL);
    if (element == NULL) {
        add_document(out, 0x0001, "Syntax error: there is no command.", "");
        return;
    }
    g_autofree char *mode = attribute(block, "MODE");
    Command command = {.call = call,
                       .element = element,
                       .write = g_ascii_strcasecmp(mode, "write") == 0,
                       .data = data,
                       .message = "No error"};
    run(&command);
    add_document(out, command.status, command.message, command.status == 0 ? data->str : "");
}

static bool login_is_good(const RedfishCall *call, const xmlNode *login) REQUIRES(call->bmc->lock);

static bool
login_is_good(const RedfishCall *call, const xmlNode *login)
{
    g_autofree char *user = attribute(login, "USER_LOGIN");
    char *password = attribute(login, "PASSWORD");
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
    bool readable = root != NULL && is_named(root, "RIBCL") && depth_of(root) <= DEPTH_MAX;
    const xmlNode *login = readable ? child_named(root, "LOGIN") : NULL;
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
        "<MP><ST>1</ST><PN>Integrated Lights-Out 5 (iLO 5)</PN><FWRI>%s</FWRI></MP></RIMP>",
        redfish_state_text(call->bmc, "identity.serial"),
        redfish_state_text(call->bmc, "vendor.model"),
        redfish_state_text(call->bmc, "identity.uuid"),
        redfish_state_text(call->bmc, "vendor.firmware"));
    redfish_say(call, 200, NULL);
}
