/* Collects the inventory; the contract is in inventory.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/inventory.h"

#include "agent/hardware/bmc.h"
#include "agent/hardware/disks.h"
#include "agent/hardware/nics.h"
#include "agent/hardware/pci.h"
#include "agent/hardware/sysfs.h"

#include <string.h>
#include <sys/utsname.h>

#define KIB_PER_MIB 1024
#define DMI "/sys/class/dmi/id/"

/* The value of the first line "name : value" of a text, or NULL. The caller frees. */
static char *
line_value(const char *text, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = text; line != NULL && *line != '\0';) {
        const char *end = strchrnul(line, '\n');
        const char *colon = memchr(line, ':', (size_t)(end - line));
        if (strncmp(line, name, length) == 0 && colon != NULL &&
            line + length + strspn(line + length, " \t") == colon)
            return g_strstrip(g_strndup(colon + 1, (size_t)(end - colon - 1)));
        line = *end != '\0' ? end + 1 : end;
    }
    return NULL;
}

static json_t *
text_json(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static unsigned
count_lines(const char *text, const char *name)
{
    unsigned count = 0;
    for (const char *at = text; at != NULL && (at = strstr(at, name)) != NULL; at++)
        count += at == text || at[-1] == '\n';
    return count;
}

static json_t *
flags_json(const char *cpuinfo)
{
    json_t *flags = json_array();
    g_autofree char *line = line_value(cpuinfo, "flags");
    g_auto(GStrv) words = g_strsplit(line != NULL ? line : "", " ", 0);
    for (char **word = words; *word != NULL; word++)
        if (**word != '\0')
            json_array_append_new(flags, json_string(*word));
    return flags;
}

/* The maximum frequency in MHz, as lscpu writes it, else the current one. */
static json_t *
frequency_json(const char *root, const char *cpuinfo)
{
    int64_t khz =
        sysfs_read_number(root, 0, "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
    g_autofree char *now = line_value(cpuinfo, "cpu MHz");
    if (khz > 0)
        return json_sprintf("%" G_GINT64_FORMAT ".%04d", khz / 1000, (int)(khz % 1000) * 10);
    return text_json(now);
}

static json_t *
cpu_json(const char *root)
{
    size_t size;
    g_autofree char *cpuinfo = (char *)sysfs_read_bytes(root, "/proc/cpuinfo", 4u << 20, &size);
    g_autofree char *model = line_value(cpuinfo, "model name");
    struct utsname system;
    bool known = uname(&system) == 0;
    return json_pack("{s:o, s:o, s:i, s:o, s:o}", "model_name", text_json(model), "frequency",
                     frequency_json(root, cpuinfo), "count", (int)count_lines(cpuinfo, "processor"),
                     "architecture", text_json(known ? system.machine : NULL), "flags",
                     flags_json(cpuinfo));
}

/* The installed memory: the kernel's memory blocks, else MemTotal. */
static int64_t
physical_mib(const char *root, int64_t total_kib)
{
    g_autofree char *block = sysfs_read(root, "/sys/devices/system/memory/block_size_bytes");
    uint64_t size = block != NULL ? g_ascii_strtoull(block, NULL, 16) : 0;
    g_auto(GStrv) names = sysfs_list(root, "/sys/devices/system/memory");
    uint64_t count = 0;
    for (char **name = names; *name != NULL; name++)
        count += g_str_has_prefix(*name, "memory") && g_ascii_isdigit((*name)[6]);
    return size > 0 && count > 0 ? (int64_t)(size * count >> 20) : total_kib / KIB_PER_MIB;
}

static json_t *
memory_json(const char *root)
{
    g_autofree char *meminfo = sysfs_read(root, "/proc/meminfo");
    g_autofree char *total = line_value(meminfo, "MemTotal");
    int64_t kib = total != NULL ? g_ascii_strtoll(total, NULL, 10) : 0;
    return json_pack("{s:I, s:I}", "total", (json_int_t)kib * 1024, "physical_mb",
                     (json_int_t)physical_mib(root, kib));
}

static json_t *
dmi_json(const char *root, const char *name)
{
    g_autofree char *value = sysfs_read(root, DMI "%s", name);
    return json_string(value != NULL ? value : "");
}

static json_t *
vendor_json(const char *root)
{
    return json_pack("{s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "product_name",
                     dmi_json(root, "product_name"), "serial_number",
                     dmi_json(root, "product_serial"), "manufacturer", dmi_json(root, "sys_vendor"),
                     "firmware", "vendor", dmi_json(root, "bios_vendor"), "version",
                     dmi_json(root, "bios_version"), "build_date", dmi_json(root, "bios_date"));
}

static json_t *
boot_json(const Agent *agent)
{
    bool uefi = sysfs_exists(agent->root, "/sys/firmware/efi");
    const char *from = parameters_string(agent->parameters, AGENT_PARAMETER_BOOTIF);
    return json_pack("{s:s, s:o}", "current_boot_mode", uefi ? "uefi" : "bios", "pxe_interface",
                     text_json(from));
}

static json_t *
interfaces_json(const Agent *agent)
{
    json_t *list = nics_list(agent->root);
    int64_t seconds = parameters_integer(agent->parameters, AGENT_PARAMETER_LLDP_TIMEOUT);
    if (parameters_boolean(agent->parameters, AGENT_PARAMETER_COLLECT_LLDP))
        nics_add_lldp(list, seconds * 1000, &agent->stopping);
    return list;
}

/* The service may say that the BMC is not to be asked. */
static void
add_bmc(Agent *agent, json_t *inventory)
{
    g_auto(BmcAddresses) addresses = {0};
    json_t *config = agent_config(agent);
    bool skip = json_is_true(json_object_get(config, "agent_skip_bmc_detect"));
    json_decref(config);
    if (!skip)
        bmc_addresses_read(&addresses, agent->root);
    json_object_set_new(inventory, "bmc_address", text_json(addresses.v4));
    json_object_set_new(inventory, "bmc_v6address", text_json(addresses.v6));
    if (addresses.mac != NULL)
        json_object_set_new(inventory, "bmc_mac", json_string(addresses.mac));
}

json_t *
inventory_collect(Agent *agent)
{
    g_autofree char *host = sysfs_read(agent->root, "/proc/sys/kernel/hostname");
    json_t *inventory = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "interfaces", interfaces_json(agent), "cpu",
        cpu_json(agent->root), "disks", disks_list(agent->root), "memory", memory_json(agent->root),
        "system_vendor", vendor_json(agent->root), "boot", boot_json(agent), "hostname",
        text_json(host), "pci_devices", pci_list(agent->root));
    add_bmc(agent, inventory);
    return inventory;
}
