/* Extension "rescue": the way into a rescue system.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/extensions/extensions.h"
#include "common/json_text.h"
#include "common/secret.h"

#include <crypt.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define PASSWORD_FOLDER "/etc/ipa-rescue-config"
#define PASSWORD_FILE PASSWORD_FOLDER "/ipa-rescue-password"
#define HASH_LENGTH_LEAST 13

/* The hash of a password; a hash stays as it is. No clear password is ever written. The caller
 * frees. */
static char *
hash_of(const char *password, bool hashed)
{
    struct crypt_data data = {0};
    if (hashed)
        return g_strdup(password);
    const char *setting = crypt_gensalt_ra("$6$", 0, NULL, 0);
    const char *hash = setting != NULL ? crypt_r(password, setting, &data) : NULL;
    char *copy = hash != NULL && hash[0] != '*' ? g_strdup(hash) : NULL;
    free((void *)(uintptr_t)setting);
    secret_wipe(&data, sizeof data);
    return copy;
}

/* The hash goes into a line of /etc/shadow. */
static bool
is_usable(const char *hash)
{
    return hash != NULL && strlen(hash) >= HASH_LENGTH_LEAST && strpbrk(hash, ":\n\r") == NULL;
}

static bool
write_hash(const Agent *agent, const char *hash, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *folder = agent_path(agent, PASSWORD_FOLDER);
    g_autofree char *path = agent_path(agent, PASSWORD_FILE);
    if (g_mkdir_with_parents(folder, 0700) != 0)
        return agent_fail(error, AGENT_ERROR_COMMAND_EXECUTION, "%s: %s", folder,
                          g_strerror(errno));
    if (g_file_set_contents_full(path, hash, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &cause))
        return true;
    return agent_fail(error, AGENT_ERROR_COMMAND_EXECUTION,
                      "Rescue Operation failed when writing the hashed rescue password: %s",
                      cause->message);
}

/* The agent ends after the answer, because a rescue system is on the tenant's network. */
static json_t *
rescue_finalize(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    (void)progress;
    const char *password = json_string_member(params, "rescue_password");
    bool hashed = json_is_truthy(json_object_get(params, "hashed"));
    char *hash = password != NULL && *password != '\0' ? hash_of(password, hashed) : NULL;
    bool good = is_usable(hash) ||
                agent_fail(error, AGENT_ERROR_COMMAND_EXECUTION,
                           "rescue_password is no password, or hashed is true and it is no hash");
    good = good && write_hash(agent, hash, error);
    secret_free(hash);
    if (!good)
        return NULL;
    agent_finish(agent, AGENT_RESCUE);
    return json_null();
}

const ExtensionCommand extension_rescue[] = {
    {AGENT_COMMAND_RESCUE_FINALIZE, rescue_finalize},
    {AGENT_COMMAND_COUNT, NULL},
};
