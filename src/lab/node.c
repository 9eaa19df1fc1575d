/* One virtual server of a lab; the contract is in node.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/node.h"

#include "common/json_text.h"
#include "common/secret.h"
#include "lab/target.h"

#include <string.h>

#define IPMI_PASSWORD_LENGTH 16 /* IPMI 1.5 clients take no more */
#define CHAP_PASSWORD_LENGTH 16 /* initiators take 12 to 16 */
#define IQN_AUTHORITY "iqn.2026-01.test.steel-lab"

char *
lab_secret(unsigned length)
{
    static const char letters[] = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    const unsigned letter_count = sizeof letters - 1;
    char *secret = g_malloc0(length + 1);
    for (unsigned i = 0; i < length;) {
        uint8_t byte;
        secret_random(&byte, 1);
        if (byte < 256 / letter_count * letter_count) /* every letter is equally likely */
            secret[i++] = letters[byte % letter_count];
    }
    return secret;
}

/* 20 bytes that are the same for the same folder and name. */
static void
digest_of(const char *folder, const char *name, uint8_t digest[20])
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA1);
    g_checksum_update(checksum, (const guchar *)folder, -1);
    g_checksum_update(checksum, (const guchar *)"\n", 1);
    g_checksum_update(checksum, (const guchar *)name, -1);
    gsize size = 20;
    g_checksum_get_digest(checksum, digest, &size);
}

/* RFC 4122 4.3: version 5 is a SHA-1 with the version and variant written over it. */
static char *
uuid_from(const uint8_t d[20])
{
    return g_strdup_printf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                           d[0], d[1], d[2], d[3], d[4], d[5], (d[6] & 0x0f) | 0x50, d[7],
                           (d[8] & 0x3f) | 0x80, d[9], d[10], d[11], d[12], d[13], d[14], d[15]);
}

LabNode *
lab_node_new(const char *folder, const char *prefix, unsigned index)
{
    LabNode *node = g_new0(LabNode, 1);
    uint8_t digest[20];
    node->index = index;
    node->name = g_strdup_printf("%s-%u", prefix, index);
    digest_of(folder, node->name, digest);
    node->uuid = uuid_from(digest);
    /* 52:54:00 is QEMU's; two bytes tell labs apart, the last one nodes */
    uint8_t lab_digest[20];
    digest_of(folder, prefix, lab_digest);
    node->mac =
        g_strdup_printf("52:54:00:%02x:%02x:%02x", lab_digest[0], lab_digest[1], index & 0xff);
    g_autofree char *bare_mac =
        g_strdup_printf("525400%02x%02x%02x", lab_digest[0], lab_digest[1], index & 0xff);
    node->bmc_username = g_strdup("admin");
    node->bmc_password = lab_secret(IPMI_PASSWORD_LENGTH);
    node->initiator_iqn = g_strdup_printf("%s:host.%s", IQN_AUTHORITY, bare_mac);
    node->target_iqn = g_strdup_printf("%s:volume.%s", IQN_AUTHORITY, bare_mac);
    node->target_lun = TARGET_LUN;
    node->chap_username = g_strdup(node->name);
    node->chap_password = lab_secret(CHAP_PASSWORD_LENGTH);
    node->console_file = g_strdup_printf("%s.console.log", node->name);
    node->disk_file = g_strdup_printf("%s.disk.raw", node->name);
    node->second_disk_file = g_strdup_printf("%s-second.disk.raw", node->name);
    node->second_disk_serial = g_strdup_printf("%s-second", node->name);
    node->volume_file = g_strdup_printf("%s.volume.raw", node->name);
    node->variables_file = g_strdup_printf("%s.uefi-variables.fd", node->name);
    node->authorities_file = g_strdup_printf("%s.uefi-authorities", node->name);
    return node;
}

/* A world wide name as SPC-4 makes them of an OUI (NAA 5), here QEMU's. */
void
lab_node_add_hba(LabNode *node, const char *portal)
{
    g_auto(GStrv) bytes = g_strsplit(node->mac, ":", 6);
    node->hba_portal = g_strdup(portal);
    node->hba_serial = g_strdup_printf("%s-volume", node->name);
    node->hba_wwn = g_strdup_printf("0x5525400%s%s%s001", bytes[3], bytes[4], bytes[5]);
    node->hba_password_file = g_strdup_printf("%s.chap", node->name);
}

void
lab_node_free(LabNode *node)
{
    if (node == NULL)
        return;
    char *strings[] = {node->name,
                       node->uuid,
                       node->mac,
                       node->tap,
                       node->ipmi_address,
                       node->bmc_username,
                       node->bmc_password,
                       node->initiator_iqn,
                       node->target_iqn,
                       node->target_portal,
                       node->chap_username,
                       node->chap_password,
                       node->console_file,
                       node->disk_file,
                       node->volume_file,
                       node->variables_file,
                       node->authorities_file,
                       node->guest_address,
                       node->second_disk_file,
                       node->hba_portal,
                       node->second_disk_serial,
                       node->redfish_address,
                       node->redfish_host,
                       node->redfish_ca,
                       node->hba_serial,
                       node->hba_wwn,
                       node->nfs_root,
                       node->hba_password_file};
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free(strings[i]);
    g_free(node);
}

/* How its BMC is reached: the keys of the driver_info that `node create` is told, and the
 * driver. */
