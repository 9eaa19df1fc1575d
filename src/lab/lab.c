/* One running lab; the contract is in lab.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/lab.h"

#include "bmc/ipmi/bmc/server.h"
#include "common/error.h"
#include "common/json_text.h"
#include "common/log.h"
#include "lab/bmc_run.h"
#include "lab/console.h"
#include "lab/control.h"
#include "lab/folder.h"
#include "lab/machine.h"
#include "lab/mailbox.h"
#include "lab/network.h"
#include "lab/nfs.h"
#include "lab/node.h"
#include "lab/redfish_bmcs.h"
#include "lab/target.h"
#include "lab/tftp.h"
#include "lab/volume.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define AREA "lab"
#define GIB ((uint64_t)1024 * 1024 * 1024)
#define TICK_MS 1000

/* One server: its node, its configuration and its machine. */
typedef struct Server {
    LabNode *node;        /* owned */
    MachineConfig config; /* borrows from node and lab */
    MachineLun lun;       /* borrows from node */
    Machine *machine;     /* owned */
} Server;

typedef struct Lab {
    const LabPlan *plan; /* borrowed */
    char *boot_url;      /* owned */
    bool uefi_by_tftp;
    GPtrArray *servers;     /* owned Server */
    GPtrArray *nodes;       /* borrowed LabNode, of the same servers */
    Network *network;       /* owned; NULL under user networking */
    Target *target;         /* owned */
    NfsServer *nfs;         /* owned; NULL: none is wanted */
    Mailbox *mailbox;       /* owned */
    IpmiServer *bmcs;       /* owned; NULL: the BMCs speak Redfish */
    RedfishBmcs *redfish;   /* owned; NULL: the BMCs speak IPMI */
    ControlServer *control; /* owned */
    int signal_fd;          /* owned */
    bool stopping;
} Lab;

static void
server_free(void *data)
{
    Server *server = data;
    machine_free(server->machine);
    lab_node_free(server->node);
    g_free(server);
}

static char *
choose_boot_url(const LabOptions *options)
{
    if (options->boot_url != NULL)
        return g_strdup(options->boot_url);
    return g_strdup_printf("http://%s:%d/boot.ipxe",
                           options->bridge ? NETWORK_HOST_ADDRESS : LAB_SLIRP_HOST, LAB_BOOT_PORT);
}

/* Where services of the lab listen, and where servers reach them. */
static const char *
service_address(const LabOptions *options)
{
    return options->bridge ? NETWORK_BRIDGE_ADDRESS : "127.0.0.1";
}

static const char *
service_address_of_guests(const LabOptions *options)
{
    return options->bridge ? NETWORK_BRIDGE_ADDRESS : LAB_SLIRP_HOST;
}

/* What only some labs have. */
static void
add_extras(LabNode *node, const LabOptions *options)
{
    g_autofree char *portal =
        g_strdup_printf("%s:%d", service_address(options), options->target_port);
    if (options->hba_lun)
        lab_node_add_hba(node, portal);
    if (options->nfs)
        node->nfs_root =
            g_strdup_printf("%s:" NFS_EXPORT "/%s,port=%d,vers=4.1",
                            service_address_of_guests(options), node->name, options->nfs_port);
}

static bool
speaks_redfish(const LabOptions *options)
{
    return strcmp(options->bmc, "ipmi") != 0;
}

static void
place_bmc(LabNode *node, const LabPlan *plan)
{
    const LabOptions *options = plan->options;
    if (speaks_redfish(options)) {
        redfish_bmcs_place(node, plan->folder, options->redfish_address, options->redfish_port);
        return;
    }
    node->ipmi_address = g_strdup(options->address);
    node->ipmi_port = (uint16_t)((unsigned)options->ipmi_port + node->index);
}

static LabNode *
make_node(const LabPlan *plan, unsigned index)
{
    const LabOptions *options = plan->options;
    LabNode *node = lab_node_new(plan->folder, options->name_prefix, index);
    node->uefi = options->uefi;
    place_bmc(node, plan);
    node->target_portal =
        g_strdup_printf("%s:%d", service_address_of_guests(options), options->target_port);
    add_extras(node, options);
    if (options->agent_port > 0 && !options->bridge)
        node->agent_port = (uint16_t)((unsigned)options->agent_port + index);
    if (options->iscsi_port > 0 && !options->bridge)
        node->iscsi_port = (uint16_t)((unsigned)options->iscsi_port + index);
    if (options->bridge) {
        node->tap = g_strdup_printf("tap%u", index);
        if (!options->no_dhcp)
            node->guest_address = g_strdup_printf("10.77.0.%u", NETWORK_FIRST_GUEST + index);
    }
    return node;
}

