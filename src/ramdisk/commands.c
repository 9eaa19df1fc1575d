/* The command line of steel-ramdisk; the contract is in commands.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ramdisk/commands.h"

#include "ramdisk/build.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: steel-ramdisk build [OPTION VALUE]...\n"
    "\n"
    "Builds a deploy ramdisk, " RAMDISK_KERNEL " and " RAMDISK_INITRAMFS
    ", from Debian's packages.\n"
    "Needs no root; the kernel's package is downloaded by apt and not installed.\n"
    "\n"
    "  --output DIR        where they go; default .\n"
    "  --profile WORD      for which machines; default virtual\n"
    "  --agent FILE        the agent; default steel-agent next to this program\n"
    "  --cache DIR         where the kernel's package is kept; default "
    "$XDG_CACHE_HOME/steel-ramdisk\n"
    "  --ca FILE           authorities (PEM) that the agent trusts, beside this system's\n"
    "  --ssh-key FILE      public keys of those who may log in as root by SSH (package "
    "dropbear-bin)\n"
    "  --module NAME       one more kernel module; may be given again\n"
    "  --program NAME      one more program, with its libraries, e.g. mdadm; may be given again\n"
    "  --file FILE:/PATH   one more file or folder, which wins over ours; may be given again\n"
    "  --iso yes|no        " RAMDISK_ISO
    " as well, which boots from CD, virtual media and sticks, with BIOS\n"
    "                      and UEFI (packages xorriso, grub-pc-bin, grub-efi-amd64-bin, mtools, "
    "dosfstools)\n"
    "  --console WORD      console of the ISO's kernel, e.g. ttyS0,115200; may be given again, the "
    "last is\n"
    "                      where the ramdisk speaks. Over the network, the service gives the "
    "command line\n"
    "\n"
    "Profiles:\n";

typedef struct Options {
    RamdiskPlan plan;
    GPtrArray *modules, *programs, *files,
        *consoles; /* owned; borrowed strings, with a NULL at the end */
} Options;

/* An option that may be given again. */
static bool
take_one_more(Options *options, const char *name, const char *value)
{
    const struct {
        const char *name;
        GPtrArray *list;
    } lists[] = {
        {"--module",  options->modules},
        {"--program", options->programs},
        {"--file",    options->files},
        {"--console", options->consoles},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        if (strcmp(lists[i].name, name) == 0) {
            g_ptr_array_add(lists[i].list, (char *)(uintptr_t)value);
            return true;
        }
    return false;
}

static bool
take_iso(Options *options, const char *value)
{
    options->plan.iso = strcmp(value, "yes") == 0;
    return options->plan.iso || strcmp(value, "no") == 0;
}

static bool
take_option(Options *options, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **member;
    } members[] = {
        {"--output",  &options->plan.output},
        {"--profile", &options->plan.profile},
        {"--agent",   &options->plan.agent},
        {"--cache",   &options->plan.cache},
        {"--ca",      &options->plan.ca_file},
        {"--ssh-key", &options->plan.ssh_key_file},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        if (strcmp(members[i].name, name) == 0) {
            *members[i].member = value;
            return true;
        }
    return strcmp(name, "--iso") == 0 ? take_iso(options, value)
                                      : take_one_more(options, name, value);
}

static void
print_usage(FILE *to)
{
    g_autofree char *profiles = ramdisk_profiles_help();
    fprintf(to, "%s%s", usage, profiles);
}

/* False when the words make no sense. */
static bool
read_options(Options *options, int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "build") != 0)
        return false;
    for (int i = 2; i < argc; i += 2)
        if (i + 1 >= argc || !take_option(options, argv[i], argv[i + 1]))
            return false;
    return ramdisk_profile_known(options->plan.profile);
}

static void
say(const char *text)
{
    fprintf(stderr, "steel-ramdisk: %s\n", text);
}

static char *
agent_beside_us(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = g_path_get_dirname(self != NULL ? self : "./steel-ramdisk");
    return g_build_filename(folder, "steel-agent", NULL);
}

static void
print_file(const RamdiskPlan *plan, const char *name)
{
    struct stat status;
    g_autofree char *path = g_build_filename(plan->output, name, NULL);
    if (stat(path, &status) == 0)
        printf("%s %.1f MB\n", path, (double)status.st_size / 1e6);
}

static int
run(Options *options)
{
    g_autoptr(GError) error = NULL;
    g_ptr_array_add(options->modules, NULL);
    g_ptr_array_add(options->files, NULL);
    g_ptr_array_add(options->consoles, NULL);
    g_ptr_array_add(options->programs, NULL);
    options->plan.programs = (const char *const *)options->programs->pdata;
    options->plan.consoles = (const char *const *)options->consoles->pdata;
    options->plan.modules = (const char *const *)options->modules->pdata;
    options->plan.files = (const char *const *)options->files->pdata;
    if (!ramdisk_build(&options->plan, say, &error)) {
        fprintf(stderr, "steel-ramdisk: %s\n", error->message);
        return 1;
    }
    print_file(&options->plan, RAMDISK_KERNEL);
    print_file(&options->plan, RAMDISK_INITRAMFS);
    if (options->plan.iso)
        print_file(&options->plan, RAMDISK_ISO);
    return 0;
}

int
ramdisk_commands_run(int argc, char **argv)
{
    g_autofree char *agent = agent_beside_us();
    g_autofree char *cache = g_build_filename(g_get_user_cache_dir(), "steel-ramdisk", NULL);
    g_autoptr(GPtrArray) modules = g_ptr_array_new();
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    g_autoptr(GPtrArray) consoles = g_ptr_array_new();
    g_autoptr(GPtrArray) programs = g_ptr_array_new();
    Options options = {
        .plan = {.output = ".", .profile = "virtual", .agent = agent, .cache = cache},
        .modules = modules,
        .files = files,
        .consoles = consoles,
        .programs = programs};
    bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
    if (help || !read_options(&options, argc, argv)) {
        print_usage(help ? stdout : stderr);
        return help ? 0 : 2;
    }
    return run(&options);
}