static void
add_bmc(json_t *object, const LabNode *node)
{
    bool redfish = node->redfish_address != NULL;
    json_t *bmc =
        redfish ? json_pack("{s:s, s:s, s:s, s:s, s:s}", "driver", "redfish", "redfish_address",
                            node->redfish_address, "redfish_username", node->bmc_username,
                            "redfish_password", node->bmc_password, "redfish_verify_ca",
                            node->redfish_ca)
                : json_pack("{s:s, s:s, s:i, s:s, s:s}", "driver", "ipmi", "ipmi_address",
                            node->ipmi_address, "ipmi_port", (int)node->ipmi_port, "ipmi_username",
                            node->bmc_username, "ipmi_password", node->bmc_password);
    if (redfish)
        json_object_set_new(bmc, "redfish_system_id", json_string("/redfish/v1/Systems/1"));
    if (redfish && node->ipmi_port != 0) /* an iLO's, for its console */
        json_object_set_new(bmc, "ilo_ipmi_port", json_integer(node->ipmi_port));
    json_object_update(object, bmc);
    json_decref(bmc);
}

json_t *
lab_node_json(const LabNode *node, const char *folder)
{
    g_autofree char *console = g_build_filename(folder, node->console_file, NULL);
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s?, s:s, s:i, s:s?, s:s?, s:s?}",
        "name", node->name, "uuid", node->uuid, "mac", node->mac, "firmware",
        node->uefi ? "uefi" : "bios", "target_iqn", node->target_iqn, "target_lun",
        node->target_lun, "target_portal", node->target_portal, "chap_username",
        node->chap_username, "chap_password", node->chap_password, "initiator_iqn",
        node->initiator_iqn, "guest_address", node->guest_address, "console_log", console,
        "agent_port", (int)node->agent_port, "hba_serial", node->hba_serial, "hba_wwn",
        node->hba_wwn, "nfs_root", node->nfs_root);
    add_bmc(object, node);
    return object;
}

/* iPXE attaches the volume. */
static void
add_iscsi_commands(GString *text, const json_t *node, const char *uuid)
{
    g_string_append_printf(
        text, "baremetal volume connector create --node %s --type iqn --connector-id %s\n", uuid,
        json_string_member(node, "initiator_iqn"));
    g_string_append_printf(
        text,
        "baremetal volume target create --node %s --type iscsi --boot-index 0 --volume-id "
        "%s-volume --property target_iqn=%s --property target_lun=%d --property target_portal=%s "
        "--property auth_method=CHAP --property auth_username=%s --property auth_password=%s\n",
        uuid, json_string_member(node, "name"), json_string_member(node, "target_iqn"),
        (int)json_integer_value(json_object_get(node, "target_lun")),
        json_string_member(node, "target_portal"), json_string_member(node, "chap_username"),
        json_string_member(node, "chap_password"));
}

/* The volume is a disk of the server's. */
static void
add_hba_commands(GString *text, const json_t *node, const char *uuid)
{
    g_string_append_printf(text,
                           "baremetal volume target create --node %s --type fibre_channel "
                           "--boot-index 0 --volume-id %s-volume --property wwn=%s --property "
                           "serial=%s\n",
                           uuid, json_string_member(node, "name"),
                           json_string_member(node, "hba_wwn"),
                           json_string_member(node, "hba_serial"));
}

/* The driver_info of `node create`. */
static void
add_driver_info(GString *text, const json_t *node)
{
    static const char *const keys[] = {"ipmi_address",      "ipmi_username",    "ipmi_password",
                                       "redfish_address",   "redfish_username", "redfish_password",
                                       "redfish_system_id", "redfish_verify_ca"};
    int port = (int)json_integer_value(json_object_get(node, "ipmi_port"));
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        if (json_string_member(node, keys[i]) != NULL)
            g_string_append_printf(text, " --driver-info %s=%s", keys[i],
                                   json_string_member(node, keys[i]));
    if (port != 0)
        g_string_append_printf(text, " --driver-info ipmi_port=%d", port);
    g_string_append_c(text, '\n');
}

static void
add_node_command(GString *text, const json_t *node, const char *uuid, bool hba)
{
    const char *root = json_string_member(node, "nfs_root");
    g_string_append_printf(
        text,
        "baremetal node create --driver %s --uuid %s --name %s --storage-interface external "
        "--property capabilities=%s_boot:true,%sboot_mode:%s",
        json_string_member(node, "driver"), uuid, json_string_member(node, "name"),
        hba ? "hba" : "iscsi", root != NULL ? "nfs_boot:true," : "",
        json_string_member(node, "firmware"));
    add_driver_info(text, node);
}

char *
lab_node_commands(const json_t *node)
{
    const char *uuid = json_string_member(node, "uuid"), *mac = json_string_member(node, "mac");
    bool hba = json_string_member(node, "hba_wwn") != NULL;
    if (uuid == NULL || mac == NULL)
        return NULL;
    GString *text = g_string_new(NULL);
    add_node_command(text, node, uuid, hba);
    g_string_append_printf(text, "baremetal port create --node %s %s\n", uuid, mac);
    if (hba)
        add_hba_commands(text, node, uuid);
    else
        add_iscsi_commands(text, node, uuid);
    return g_string_free(text, false);
}
