/* The numbers of this process from /proc, under the usual names of process metrics.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/metrics_process.h"

#include "common/metrics.h"

#include <dirent.h>
#include <malloc.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The fields of /proc/self/stat after the program's name: the first here is field 3 of proc(5). */
typedef struct ProcessStat {
    uint64_t user_ticks, system_ticks, threads, start_ticks, virtual_size, resident_pages;
} ProcessStat;

static bool
read_stat(ProcessStat *stat)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/proc/self/stat", &text, NULL, NULL))
        return false;
    const char *rest = strrchr(text, ')'); /* the name may have spaces and brackets in it */
    g_auto(GStrv) fields = g_strsplit(rest != NULL ? rest + 1 : "", " ", 0);
    if (g_strv_length(fields) < 23)
        return false;
    /* fields[0] is empty, fields[1] is number 3 of proc(5) */
    stat->user_ticks = g_ascii_strtoull(fields[12], NULL, 10);
    stat->system_ticks = g_ascii_strtoull(fields[13], NULL, 10);
    stat->threads = g_ascii_strtoull(fields[18], NULL, 10);
    stat->start_ticks = g_ascii_strtoull(fields[20], NULL, 10);
    stat->virtual_size = g_ascii_strtoull(fields[21], NULL, 10);
    stat->resident_pages = g_ascii_strtoull(fields[22], NULL, 10);
    return true;
}

/* Seconds since 1970 at which the machine was started. */
static double
boot_time(void)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/proc/stat", &text, NULL, NULL))
        return 0;
    const char *line = strstr(text, "\nbtime ");
    return line != NULL ? (double)g_ascii_strtoull(line + strlen("\nbtime "), NULL, 10) : 0;
}

static unsigned
open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;
    if (folder == NULL)
        return 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count - 1; /* without the descriptor of this folder */
}

void
metrics_write_process(GString *out)
{
    ProcessStat stat = {0};
    struct rlimit limit;
    double ticks = (double)sysconf(_SC_CLK_TCK), page = (double)sysconf(_SC_PAGESIZE);
    if (!read_stat(&stat))
        return; /* no /proc: nothing to write */
    metrics_write_single(out, "process_cpu_seconds_total", "counter",
                         "Time that processors have worked for this process.",
                         (double)(stat.user_ticks + stat.system_ticks) / ticks);
    metrics_write_single(out, "process_resident_memory_bytes", "gauge", "Memory in use.",
                         (double)stat.resident_pages * page);
    struct mallinfo2 heap = mallinfo2();
    metrics_write_single(
        out, "process_heap_bytes", "gauge",
        "Memory that was allocated and not freed; without what the allocator holds in "
        "reserve.",
        (double)(heap.uordblks + heap.hblkhd));
    metrics_write_single(out, "process_virtual_memory_bytes", "gauge", "Addresses in use.",
                         (double)stat.virtual_size);
    metrics_write_single(out, "process_threads", "gauge", "Threads.", (double)stat.threads);
    metrics_write_single(out, "process_open_fds", "gauge", "Open file descriptors.",
                         open_descriptors());
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metrics_write_single(out, "process_max_fds", "gauge", "Most open file descriptors.",
                             (double)limit.rlim_cur);
    metrics_write_single(out, "process_start_time_seconds", "gauge",
                         "When this process was started, in seconds since 1970.",
                         boot_time() + (double)stat.start_ticks / ticks);
}
