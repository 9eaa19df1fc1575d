/* DHCP offers for machines; the contract is in dhcp.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/dhcp.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/uuid.h"
#include "drivers/boot/dhcp_neutron.h"
#include "model/capabilities.h"
#include "model/internal_info.h"
#include "netboot/dnsmasq_files.h"

#include <string.h>

static bool
provider_is(const char *name)
{
    return strcmp(config_string(config_current(), OPT_DHCP_DHCP_PROVIDER), name) == 0;
}

static DnsmasqFolders
folders(void)
{
    const Config *config = config_current();
    return (DnsmasqFolders){config_string(config, OPT_DNSMASQ_DHCP_HOSTSDIR),
                            config_string(config, OPT_DNSMASQ_DHCP_OPTSDIR)};
}

const DhcpLoader dhcp_loader_ipxe = {OPT_PXE_IPXE_BOOTFILE_NAME, OPT_PXE_UEFI_IPXE_BOOTFILE_NAME,
                                     OPT_PXE_IPXE_BOOTFILE_NAME_BY_ARCH, true, false};
const DhcpLoader dhcp_loader_pxe = {OPT_PXE_PXE_BOOTFILE_NAME, OPT_PXE_UEFI_PXE_BOOTFILE_NAME,
                                    OPT_PXE_PXE_BOOTFILE_NAME_BY_ARCH, false, false};
const DhcpLoader dhcp_loader_http_ipxe = {OPT_PXE_IPXE_BOOTFILE_NAME,
                                          OPT_PXE_UEFI_IPXE_BOOTFILE_NAME,
                                          OPT_PXE_IPXE_BOOTFILE_NAME_BY_ARCH, true, true};
const DhcpLoader dhcp_loader_http = {OPT_PXE_PXE_BOOTFILE_NAME, OPT_PXE_UEFI_PXE_BOOTFILE_NAME,
                                     OPT_PXE_PXE_BOOTFILE_NAME_BY_ARCH, false, true};

/* True for a word that fits a line of options, where a comma begins the next word. */
static bool
check_word(ConfigOption option, const char *word, GError **error)
{
    return (word != NULL && *word != '\0' && strpbrk(word, ", \t\r\n\"") == NULL) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "[%s]%s is \"%s\", which DHCP cannot tell a machine",
                      config_option_info(option)->section, config_option_info(option)->name,
                      word != NULL ? word : "");
}

static bool
check_words(const DhcpLoader *loader, GError **error)
{
    const ConfigOption words[] = {OPT_PXE_TFTP_SERVER, loader->bios, loader->uefi,
                                  loader->script || loader->http ? OPT_DEPLOY_HTTP_URL
                                                                 : OPT_PXE_TFTP_ROOT};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (!check_word(words[i], config_string(config_current(), words[i]), error))
            return false;
    const char *const *items = config_list(config_current(), loader->by_arch);
    for (; *items != NULL; items++)
        if (!check_word(loader->by_arch, *items, error))
            return false;
    return true;
}

bool
boot_dhcp_check(const DhcpLoader *loader, GError **error)
{
    const DnsmasqFolders where = folders();
    if (provider_is("neutron"))
        return check_words(loader, error);
    return !provider_is("dnsmasq") ||
           (check_words(loader, error) && dnsmasq_files_check(&where, error));
}

static const char *
name_of(const Task *task, const DhcpLoader *loader)
{
    const Config *config = config_current();
    const char *standard = config_string(config, OPT_DEPLOY_DEFAULT_BOOT_MODE);
    const char *arch = json_string_member(task->node->properties, "cpu_arch");
    const char *own = arch != NULL ? config_lookup(config, loader->by_arch, arch) : NULL;
    bool uefi = strcmp(capability_boot_mode(task->node, standard), "uefi") == 0;
    return own != NULL ? own : config_string(config, uefi ? loader->uefi : loader->bios);
}

static void
add_option(json_t *options, int ip_version, const char *name, const char *value)
{
    json_array_append_new(options, json_pack("{s:s,s:s,s:i}", "opt_name", name, "opt_value", value,
                                             "ip_version", ip_version));
}

/* Where a machine finds the loader that is told by a URL: with IPv6, and by HTTP. */
static char *
loader_url(const Task *task, const DhcpLoader *loader, const char *name)
{
    if (loader->http)
        return g_strdup_printf("%s/%s", task->services->boot_url, name);
    const char *own = config_string(config_current(), OPT_MY_IPV6);
    const char *server = own != NULL ? own : config_string(config_current(), OPT_PXE_TFTP_SERVER);
    bool brackets = strchr(server, ':') != NULL && *server != '[';
    return g_strdup_printf("tftp://%s%s%s/%s", brackets ? "[" : "", server, brackets ? "]" : "",
                           name);
}

static void
add_ipxe(json_t *options, const Task *task, const char *name, const char *url)
{
    g_autofree char *script = g_strdup_printf("%s/boot.ipxe", task->services->boot_url);
    add_option(options, 4, "tag:!ipxe,67", name);
    add_option(options, 4, "tag:ipxe,67", script);
    add_option(options, 6, "tag:!ipxe6,59", url);
    add_option(options, 6, "tag:ipxe6,59", script);
}

