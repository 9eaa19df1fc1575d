/* What the commands of RIBCL do to a simulated iLO: one function each, one table.
 *
 * Source: HPE iLO 4 Scripting and Command Line Guide, "RIBCL XML scripting language".
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/ribcl.h"

#include "common/json_text.h"

#include <string.h>

typedef struct CommandRow {
    const char *name;
    bool changes; /* needs MODE="write" */
    void (*run)(RibclCommand *command);
} CommandRow;

static void G_GNUC_PRINTF(3, 4) say(RibclCommand *command, unsigned status, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    g_vsnprintf(command->message, sizeof command->message, format, values);
    va_end(values);
    command->status = status;
}

static void G_GNUC_PRINTF(2, 3) give(RibclCommand *command, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    g_autofree char *text = g_markup_vprintf_escaped(format, values);
    va_end(values);
    g_string_append(command->data, text);
}

/* ---- power ---- */

static void run_power_get(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_power_get(RibclCommand *command)
{
    give(command, "<GET_HOST_POWER HOST_POWER=\"%s\"/>", command->call->bmc->power ? "ON" : "OFF");
}

/* Gives an order; Redfish's answer is not shown. */
static void order(RibclCommand *command, const char *type) REQUIRES(command->call->bmc->lock);

static void
order(RibclCommand *command, const char *type)
{
    redfish_power_order(command->call, type);
}

static void run_power_set(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_power_set(RibclCommand *command)
{
    g_autofree char *wish = ribcl_attribute(command->element, "HOST_POWER");
    bool on = g_ascii_strcasecmp(wish, "yes") == 0;
    if (on == command->call->bmc->power)
        say(command, 0, "Host power is already %s.", on ? "ON" : "OFF");
    else
        order(command, on ? "On" : "ForceOff");
}

static void run_reset_server(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_reset_server(RibclCommand *command)
{
    if (!command->call->bmc->power) {
        say(command, 0x0057, "Server power is off.");
        return;
    }
    order(command, "ForceRestart");
    say(command, 0, "Server being reset.");
}

static void run_press(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_press(RibclCommand *command)
{
    order(command, "PushPowerButton");
}

static void run_hold(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_hold(RibclCommand *command)
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

static void run_once_get(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_once_get(RibclCommand *command)
{
    const BootName *name = find_boot(redfish_state_text(command->call->bmc, "boot.target"), false);
    bool once = strcmp(redfish_state_text(command->call->bmc, "boot.enabled"), "Once") == 0;
    give(command, "<ONE_TIME_BOOT><BOOT_TYPE VALUE=\"%s\"/></ONE_TIME_BOOT>",
         once && name != NULL ? name->ribcl : "Normal");
}

static void override(RibclCommand *command, const char *word, const char *enabled)
    REQUIRES(command->call->bmc->lock);

static void
override(RibclCommand *command, const char *word, const char *enabled)
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

static void run_once_set(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_once_set(RibclCommand *command)
{
    g_autofree char *word = ribcl_attribute(command->element, "VALUE");
    override(command, word, "Once");
}

static void run_persistent_get(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_persistent_get(RibclCommand *command)
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

static void run_persistent_set(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_persistent_set(RibclCommand *command)
{
    g_autofree char *word = ribcl_attribute(ribcl_child_named(command->element, "DEVICE"), "VALUE");
    override(command, word, "Continuous");
}

static void give_mode(RibclCommand *command, const char *element, const char *mode)
    REQUIRES(command->call->bmc->lock);

static void
give_mode(RibclCommand *command, const char *element, const char *mode)
{
    give(command, "<%s><BOOT_MODE VALUE=\"%s\"/></%s>", element,
         g_ascii_strcasecmp(mode, "Uefi") == 0 ? "UEFI" : "LEGACY", element);
}

static void run_mode_current(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_mode_current(RibclCommand *command)
{
    give_mode(command, "GET_CURRENT_BOOT_MODE",
              redfish_state_text(command->call->bmc, "bios.current.BootMode"));
}

static void run_mode_pending(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_mode_pending(RibclCommand *command)
{
    const char *mode =
        json_string_member(redfish_state(command->call->bmc, "bios.pending"), "BootMode");
    give_mode(command, "GET_PENDING_BOOT_MODE",
              mode != NULL ? mode
                           : redfish_state_text(command->call->bmc, "bios.current.BootMode"));
}

static void
run_mode_supported(RibclCommand *command)
{
    give(command, "<GET_SUPPORTED_BOOT_MODE><SUPPORTED_BOOT_MODE VALUE=\"LEGACY_UEFI\"/>"
                  "</GET_SUPPORTED_BOOT_MODE>");
}

static void run_mode_set(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_mode_set(RibclCommand *command)
{
    g_autofree char *wish = ribcl_attribute(command->element, "VALUE");
    bool uefi = g_ascii_strcasecmp(wish, "UEFI") == 0;
    if (!uefi && g_ascii_strcasecmp(wish, "LEGACY") != 0)
        say(command, 0x0001, "Syntax error: invalid boot mode.");
    else
        json_object_set_new(redfish_state(command->call->bmc, "bios.pending"), "BootMode",
                            json_string(uefi ? "Uefi" : "LegacyBios"));
}

/* ---- virtual media ---- */

static bool
find_slot(RibclCommand *command, RedfishSlot *slot)
{
    g_autofree char *word = ribcl_attribute(command->element, "DEVICE");
    if (redfish_media_find(word, slot))
        return true;
    say(command, 0x0035, "An invalid Virtual Media option has been given.");
    return false;
}

static void run_media_status(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_media_status(RibclCommand *command)
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

static void run_media_insert(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_media_insert(RibclCommand *command)
{
    RedfishSlot slot;
    g_autofree char *url = ribcl_attribute(command->element, "IMAGE_URL");
    if (find_slot(command, &slot) && !redfish_media_put(command->call, slot, url))
        say(command, 0x0035, "The Virtual Media image could not be connected.");
}

static void run_media_eject(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_media_eject(RibclCommand *command)
{
    RedfishSlot slot;
    if (find_slot(command, &slot) && !redfish_media_take(command->call, slot))
        say(command, 0x0035, "The Virtual Media image could not be disconnected.");
}

static void run_media_set(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_media_set(RibclCommand *command)
{
    RedfishSlot slot;
    g_autofree char *option =
        ribcl_attribute(ribcl_child_named(command->element, "VM_BOOT_OPTION"), "VALUE");
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

static void run_product_name(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_product_name(RibclCommand *command)
{
    give(command, "<GET_PRODUCT_NAME><PRODUCT_NAME VALUE=\"%s\"/></GET_PRODUCT_NAME>",
         redfish_state_text(command->call->bmc, "vendor.model"));
}

static void run_licences(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_licences(RibclCommand *command)
{
    json_auto_t *licence = redfish_licence(command->call);
    give(command,
         "<GET_ALL_LICENSES><LICENSE><LICENSE_TYPE VALUE=\"%s\"/><LICENSE_KEY VALUE=\"%s\"/>"
         "<LICENSE_INSTALL_DATE VALUE=\"Sun Jan 03 2021\"/><LICENSE_CLASS VALUE=\"FQL\"/></LICENSE>"
         "</GET_ALL_LICENSES>",
         json_string_member(licence, "LicenseString"), json_string_member(licence, "LicenseKey"));
}

static void run_licence(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_licence(RibclCommand *command)
{
    g_autofree char *key = ribcl_attribute(ribcl_child_named(command->element, "ACTIVATE"), "KEY");
    if (!redfish_licence_activate(command->call->bmc, key))
        say(command, 0x0044, "License key error.");
}

static void run_user(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_user(RibclCommand *command)
{
    g_autofree char *password =
        ribcl_attribute(ribcl_child_named(command->element, "PASSWORD"), "VALUE");
    if (strlen(password) < 8) {
        say(command, 0x0004, "Password is too short.");
        return;
    }
    secret_free(command->call->bmc->password);
    command->call->bmc->password = g_strdup(password);
    redfish_sessions_drop(command->call->bmc);
}

static void run_reset_rib(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_reset_rib(RibclCommand *command)
{
    redfish_manager_reset(command->call);
    give(command, "<INFORM>Integrated Lights-Out will reset at the end of the script.</INFORM>");
}

static void run_health(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_health(RibclCommand *command)
{
    json_int_t mib = json_integer_value(redfish_state(command->call->bmc, "identity.memory_mib"));
    json_int_t threads =
        json_integer_value(redfish_state(command->call->bmc, "identity.processors"));
    json_int_t disk_mib =
        json_integer_value(redfish_state(command->call->bmc, "identity.disk_mib"));
    give(
        command,
        "<GET_EMBEDDED_HEALTH_DATA><FANS><FAN><LABEL VALUE=\"Fan 1\"/><STATUS VALUE=\"OK\"/>"
        "<SPEED VALUE=\"%d\" UNIT=\"Percentage\"/></FAN><FAN><LABEL VALUE=\"Fan 2\"/>"
        "<STATUS VALUE=\"Not Installed\"/></FAN></FANS><TEMPERATURE><TEMP>"
        "<LABEL VALUE=\"01-Inlet Ambient\"/><STATUS VALUE=\"OK\"/>"
        "<CURRENTREADING VALUE=\"%d\" UNIT=\"Celsius\"/></TEMP>"
        "</TEMPERATURE><MEMORY><MEMORY_DETAILS_SUMMARY><CPU_1><TOTAL_MEMORY_SIZE VALUE=\"%d GB\"/>"
        "</CPU_1></MEMORY_DETAILS_SUMMARY></MEMORY><PROCESSORS><PROCESSOR><LABEL VALUE=\"Proc 1\"/>"
        "<EXECUTION_TECHNOLOGY VALUE=\"%d/%d cores; %d threads\"/></PROCESSOR></PROCESSORS>",
        command->call->bmc->power ? 20 : 0, command->call->bmc->power ? 24 : 21,
        (int)MAX(mib / 1024, 1), (int)threads, (int)threads, (int)threads);
    if (command->call->bmc->knobs[REDFISH_KNOB_NO_DISKS] == 0)
        give(command,
             "<STORAGE><CONTROLLER><LABEL VALUE=\"Controller on System Board\"/><LOGICAL_DRIVE>"
             "<CAPACITY VALUE=\"%d GB\"/></LOGICAL_DRIVE></CONTROLLER></STORAGE>",
             (int)(disk_mib / 1024));
    give(command, "<NIC_INFORMATION>");
    for (unsigned i = 1; i <= redfish_port_count(command->call->bmc); i++)
        give(command,
             "<NIC><NETWORK_PORT VALUE=\"Port %u\"/><MAC_ADDRESS VALUE=\"%s\"/>"
             "<LOCATION VALUE=\"Embedded\"/></NIC>",
             i, redfish_port_mac(command->call->bmc, i));
    give(command,
         "</NIC_INFORMATION><FIRMWARE_INFORMATION><INDEX_1><FIRMWARE_NAME VALUE=\"iLO\"/>"
         "<FIRMWARE_VERSION VALUE=\"%s\"/></INDEX_1></FIRMWARE_INFORMATION>"
         "</GET_EMBEDDED_HEALTH_DATA>",
         redfish_state_text(command->call->bmc, "vendor.firmware"));
}

static void run_power_readings(RibclCommand *command) REQUIRES(command->call->bmc->lock);

static void
run_power_readings(RibclCommand *command)
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

/* A Gen8 has no UEFI, and its iLO does not know the word. */
static bool is_missing(const RibclCommand *command, const char *name)
    REQUIRES(command->call->bmc->lock);

static bool
is_missing(const RibclCommand *command, const char *name)
{
    return command->call->bmc->tree->kind == REDFISH_KIND_GEN8 &&
           strstr(name, "_BOOT_MODE") != NULL;
}

void
ribcl_run(RibclCommand *command)
{
    const char *name = (const char *)command->element->name;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!ribcl_is_named(command->element, rows[i].name))
            continue;
        if (is_missing(command, rows[i].name))
            break;
        if (rows[i].changes && !command->write)
            say(command, 0x0001, "Syntax error: write access is required.");
        else
            rows[i].run(command);
        return;
    }
    say(command, 0x003C, "Feature not supported - %.60s", name);
}