static bool
make_volume(const LabPlan *plan, const char *path, GError **error)
{
    int gib = plan->options->empty_volume_gib;
    return gib > 0 ? volume_make_empty(path, (uint64_t)gib * GIB, error)
                   : volume_copy(plan->guest->volume, path, error);
}

static bool
make_second_disk(const LabPlan *plan, const LabNode *node, GError **error)
{
    g_autofree char *path = g_build_filename(plan->folder, node->second_disk_file, NULL);
    int gib = plan->options->second_disk_gib;
    return gib == 0 || volume_make_empty(path, (uint64_t)gib * GIB, error);
}

/* QEMU reads the password from a file: its arguments are for all to see. */
static bool
write_password(const LabPlan *plan, const LabNode *node, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (node->hba_password_file == NULL)
        return true;
    g_autofree char *path = g_build_filename(plan->folder, node->hba_password_file, NULL);
    return g_file_set_contents_full(path, node->chap_password, -1, G_FILE_SET_CONTENTS_CONSISTENT,
                                    0600, &cause) ||
           steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
}

static bool
make_disks(const LabPlan *plan, const LabNode *node, GError **error)
{
    g_autofree char *disk = g_build_filename(plan->folder, node->disk_file, NULL);
    g_autofree char *volume = g_build_filename(plan->folder, node->volume_file, NULL);
    return volume_make_empty(disk, (uint64_t)plan->options->disk_gib * GIB, error) &&
           make_volume(plan, volume, error) && make_second_disk(plan, node, error) &&
           write_password(plan, node, error);
}

static void
set_disks(Server *server, const LabOptions *options)
{
    const LabNode *node = server->node;
    server->config.disk_file = node->disk_file;
    server->config.bad_sector = options->bad_sector;
    if (options->second_disk_gib > 0) {
        server->config.second_disk_file = node->second_disk_file;
        server->config.second_disk_serial = node->second_disk_serial;
    }
    server->lun = (MachineLun){.portal = node->hba_portal,
                               .target_iqn = node->target_iqn,
                               .number = node->target_lun,
                               .initiator_iqn = node->initiator_iqn,
                               .chap_username = node->chap_username,
                               .password_file = node->hba_password_file,
                               .serial = node->hba_serial,
                               .wwn = node->hba_wwn};
    if (options->hba_lun)
        server->config.lun = &server->lun;
}

static bool
make_servers(Lab *lab, GError **error)
{
    const LabPlan *plan = lab->plan;
    for (int i = 0; i < plan->options->node_count; i++) {
        Server *server = g_new0(Server, 1);
        LabNode *node = server->node = make_node(plan, (unsigned)i);
        server->config = (MachineConfig){.name = node->name,
                                         .uuid = node->uuid,
                                         .mac = node->mac,
                                         .memory_mib = plan->options->memory_mib,
                                         .console_file = node->console_file,
                                         .variables_file = node->variables_file,
                                         .authorities_file = node->authorities_file,
                                         .authorities = plan->authorities,
                                         .accelerator = plan->accelerator,
                                         .boot_url = lab->boot_url,
                                         .tftp_folder = lab->uefi_by_tftp ? TFTP_FOLDER : NULL,
                                         .agent_port = node->agent_port,
                                         .iscsi_port = node->iscsi_port,
                                         .no_rom = lab->plan->options->no_rom,
                                         .tap = node->tap};
        set_disks(server, plan->options);
        g_ptr_array_add(lab->servers, server);
        g_ptr_array_add(lab->nodes, node);
        if (!make_disks(plan, node, error))
            return false;
    }
    return true;
}

