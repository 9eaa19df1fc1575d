/* The boot of a ramdisk; the contract is in ramdisk_boot.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/ramdisk_boot.h"

#include "common/config.h"
#include "common/secret.h"
#include "db/nodes.h"
#include "db/records.h"
#include "model/internal_info.h"

#include <string.h>

/* The kernel's limit is 2048 bytes, and others add arguments too. */
#define ARGUMENTS_LIMIT 1900
#define DEFAULT_WORD "%default%"

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

/* The operator's kernel parameters; the caller frees. */
static char *
operator_words(const Node *node)
{
    const char *standard = config_string(config_current(), OPT_PXE_KERNEL_APPEND_PARAMS);
    const char *own = json_string_member(node->driver_info, "kernel_append_params");
    if (standard == NULL)
        standard = "";
    if (own == NULL || *own == '\0')
        return g_strdup(standard);
    g_auto(GStrv) parts = g_strsplit(own, DEFAULT_WORD, -1);
    return g_strjoinv(standard, parts);
}

/* True for a word that has a meaning for iPXE, or ends the line. */
static bool
is_harmful(const char *word)
{
    if (strstr(word, "${") != NULL || word[0] == '#')
        return true;
    for (const char *c = word; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            return true;
    return strcmp(word, "||") == 0 || strcmp(word, "&&") == 0 || strcmp(word, ";") == 0 ||
           g_str_has_suffix(word, "\\");
}

/* Returns false if a word must not stand in a script. */
static bool
add_words(GString *line, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word != NULL; word++) {
        if (is_harmful(*word))
            return false;
        if (**word != '\0')
            g_string_append_printf(line, "%s%s", line->len > 0 ? " " : "", *word);
    }
    return true;
}

static bool
add_parameters(GString *line, const json_t *parameters)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)parameters, name, value)
    {
        const char *text = json_string_value(value);
        g_autofree char *word = g_strdup_printf("%s=%s", name, text != NULL ? text : "");
        if (strpbrk(word, " \t") != NULL || !add_words(line, word))
            return false;
    }
    return true;
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

static char *
card_word(const char *mac)
{
    g_autofree char *dashed = g_strdelimit(g_strdup(mac), ":", '-');
    return g_strconcat("BOOTIF=01-", dashed, NULL);
}

bool
ramdisk_boot_load(Db *db, const Node *node, const BootRecord *record, BootInstructions *out,
                  GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *own = operator_words(node), *card = card_word(out->mac);
    bool good = add_words(line, own) && add_parameters(line, record->parameters) &&
                add_words(line, card) && line->len < ARGUMENTS_LIMIT;
    if (!good) {
        boot_instructions_set_problem(
            out, BOOT_ANSWER_UNUSABLE,
            "the kernel's parameters (driver_info kernel_append_params, [pxe]kernel_append_params) "
            "are too long or have words that cannot stand in a boot script");
        return true;
    }
    char *token = agent_token(db, node->uuid, error);
    if (token == NULL)
        return false;
    BootRamdisk *ramdisk = &out->boot.ramdisk;
    g_autofree char *kernel = ramdisk_boot_kernel(node->uuid),
                    *initramfs = ramdisk_boot_initramfs(node->uuid);
    ramdisk->kernel = g_strconcat("../", kernel, NULL);
    ramdisk->initramfs = g_strconcat("../", initramfs, NULL);
    ramdisk->arguments = g_strdup_printf("%s ipa-agent-token=%s", line->str, token);
    secret_free(token);
    return true;
}
