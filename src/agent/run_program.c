/* Runs programs for steps; the contract is in run_program.h. SPDX-License-Identifier: Apache-2.0 */
#include "agent/run_program.h"

#include "common/log.h"
#include "common/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define AREA "agent.program"
#define LOOK_MS 200 /* how often it is looked whether to stop */
#define GRACE_MS 5000

/* Waits for its end; the status as waitpid has it, or -1 when it was to be stopped. */
static int
wait_for(pid_t pid, const Progress *progress)
{
    int status = -1;
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    while (end.fd >= 0 && !progress_stopped(progress) && poll(&end, 1, LOOK_MS) <= 0)
        ; /* it runs */
    if (end.fd >= 0 && (end.revents & POLLIN) && waitpid(pid, &status, 0) != pid)
        status = -1;
    else if (end.fd < 0 || !(end.revents & POLLIN))
        process_end(pid, SIGTERM, GRACE_MS);
    if (end.fd >= 0)
        close(end.fd);
    return status;
}

/* The end of what it has said. The caller frees. */
static char *
read_output(int fd)
{
    char *text = g_malloc(RUN_PROGRAM_LIMIT + 1);
    off_t size = lseek(fd, 0, SEEK_END);
    off_t from = size > (off_t)RUN_PROGRAM_LIMIT ? size - (off_t)RUN_PROGRAM_LIMIT : 0;
    ssize_t got = pread(fd, text, RUN_PROGRAM_LIMIT, from);
    text[got > 0 ? got : 0] = '\0';
    char *valid = g_utf8_make_valid(text, -1);
    g_free(text);
    return valid;
}

static const char *
last_line(char *text)
{
    g_strchomp(text);
    const char *newline = strrchr(text, '\n');
    return newline != NULL ? newline + 1 : text;
}

static bool
judge(const char *program, int status, const char *text, GError **error)
{
    g_autofree char *copy = g_strdup(text);
    if (status == -1)
        return steel_fail(error, STEEL_ERROR_CANCELLED,
                          "%s was ended, as the agent was told to end", program);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFEXITED(status))
        return steel_fail(error, STEEL_ERROR_PROCESS, "%s has failed with status %d: %.500s",
                          program, WEXITSTATUS(status), last_line(copy));
    return steel_fail(error, STEEL_ERROR_PROCESS, "%s was ended by signal %d: %.500s", program,
                      WTERMSIG(status), last_line(copy));
}

bool
run_program(const char *const *argv, const Progress *progress, char **output, GError **error)
{
    g_autofree char *found = process_find(argv[0]);
    if (found == NULL)
        return steel_fail(error, STEEL_ERROR_NOT_FOUND,
                          "the ramdisk has no %s: build it with steel-ramdisk build --program %s",
                          argv[0], argv[0]);
    int fd = memfd_create("output", MFD_CLOEXEC);
    if (fd < 0)
        return steel_fail(error, STEEL_ERROR_IO, "no file for what %s says: %s", argv[0],
                          g_strerror(errno));
    ProcessSpec spec = {.argv = argv, .output_fd = fd};
    pid_t pid = process_spawn(&spec, error);
    int status = pid > 0 ? wait_for(pid, progress) : 0;
    g_autofree char *text = read_output(fd);
    close(fd);
    if (pid <= 0)
        return false;
    if (*text != '\0')
        log_info(AREA, "%s: %.4000s", argv[0], text);
    bool good = judge(argv[0], status, text, error);
    if (output != NULL)
        *output = good ? g_steal_pointer(&text) : NULL;
    return good;
}
