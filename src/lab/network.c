/* The lab's own network segment; the contract is in network.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/network.h"

#include "common/error.h"
#include "common/log.h"
#include "common/process.h"
#include "lab/folder.h"
#include "lab/tftp.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct Network {
    char *folder;     /* owned */
    char *host_link;  /* owned; name of the host's end of the link */
    int namespace_fd; /* owned */
    pid_t dnsmasq;    /* 0: ended */
};

/* Writes one setting of the kernel; logs a failure and continues. */
static void
set_kernel(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return; /* a kernel without that feature */
    if (write(fd, value, strlen(value)) < 0)
        log_warning("lab.network", "cannot write %s: %s", path, g_strerror(errno));
    close(fd);
}

/* A new namespace, seen through a descriptor; this thread returns to its own. */
static int
make_namespace(GError **error)
{
    int ours = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    int made = -1;
    if (ours < 0 || unshare(CLONE_NEWNET) != 0) {
        steel_fail(error, STEEL_ERROR_IO, "cannot make a network namespace: %s", g_strerror(errno));
    } else {
        /* A TCP connection whose program was killed lives on to send what is unsent, for minutes as
         * its peer is gone too, and the namespace with it. */
        set_kernel("/proc/sys/net/ipv4/tcp_orphan_retries", "1");
        made = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
        if (made < 0)
            steel_fail(error, STEEL_ERROR_IO, "cannot open the network namespace: %s",
                       g_strerror(errno));
        if (setns(ours, CLONE_NEWNET) != 0)
            g_error("cannot return to the host's network namespace: %s", g_strerror(errno));
    }
    if (ours >= 0)
        close(ours);
    return made;
}

/* Runs `ip` with these words, in the namespace or (0) on the host. */
static bool
ip(int namespace_fd, const char *words, GError **error)
{
    g_autofree char *line = g_strdup_printf("ip %s", words);
    g_auto(GStrv) argv = g_strsplit(line, " ", -1);
    ProcessSpec spec = {
        .argv = (const char *const *)argv, .network_namespace = namespace_fd, .timeout_ms = 10000};
    if (process_run(&spec, NULL, error))
        return true;
    g_prefix_error(error, "%s: ", line);
    return false;
}

/* The host must not take an address, or more, from the lab's router advertisements. */
static void
keep_ipv6_off(const char *link)
{
    g_autofree char *path = g_strdup_printf("/proc/sys/net/ipv6/conf/%s/disable_ipv6", link);
    set_kernel(path, "1");
}

static bool
make_interfaces(const Network *network, GPtrArray *nodes, GError **error)
{
    int ns = network->namespace_fd;
    g_autofree char *make_link = g_strdup_printf("link add uplink type veth peer name %s netns %d",
                                                 network->host_link, (int)getpid());
    g_autofree char *host_address =
        g_strdup_printf("addr add %s/24 dev %s", NETWORK_HOST_ADDRESS, network->host_link);
    g_autofree char *host_up = g_strdup_printf("link set %s up", network->host_link);
    if (!ip(ns, "link set lo up", error) ||
        !ip(ns, "link add br0 type bridge stp_state 0 forward_delay 0", error) ||
        !ip(ns, "addr add " NETWORK_BRIDGE_ADDRESS "/24 dev br0", error) ||
        !ip(ns, "addr add fd77::1/64 dev br0 nodad", error) || !ip(ns, "link set br0 up", error) ||
        !ip(ns, make_link, error) || !ip(ns, "link set uplink master br0 up", error))
        return false;
    keep_ipv6_off(network->host_link);
    if (!ip(0, host_address, error) || !ip(0, host_up, error))
        return false;
    for (guint i = 0; i < nodes->len; i++) {
        const LabNode *node = nodes->pdata[i];
        g_autofree char *make_tap = g_strdup_printf("tuntap add dev %s mode tap", node->tap);
        g_autofree char *join = g_strdup_printf("link set %s master br0 up", node->tap);
        if (!ip(ns, make_tap, error) || !ip(ns, join, error))
            return false;
    }
    return true;
}