static bool
export_volumes(Lab *lab, GError **error)
{
    const LabOptions *options = lab->plan->options;
    int namespace_fd = lab->network != NULL ? network_namespace(lab->network) : 0;
    lab->target = target_start(lab->plan->folder, service_address(options),
                               (uint16_t)options->target_port, namespace_fd, error);
    if (lab->target == NULL)
        return false;
    for (guint i = 0; i < lab->nodes->len; i++) {
        const LabNode *node = lab->nodes->pdata[i];
        g_autofree char *file = g_build_filename(lab->plan->folder, node->volume_file, NULL);
        if (!target_export(lab->target, i + 1, node->target_iqn, file, node->chap_username,
                           node->chap_password, error))
            return false;
    }
    return true;
}

static bool
export_roots(Lab *lab, GError **error)
{
    const LabOptions *options = lab->plan->options;
    int namespace_fd = lab->network != NULL ? network_namespace(lab->network) : 0;
    if (!options->nfs)
        return true;
    lab->nfs = nfs_start(lab->plan->folder, service_address(options), (uint16_t)options->nfs_port,
                         namespace_fd, error);
    for (guint i = 0; lab->nfs != NULL && i < lab->nodes->len; i++)
        if (!nfs_make_root(lab->plan->folder, ((LabNode *)lab->nodes->pdata[i])->name, error))
            return false;
    return lab->nfs != NULL;
}

static bool
add_ipmi(Lab *lab, Server *server, GError **error)
{
    const LabNode *node = server->node;
    IpmiBmcUser user = {node->bmc_username, node->bmc_password, IPMI_PRIVILEGE_ADMINISTRATOR};
    IpmiBmc *bmc = ipmi_server_add(lab->bmcs, node->ipmi_address, node->ipmi_port, &user, 1,
                                   &machine_bmc_ops, server->machine, error);
    if (bmc == NULL) {
        g_prefix_error(error, "BMC of %s at %s port %u: ", node->name, node->ipmi_address,
                       node->ipmi_port);
        return false;
    }
    machine_set_bmc(server->machine, bmc);
    return true;
}

static bool
add_redfish(Lab *lab, Server *server, GError **error)
{
    const LabOptions *options = lab->plan->options;
    if (redfish_bmcs_add(lab->redfish, options->bmc, server->node, &server->config,
                         (int64_t)options->disk_gib * (int64_t)GIB, options->redfish_port,
                         server->machine, error))
        return true;
    g_prefix_error(error, "BMC of %s: ", server->node->name);
    return false;
}

static bool
is_ilo(const LabOptions *options)
{
    RedfishKind kind = REDFISH_KIND_PLAIN;
    return redfish_kind_parse(options->bmc, &kind) && kind != REDFISH_KIND_PLAIN;
}

/* An iLO hands its machine's serial port out by IPMI, at its address; here on a UDP port that the
 * kernel chooses. */
static bool
add_ilo_console(Lab *lab, Server *server, GError **error)
{
    LabNode *node = server->node;
    IpmiBmcUser user = {node->bmc_username, node->bmc_password, IPMI_PRIVILEGE_ADMINISTRATOR};
    g_autoptr(GUri) uri = g_uri_parse(node->redfish_address, G_URI_FLAGS_NONE, NULL);
    const char *address = uri != NULL ? g_uri_get_host(uri) : "";
    IpmiBmc *bmc = ipmi_server_add(lab->bmcs, address, 0, &user, 1, &machine_console_ops,
                                   server->machine, error);
    if (bmc == NULL)
        return false;
    node->ipmi_port = ipmi_bmc_port(bmc);
    machine_set_bmc(server->machine, bmc);
    return true;
}

static bool
add_bmcs(Lab *lab, GError **error)
{
    int namespace_fd = lab->network != NULL ? network_namespace(lab->network) : 0;
    for (guint i = 0; i < lab->servers->len; i++) {
        Server *server = lab->servers->pdata[i];
        server->machine = machine_new(&server->config, lab->plan->folder, lab->plan->options->uefi,
                                      namespace_fd, lab->mailbox);
        bool good =
            lab->redfish != NULL ? add_redfish(lab, server, error) : add_ipmi(lab, server, error);
        if (good && lab->redfish != NULL && lab->bmcs != NULL)
            good = add_ilo_console(lab, server, error);
        if (!good)
            return false;
    }
    return true;
}