static void
add_loader(json_t *options, const char *name, const char *url)
{
    add_option(options, 4, "67", name);
    add_option(options, 6, "59", url);
}

/* Petitboot finds its files by 210, the path that names begin with. */
static void
add_prefix(json_t *options)
{
    const char *root = config_string(config_current(), OPT_PXE_TFTP_ROOT);
    g_autofree char *prefix = g_strdup_printf("%s%s", root, g_str_has_suffix(root, "/") ? "" : "/");
    add_option(options, 4, "210", prefix);
}

static void
add_tftp_server(json_t *options)
{
    static const char *const names[] = {"66", "150", "255"};
    const char *server = config_string(config_current(), OPT_PXE_TFTP_SERVER);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        add_option(options, 4, names[i], server);
}

/* What the cards are told: [{"opt_name", "opt_value", "ip_version"}]. Options of RFC 2132: 66 TFTP
 * server name, 67 bootfile name; 150 TFTP server address (RFC 5859), 210 path prefix (RFC 5071);
 * 255 is dnsmasq's own word for the server's address in the packet's header. Of RFC 5970, for IPv6:
 * 59 bootfile URL. Firmware takes a URL for one of HTTP boot if 60, the vendor class, says so (UEFI
 * 2.5, HTTP Boot); with IPv6 the URL's scheme is enough. The tags ipxe and ipxe6 are set by
 * Neutron's dnsmasq, ipxe by one with dhcp-match=set:ipxe,175. */
static json_t *
options_of(const Task *task, const DhcpLoader *loader)
{
    const char *name = name_of(task, loader);
    g_autofree char *url = loader_url(task, loader, name);
    const char *bootfile = loader->http ? url : name;
    json_t *options = json_array();
    if (loader->script)
        add_ipxe(options, task, bootfile, url);
    else
        add_loader(options, bootfile, url);
    if (loader->http) {
        add_option(options, 4, "60", "HTTPClient");
        return options;
    }
    if (!loader->script)
        add_prefix(options);
    add_tftp_server(options);
    return options;
}

/* ---- Neutron ---- */

static bool
offer_in_neutron(Task *task, const DhcpLoader *loader, GError **error)
{
    json_auto_t *options = options_of(task, loader);
    return dhcp_neutron_offer(task, options, error);
}

/* ---- dnsmasq ---- */

/* The addresses of the cards that may boot, NULL-terminated and borrowed from the task; NULL on an
 * error. */
static GPtrArray *
cards_of(Task *task, GError **error)
{
    const GPtrArray *ports = task_ports(task, error);
    if (ports == NULL)
        return NULL;
    GPtrArray *macs = g_ptr_array_new();
    for (guint i = 0; i < ports->len; i++) {
        const Port *port = ports->pdata[i];
        if (port->pxe_enabled)
            g_ptr_array_add(macs, port->address);
    }
    g_ptr_array_add(macs, NULL);
    return macs;
}

/* Those of IPv4 as dnsmasq reads them, NULL-terminated. */
static GPtrArray *
lines_of(const Task *task, const DhcpLoader *loader)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    json_auto_t *options = options_of(task, loader);
    size_t index;
    json_t *option;
    json_array_foreach(options, index, option)
    {
        if (json_integer_value(json_object_get(option, "ip_version")) == 4)
            g_ptr_array_add(lines, g_strdup_printf("%s,%s", json_string_member(option, "opt_name"),
                                                   json_string_member(option, "opt_value")));
    }
    g_ptr_array_add(lines, NULL);
    return lines;
}

bool
boot_dhcp_offer(Task *task, const DhcpLoader *loader, GError **error)
{
    if (provider_is("neutron"))
        return offer_in_neutron(task, loader, error);
    if (!provider_is("dnsmasq"))
        return true;
    g_autoptr(GPtrArray) macs = cards_of(task, error), lines = lines_of(task, loader);
    if (macs == NULL)
        return false;
    const DnsmasqFolders where = folders();
    char tag[UUID_TEXT_SIZE];
    uuid_generate(tag);
    info_set_text(task->node, INFO_DNSMASQ_TAG, tag);
    /* Saves first, so that a restarted process can withdraw the offer. */
    return task_save(task, error) &&
           dnsmasq_files_offer(&where, task->node->uuid, tag, (const char *const *)macs->pdata,
                               (const char *const *)lines->pdata, error);
}

static bool
withdraw_from_dnsmasq(Task *task)
{
    g_autoptr(GError) error = NULL;
    if (!info_has(task->node, INFO_DNSMASQ_TAG))
        return false;
    g_autoptr(GPtrArray) macs = cards_of(task, &error);
    const DnsmasqFolders where = folders();
    if (macs == NULL ||
        !dnsmasq_files_withdraw(&where, task->node->uuid, (const char *const *)macs->pdata, &error))
        log_warning("drivers.boot", "%s", error->message);
    return info_remove(task->node, INFO_DNSMASQ_TAG);
}

bool
boot_dhcp_withdraw(Task *task)
{
    bool changed = dhcp_neutron_withdraw(task);
    return withdraw_from_dnsmasq(task) || changed;
}
