/* UEFI iSCSI boot of a simulated iLO: attempts that are pending until a POST, and then targets to
 * boot from. The contract is in inside.h.
 *
 * Sources: HPE iLO 5 Redfish API reference, HpeiSCSISoftwareInitiator 2.0.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"

#include <stdlib.h>
#include <string.h>

/* What the firmware fills in. */
static const char *const read_only[] = {"StructuredBootString", "UEFIDevicePath"};
static const char *const secrets[] = {"iSCSIChapSecret", "iSCSIReverseChapSecret"};

static bool
is_one_of(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Secrets are not told. */
static json_t *
without_secrets(const json_t *sources)
{
    json_t *shown = json_deep_copy(sources);
    for (size_t i = 0; i < json_array_size(shown); i++)
        for (size_t j = 0; j < G_N_ELEMENTS(secrets); j++)
            json_object_set_new(json_array_get(shown, i), secrets[j], json_null());
    return shown;
}

static json_t *pending(const RedfishBmc *bmc, const char *name) REQUIRES(bmc->lock);

static json_t *
pending(const RedfishBmc *bmc, const char *name)
{
    json_t *value = json_object_get(redfish_state(bmc, "iscsi.pending"), name);
    return value != NULL ? value : json_object_get(redfish_state(bmc, "iscsi"), name);
}

json_t *
redfish_iscsi_show(const RedfishCall *call, bool is_pending)
{
    return without_secrets(is_pending ? pending(call->bmc, "sources")
                                      : redfish_state(call->bmc, "iscsi.sources"));
}

json_t *
redfish_iscsi_initiator(const RedfishCall *call)
{
    return json_deep_copy(pending(call->bmc, "initiator"));
}

/* ---- changes ---- */

/* A LUN is a text, but clients send numbers as well. */
static json_t *
clean_value(const char *name, const json_t *value)
{
    if (strcmp(name, "iSCSILUN") == 0 && json_is_integer(value)) {
        g_autofree char *text = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return json_string(text);
    }
    return json_deep_copy(value);
}

static bool
fits(const json_t *known, const json_t *value)
{
    return json_typeof(known) == json_typeof(value) || json_is_null(value) ||
           (json_is_boolean(known) && json_is_boolean(value)) ||
           (json_is_string(known) && json_is_integer(value));
}

/* Puts one attempt's changes into its place. */
static bool merge_attempt(RedfishCall *call, json_t *attempt, json_t *change)
    REQUIRES(call->bmc->lock);

static bool
merge_attempt(RedfishCall *call, json_t *attempt, json_t *change)
{
    const char *name;
    json_t *value;
    json_object_foreach(change, name, value)
    {
        const json_t *known = json_object_get(attempt, name);
        if (known == NULL || is_one_of(read_only, G_N_ELEMENTS(read_only), name)) {
            redfish_refuse(call, REDFISH_MESSAGE_PROPERTY_UNKNOWN, NULL, name, NULL);
            return false;
        }
        if (!fits(known, value)) {
            redfish_refuse(call, REDFISH_MESSAGE_PROPERTY_TYPE, NULL, "given", name);
            return false;
        }
        json_object_set_new(attempt, name, clean_value(name, value));
    }
    return true;
}

/* Places in the array correspond; an empty object leaves its attempt alone. */
static bool merge_attempts(RedfishCall *call, json_t *sources, const json_t *changes)
    REQUIRES(call->bmc->lock);

static bool
merge_attempts(RedfishCall *call, json_t *sources, const json_t *changes)
{
    if (!json_is_array(changes) || json_array_size(changes) > json_array_size(sources)) {
        redfish_refuse(call, REDFISH_MESSAGE_PROPERTY_TYPE, NULL, "given", "iSCSISources");
        return false;
    }
    for (size_t i = 0; i < json_array_size(changes); i++)
        if (!merge_attempt(call, json_array_get(sources, i), json_array_get(changes, i)))
            return false;
    return true;
}

void
redfish_iscsi_patch(RedfishCall *call)
{
    const json_t *changes = json_object_get(call->body, "iSCSISources");
    const char *initiator = json_string_member(call->body, "iSCSIInitiatorName");
    if (changes == NULL && initiator == NULL) {
        redfish_refuse(call, REDFISH_MESSAGE_EMPTY_JSON, NULL, NULL, NULL);
        return;
    }
    json_auto_t *sources = json_deep_copy(pending(call->bmc, "sources"));
    json_auto_t *name = initiator != NULL ? json_string(initiator)
                                          : json_deep_copy(pending(call->bmc, "initiator"));
    if (changes != NULL && !merge_attempts(call, sources, changes))
        return;
    redfish_state_set(call->bmc->state, "iscsi.pending",
                      json_pack("{s:O, s:O}", "sources", sources, "initiator", name));
    redfish_refuse(call, REDFISH_MESSAGE_RESET_REQUIRED, NULL, NULL, NULL);
}

/* ---- at a POST ---- */

static bool
is_enabled(const json_t *attempt)
{
    int64_t instance = 0;
    (void)json_integer_member(attempt, "iSCSIAttemptInstance", &instance);
    return instance != 0 &&
           g_strcmp0(json_string_member(attempt, "iSCSIConnection"), "Disabled") != 0;
}

static const char *
text_of(const json_t *attempt, const char *name)
{
    const char *text = json_string_member(attempt, name);
    return text != NULL ? text : "";
}

/* As UEFI writes the path of a target. */
static char *device_path(const RedfishBmc *bmc, const json_t *attempt) REQUIRES(bmc->lock);

static char *
device_path(const RedfishBmc *bmc, const json_t *attempt)
{
    unsigned port = redfish_port_of_source(text_of(attempt, "iSCSINicSource"));
    g_autofree char *card = redfish_port_path(port);
    g_auto(GStrv) bytes = g_strsplit(redfish_port_mac(bmc, port), ":", -1);
    g_autofree char *joined = g_strjoinv("", bytes);
    g_autofree char *mac = g_ascii_strup(joined, -1);
    bool chap = g_ascii_strcasecmp(text_of(attempt, "iSCSIAuthenticationMethod"), "chap") == 0;
    return g_strdup_printf("%s/MAC(%s,0x0)/IPv4(%s)/iSCSI(%s,0x1,0x%s,None,None,%s,TCP)", card, mac,
                           text_of(attempt, "iSCSITargetIpAddress"),
                           text_of(attempt, "iSCSITargetName"), text_of(attempt, "iSCSILUN"),
                           chap ? "CHAP_BI" : "None");
}

static void fill_attempt(RedfishBmc *bmc, json_t *attempt, json_t *targets) REQUIRES(bmc->lock);

/* An iLO 4 names its targets by the short name. */
static void
fill_attempt(RedfishBmc *bmc, json_t *attempt, json_t *targets)
{
    g_autofree char *path = device_path(bmc, attempt);
    g_autofree char *name = g_strdup_printf(
        "NIC.LOM.1.%u.iSCSI", redfish_port_of_source(text_of(attempt, "iSCSINicSource")));
    json_object_set_new(attempt, "StructuredBootString", json_string(name));
    json_object_set_new(attempt, "UEFIDevicePath", json_string(path));
    json_array_append_new(targets, json_string(bmc->tree->kind == REDFISH_KIND_ILO4 ? name : path));
}

void
redfish_iscsi_apply(RedfishBmc *bmc, bool uefi)
{
    json_t *iscsi = redfish_state(bmc, "iscsi");
    if (iscsi == NULL)
        return;
    json_object_update_existing(iscsi, json_object_get(iscsi, "pending"));
    json_object_set_new(iscsi, "pending", json_null());
    json_t *sources = json_object_get(iscsi, "sources"), *targets = json_array();
    for (size_t i = 0; i < json_array_size(sources); i++) {
        json_t *attempt = json_array_get(sources, i);
        for (size_t j = 0; j < G_N_ELEMENTS(read_only); j++)
            json_object_set_new(attempt, read_only[j], json_null());
        if (uefi && is_enabled(attempt))
            fill_attempt(bmc, attempt, targets);
    }
    redfish_state_set(bmc->state, "boot.iscsi", targets);
}

static void fill_target(const RedfishBmc *bmc, const json_t *attempt, RedfishIscsi *target)
    REQUIRES(bmc->lock);

static void
fill_target(const RedfishBmc *bmc, const json_t *attempt, RedfishIscsi *target)
{
    int64_t port = 0;
    bool chap = g_ascii_strcasecmp(text_of(attempt, "iSCSIAuthenticationMethod"), "chap") == 0;
    (void)json_integer_member(attempt, "iSCSITargetTcpPort", &port);
    g_strlcpy(target->iqn, text_of(attempt, "iSCSITargetName"), sizeof target->iqn);
    g_strlcpy(target->address, text_of(attempt, "iSCSITargetIpAddress"), sizeof target->address);
    g_strlcpy(target->initiator, redfish_state_text(bmc, "iscsi.initiator"),
              sizeof target->initiator);
    if (chap) {
        g_strlcpy(target->username, text_of(attempt, "iSCSIChapUsername"), sizeof target->username);
        g_strlcpy(target->secret, text_of(attempt, "iSCSIChapSecret"), sizeof target->secret);
    }
    target->port = (int)CLAMP(port, 0, 65535);
    target->lun = (int)strtol(text_of(attempt, "iSCSILUN"), NULL, 16);
    target->wanted = true;
}

void
redfish_iscsi_fill(const RedfishBmc *bmc, RedfishBoot *boot)
{
    const json_t *sources = redfish_state(bmc, "iscsi.sources");
    const char *wanted = redfish_state_text(bmc, "boot.uefi_target");
    for (size_t i = 0; boot->uefi && i < json_array_size(sources) && !boot->iscsi.wanted; i++) {
        const json_t *attempt = json_array_get(sources, i);
        if (strcmp(text_of(attempt, "UEFIDevicePath"), wanted) == 0 ||
            strcmp(text_of(attempt, "StructuredBootString"), wanted) == 0)
            fill_target(bmc, attempt, &boot->iscsi);
    }
}

/* ---- the boot order ---- */

/* The entries of a server, and those of its targets. */
json_t *
redfish_boot_sources(const RedfishCall *call)
{
    json_t *sources = json_deep_copy(redfish_state(call->bmc, "boot_sources"));
    const json_t *attempts = redfish_state(call->bmc, "iscsi.sources");
    for (size_t i = 0; i < json_array_size(attempts); i++) {
        const json_t *attempt = json_array_get(attempts, i);
        json_t *name = json_object_get(attempt, "StructuredBootString");
        unsigned port = redfish_port_of_source(text_of(attempt, "iSCSINicSource"));
        g_autofree char *path = redfish_port_path(port);
        if (json_is_string(name))
            json_array_append_new(
                sources, json_pack("{s:O, s:s, s:O, s:s, s:s}", "StructuredBootString", name,
                                   "BootString", "Embedded LOM 1 Port 1 : NIC - 1G (iSCSI IPv4)",
                                   "UEFIDevicePath", json_object_get(attempt, "UEFIDevicePath"),
                                   "CorrelatableID", path, "BootOptionNumber", "000D"));
    }
    return sources;
}

json_t *
redfish_boot_order(const RedfishCall *call)
{
    json_auto_t *sources = redfish_boot_sources(call);
    json_t *order = json_array();
    for (size_t i = 0; i < json_array_size(sources); i++)
        json_array_append(order,
                          json_object_get(json_array_get(sources, i), "StructuredBootString"));
    return order;
}
