/* dnsmasq's files; the contract is in dnsmasq_files.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/dnsmasq_files.h"

#include "netboot/replace_file.h"

#include <errno.h>
#include <unistd.h>

/* dnsmasq ignores names that begin with a dot, under which they are written. */
static bool
write_file(const char *folder, const char *name, const char *text, GError **error)
{
    g_autofree char *whole = g_strdup_printf("ironic-%s.conf", name);
    if (replace_file(folder, whole, text, 0644, error))
        return true;
    g_prefix_error(error, "dnsmasq: ");
    return false;
}

static bool
remove_file(const char *folder, const char *name, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/ironic-%s.conf", folder, name);
    return unlink(path) == 0 || errno == ENOENT ||
           steel_fail(error, STEEL_ERROR_IO, "dnsmasq's file %s cannot be removed: %s", path,
                      g_strerror(errno));
}

static bool
write_options(const DnsmasqFolders *folders, const char *node_uuid, const char *tag,
              const char *const *options, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (; *options != NULL; options++)
        g_string_append_printf(text, "tag:%s,%s\n", tag, *options);
    return write_file(folders->options, node_uuid, text->str, error);
}

bool
dnsmasq_files_offer(const DnsmasqFolders *folders, const char *node_uuid, const char *tag,
                    const char *const *macs, const char *const *options, GError **error)
{
    if (!write_options(folders, node_uuid, tag, options, error))
        return false;
    for (; *macs != NULL; macs++) {
        g_autofree char *line = g_strdup_printf("%s,set:%s,set:ironic\n", *macs, tag);
        if (!write_file(folders->hosts, *macs, line, error))
            return false;
    }
    return true;
}

bool
dnsmasq_files_withdraw(const DnsmasqFolders *folders, const char *node_uuid,
                       const char *const *macs, GError **error)
{
    for (; *macs != NULL; macs++) {
        g_autofree char *line = g_strdup_printf("%s,ignore\n", *macs);
        if (!write_file(folders->hosts, *macs, line, error))
            return false;
    }
    return remove_file(folders->options, node_uuid, error);
}

static bool
check_folder(const char *folder, const char *option, GError **error)
{
    return access(folder, W_OK | X_OK) == 0 ||
           steel_fail(error, STEEL_ERROR_IO, "the folder %s ([dnsmasq]%s) cannot be written to: %s",
                      folder, option, g_strerror(errno));
}

bool
dnsmasq_files_check(const DnsmasqFolders *folders, GError **error)
{
    return check_folder(folders->hosts, "dhcp_hostsdir", error) &&
           check_folder(folders->options, "dhcp_optsdir", error);
}