static bool
start_bmcs(Lab *lab, GError **error)
{
    lab->mailbox = mailbox_new(error);
    if (lab->mailbox == NULL)
        return false;
    bool redfish = speaks_redfish(lab->plan->options);
    bool ipmi = !redfish || is_ilo(lab->plan->options);
    if (redfish)
        lab->redfish = redfish_bmcs_new(lab->plan->folder, lab->nodes, error);
    if (redfish && lab->redfish == NULL)
        return false;
    if (ipmi)
        lab->bmcs = ipmi_server_new(error);
    if ((ipmi && lab->bmcs == NULL) || !add_bmcs(lab, error))
        return false;
    return lab->redfish == NULL || redfish_bmcs_start(lab->redfish, error);
}

static json_t *
describe(const Lab *lab)
{
    json_t *nodes = json_array();
    for (guint i = 0; i < lab->nodes->len; i++)
        json_array_append_new(nodes, lab_node_json(lab->nodes->pdata[i], lab->plan->folder));
    return json_pack("{s:o, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "nodes", nodes, "dir",
                     lab->plan->folder, "pid", (int)getpid(), "accelerator", lab->plan->accelerator,
                     "network", lab->plan->options->bridge ? "bridge" : "user", "boot_url",
                     lab->boot_url, "image", lab->plan->guest->volume, "kernel",
                     lab->plan->guest->kernel, "initramfs", lab->plan->guest->initramfs);
}

static json_t *
server_status(const Lab *lab, const Server *server, const char *sessions)
{
    MachineStatus status;
    machine_status(server->machine, &status);
    g_autofree char *console =
        g_build_filename(lab->plan->folder, server->node->console_file, NULL);
    g_autofree char *last_line = console_last_line(console);
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:s}", "name", server->node->name,
                     "power", status.powered ? "on" : "off", "boot_device", status.boot_device,
                     "firmware", status.firmware, "pid", (int)status.pid, "boot_count",
                     (int)status.boot_count, "iscsi_sessions",
                     (int)target_count_sessions(sessions, server->node->target_iqn), "last_line",
                     last_line);
}

static json_t *
status(Lab *lab, GError **error)
{
    g_autofree char *sessions = target_show(lab->target, error);
    if (sessions == NULL)
        return NULL;
    json_t *nodes = json_array();
    for (guint i = 0; i < lab->servers->len; i++)
        json_array_append_new(nodes, server_status(lab, lab->servers->pdata[i], sessions));
    json_t *answer = json_pack("{s:o, s:s, s:i, s:i}", "nodes", nodes, "dir", lab->plan->folder,
                               "pid", (int)getpid(), "target_pid", (int)target_pid(lab->target));
    if (lab->network != NULL)
        json_object_set_new(answer, "dnsmasq_pid", json_integer(network_dnsmasq_pid(lab->network)));
    return answer;
}

/* The BMC of a node, or the only one. */
static json_t *
set_bmc(Lab *lab, const json_t *request, GError **error)
{
    const char *node = json_string_member(request, "node");
    RedfishBmc *bmc =
        lab->redfish != NULL ? redfish_bmcs_find(lab->redfish, lab->nodes, node) : NULL;
    if (bmc != NULL)
        return bmc_take_settings(bmc, request, error);
    steel_fail(error, STEEL_ERROR_NOT_FOUND, "there is no BMC that speaks Redfish%s%.40s",
               node != NULL ? " of " : "; --node says which", node != NULL ? node : "");
    return NULL;
}

static json_t *
on_request(void *user_data, const json_t *request, GError **error)
{
    Lab *lab = user_data;
    const char *command = json_string_member(request, "command");
    if (g_strcmp0(command, "describe") == 0)
        return describe(lab);
    if (g_strcmp0(command, "status") == 0)
        return status(lab, error);
    if (g_strcmp0(command, "bmc-set") == 0)
        return set_bmc(lab, request, error);
    if (g_strcmp0(command, "down") == 0) {
        lab->stopping = true;
        return json_pack("{s:i}", "pid", (int)getpid());
    }
    steel_fail(error, STEEL_ERROR_INVALID, "there is no such command");
    return NULL;
}

static bool
open_signals(Lab *lab, GError **error)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    lab->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return lab->signal_fd >= 0 ||
           steel_fail(error, STEEL_ERROR_IO, "signalfd: %s", g_strerror(errno));
}

