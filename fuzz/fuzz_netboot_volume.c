/* Volume properties from the API: whatever they hold, what is accepted stays within its line of a
 * boot script.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "netboot/fc_volume.h"
#include "netboot/ipxe.h"
#include "netboot/nfs_root.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned
count_lines(const char *text)
{
    unsigned count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static void
check_uris(const IscsiVolume *volume)
{
    for (unsigned i = 0; i < volume->portals->len; i++) {
        g_autofree char *uri = iscsi_portal_uri(volume->portals->pdata[i]);
        size_t plain = strspn(uri, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                   ":.-_[]");
        if (uri[plain] != '\0' || !g_str_has_prefix(uri, "iscsi:"))
            abort();
    }
}

/* The script for a volume; takes it over. */
static char *
script_of(IscsiVolume *volume)
{
    g_auto(BootInstructions) instructions;
    boot_instructions_init(&instructions, "52:54:00:00:00:01");
    boot_instructions_set_mode(&instructions, BOOT_MODE_ISCSI);
    g_ptr_array_add(instructions.boot.iscsi.volumes, volume);
    return ipxe_script(&instructions);
}

/* A volume with nothing special about it, but for the number of its paths and whether all are
 * IPv6. */
static IscsiVolume *
plain_volume(unsigned paths, bool ipv6)
{
    json_auto_t *properties = json_pack("{ss so}", "target_iqn", "iqn.2010-10.com.example:a",
                                        "target_portals", json_array());
    json_t *portals = json_object_get(properties, "target_portals");
    for (unsigned i = 0; i < paths; i++)
        json_array_append_new(portals, json_string(ipv6 ? "2001:db8::5" : "192.0.2.5"));
    return iscsi_volume_read(properties, NULL);
}

/* The lines of a script depend on the number of paths, never on what the values are. */
static void
check_script(IscsiVolume *volume)
{
    bool ipv6 = true;
    for (unsigned i = 0; i < volume->portals->len; i++)
        ipv6 &= strchr(((const IscsiPortal *)volume->portals->pdata[i])->host, ':') != NULL;
    g_autofree char *expected = script_of(plain_volume(volume->portals->len, ipv6));
    g_autofree char *script = script_of(volume);
    if (count_lines(script) != count_lines(expected))
        abort();
}

/* Each URI of a Fibre Channel volume is one plain word. */
static void
check_fc(const json_t *properties)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) uris = fc_volume_uris(properties, &error);
    if ((uris == NULL) != (error != NULL))
        abort();
    for (char **uri = uris; uri != NULL && *uri != NULL; uri++)
        if (!g_str_has_prefix(*uri, "fcp:") || (*uri)[strspn(*uri, "fcp:0123456789abde")] != '\0')
            abort();
}

/* A root file system on NFS is one plain word. */
static void
check_nfs(const json_t *properties)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *root = nfs_root_read(json_object_get(properties, "nfs_root"), &error);
    if ((root == NULL) != (error != NULL))
        abort();
    if (root != NULL && (strpbrk(root, " \t\n$#|&;\\\"'") != NULL || strlen(root) > NFS_ROOT_LIMIT))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *properties = json_text_parse((const char *)data, size, 16, NULL);
    if (properties == NULL)
        return 0;
    check_fc(properties);
    check_nfs(properties);
    IscsiVolume *volume = iscsi_volume_read(properties, &error);
    if ((volume == NULL) != (error != NULL) ||
        (error != NULL && strchr(error->message, '\n') != NULL))
        abort();
    if (volume == NULL)
        return 0;
    check_uris(volume);
    check_script(volume);
    return 0;
}
