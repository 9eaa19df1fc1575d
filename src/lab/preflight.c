/* The needs of a lab; the contract is in preflight.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/preflight.h"

#include "common/error.h"
#include "common/process.h"
#include "lab/machine_command.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef enum NeededBy { ALWAYS, FOR_UEFI, FOR_BRIDGE, FOR_HBA, FOR_NFS } NeededBy;

typedef struct NeedRow {
    NeededBy needed_by;
    const char *package;
    const char *places[PREFLIGHT_PLACES]; /* as preflight_is_there takes them */
} NeedRow;

#define QEMU_MODULE(name) "/usr/lib/x86_64-linux-gnu/qemu/" name
#define GANESHA_VFS "/usr/lib/x86_64-linux-gnu/ganesha/libfsalvfs.so"

/* Debian 13 keeps the ROMs of network cards in another folder than Debian 12. */
static const NeedRow needs[] = {
    {ALWAYS, "qemu-system-x86", {"qemu-system-x86_64"}},
    {ALWAYS, "seabios", {"/usr/share/seabios/bios-256k.bin"}},
    {ALWAYS, "ipxe-qemu", {"/usr/lib/ipxe/qemu/efi-virtio.rom", "/usr/share/qemu/efi-virtio.rom"}},
    {ALWAYS, "tgt", {"tgtd"}},
    {ALWAYS, "tgt", {"tgtadm"}},
    {ALWAYS, "busybox-static", {"busybox"}},
    {ALWAYS, "gzip", {"gzip"}},
    {ALWAYS, "dpkg", {"dpkg-deb"}},
    {ALWAYS, "dosfstools", {"mkfs.vfat"}},
    {ALWAYS, "mtools", {"mcopy"}},
    {ALWAYS, "mtools", {"mmd"}},
    {ALWAYS, "syslinux", {"syslinux"}},
    {ALWAYS, "syslinux-common", {"/usr/lib/syslinux/mbr/mbr.bin"}},
    {ALWAYS, "grub-common", {"grub-mkstandalone"}},
    {ALWAYS, "grub-efi-amd64-bin", {"/usr/lib/grub/x86_64-efi/linux.mod"}},
    {FOR_UEFI, "ovmf", {MACHINE_UEFI_CODE}},
    {FOR_UEFI, "ipxe", {"/usr/lib/ipxe/snponly.efi"}},
    {FOR_BRIDGE, "iproute2", {"ip"}},
    {FOR_BRIDGE, "dnsmasq-base", {"dnsmasq"}},
    {FOR_BRIDGE, "ipxe", {"/usr/lib/ipxe/undionly.kpxe"}},
    {FOR_HBA, "qemu-block-extra", {QEMU_MODULE("block-iscsi.so")}},
    {FOR_NFS, "nfs-ganesha", {"ganesha.nfsd"}},
    {FOR_NFS, "nfs-ganesha-vfs", {GANESHA_VFS}},
};

bool
preflight_is_there(const char *const places[PREFLIGHT_PLACES])
{
    for (size_t i = 0; i < PREFLIGHT_PLACES && places[i] != NULL; i++) {
        g_autofree char *path = places[i][0] == '/' ? g_strdup(places[i]) : process_find(places[i]);
        if (path != NULL && access(path, R_OK) == 0)
            return true;
    }
    return false;
}

static bool
is_wanted(NeededBy needed_by, const LabOptions *options)
{
    const bool wanted[] = {[ALWAYS] = true,
                           [FOR_UEFI] = options->uefi || strcmp(options->bmc, "ipmi") != 0,
                           [FOR_BRIDGE] = options->bridge,
                           [FOR_HBA] = options->hba_lun || g_str_has_prefix(options->bmc, "ilo"),
                           [FOR_NFS] = options->nfs};
    return wanted[needed_by];
}

static bool
check_programs(const LabOptions *options, GError **error)
{
    g_autoptr(GString) missing = g_string_new(NULL);
    g_autoptr(GString) packages = g_string_new(NULL);
    const char *last_package = "";
    for (size_t i = 0; i < G_N_ELEMENTS(needs); i++) {
        const NeedRow *row = &needs[i];
        if (!is_wanted(row->needed_by, options) || preflight_is_there(row->places))
            continue;
        g_string_append_printf(missing, "%s%s", missing->len > 0 ? ", " : "", row->places[0]);
        if (strcmp(row->package, last_package) != 0)
            g_string_append_printf(packages, " %s", row->package);
        last_package = row->package;
    }
    if (missing->len == 0)
        return true;
    return steel_fail(error, STEEL_ERROR_NOT_FOUND,
                      "not installed: %s\nOn Debian: apt-get install --no-install-recommends%s",
                      missing->str, packages->str);
}

/* Fails if another program listens there. The lab binds again later; this check gives a clear
 * message. */
static bool
check_port(const char *address, int port, int type, const char *what, const char *option,
           GError **error)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, address, &where.sin_addr) != 1)
        return true; /* IPv6: bind itself will report it */
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return steel_fail(error, STEEL_ERROR_IO, "cannot make a socket: %s", g_strerror(errno));
    int reuse = 1;
    if (type == SOCK_STREAM)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    bool good = bind(fd, (const struct sockaddr *)&where, sizeof where) == 0 ||
                steel_fail(error, STEEL_ERROR_IO,
                           "%s cannot listen at %s port %d: %s; choose another with %s", what,
                           address, port, g_strerror(errno), option);
    close(fd);
    return good;
}

bool
preflight(const LabOptions *options, GError **error)
{
    if (options->bridge && geteuid() != 0)
        return steel_fail(
            error, STEEL_ERROR_FORBIDDEN,
            "--bridge makes network interfaces, which needs root; without it the lab needs none");
    if (options->nfs && geteuid() != 0)
        return steel_fail(error, STEEL_ERROR_FORBIDDEN,
                          "--nfs starts an NFS server, which needs root to serve the files of a "
                          "root file system; without it the lab needs none");
    if (!check_programs(options, error))
        return false;
    bool redfish = strcmp(options->bmc, "ipmi") != 0;
    if (redfish && !check_port(options->redfish_address, options->redfish_port, SOCK_STREAM,
                               "a BMC", "--redfish-address or --redfish-port", error))
        return false;
    for (int i = 0; !redfish && i < options->node_count; i++)
        if (!check_port(options->address, options->ipmi_port + i, SOCK_DGRAM, "a BMC",
                        "--ipmi-port", error))
            return false;
    if (options->bridge)
        return true;
    return check_port("127.0.0.1", options->target_port, SOCK_STREAM, "the iSCSI target",
                      "--target-port", error) &&
           (!options->nfs || check_port("127.0.0.1", options->nfs_port, SOCK_STREAM,
                                        "the NFS server", "--nfs-port", error));
}
