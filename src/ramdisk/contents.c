/* What is in the initramfs; the contract is in contents.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ramdisk/contents.h"

#include "common/error.h"
#include "common/process.h"
#include "ramdisk/init_script.h"
#include "ramdisk/module_index.h"
#include "ramdisk/modules.h"
#include "ramdisk/program_limit.h"
#include "ramdisk/tree.h"

#include <lzma.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define AUTHORITIES "etc/ssl/certs/ca-certificates.crt"
#define DEPTH_LIMIT 32
/* More takes longer and saves nothing with modules of a few MB. */
#define PACK_LEVEL 6

/* Run for each thing that the kernel finds: its driver, if it has one here. */
static const char load_driver[] =
    "#!/bin/sh\n"
    "[ \"$ACTION\" = add ] && [ -n \"$MODALIAS\" ] && exec modprobe -b -q \"$MODALIAS\"\n"
    "exit 0\n";

static void
add_system(Tree *tree, GError **error)
{
    static const char *const folders[] = {"dev",     "proc",     "sys",     "run",
                                          "tmp",     "root",     "var/log", "sbin",
                                          "usr/bin", "usr/sbin", "etc/acpi"};
    g_autofree char *busybox = process_find("busybox");
    if (busybox == NULL) {
        steel_fail(error, STEEL_ERROR_NOT_FOUND,
                   "busybox is not installed (package busybox-static)");
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
        tree_add_directory(tree, folders[i]);
    tree_add_device(tree, "dev/console", 0600, 5, 1);
    tree_add_device(tree, "dev/null", 0666, 1, 3);
    tree_add_program(tree, "bin/busybox", busybox);
    tree_add_symlink(tree, "bin/sh", "busybox");
    tree_add_symlink(tree, "sbin/modprobe", "../bin/busybox"); /* the kernel's way to filesystems */
    tree_add_text(tree, "init", 0755, ramdisk_init);
    tree_add_text(tree, "etc/udhcpc.script", 0755, ramdisk_udhcpc);
    tree_add_text(tree, "sbin/load-driver", 0755, load_driver);
    tree_add_text(tree, "etc/passwd", 0644, "root:x:0:0:root:/root:/bin/sh\n");
    tree_add_text(tree, "etc/group", 0644, "root:x:0:\n");
    tree_add_text(tree, "etc/hosts", 0644, "127.0.0.1 localhost\n::1 localhost\n");
    tree_add_text(tree, "etc/nsswitch.conf", 0644, "hosts: files dns\n");
}

/* Without its symbols, which take a third of it, where there is a program that can take them out:
 * an installed agent has none. */
static void
add_agent(Tree *tree, const RamdiskPlan *plan)
{
    g_autofree char *strip = process_find("strip");
    g_autofree char *copy = g_build_filename(plan->output, ".steel-agent.XXXXXX", NULL);
    int fd = strip != NULL ? g_mkstemp(copy) : -1;
    const char *argv[] = {"strip", "-o", copy, "--", plan->agent, NULL};
    const ProcessSpec spec = {.argv = argv, .timeout_ms = RAMDISK_PROGRAM_LIMIT_MS};
    bool stripped = fd >= 0 && process_run(&spec, NULL, NULL);
    tree_add_program(tree, "usr/bin/steel-agent", stripped ? copy : plan->agent);
    if (fd < 0)
        return;
    close(fd);
    unlink(copy);
}

/* Programs come before busybox's applets of the same names (PATH in init.sh). */
static void
add_program(Tree *tree, const char *name, const char *package)
{
    g_autofree char *from = process_find(name), *base = g_path_get_basename(name);
    g_autofree char *path = g_build_filename("usr/bin", base, NULL);
    if (from != NULL)
        tree_add_program(tree, path, from);
    else if (tree->error == NULL)
        steel_fail(&tree->error, STEEL_ERROR_NOT_FOUND, "%s is not installed%s%s", name,
                   package != NULL ? ", package " : "", package != NULL ? package : "");
}

/* What the agent makes file systems with: its partitions may be of these kinds. */
static void
add_makers(Tree *tree)
{
    add_program(tree, "mke2fs", "e2fsprogs");
    add_program(tree, "mkfs.vfat", "dosfstools");
}

static void
add_programs(Tree *tree, const RamdiskPlan *plan)
{
    for (const char *const *name = plan->programs; name != NULL && *name != NULL; name++)
        add_program(tree, *name, NULL);
}

/* sshd for who has one of these keys; a key of the host is made when somebody comes. */
static void
add_ssh(Tree *tree, const RamdiskPlan *plan)
{
    g_autofree char *server = plan->ssh_key_file != NULL ? process_find("dropbear") : NULL;
    if (plan->ssh_key_file == NULL || tree->error != NULL)
        return;
    if (server == NULL) {
        steel_fail(
            &tree->error, STEEL_ERROR_NOT_FOUND,
            "dropbear is not installed (package dropbear-bin), which lets in who has an SSH key");
        return;
    }
    tree_add_directory(tree, "etc/dropbear");
    tree_add_program(tree, "usr/sbin/dropbear", server);
    tree_add_file(tree, "root/.ssh/authorized_keys", 0600, plan->ssh_key_file);
}

/* The system's certificate authorities and those of the plan, in one file. */
static void
add_authorities(Tree *tree, const RamdiskPlan *plan)
{
    g_autoptr(GString) all = g_string_new(NULL);
    const char *const from[] = {"/" AUTHORITIES, plan->ca_file};
    for (size_t i = 0; i < G_N_ELEMENTS(from); i++) {
        g_autofree char *text = NULL;
        g_autoptr(GError) cause = NULL;
        if (from[i] == NULL)
            continue;
        if (g_file_get_contents(from[i], &text, NULL, &cause))
            g_string_append(all, text);
        else if (i > 0 && tree->error == NULL)
            steel_fail(&tree->error, STEEL_ERROR_IO, "%s", cause->message);
    }
    tree_add_bytes(tree, AUTHORITIES, 0644, all->str, all->len);
}

/* What modprobe looks for below the kernel's release. text: taken; NULL: could not be made */
static void
add_index(Tree *tree, const char *release, const char *name, char *text)
{
    g_autofree char *path = g_build_filename("lib/modules", release, name, NULL);
    if (text != NULL)
        tree_add_text(tree, path, 0644, text);
    g_free(text);
}

/* As modprobe unpacks it. */
static void
add_packed(Tree *tree, const char *path, const char *from)
{
    g_autofree char *contents = NULL;
    g_autoptr(GError) cause = NULL;
    gsize size = 0;
    if (tree->error != NULL)
        return;
    if (!g_file_get_contents(from, &contents, &size, &cause)) {
        steel_fail(&tree->error, STEEL_ERROR_IO, "%s", cause->message);
        return;
    }
    size_t room = lzma_stream_buffer_bound(size), used = 0;
    g_autofree uint8_t *packed = g_malloc(room);
    if (lzma_easy_buffer_encode(PACK_LEVEL, LZMA_CHECK_CRC32, NULL, (const uint8_t *)contents, size,
                                packed, &used, room) != LZMA_OK)
        g_error("liblzma has no memory");
    tree_add_bytes(tree, path, 0644, packed, used);
}

static void
add_module(Tree *tree, const char *release, const char *from, bool packs)
{
    g_autofree char *name = modules_name(from);
    g_autofree char *path =
        g_strdup_printf("lib/modules/%s/%s.ko%s", release, name, packs ? MODULE_PACKED : "");
    if (packs)
        add_packed(tree, path, from);
    else
        tree_add_file(tree, path, 0644, from);
}

/* Those that are not loaded at the start; paths of `all`. */
static GPtrArray *
not_first(const ContentsModules *modules)
{
    GPtrArray *later = g_ptr_array_new();
    for (guint i = 0; i < modules->all->len; i++)
        if (!g_ptr_array_find_with_equal_func((GPtrArray *)(uintptr_t)modules->first,
                                              modules->all->pdata[i], g_str_equal, NULL))
            g_ptr_array_add(later, modules->all->pdata[i]);
    return later;
}

static void
add_modules(Tree *tree, const ContentsModules *modules)
{
    g_autoptr(GString) order = g_string_new(NULL);
    g_autoptr(GPtrArray) later = not_first(modules);
    for (guint i = 0; i < modules->all->len; i++) {
        char *path = modules->all->pdata[i];
        add_module(tree, modules->release, path, g_ptr_array_find(later, path, NULL));
    }
    for (guint i = 0; i < modules->first->len; i++) {
        g_autofree char *name = modules_name(modules->first->pdata[i]);
        g_string_append_printf(order, "%s\n", name);
    }
    tree_add_bytes(tree, "lib/modules/order", 0644, order->str, order->len);
    if (tree->error == NULL)
        add_index(tree, modules->release, "modules.dep",
                  module_index_dependencies(modules->all, later, &tree->error));
    if (tree->error == NULL)
        add_index(tree, modules->release, "modules.alias",
                  module_index_aliases(later, &tree->error));
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a folder, sorted: the order in which it lists them is its own. */
static GPtrArray *
names_in(const char *folder, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &cause);
    if (dir == NULL) {
        steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
        return NULL;
    }
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, by_text);
    return g_steal_pointer(&names);
}

