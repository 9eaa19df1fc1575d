/* Runs other programs; the contract is in process.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/process.h"

#include "common/error.h"
#include "common/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 60000
#define DEFAULT_OUTPUT_LIMIT (1024 * 1024)
#define ERROR_LINE_LENGTH 300

/* The data of the child between fork and exec. It is made before the fork: after it only
 * async-signal-safe calls are allowed, because another thread may have held any lock at the
 * fork. */
typedef struct ChildPlan {
    const ProcessSpec *spec; /* borrowed */
    char *path;              /* owned */
    char **environment;      /* owned */
    int input_fd, output_fd, error_fd;
    int report_fd; /* a failure's errno is written here; a successful exec closes it */
    pid_t parent;
} ChildPlan;

/* One stream of a running program. */
typedef struct Stream {
    int fd; /* owned; -1 when closed */
    GString *text;
    bool truncated;
} Stream;

static void
close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void
process_result_clear(ProcessResult *result)
{
    if (result == NULL)
        return;
    g_free(result->output);
    g_free(result->errors);
    memset(result, 0, sizeof *result);
}

char *
process_find(const char *name)
{
    char *found = g_find_program_in_path(name);
    if (found != NULL || strchr(name, '/') != NULL)
        return found;
    /* the PATH of ordinary users lacks the folders of mkfs and tgtd */
    static const char *const folders[] = {"/usr/sbin", "/sbin", "/usr/local/sbin"};
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = g_build_filename(folders[i], name, NULL);
        if (access(path, X_OK) == 0)
            return g_steal_pointer(&path);
    }
    return NULL;
}

static char **
merge_environment(const char *const *additions)
{
    char **environment = g_get_environ();
    for (size_t i = 0; additions != NULL && additions[i] != NULL; i++) {
        const char *equals = strchr(additions[i], '=');
        if (equals == NULL)
            continue;
        g_autofree char *name = g_strndup(additions[i], (gsize)(equals - additions[i]));
        environment = g_environ_setenv(environment, name, equals + 1, true);
    }
    return environment;
}

static void
child_fail(const ChildPlan *plan)
{
    int code = errno;
    ssize_t ignored = write(plan->report_fd, &code, sizeof code);
    (void)ignored; /* without the report the parent still sees exit status 127 */
    _exit(127);
}

static void
child_reset_signals(void)
{
    for (int number = 1; number < NSIG; number++)
        if (number != SIGKILL && number != SIGSTOP)
            signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Runs in the child; never returns. */
static void G_GNUC_NORETURN
child_main(const ChildPlan *plan)
{
    const ProcessSpec *spec = plan->spec;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != plan->parent) /* the parent died before prctl: there will be no signal */
        _exit(127);
    child_reset_signals();
    if (spec->network_namespace > 0 && setns(spec->network_namespace, CLONE_NEWNET) != 0)
        child_fail(plan);
    if (spec->working_directory != NULL && chdir(spec->working_directory) != 0)
        child_fail(plan);
    if (dup2(plan->input_fd, STDIN_FILENO) < 0 || dup2(plan->output_fd, STDOUT_FILENO) < 0 ||
        dup2(plan->error_fd, STDERR_FILENO) < 0)
        child_fail(plan);
    /* not needed in a kernel without it (before 5.11): each of our descriptors is close-on-exec */
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    if (spec->inherited_fd > 0 && fcntl(spec->inherited_fd, F_SETFD, 0) != 0)
        child_fail(plan);
    execve(plan->path, (char *const *)(uintptr_t)spec->argv, plan->environment);
    child_fail(plan);
    _exit(127);
}

static bool
fail_start(const char *program, int code, GError **error)
{
    return steel_fail(error, STEEL_ERROR_PROCESS, "cannot start %s: %s", program, g_strerror(code));
}

/* Forks and waits until exec has succeeded or failed. */
static pid_t
start_child(ChildPlan *plan, GError **error)
{
    const char *program = plan->spec->argv[0];
    plan->path = process_find(program);
    if (plan->path == NULL) {
        steel_fail(error, STEEL_ERROR_PROCESS,
                   "%s is not installed: not found in PATH, /usr/sbin or /sbin", program);
        return -1;
    }
    plan->environment = merge_environment(plan->spec->environment);
    plan->parent = getpid();
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) {
        fail_start(program, errno, error);
        return -1;
    }
    plan->report_fd = report[1];
    pid_t pid = fork();
    if (pid == 0)
        child_main(plan);
    int code = errno;
    close(report[1]);
    if (pid > 0) {
        ssize_t size;
        do
            size = read(report[0], &code, sizeof code);
        while (size < 0 && errno == EINTR);
        if (size == (ssize_t)sizeof code) {
            while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
            pid = -1;
        }
    }
    close(report[0]);
    if (pid < 0)
        fail_start(program, code, error);
    return pid;
}

