/* Steps that put load on the machine, by programs that the ramdisk may have. Names, parameters and
 * defaults are those of Ironic's agent. SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/choose.h"
#include "agent/hardware/disks.h"
#include "agent/run_program.h"
#include "agent/steps/step_functions.h"
#include "common/json_text.h"

#include <string.h>

#define WORD_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%.,-_:"

/* The words of a program's command line. */
typedef struct Words {
    GPtrArray *list; /* owned strings */
    const StepCall *call;
    GError *error; /* the first one stays */
} Words;

static void
words_begin(Words *words, const StepCall *call, const char *program)
{
    *words = (Words){.list = g_ptr_array_new_with_free_func(g_free), .call = call};
    g_ptr_array_add(words->list, g_strdup(program));
}

/* Adds words that are parted by blanks. */
static void
words_add(Words *words, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, " ", -1);
    for (char **part = parts; *part != NULL; part++)
        g_ptr_array_add(words->list, g_strdup(*part));
}

/* A value that a program may be given. The caller frees; NULL: it is none. */
static char *
value_text(const json_t *value)
{
    if (json_is_integer(value))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    const char *text = json_string_value(value);
    bool good =
        text != NULL && *text != '\0' && *text != '-' && text[strspn(text, WORD_LETTERS)] == '\0';
    return good ? g_strdup(text) : NULL;
}

/* A parameter of driver_info, or its default. The caller frees; "" when it is wrong. */
static char *
setting(Words *words, const char *name, const char *otherwise)
{
    const json_t *value = json_object_get(json_object_get(words->call->node, "driver_info"), name);
    char *text = value == NULL || json_is_null(value) ? g_strdup(otherwise) : value_text(value);
    if (text == NULL && words->error == NULL)
        steel_fail(&words->error, STEEL_ERROR_INVALID,
                   "driver_info %s is no number or word that a program can be given", name);
    return text != NULL ? text : g_strdup("");
}

/* Adds an option with such a value: "--timeout VALUE". */
static void
words_add_setting(Words *words, const char *option, const char *name, const char *otherwise)
{
    words_add(words, option);
    g_ptr_array_add(words->list, setting(words, name, otherwise));
}

/* Runs it; the words are gone. */
static json_t *
words_run(Words *words, const char *phase, GError **error)
{
    g_autoptr(GPtrArray) list = words->list;
    g_ptr_array_add(list, NULL);
    progress_begin(words->call->progress, phase, 0);
    if (words->error != NULL) {
        g_propagate_error(error, words->error);
        return NULL;
    }
    bool good = run_program((const char *const *)list->pdata, words->call->progress, NULL, error);
    return good ? json_null() : NULL;
}

json_t *
step_burnin_cpu(const StepCall *call, GError **error)
{
    Words words;
    words_begin(&words, call, "stress-ng");
    words_add_setting(&words, "--cpu", "agent_burnin_cpu_cpu", "0");
    words_add_setting(&words, "--timeout", "agent_burnin_cpu_timeout", "86400");
    words_add(&words, "--metrics-brief");
    return words_run(&words, "burn-in of the CPU", error);
}

json_t *
step_burnin_memory(const StepCall *call, GError **error)
{
    Words words;
    words_begin(&words, call, "stress-ng");
    words_add_setting(&words, "--vm", "agent_burnin_vm_vm", "0");
    words_add_setting(&words, "--vm-bytes", "agent_burnin_vm_vm-bytes", "98%");
    words_add_setting(&words, "--timeout", "agent_burnin_vm_timeout", "86400");
    words_add(&words, "--metrics-brief");
    return words_run(&words, "burn-in of the memory", error);
}

/* All disks at the same time, but for those that are not to be touched. */
static bool
add_disks(Words *words, GError **error)
{
    const Agent *agent = words->call->agent;
    json_t *disks = choose_disks(words->call->agent, words->call->node, error), *disk;
    size_t i;
    if (disks == NULL)
        return false;
    json_array_foreach(disks, i, disk)
    {
        const char *name = disk_kernel_name(disk);
        if (disk_is_virtual_media(agent->root, name) || disk_has_holders(agent->root, name) ||
            disk_read_only(agent->root, name))
            continue;
        g_autofree char *path = agent_path(agent, json_string_member(disk, "name"));
        g_ptr_array_add(words->list, g_strdup_printf("--name=%s", name));
        g_ptr_array_add(words->list, g_strdup_printf("--filename=%s", path));
    }
    json_decref(disks);
    return true;
}

json_t *
step_burnin_disk(const StepCall *call, GError **error)
{
    Words words;
    words_begin(&words, call, "fio");
    words_add(&words, "--rw=readwrite --bs=4k --direct=1 --ioengine=libaio --iodepth=32 "
                      "--verify=crc32c --verify_dump=1 --continue_on_error=verify");
    words_add_setting(&words, "--loops", "agent_burnin_fio_disk_loops", "4");
    g_autofree char *runtime = setting(&words, "agent_burnin_fio_disk_runtime", "0");
    if (strcmp(runtime, "0") != 0) {
        g_ptr_array_add(words.list, g_strdup_printf("--runtime=%s", runtime));
        words_add(&words, "--time_based");
    }
    if (add_disks(&words, error))
        return words_run(&words, "burn-in of the disks", error);
    g_clear_error(&words.error);
    g_ptr_array_unref(words.list);
    return NULL;
}

/* One way: the reader listens, the writer sends to it. */
static json_t *
burnin_network(const StepCall *call, bool writes, const char *partner, GError **error)
{
    Words words;
    words_begin(&words, call, "fio");
    words_add(&words, "--ioengine=net --port=9000 --fill_device=1 --group_reporting "
                      "--gtod_reduce=1 --numjobs=16");
    if (writes) {
        words_add(&words, "--name=writer --rw=write --time_based");
        words_add_setting(&words, "--runtime", "agent_burnin_fio_network_runtime", "21600");
        g_ptr_array_add(words.list, g_strdup_printf("--hostname=%s", partner));
    } else {
        words_add(&words, "--name=reader --rw=read --listen");
    }
    return words_run(&words,
                     writes ? "burn-in of the network, writing" : "burn-in of the network, reading",
                     error);
}

json_t *
step_burnin_network(const StepCall *call, GError **error)
{
    const json_t *config = json_object_get(json_object_get(call->node, "driver_info"),
                                           "agent_burnin_fio_network_config");
    const char *role = json_string_member(config, "role");
    g_autofree char *partner = value_text(json_object_get(config, "partner"));
    bool writer = role != NULL && strcmp(role, "writer") == 0;
    if (partner == NULL || (!writer && (role == NULL || strcmp(role, "reader") != 0))) {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "burnin_network needs driver_info agent_burnin_fio_network_config "
                   "{\"role\": \"reader\" or \"writer\", \"partner\": an address}");
        return NULL;
    }
    /* Both ways, one after the other. */
    json_t *first = burnin_network(call, writer, partner, error);
    if (first == NULL)
        return NULL;
    json_decref(first);
    return burnin_network(call, !writer, partner, error);
}
