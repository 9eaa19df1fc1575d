/* The boot of an instance from this server; the contract is in instance_boot.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/instance_boot.h"

#include "common/json_text.h"
#include "netboot/kernel_words.h"
#include "netboot/nfs_root.h"

#define WORDS "ramdisk_kernel_arguments"

char *
instance_boot_kernel(const char *node_uuid)
{
    return g_strdup_printf("%s/kernel", node_uuid);
}

char *
instance_boot_initramfs(const char *node_uuid)
{
    return g_strdup_printf("%s/ramdisk", node_uuid);
}

char *
instance_boot_iso(const char *node_uuid)
{
    return g_strdup_printf("%s/boot_iso", node_uuid);
}

/* The operator's words for a ramdisk; "" if there are none, NULL if they are no text. Borrowed. */
static const char *
ramdisk_words(const Node *node)
{
    const json_t *value = json_object_get(node->instance_info, WORDS);
    return json_is_nothing(value) ? "" : json_string_value(value);
}

bool
instance_boot_check_words(const Node *node, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    const char *words = ramdisk_words(node);
    return (words != NULL && kernel_words_add(line, words) && line->len < KERNEL_WORDS_LIMIT) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "instance_info " WORDS " of node %s has to be a text of at most %d "
                      "characters, without words that cannot stand in a boot script",
                      node->uuid, KERNEL_WORDS_LIMIT);
}

/* Completes the instructions with a line whose words are good, or makes them unusable. */
static bool
fill_in(const Node *node, const GString *line, bool good, BootInstructions *out)
{
    BootRamdisk *boot = &out->boot.ramdisk;
    if (!good || line->len >= KERNEL_WORDS_LIMIT) {
        boot_instructions_set_problem(out, BOOT_ANSWER_UNUSABLE, KERNEL_WORDS_PROBLEM);
        return true;
    }
    boot->arguments = g_strdup(line->str);
    boot->kernel = instance_boot_kernel(node->uuid);
    boot->initramfs = instance_boot_initramfs(node->uuid);
    return true;
}

bool
instance_boot_load_nfs(Db *db, const Node *node, const BootRecord *record, BootInstructions *out,
                       GError **error)
{
    (void)db, (void)record, (void)error;
    g_autoptr(GError) cause = NULL;
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *nfs_root =
        nfs_root_read(json_object_get(node->instance_info, "nfs_root"), &cause);
    if (nfs_root == NULL) {
        boot_instructions_set_problem(out, BOOT_ANSWER_UNUSABLE, cause->message);
        return true;
    }
    g_autofree char *own = kernel_words_of(node), *card = kernel_words_card(out->mac);
    g_string_append_printf(line, "root=/dev/nfs nfsroot=%s rw", nfs_root);
    if (!kernel_words_have(own, "ip="))
        g_string_append(line, " ip=dhcp");
    bool good = kernel_words_add(line, card) && kernel_words_add(line, own);
    return fill_in(node, line, good, out);
}

bool
instance_boot_load_ramdisk(Db *db, const Node *node, const BootRecord *record,
                           BootInstructions *out, GError **error)
{
    (void)db, (void)record, (void)error;
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *own = kernel_words_of(node), *card = kernel_words_card(out->mac);
    const char *words = ramdisk_words(node);
    if (words != NULL && !kernel_words_have(own, "root=") && !kernel_words_have(words, "root="))
        g_string_append(line, "root=/dev/ram0 text");
    bool good = kernel_words_add(line, card) && kernel_words_add(line, own) && words != NULL &&
                kernel_words_add(line, words);
    return fill_in(node, line, good, out);
}

bool
instance_boot_load_iso(Db *db, const Node *node, const BootRecord *record, BootInstructions *out,
                       GError **error)
{
    (void)db, (void)record, (void)error;
    out->boot.iso.name = instance_boot_iso(node->uuid);
    return true;
}