static void
plan_clear(ChildPlan *plan)
{
    g_free(plan->path);
    g_strfreev(plan->environment);
}

pid_t
process_spawn(const ProcessSpec *spec, GError **error)
{
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0) {
        fail_start(spec->argv[0], errno, error);
        return -1;
    }
    int output_fd = spec->output_fd > 0 ? spec->output_fd : null_fd;
    ChildPlan plan = {
        .spec = spec, .input_fd = null_fd, .output_fd = output_fd, .error_fd = output_fd};
    pid_t pid = start_child(&plan, error);
    plan_clear(&plan);
    close(null_fd);
    return pid;
}

/* Reads the available bytes. Closes the stream at its end. */
static void
stream_read(Stream *stream, size_t limit)
{
    char buffer[16384];
    for (;;) {
        ssize_t size = read(stream->fd, buffer, sizeof buffer);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EAGAIN)
            return;
        if (size <= 0) {
            close_fd(&stream->fd);
            return;
        }
        size_t room = limit - MIN(limit, stream->text->len);
        if ((size_t)size > room)
            stream->truncated = true;
        g_string_append_len(stream->text, buffer, (gssize)MIN((size_t)size, room));
    }
}

/* Writes the next piece of the input; closes the descriptor when all is written or the program has
 * closed its input. */
static void
input_write(int *fd, const ProcessSpec *spec, size_t *written)
{
    ssize_t size = write(*fd, (const char *)spec->input + *written, spec->input_size - *written);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size > 0)
        *written += (size_t)size;
    if (size < 0 || *written == spec->input_size)
        close_fd(fd);
}

/* Moves data until the program ends. False if the time is up. */
static bool
exchange_until_end(int pid_fd, const ProcessSpec *spec, int *input_fd, Stream *output,
                   Stream *errors, size_t limit)
{
    int64_t timeout_ms = spec->timeout_ms > 0 ? spec->timeout_ms : DEFAULT_TIMEOUT_MS;
    int64_t deadline = g_get_monotonic_time() / 1000 + timeout_ms;
    size_t written = 0;
    for (;;) {
        int64_t left = deadline - g_get_monotonic_time() / 1000;
        if (left <= 0)
            return false;
        struct pollfd polled[] = {{.fd = pid_fd, .events = POLLIN},
                                  {.fd = output->fd, .events = POLLIN},
                                  {.fd = errors->fd, .events = POLLIN},
                                  {.fd = *input_fd, .events = POLLOUT}};
        if (poll(polled, G_N_ELEMENTS(polled), (int)MIN(left, G_MAXINT)) < 0 && errno != EINTR)
            return false;
        if (polled[1].revents != 0)
            stream_read(output, limit);
        if (polled[2].revents != 0)
            stream_read(errors, limit);
        if (polled[3].revents != 0)
            input_write(input_fd, spec, &written);
        if (polled[0].revents != 0)
            return true;
    }
}

/* The last line of stderr that is not empty, without control characters; "" if there is none. */
static char *
last_line(const char *text)
{
    g_autofree char *copy = g_strndup(text, strlen(text));
    g_strchomp(copy);
    const char *newline = strrchr(copy, '\n');
    char *line = g_strndup(newline != NULL ? newline + 1 : copy, ERROR_LINE_LENGTH);
    for (char *c = line; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    return g_strstrip(line);
}

static bool
check_exit_status(const char *program, int status, const char *errors, GError **error)
{
    g_autofree char *line = last_line(errors);
    const char *colon = line[0] != '\0' ? ": " : "";
    if (WIFSIGNALED(status))
        return steel_fail(error, STEEL_ERROR_PROCESS, "%s was killed by signal %d (%s)%s%s",
                          program, WTERMSIG(status), g_strsignal(WTERMSIG(status)), colon, line);
    if (WEXITSTATUS(status) != 0)
        return steel_fail(error, STEEL_ERROR_PROCESS, "%s exited with status %d%s%s", program,
                          WEXITSTATUS(status), colon, line);
    return true;
}

/* The pipes of one run; every descriptor is owned, -1 when closed. */
typedef struct Pipes {
    int input[2], output[2], errors[2]; /* [0] is read, [1] written */
} Pipes;

static void
pipes_clear(Pipes *pipes)
{
    int *all[] = {pipes->input, pipes->output, pipes->errors};
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        close_fd(&all[i][0]);
        close_fd(&all[i][1]);
    }
}