static void add_path(Tree *tree, const char *path, const char *from, int depth);

static void
add_folder(Tree *tree, const char *path, const char *from, int depth)
{
    g_autoptr(GPtrArray) names =
        tree->error == NULL && depth < DEPTH_LIMIT ? names_in(from, &tree->error) : NULL;
    tree_add_directory(tree, path);
    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *inside = g_build_filename(path, names->pdata[i], NULL);
        g_autofree char *file = g_build_filename(from, names->pdata[i], NULL);
        add_path(tree, inside, file, depth + 1);
    }
}

static void
add_path(Tree *tree, const char *path, const char *from, int depth)
{
    bool program = g_file_test(from, G_FILE_TEST_IS_EXECUTABLE);
    if (g_file_test(from, G_FILE_TEST_IS_DIR))
        add_folder(tree, path, from, depth);
    else
        tree_add_file(tree, path, program ? 0755 : 0644, from);
}

static void
add_file_of_plan(Tree *tree, const char *file)
{
    const char *colon = strrchr(file, ':');
    if (colon == NULL || colon == file || colon[1] != '/' || colon[2] == '\0') {
        if (tree->error == NULL)
            steel_fail(&tree->error, STEEL_ERROR_INVALID,
                       "%s: expected <file>:</path in the ramdisk>", file);
        return;
    }
    g_autofree char *from = g_strndup(file, (size_t)(colon - file));
    add_path(tree, colon + 2, from, 0);
}

GByteArray *
contents_archive(const RamdiskPlan *plan, const ContentsModules *modules, GError **error)
{
    Tree tree;
    GError *cause = NULL;
    tree_begin(&tree);
    /* first, so that a file of the plan replaces one of Steel's */
    for (const char *const *file = plan->files; file != NULL && *file != NULL; file++)
        add_file_of_plan(&tree, *file);
    add_system(&tree, &cause);
    if (cause != NULL && tree.error == NULL)
        tree.error = cause;
    else
        g_clear_error(&cause);
    add_agent(&tree, plan);
    add_makers(&tree);
    add_programs(&tree, plan);
    add_ssh(&tree, plan);
    add_authorities(&tree, plan);
    add_modules(&tree, modules);
    return tree_finish(&tree, error);
}
