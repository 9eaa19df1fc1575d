/* Files for boot loaders; the contract is in pxe_files.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/pxe_files.h"

#include "common/config.h"
#include "common/json_text.h"
#include "drivers/image_copies.h"
#include "model/capabilities.h"
#include "model/internal_info.h"
#include "netboot/instructions.h"
#include "netboot/loader_config.h"
#include "netboot/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names of a card's file: %1 stands for its hardware type and address (01-52-54-...), or for the
 * address with colons. */
typedef struct FileName {
    const char *folder; /* NULL: [pxe]pxe_config_subdir; "": the root */
    const char *before, *after;
    bool colons;
} FileName;

static const FileName pxelinux_names[] = {
    {NULL, "", "", false},
    {0},
};
static const FileName grub_names[] = {
    {"grub", "grub.cfg-", "",      false},
    {"",     "grub.cfg-", "",      false},
    {"",     "",          ".conf", true},
    {0},
};

typedef struct Loader {
    const FileName *names; /* end with {0} */
    LoaderConfig config;
} Loader;

static const Loader pxelinux = {pxelinux_names, pxelinux_config};
static const Loader grub = {grub_names, grub_config};

static const Loader *
loader_of(const Task *task)
{
    const char *standard = config_string(config_current(), OPT_DEPLOY_DEFAULT_BOOT_MODE);
    bool uefi = strcmp(capability_boot_mode(task->node, standard), "uefi") == 0;
    return uefi ? &grub : &pxelinux;
}

/* ---- names ---- */

static const char *
root(void)
{
    return config_string(config_current(), OPT_PXE_TFTP_ROOT);
}

char *
pxe_files_path(const char *name)
{
    return g_build_filename(root(), name, NULL);
}

/* A card of InfiniBand has a client id, and type 32 (RFC 4390). */
static char *
card_of(const Port *port, bool colons)
{
    const char *id = json_string_member(port->extra, "client-id");
    g_autofree char *mac = g_ascii_strdown(port->address, -1);
    if (colons)
        return g_steal_pointer(&mac);
    return g_strdup_printf("%s-%s", id != NULL && *id != '\0' ? "20" : "01",
                           g_strdelimit(mac, ":", '-'));
}

static char *
name_of(const FileName *name, const Port *port)
{
    g_autofree char *card = card_of(port, name->colons);
    g_autofree char *file = g_strconcat(name->before, card, name->after, NULL);
    const char *folder = name->folder != NULL
                             ? name->folder
                             : config_string(config_current(), OPT_PXE_PXE_CONFIG_SUBDIR);
    return *folder != '\0' ? g_build_filename(folder, file, NULL) : g_steal_pointer(&file);
}

static bool
is_last(const FileName *name)
{
    return name->before == NULL;
}

/* ---- folders ---- */

bool
pxe_files_check(GError **error)
{
    const char *folder = root();
    if (folder == NULL || *folder == '\0')
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "[pxe]tftp_root is empty: name the folder of the TFTP server in it");
    return access(folder, W_OK | X_OK) == 0 || errno == ENOENT || /* it is made */
           steel_fail(error, STEEL_ERROR_IO,
                      "the folder %s ([pxe]tftp_root) cannot be written to: %s", folder,
                      g_strerror(errno));
}

/* 0 counts as unset: nobody could read such a file. */
static mode_t
permissions(ConfigOption option, mode_t standard)
{
    int64_t value = config_integer(config_current(), option);
    return value > 0 ? (mode_t)value : standard;
}

/* ---- writing ---- */

static bool
write_file(FilePath path_of, const char *name, const char *text, GError **error)
{
    g_autofree char *path = path_of(name);
    g_autofree char *folder = g_path_get_dirname(path), *file = g_path_get_basename(path);
    if (g_mkdir_with_parents(folder, (int)permissions(OPT_PXE_DIR_PERMISSION, 0755)) != 0)
        return steel_fail(error, STEEL_ERROR_IO,
                          "the folder %s for boot loaders cannot be made: %s", folder,
                          g_strerror(errno));
    return replace_file(folder, file, text, permissions(OPT_PXE_FILE_PERMISSION, 0644), error);
}

/* What the card's machine is told; NULL on an error. The caller frees. */
static char *
text_for(Task *task, const Loader *loader, const Port *port, GError **error)
{
    g_autofree char *mac = g_ascii_strdown(port->address, -1);
    g_auto(BootInstructions) instructions;
    boot_instructions_init(&instructions, mac);
    if (!boot_instructions_of_files(task->services->db, task->node, &instructions, error))
        return NULL;
    return loader->config(&instructions, error);
}

static bool
write_card(Task *task, FilePath path, const Loader *loader, const Port *port, GError **error)
{
    g_autofree char *text = text_for(task, loader, port, error);
    bool good = text != NULL;
    for (const FileName *name = loader->names; good && !is_last(name); name++) {
        g_autofree char *file = name_of(name, port);
        good = write_file(path, file, text, error);
    }
    return good;
}

static void
note_names(Task *task, const Loader *loader, const GPtrArray *ports)
{
    json_t *names = json_array();
    for (guint i = 0; i < ports->len; i++)
        for (const FileName *name = loader->names; !is_last(name); name++) {
            const Port *port = ports->pdata[i];
            g_autofree char *file = name_of(name, port);
            if (port->pxe_enabled)
                json_array_append_new(names, json_string(file));
        }
    info_set_json(task->node, INFO_PXE_FILES, names);
}

bool
pxe_files_publish(Task *task, FilePath path, GError **error)
{
    const Loader *loader = loader_of(task);
    const GPtrArray *ports = task_ports(task, error);
    if (ports == NULL)
        return false;
    pxe_files_withdraw(task, path);
    note_names(task, loader, ports);
    bool good = task_save(task, error);
    for (guint i = 0; good && i < ports->len; i++) {
        const Port *port = ports->pdata[i];
        good = !port->pxe_enabled || write_card(task, path, loader, port, error);
    }
    return good;
}

/* A card may be another node's by now, whose file has the same name. loader_config.h says how a
 * file begins. */
static bool
is_of_node(const char *path, const Node *node)
{
    char text[128] = "";
    g_autofree char *begin = g_strdup_printf(LOADER_CONFIG_FIRST_WORDS "%s", node->uuid);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t size = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    return size > 0 && g_str_has_prefix(text, begin);
}

bool
pxe_files_withdraw(Task *task, FilePath path_of)
{
    const json_t *names = info_json(task->node, INFO_PXE_FILES);
    size_t index;
    json_t *name;
    json_array_foreach(names, index, name)
    {
        g_autofree char *path = json_is_string(name) ? path_of(json_string_value(name)) : NULL;
        if (path != NULL && is_of_node(path, task->node))
            image_copies_remove(path);
    }
    return info_remove(task->node, INFO_PXE_FILES);
}