static bool
pipes_open(Pipes *pipes, const ProcessSpec *spec, GError **error)
{
    *pipes = (Pipes){{-1, -1}, {-1, -1}, {-1, -1}};
    bool opened = pipe2(pipes->output, O_CLOEXEC) == 0 && pipe2(pipes->errors, O_CLOEXEC) == 0;
    if (opened && spec->input != NULL && spec->input_size > 0)
        opened = pipe2(pipes->input, O_CLOEXEC) == 0;
    else if (opened)
        opened = (pipes->input[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;
    if (!opened) {
        fail_start(spec->argv[0], errno, error);
        pipes_clear(pipes);
        return false;
    }
    int ours[] = {pipes->input[1], pipes->output[0], pipes->errors[0]};
    for (size_t i = 0; i < G_N_ELEMENTS(ours); i++)
        if (ours[i] >= 0)
            fcntl(ours[i], F_SETFL, O_NONBLOCK);
    return true;
}

/* Waits for the program, kills it when its time is up, reaps it. */
static bool
wait_and_reap(pid_t pid, const ProcessSpec *spec, Pipes *pipes, Stream *output, Stream *errors,
              int *status, GError **error)
{
    size_t limit = spec->output_limit > 0 ? spec->output_limit : DEFAULT_OUTPUT_LIMIT;
    int pid_fd = pidfd_open(pid, 0);
    int open_error = errno;
    bool ended =
        pid_fd >= 0 && exchange_until_end(pid_fd, spec, &pipes->input[1], output, errors, limit);
    if (!ended)
        kill(-pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    /* reads the rest of the output, but does not wait for a grandchild that keeps the pipe open */
    if (output->fd >= 0)
        stream_read(output, limit);
    if (errors->fd >= 0)
        stream_read(errors, limit);
    if (pid_fd < 0)
        return fail_start(spec->argv[0], open_error, error);
    close(pid_fd);
    if (!ended)
        return steel_fail(error, STEEL_ERROR_TIMEOUT,
                          "%s did not finish within %d ms and was killed", spec->argv[0],
                          spec->timeout_ms > 0 ? spec->timeout_ms : DEFAULT_TIMEOUT_MS);
    return spec->accepts_failure ||
           check_exit_status(spec->argv[0], *status, errors->text->str, error);
}

/* Blocks SIGPIPE, which would end this process if the program does not read its input. */
static void
block_sigpipe(sigset_t *before)
{
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, before);
}

static void
restore_sigpipe(const sigset_t *before)
{
    if (sigismember(before, SIGPIPE) == 0) {
        sigset_t pipe_signal;
        sigemptyset(&pipe_signal);
        sigaddset(&pipe_signal, SIGPIPE);
        struct timespec now = {0, 0};
        while (sigtimedwait(&pipe_signal, NULL, &now) > 0)
            ;
    }
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

bool
process_run(const ProcessSpec *spec, ProcessResult *result, GError **error)
{
    lock_check_io("run a program");
    Pipes pipes;
    if (!pipes_open(&pipes, spec, error))
        return false;
    ChildPlan plan = {.spec = spec,
                      .input_fd = pipes.input[0],
                      .output_fd = pipes.output[1],
                      .error_fd = pipes.errors[1]};
    pid_t pid = start_child(&plan, error);
    plan_clear(&plan);
    close_fd(&pipes.input[0]);
    close_fd(&pipes.output[1]);
    close_fd(&pipes.errors[1]);
    if (pid < 0) {
        pipes_clear(&pipes);
        return false;
    }
    sigset_t signals;
    block_sigpipe(&signals);
    Stream output = {.fd = pipes.output[0], .text = g_string_new(NULL)};
    Stream errors = {.fd = pipes.errors[0], .text = g_string_new(NULL)};
    pipes.output[0] = pipes.errors[0] = -1; /* the streams own them now */
    int status = 0;
    bool good = wait_and_reap(pid, spec, &pipes, &output, &errors, &status, error);
    restore_sigpipe(&signals);
    close_fd(&output.fd);
    close_fd(&errors.fd);
    pipes_clear(&pipes);
    if (good && result != NULL) {
        result->exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        result->output_size = output.text->len;
        result->truncated = output.truncated || errors.truncated;
        result->output = g_string_free(g_steal_pointer(&output.text), false);
        result->errors = g_string_free(g_steal_pointer(&errors.text), false);
        return true;
    }
    g_string_free(output.text, true);
    g_string_free(errors.text, true);
    return good;
}

bool
process_end(pid_t pid, int signal_number, int grace_ms)
{
    if (pid <= 0)
        return true;
    bool gentle = false;
    if (signal_number != SIGKILL) {
        kill(pid, signal_number);
        int pid_fd = pidfd_open(pid, 0);
        if (pid_fd >= 0) {
            struct pollfd polled = {.fd = pid_fd, .events = POLLIN};
            int64_t deadline = g_get_monotonic_time() / 1000 + grace_ms;
            int ready;
            do
                ready = poll(&polled, 1, (int)MAX(deadline - g_get_monotonic_time() / 1000, 0));
            while (ready < 0 && errno == EINTR);
            gentle = ready > 0;
            close(pid_fd);
        }
    }
    kill(-pid, SIGKILL); /* also the rest of the child's group */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return gentle;
}