static bool
start(Lab *lab, GError **error)
{
    lab->boot_url = choose_boot_url(lab->plan->options);
    lab->uefi_by_tftp = !lab->plan->options->bridge && tftp_serves_uefi();
    if (lab->uefi_by_tftp && !tftp_folder_make(lab->plan->folder, lab->boot_url, error))
        return false;
    if (!open_signals(lab, error) || !make_servers(lab, error))
        return false;
    if (lab->plan->options->bridge) {
        const char *by_dhcp = lab->plan->options->no_dhcp ? NULL : lab->boot_url;
        lab->network = network_start(lab->plan->folder, lab->nodes, by_dhcp, error);
        if (lab->network == NULL)
            return false;
    }
    if (!export_volumes(lab, error) || !export_roots(lab, error) || !start_bmcs(lab, error))
        return false;
    lab->control = control_server_new(lab->plan->folder, on_request, lab, error);
    return lab->control != NULL;
}

/* In the reverse order. Without BMCs there are no more orders, so the machines can go. */
static void
stop(Lab *lab)
{
    control_server_free(lab->control);
    ipmi_server_free(lab->bmcs);
    redfish_bmcs_stop(lab->redfish);
    g_ptr_array_free(lab->nodes, true);
    g_ptr_array_free(lab->servers, true);
    redfish_bmcs_free(lab->redfish);
    mailbox_free(lab->mailbox);
    target_free(lab->target);
    nfs_free(lab->nfs);
    network_free(lab->network);
    if (lab->signal_fd >= 0)
        close(lab->signal_fd);
    g_free(lab->boot_url);
}

static void
attend_signals(Lab *lab)
{
    struct signalfd_siginfo info;
    while (read(lab->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo != SIGCHLD)
            lab->stopping = true;
    /* one SIGCHLD may stand for several children */
    for (guint i = 0; i < lab->servers->len; i++)
        machine_reap(((Server *)lab->servers->pdata[i])->machine);
    target_reap(lab->target);
    if (lab->nfs != NULL)
        nfs_reap(lab->nfs);
    if (lab->network != NULL)
        network_reap(lab->network);
}

static void
attend_orders(Lab *lab)
{
    MailboxOrder order;
    while (mailbox_take(lab->mailbox, &order))
        machine_obey(order.recipient, &order);
}

static void
attend_machines(Lab *lab)
{
    for (guint i = 0; i < lab->servers->len; i++) {
        Machine *machine = ((Server *)lab->servers->pdata[i])->machine;
        machine_attend(machine);
        machine_tick(machine);
    }
}

static void
lab_run(Lab *lab)
{
    enum { FIXED = 2 };
    g_autofree struct pollfd *polled = g_new0(
        struct pollfd, FIXED + CONTROL_POLL_COUNT + (gsize)MACHINE_POLLED * lab->servers->len);
    while (!lab->stopping) {
        size_t count = 0;
        polled[count++] = (struct pollfd){.fd = lab->signal_fd, .events = POLLIN};
        polled[count++] = (struct pollfd){.fd = mailbox_fd(lab->mailbox), .events = POLLIN};
        count += control_server_poll(lab->control, polled + count);
        for (guint i = 0; i < lab->servers->len; i++)
            count += machine_poll(((Server *)lab->servers->pdata[i])->machine, polled + count);
        if (poll(polled, count, TICK_MS) < 0 && errno != EINTR) {
            log_error(AREA, "poll: %s", g_strerror(errno));
            return;
        }
        attend_machines(lab); /* QEMU's last messages */
        attend_signals(lab);
        attend_orders(lab);
        control_server_attend(lab->control);
    }
}

int
lab_main(void *user_data, int ready_fd)
{
    Lab lab = {.plan = user_data, .signal_fd = -1};
    lab.servers = g_ptr_array_new_with_free_func(server_free);
    lab.nodes = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    bool started = start(&lab, &error);
    if (started)
        log_info(AREA, "up with %u servers in %s, %s", lab.nodes->len, lab.plan->folder,
                 lab.plan->accelerator);
    else
        log_error(AREA, "%s", error->message);
    dprintf(ready_fd, "%s", started ? "ready" : error->message);
    close(ready_fd);
    if (started)
        lab_run(&lab);
    stop(&lab);
    log_info(AREA, "down");
    return started ? 0 : 1;
}
