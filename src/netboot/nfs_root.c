/* A root file system on NFS; the contract is in nfs_root.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/nfs_root.h"

#include <string.h>

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define NAME_CHARACTERS ALNUM ".-"
#define IPV6_CHARACTERS "abcdefABCDEF0123456789:."
#define PATH_CHARACTERS ALNUM "/._-+@=~"
#define OPTION_CHARACTERS ALNUM "=,._-:/"

/* What follows the server and its colon; NULL: there is no server. */
static const char *
skip_server(const char *text)
{
    bool bracketed = text[0] == '[';
    const char *name = bracketed ? text + 1 : text;
    size_t length = strspn(name, bracketed ? IPV6_CHARACTERS : NAME_CHARACTERS);
    const char *rest = name + length;
    if (bracketed && *rest++ != ']')
        return NULL;
    return length > 0 && *rest == ':' ? rest + 1 : NULL;
}

static bool
is_nfs_root(const char *text)
{
    const char *path = skip_server(text);
    if (path == NULL || path[0] != '/' || strlen(text) > NFS_ROOT_LIMIT)
        return false;
    const char *rest = path + strspn(path, PATH_CHARACTERS);
    return *rest == '\0' || (*rest == ',' && strspn(rest, OPTION_CHARACTERS) == strlen(rest));
}

char *
nfs_root_read(const json_t *value, GError **error)
{
    const char *text = json_string_value(value);
    if (text != NULL && is_nfs_root(text))
        return g_strdup(text);
    steel_fail(error, STEEL_ERROR_INVALID,
               "instance_info nfs_root must be server:/path or server:/path,option,..., such as "
               "192.0.2.5:/srv/node-1,vers=4.1, of at most %d letters, digits and ./_-+@=~, not "
               "\"%.80s\"",
               NFS_ROOT_LIMIT, text != NULL ? text : "no string");
    return NULL;
}
