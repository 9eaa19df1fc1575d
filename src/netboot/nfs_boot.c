/* The boot of a root file system on NFS; the contract is in nfs_boot.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/nfs_boot.h"

#include "netboot/kernel_words.h"
#include "netboot/nfs_root.h"

char *
nfs_boot_kernel(const char *node_uuid)
{
    return g_strdup_printf("%s/kernel", node_uuid);
}

char *
nfs_boot_initramfs(const char *node_uuid)
{
    return g_strdup_printf("%s/ramdisk", node_uuid);
}

/* NULL when something cannot stand in a script, or is too long. The caller frees. */
static char *
make_arguments(const Node *node, const char *nfs_root, const char *mac)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *own = kernel_words_of(node), *card = kernel_words_card(mac);
    g_string_append_printf(line, "root=/dev/nfs nfsroot=%s rw", nfs_root);
    if (!kernel_words_have(own, "ip="))
        g_string_append(line, " ip=dhcp");
    bool good = kernel_words_add(line, card) && kernel_words_add(line, own) &&
                line->len < KERNEL_WORDS_LIMIT;
    return good ? g_string_free(g_steal_pointer(&line), FALSE) : NULL;
}

bool
nfs_boot_load(Db *db, const Node *node, const BootRecord *record, BootInstructions *out,
              GError **error)
{
    (void)db, (void)record, (void)error;
    g_autoptr(GError) cause = NULL;
    g_autofree char *nfs_root =
        nfs_root_read(json_object_get(node->instance_info, "nfs_root"), &cause);
    if (nfs_root == NULL) {
        boot_instructions_set_problem(out, BOOT_ANSWER_UNUSABLE, cause->message);
        return true;
    }
    g_autofree char *kernel = nfs_boot_kernel(node->uuid),
                    *initramfs = nfs_boot_initramfs(node->uuid);
    BootRamdisk *boot = &out->boot.ramdisk;
    boot->arguments = make_arguments(node, nfs_root, out->mac);
    if (boot->arguments == NULL) {
        boot_instructions_set_problem(out, BOOT_ANSWER_UNUSABLE, KERNEL_WORDS_PROBLEM);
        return true;
    }
    boot->kernel = g_strconcat("../", kernel, NULL);
    boot->initramfs = g_strconcat("../", initramfs, NULL);
    return true;
}
