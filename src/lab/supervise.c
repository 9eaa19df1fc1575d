/* The guardian process; the contract is in supervise.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/supervise.h"

#include "common/backoff.h"
#include "common/error.h"
#include "common/log.h"
#include "common/time_text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define AREA "lab.guardian"
#define MESSAGE_SIZE 2048
#define SWEEP_PAUSE_MS 10
#define SWEEP_LIMIT 500

/* The parent of a process, from the fourth word of /proc/PID/stat; 0 when it is gone. The second
 * word is a name in parentheses that may hold anything. */
static pid_t
parent_of(const char *pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%s/stat", pid);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return 0;
    const char *end = strrchr(text, ')');
    if (end == NULL || strlen(end) < 5)
        return 0;
    return (pid_t)g_ascii_strtoll(end + 4, NULL, 10);
}

/* Kills every child of ours, adopted ones too. */
static void
kill_children(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc", 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        if (!g_ascii_isdigit(name[0]) || parent_of(name) != getpid())
            continue;
        pid_t pid = (pid_t)g_ascii_strtoll(name, NULL, 10);
        if (pid > 1)
            kill(pid, SIGKILL);
    }
}

/* Children of the daemon become ours when it dies, and their children when they die: repeat until
 * none is left. */
static void
sweep(void)
{
    for (int i = 0; i < SWEEP_LIMIT; i++) {
        kill_children();
        pid_t reaped;
        while ((reaped = waitpid(-1, NULL, WNOHANG)) > 0)
            ;
        if (reaped < 0 && errno == ECHILD)
            return;
        backoff_sleep(SWEEP_PAUSE_MS);
    }
    log_error(AREA, "some processes do not die");
}

static void
block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGCHLD);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    sigprocmask(SIG_BLOCK, signals, NULL);
}

/* Waits for the end of the daemon; passes SIGTERM on. */
static int
guard(pid_t daemon, const sigset_t *signals)
{
    for (;;) {
        int number = sigwaitinfo(signals, NULL);
        if (number == SIGTERM || number == SIGINT || number == SIGHUP)
            kill(daemon, SIGTERM);
        if (number != SIGCHLD)
            continue;
        int status;
        pid_t reaped;
        while ((reaped = waitpid(-1, &status, WNOHANG)) > 0) {
            if (reaped != daemon)
                continue;
            if (WIFSIGNALED(status))
                log_error(AREA, "the daemon was killed by signal %d: ending what it left",
                          WTERMSIG(status));
            sweep();
            return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        }
    }
}

/* Closes descriptors that the caller of the program left open: the daemon must not hold them. Ours
 * are close-on-exec. */
static void
close_foreign_descriptors(void)
{
    g_autoptr(GArray) foreign = g_array_new(false, false, sizeof(int));
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        int fd = (int)g_ascii_strtoll(name, NULL, 10);
        if (fd > STDERR_FILENO && (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
            g_array_append_val(foreign, fd);
    }
    for (guint i = 0; i < foreign->len; i++)
        close(g_array_index(foreign, int, i));
}

static bool
redirect(const char *log_path)
{
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (null_fd < 0 || log_fd < 0)
        return false;
    bool good = dup2(null_fd, STDIN_FILENO) >= 0 && dup2(log_fd, STDOUT_FILENO) >= 0 &&
                dup2(log_fd, STDERR_FILENO) >= 0;
    close(null_fd);
    close(log_fd);
    return good;
}

static void G_GNUC_NORETURN
guardian_main(DaemonMain daemon_main, void *user_data, const char *log_path, int ready_fd)
{
    sigset_t signals;
    setsid();
    umask(077);
    close_foreign_descriptors();
    block_signals(&signals);
    if (!redirect(log_path) || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        dprintf(ready_fd, "cannot write %s: %s", log_path, g_strerror(errno));
        _exit(1);
    }
    pid_t guardian = getpid();
    pid_t daemon = fork();
    if (daemon == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != guardian)
            _exit(1);
        _exit(daemon_main(user_data, ready_fd));
    }
    if (daemon < 0) {
        dprintf(ready_fd, "cannot fork: %s", g_strerror(errno));
        _exit(1);
    }
    close(ready_fd);
    prctl(PR_SET_NAME, "steel-lab-guard");
    _exit(guard(daemon, &signals));
}

/* Reads until the other side closes. */
static bool
read_message(int fd, int timeout_ms, char message[MESSAGE_SIZE], GError **error)
{
    size_t length = 0;
    int64_t deadline = time_monotonic_ms() + timeout_ms;
    for (;;) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        int ready = poll(&polled, 1, (int)MAX(deadline - time_monotonic_ms(), 0));
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return steel_fail(error, STEEL_ERROR_TIMEOUT, "the lab was not ready within %d ms",
                              timeout_ms);
        ssize_t size = read(fd, message + length, MESSAGE_SIZE - 1 - length);
        if (size <= 0)
            break;
        length += (size_t)size;
    }
    message[length] = '\0';
    return true;
}

bool
supervise_start(DaemonMain daemon_main, void *user_data, const char *log_path, int timeout_ms,
                GError **error)
{
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "pipe: %s", g_strerror(errno));
    fflush(NULL);
    pid_t guardian = fork();
    if (guardian == 0) {
        close(ready[0]);
        guardian_main(daemon_main, user_data, log_path, ready[1]);
    }
    int fork_error = errno;
    close(ready[1]);
    char message[MESSAGE_SIZE];
    bool good = guardian > 0 ||
                steel_fail(error, STEEL_ERROR_PROCESS, "cannot fork: %s", g_strerror(fork_error));
    good = good && read_message(ready[0], timeout_ms, message, error);
    if (good && strcmp(message, "ready") != 0)
        good = steel_fail(error, STEEL_ERROR_PROCESS, "%s",
                          message[0] != '\0' ? message
                                             : "the lab's daemon ended at once; its log says why");
    close(ready[0]);
    if (!good && guardian > 0)
        kill(guardian, SIGTERM);
    return good;
}
