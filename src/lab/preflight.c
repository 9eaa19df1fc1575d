/* What a lab needs; the contract is in preflight.h.
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

typedef enum NeededBy { ALWAYS, FOR_UEFI, FOR_BRIDGE } NeededBy;

typedef struct NeedRow {
    NeededBy needed_by;
    const char *what; /* a program, or a file when it has a slash */
    const char *package;
} NeedRow;

static const NeedRow needs[] = {
    {ALWAYS,     "qemu-system-x86_64",                 "qemu-system-x86"   },
    {ALWAYS,     "/usr/share/seabios/bios-256k.bin",   "seabios"           },
    {ALWAYS,     "/usr/lib/ipxe/qemu/efi-virtio.rom",  "ipxe-qemu"         },
    {ALWAYS,     "tgtd",                               "tgt"               },
    {ALWAYS,     "tgtadm",                             "tgt"               },
    {ALWAYS,     "busybox",                            "busybox-static"    },
    {ALWAYS,     "gzip",                               "gzip"              },
    {ALWAYS,     "dpkg-deb",                           "dpkg"              },
    {ALWAYS,     "mkfs.vfat",                          "dosfstools"        },
    {ALWAYS,     "mcopy",                              "mtools"            },
    {ALWAYS,     "mmd",                                "mtools"            },
    {ALWAYS,     "syslinux",                           "syslinux"          },
    {ALWAYS,     "/usr/lib/syslinux/mbr/mbr.bin",      "syslinux-common"   },
    {ALWAYS,     "grub-mkstandalone",                  "grub-common"       },
    {ALWAYS,     "/usr/lib/grub/x86_64-efi/linux.mod", "grub-efi-amd64-bin"},
    {FOR_UEFI,   MACHINE_UEFI_CODE,                    "ovmf"              },
    {FOR_BRIDGE, "ip",                                 "iproute2"          },
    {FOR_BRIDGE, "dnsmasq",                            "dnsmasq-base"      },
    {FOR_BRIDGE, "/usr/lib/ipxe/undionly.kpxe",        "ipxe"              },
};

static bool
is_there(const char *what)
{
    if (what[0] == '/')
        return access(what, R_OK) == 0;
    g_autofree char *path = process_find(what);
    return path != NULL;
}

static bool
check_programs(const LabOptions *options, GError **error)
{
    g_autoptr(GString) missing = g_string_new(NULL);
    g_autoptr(GString) packages = g_string_new(NULL);
    const char *last_package = "";
    for (size_t i = 0; i < G_N_ELEMENTS(needs); i++) {
        const NeedRow *row = &needs[i];
        if ((row->needed_by == FOR_UEFI && !options->uefi) ||
            (row->needed_by == FOR_BRIDGE && !options->bridge) || is_there(row->what))
            continue;
        g_string_append_printf(missing, "%s%s", missing->len > 0 ? ", " : "", row->what);
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

/* Fails when somebody listens there. The lab binds again later: this is for the message. */
static bool
check_port(const char *address, int port, int type, const char *what, const char *option,
           GError **error)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, address, &where.sin_addr) != 1)
        return true; /* IPv6: the bind itself will tell */
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
    if (!check_programs(options, error))
        return false;
    for (int i = 0; i < options->node_count; i++)
        if (!check_port(options->address, options->ipmi_port + i, SOCK_DGRAM, "a BMC",
                        "--ipmi-port", error))
            return false;
    return options->bridge || check_port("127.0.0.1", options->target_port, SOCK_STREAM,
                                         "the iSCSI target", "--target-port", error);
}
