/* The boot of a ramdisk; the contract is in ramdisk_boot.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/ramdisk_boot.h"

#include "common/secret.h"
#include "db/nodes.h"
#include "db/records.h"
#include "model/internal_info.h"
#include "netboot/kernel_words.h"

#include <string.h>

char *
ramdisk_boot_kernel(const char *node_uuid)
{
    return g_strdup_printf("%s/deploy_kernel", node_uuid);
}

char *
ramdisk_boot_initramfs(const char *node_uuid)
{
    return g_strdup_printf("%s/deploy_ramdisk", node_uuid);
}

/* The agent's token, created if absent; the caller frees it with secret_free. NULL on an error. */
static char *
agent_token(Db *db, const char *node_uuid, GError **error)
{
    char made_token[SECRET_TEXT_SIZE];
    bool made = false;
    if (!db_node_agent_token_make(db, node_uuid, secret_text(made_token), &made, error))
        return NULL;
    g_autoptr(Node) node = db_record_find(db, &node_resource, "uuid", node_uuid, error);
    const char *token = node != NULL ? info_text(node, INFO_AGENT_SECRET_TOKEN) : NULL;
    if (node != NULL && token == NULL)
        steel_fail(error, STEEL_ERROR_DATABASE_BUSY, "the agent of node %s was forgotten meanwhile",
                   node_uuid);
    return g_strdup(token);
}

static bool
add_token(Db *db, const char *node_uuid, GString *line, BootRamdisk *ramdisk, GError **error)
{
    char *token = agent_token(db, node_uuid, error);
    if (token == NULL)
        return false;
    g_string_replace(line, RAMDISK_BOOT_TOKEN_WORD, token, 1);
    ramdisk->arguments = g_strdup_printf("%s ipa-agent-token=%s", line->str, token);
    secret_wipe(line->str, line->len);
    secret_free(token);
    return true;
}

bool
ramdisk_boot_load(Db *db, const Node *node, const BootRecord *record, BootInstructions *out,
                  GError **error)
{
    g_autoptr(GString) line = g_string_new(RAMDISK_BOOT_WORDS);
    g_autofree char *own = kernel_words_of(node), *card = kernel_words_card(out->mac);
    bool good = kernel_words_add(line, own) &&
                kernel_words_add_parameters(line, record->parameters) &&
                kernel_words_add(line, card) && line->len < KERNEL_WORDS_LIMIT;
    if (!good) {
        boot_instructions_set_problem(out, BOOT_ANSWER_UNUSABLE, KERNEL_WORDS_PROBLEM);
        return true;
    }
    BootRamdisk *ramdisk = &out->boot.ramdisk;
    ramdisk->kernel = ramdisk_boot_kernel(node->uuid);
    ramdisk->initramfs = ramdisk_boot_initramfs(node->uuid);
    if (!record->by_files)
        return add_token(db, node->uuid, line, ramdisk, error);
    ramdisk->arguments = g_strdup(line->str);
    return true;
}
