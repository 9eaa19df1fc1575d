/* One virtual server of a lab; the contract is in node.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/node.h"

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
    node->ipmi_username = g_strdup("admin");
    node->ipmi_password = lab_secret(IPMI_PASSWORD_LENGTH);
    node->initiator_iqn = g_strdup_printf("%s:host.%s", IQN_AUTHORITY, bare_mac);
    node->target_iqn = g_strdup_printf("%s:volume.%s", IQN_AUTHORITY, bare_mac);
    node->target_lun = TARGET_LUN;
    node->chap_username = g_strdup(node->name);
    node->chap_password = lab_secret(CHAP_PASSWORD_LENGTH);
    node->console_file = g_strdup_printf("%s.console.log", node->name);
    node->disk_file = g_strdup_printf("%s.disk.raw", node->name);
    node->volume_file = g_strdup_printf("%s.volume.raw", node->name);
    node->variables_file = g_strdup_printf("%s.uefi-variables.fd", node->name);
    return node;
}

void
lab_node_free(LabNode *node)
{
    if (node == NULL)
        return;
    char *strings[] = {
        node->name,         node->uuid,          node->mac,           node->tap,
        node->ipmi_address, node->ipmi_username, node->ipmi_password, node->initiator_iqn,
        node->target_iqn,   node->target_portal, node->chap_username, node->chap_password,
        node->console_file, node->disk_file,     node->volume_file,   node->variables_file,
        node->guest_address};
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free(strings[i]);
    g_free(node);
}

json_t *
lab_node_json(const LabNode *node, const char *folder)
{
    g_autofree char *console = g_build_filename(folder, node->console_file, NULL);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s?, s:s, s:i}",
        "name", node->name, "uuid", node->uuid, "mac", node->mac, "firmware",
        node->uefi ? "uefi" : "bios", "ipmi_address", node->ipmi_address, "ipmi_port",
        (int)node->ipmi_port, "ipmi_username", node->ipmi_username, "ipmi_password",
        node->ipmi_password, "target_iqn", node->target_iqn, "target_lun", node->target_lun,
        "target_portal", node->target_portal, "chap_username", node->chap_username, "chap_password",
        node->chap_password, "initiator_iqn", node->initiator_iqn, "guest_address",
        node->guest_address, "console_log", console, "agent_port", (int)node->agent_port);
}

char *
lab_node_commands(const json_t *node)
{
    const char *name, *uuid, *mac, *firmware, *address, *user, *password;
    const char *iqn, *portal, *chap_user, *chap_password, *initiator;
    int port, lun;
    /* json_unpack does not change what it reads, but its prototype does not say so */
    if (json_unpack((json_t *)(uintptr_t)node,
                    "{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s}",
                    "name", &name, "uuid", &uuid, "mac", &mac, "firmware", &firmware,
                    "ipmi_address", &address, "ipmi_port", &port, "ipmi_username", &user,
                    "ipmi_password", &password, "target_iqn", &iqn, "target_lun", &lun,
                    "target_portal", &portal, "chap_username", &chap_user, "chap_password",
                    &chap_password, "initiator_iqn", &initiator) != 0)
        return NULL;
    GString *text = g_string_new(NULL);
    g_string_append_printf(
        text,
        "baremetal node create --driver ipmi --uuid %s --name %s --storage-interface external "
        "--property capabilities=iscsi_boot:true,boot_mode:%s --driver-info ipmi_address=%s "
        "--driver-info "
        "ipmi_port=%d --driver-info ipmi_username=%s --driver-info ipmi_password=%s\n",
        uuid, name, firmware, address, port, user, password);
    g_string_append_printf(text, "baremetal port create --node %s %s\n", uuid, mac);
    g_string_append_printf(
        text, "baremetal volume connector create --node %s --type iqn --connector-id %s\n", uuid,
        initiator);
    g_string_append_printf(
        text,
        "baremetal volume target create --node %s --type iscsi --boot-index 0 --volume-id "
        "%s-volume "
        "--property target_iqn=%s --property target_lun=%d --property target_portal=%s --property "
        "auth_method=CHAP --property auth_username=%s --property auth_password=%s\n",
        uuid, name, iqn, lun, portal, chap_user, chap_password);
    return g_string_free(text, false);
}
