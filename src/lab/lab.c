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
#include "lab/mailbox.h"
#include "lab/network.h"
#include "lab/nfs.h"
#include "lab/redfish_bmcs.h"
#include "lab/server.h"
#include "lab/target.h"
#include "lab/tftp.h"

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

typedef struct Lab {
    const LabPlan *plan; /* borrowed */
    char *boot_url;      /* owned */
    bool uefi_by_tftp;
    GPtrArray *servers;     /* owned LabServer */
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

static char *
choose_boot_url(const LabOptions *options)
{
    if (options->boot_url != NULL)
        return g_strdup(options->boot_url);
    return g_strdup_printf("http://%s:%d/boot.ipxe",
                           options->bridge ? NETWORK_HOST_ADDRESS : LAB_SLIRP_HOST, LAB_BOOT_PORT);
}

static bool
make_servers(Lab *lab, GError **error)
{
    for (int i = 0; i < lab->plan->options->node_count; i++) {
        LabServer *server = lab_server_new(lab->plan, (unsigned)i, lab->boot_url,
                                           lab->uefi_by_tftp ? TFTP_FOLDER : NULL);
        g_ptr_array_add(lab->servers, server);
        g_ptr_array_add(lab->nodes, server->node);
        if (!lab_server_make_disks(server, lab->plan, error))
            return false;
    }
    return true;
}

static bool
export_volumes(Lab *lab, GError **error)
{
    const LabOptions *options = lab->plan->options;
    int namespace_fd = lab->network != NULL ? network_namespace(lab->network) : 0;
    lab->target = target_start(lab->plan->folder, lab_service_address(options),
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
    lab->nfs = nfs_start(lab->plan->folder, lab_service_address(options),
                         (uint16_t)options->nfs_port, namespace_fd, error);
    for (guint i = 0; lab->nfs != NULL && i < lab->nodes->len; i++)
        if (!nfs_make_root(lab->plan->folder, ((LabNode *)lab->nodes->pdata[i])->name, error))
            return false;
    return lab->nfs != NULL;
}

static bool
add_ipmi(Lab *lab, LabServer *server, GError **error)
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
add_redfish(Lab *lab, LabServer *server, GError **error)
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
add_ilo_console(Lab *lab, LabServer *server, GError **error)
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
        LabServer *server = lab->servers->pdata[i];
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
    bool redfish = lab_speaks_redfish(lab->plan->options);
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
server_status(const Lab *lab, const LabServer *server, const char *sessions)
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
        machine_reap(((LabServer *)lab->servers->pdata[i])->machine);
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
        Machine *machine = ((LabServer *)lab->servers->pdata[i])->machine;
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
            count += machine_poll(((LabServer *)lab->servers->pdata[i])->machine, polled + count);
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
    lab.servers = g_ptr_array_new_with_free_func((GDestroyNotify)lab_server_free);
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
