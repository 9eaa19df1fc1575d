/* The BMCs of a lab that speak Redfish; the contract is in redfish_bmcs.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish_bmcs.h"

#include "common/error.h"
#include "lab/redfish/certificate.h"
#include "lab/redfish/server.h"

#include <arpa/inet.h>
#include <string.h>

struct RedfishBmcs {
    RedfishServer *server; /* owned; NULL once stopped */
    GPtrArray *bmcs;       /* owned RedfishBmc */
};

void
redfish_bmcs_place(LabNode *node, const char *folder, const char *first, int port)
{
    struct in_addr address;
    char text[INET_ADDRSTRLEN];
    if (inet_pton(AF_INET, first, &address) != 1)
        return;
    address.s_addr = htonl(ntohl(address.s_addr) + node->index);
    inet_ntop(AF_INET, &address, text, sizeof text);
    node->redfish_host = g_strdup(text);
    node->redfish_address = port == 443 ? g_strdup_printf("https://%s", text)
                                        : g_strdup_printf("https://%s:%d", text, port);
    node->redfish_ca = g_build_filename(folder, REDFISH_CERTIFICATE_FILE, NULL);
}

static void
bmc_free(void *bmc)
{
    redfish_bmc_free(bmc);
}

RedfishBmcs *
redfish_bmcs_new(const char *folder, GPtrArray *nodes, GError **error)
{
    g_autofree char *certificate = g_build_filename(folder, REDFISH_CERTIFICATE_FILE, NULL);
    g_autofree char *key = g_build_filename(folder, REDFISH_KEY_FILE, NULL);
    g_autoptr(GPtrArray) addresses = g_ptr_array_new();
    for (guint i = 0; i < nodes->len; i++)
        g_ptr_array_add(addresses, ((LabNode *)nodes->pdata[i])->redfish_host);
    g_ptr_array_add(addresses, NULL);
    if (!redfish_certificate_write(certificate, key, (const char *const *)addresses->pdata,
                                   REDFISH_CERTIFICATE_GOOD, error))
        return NULL;
    RedfishServer *server = redfish_server_new(certificate, key, error);
    if (server == NULL)
        return NULL;
    RedfishBmcs *bmcs = g_new0(RedfishBmcs, 1);
    bmcs->server = server;
    bmcs->bmcs = g_ptr_array_new_with_free_func(bmc_free);
    return bmcs;
}

bool
redfish_bmcs_add(RedfishBmcs *bmcs, const char *kind, const LabNode *node,
                 const MachineConfig *config, int64_t disk_bytes, int port, Machine *machine,
                 GError **error)
{
    RedfishIdentity identity = {.name = node->name,
                                .uuid = node->uuid,
                                .mac = node->mac,
                                .username = node->bmc_username,
                                .password = node->bmc_password,
                                .memory_mib = config->memory_mib,
                                .processors = 1,
                                .disk_bytes = disk_bytes,
                                .uefi = node->uefi};
    (void)redfish_kind_parse(kind, &identity.kind);
    RedfishBmc *bmc = redfish_bmc_new(&identity, &machine_redfish_ops, machine);
    g_ptr_array_add(bmcs->bmcs, bmc);
    machine_set_redfish(machine, bmc);
    return redfish_server_add(bmcs->server, bmc, node->redfish_host, (unsigned)port, error) != 0;
}

RedfishBmc *
redfish_bmcs_find(const RedfishBmcs *bmcs, const GPtrArray *nodes, const char *name)
{
    if (name == NULL)
        return bmcs->bmcs->len == 1 ? bmcs->bmcs->pdata[0] : NULL;
    for (guint i = 0; i < bmcs->bmcs->len; i++)
        if (strcmp(((LabNode *)nodes->pdata[i])->name, name) == 0)
            return bmcs->bmcs->pdata[i];
    return NULL;
}

bool
redfish_bmcs_start(RedfishBmcs *bmcs, GError **error)
{
    return redfish_server_start(bmcs->server, error);
}

void
redfish_bmcs_stop(RedfishBmcs *bmcs)
{
    if (bmcs != NULL)
        g_clear_pointer(&bmcs->server, redfish_server_free);
}

void
redfish_bmcs_free(RedfishBmcs *bmcs)
{
    if (bmcs == NULL)
        return;
    redfish_bmcs_stop(bmcs);
    g_ptr_array_unref(bmcs->bmcs);
    g_free(bmcs);
}