/* Who gets which address, and what each kind of firmware loads. */
static void
add_dhcp(GString *text, GPtrArray *nodes, const char *boot_url)
{
    g_string_append(
        text, "dhcp-range=10.77.0.150,10.77.0.249,255.255.255.0,10m\ndhcp-no-override\nno-ping\n"
              "dhcp-option=option:router," NETWORK_HOST_ADDRESS "\n");
    for (guint i = 0; i < nodes->len; i++) {
        const LabNode *node = nodes->pdata[i];
        g_string_append_printf(text, "dhcp-host=%s,%s,%s\n", node->mac, node->guest_address,
                               node->name);
    }
    g_string_append_printf(
        text,
        "dhcp-userclass=set:ipxe,iPXE\ndhcp-match=set:ipxe,175\n"
        "dhcp-match=set:efi64,option:client-arch,7\ndhcp-match=set:efi64,option:client-arch,9\n"
        "dhcp-boot=tag:!ipxe,tag:!efi64,undionly.kpxe\ndhcp-boot=tag:!ipxe,tag:efi64,snponly.efi\n"
        "dhcp-boot=tag:ipxe,%s\n",
        boot_url);
}

char *
network_dnsmasq_config(const char *folder, GPtrArray *nodes, const char *boot_url)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(
        text,
        "port=0\ninterface=br0\nbind-interfaces\nlog-dhcp\n"
        "log-facility=%s/dnsmasq.log\ndhcp-leasefile=%s/dnsmasq.leases\npid-file=\n"
        /* a change of user would take the parent's death signal away */
        "user=root\ngroup=root\n"
        "enable-tftp\ntftp-root=%s/" TFTP_FOLDER "\n",
        folder, folder, folder);
    /* iPXE waits about 12 s for an IPv6 router that never speaks: let one speak */
    g_string_append(text, "enable-ra\nra-param=br0,10,0\ndhcp-range=fd77::,ra-only,10m\n");
    if (boot_url != NULL)
        add_dhcp(text, nodes, boot_url);
    return g_string_free(text, false);
}

static bool
start_dnsmasq(Network *network, GPtrArray *nodes, const char *boot_url, GError **error)
{
    g_autofree char *path = g_build_filename(network->folder, "dnsmasq.conf", NULL);
    g_autofree char *config = network_dnsmasq_config(network->folder, nodes, boot_url);
    g_autoptr(GError) cause = NULL;
    if (!g_file_set_contents(path, config, -1, &cause))
        return steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
    const char *check[] = {"dnsmasq", "--test", "-C", path, NULL};
    ProcessSpec check_spec = {.argv = check};
    if (!process_run(&check_spec, NULL, error))
        return false;
    const char *argv[] = {"dnsmasq", "--keep-in-foreground", "-C", path, NULL};
    ProcessSpec spec = {.argv = argv, .network_namespace = network->namespace_fd};
    pid_t pid = process_spawn(&spec, error);
    if (pid < 0)
        return false;
    network->dnsmasq = pid;
    return true;
}

Network *
network_start(const char *folder, GPtrArray *nodes, const char *boot_url, GError **error)
{
    int namespace_fd = make_namespace(error);
    if (namespace_fd < 0)
        return NULL;
    g_autoptr(Network) network = g_new0(Network, 1);
    network->folder = g_strdup(folder);
    network->namespace_fd = namespace_fd;
    /* named after the process, so that two labs do not collide */
    network->host_link = g_strdup_printf("steellab%d", (int)(getpid() % 10000000));
    if (!make_interfaces(network, nodes, error) || !tftp_folder_make(folder, NULL, error) ||
        !start_dnsmasq(network, nodes, boot_url, error)) {
        g_prefix_error(error, "making the lab's network: ");
        return NULL;
    }
    return g_steal_pointer(&network);
}

void
network_free(Network *network)
{
    if (network == NULL)
        return;
    process_end(network->dnsmasq, SIGTERM, 2000);
    /* the kernel does that too at the end of the namespace, but later */
    g_autofree char *remove_link = g_strdup_printf("link del %s", network->host_link);
    g_autoptr(GError) error = NULL;
    if (!ip(0, remove_link, &error))
        log_debug("lab.network", "%s", error->message);
    close(network->namespace_fd);
    g_free(network->folder);
    g_free(network->host_link);
    g_free(network);
}

int
network_namespace(const Network *network)
{
    return network->namespace_fd;
}

pid_t
network_dnsmasq_pid(const Network *network)
{
    return network->dnsmasq;
}

void
network_reap(Network *network)
{
    if (network->dnsmasq == 0 || waitpid(network->dnsmasq, NULL, WNOHANG) != network->dnsmasq)
        return;
    network->dnsmasq = 0;
    log_error("lab.network", "dnsmasq has ended; see %s/dnsmasq.log", network->folder);
}
