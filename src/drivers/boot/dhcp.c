/* DHCP offers for machines; the contract is in dhcp.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/dhcp.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/uuid.h"
#include "model/capabilities.h"
#include "model/internal_info.h"
#include "netboot/dnsmasq_files.h"

#include <string.h>

static bool
sets_up_dnsmasq(void)
{
    return strcmp(config_string(config_current(), OPT_DHCP_DHCP_PROVIDER), "dnsmasq") == 0;
}

static DnsmasqFolders
folders(void)
{
    const Config *config = config_current();
    return (DnsmasqFolders){config_string(config, OPT_DNSMASQ_DHCP_HOSTSDIR),
                            config_string(config, OPT_DNSMASQ_DHCP_OPTSDIR)};
}

const DhcpLoader dhcp_loader_ipxe = {OPT_PXE_IPXE_BOOTFILE_NAME, OPT_PXE_UEFI_IPXE_BOOTFILE_NAME,
                                     OPT_PXE_IPXE_BOOTFILE_NAME_BY_ARCH, true};
const DhcpLoader dhcp_loader_pxe = {OPT_PXE_PXE_BOOTFILE_NAME, OPT_PXE_UEFI_PXE_BOOTFILE_NAME,
                                    OPT_PXE_PXE_BOOTFILE_NAME_BY_ARCH, false};

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
                                  OPT_DEPLOY_HTTP_URL};
    size_t count = G_N_ELEMENTS(words) - (loader->script ? 0 : 1);
    for (size_t i = 0; i < count; i++)
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
    return !sets_up_dnsmasq() || (check_words(loader, error) && dnsmasq_files_check(&where, error));
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

/* Options of RFC 2132: 66 TFTP server name, 67 bootfile name; 150 TFTP server address (RFC 5859);
 * 255 is dnsmasq's own word for the server's address in the packet's header. dnsmasq sets the tag
 * "ipxe" if its configuration has dhcp-match=set:ipxe,175. */
static GPtrArray *
options_of(const Task *task, const DhcpLoader *loader)
{
    const char *server = config_string(config_current(), OPT_PXE_TFTP_SERVER);
    static const char *const of_server[] = {"66", "150", "255"};
    GPtrArray *options = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(options, g_strdup_printf("%s67,%s", loader->script ? "tag:!ipxe," : "",
                                             name_of(task, loader)));
    if (loader->script)
        g_ptr_array_add(options,
                        g_strdup_printf("tag:ipxe,67,%s/boot.ipxe", task->services->boot_url));
    for (size_t i = 0; i < G_N_ELEMENTS(of_server); i++)
        g_ptr_array_add(options, g_strdup_printf("%s,%s", of_server[i], server));
    g_ptr_array_add(options, NULL);
    return options;
}

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

bool
boot_dhcp_offer(Task *task, const DhcpLoader *loader, GError **error)
{
    if (!sets_up_dnsmasq())
        return true;
    g_autoptr(GPtrArray) macs = cards_of(task, error), options = options_of(task, loader);
    if (macs == NULL)
        return false;
    const DnsmasqFolders where = folders();
    char tag[UUID_TEXT_SIZE];
    uuid_generate(tag);
    info_set_text(task->node, INFO_DNSMASQ_TAG, tag);
    /* Saves first, so that a restarted process can withdraw the offer. */
    return task_save(task, error) &&
           dnsmasq_files_offer(&where, task->node->uuid, tag, (const char *const *)macs->pdata,
                               (const char *const *)options->pdata, error);
}

bool
boot_dhcp_withdraw(Task *task)
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
