/* The agent's program: reads its parameters, runs until it is stopped, and then switches the
 * machine off or restarts it if that was the command.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"
#include "agent/log_file.h"
#include "agent/network/network.h"
#include "agent/run.h"
#include "common/log.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const char usage[] =
    "usage: steel-agent [OPTION VALUE]...\n"
    "\n"
    "  --cmdline FILE   parameters, \"name=value\" words; default /proc/cmdline\n"
    "  --parameters FILE  more of them, which win (virtual media); may be given again\n"
    "  --set NAME=VALUE one parameter, which wins over files; may be given again\n"
    "  --state DIR      certificate and key; default /run/steel-agent\n"
    "  --log FILE       the log; without it it goes to standard error, and cannot be collected\n"
    "  --root DIR       where /sys, /proc, /dev and /etc are looked for; default /\n"
    "  --network FILE   set the network up by this network_data.json, and end\n"
    "  --power yes|no   no: end with a status instead of switching the machine off; default yes\n"
    "\n"
    "Ends with 0 after a signal or a rescue, 1 when it could not start, and without power with 10 "
    "(power off),\n"
    "11 (reboot), 12 (lockdown).\n";

typedef struct Options {
    Parameters *parameters;
    const char *cmdline, *state, *log, *root, *network;
    bool power;
} Options;

static int
fail(const char *text)
{
    fprintf(stderr, "steel-agent: %s\n", text);
    return 1;
}

/* A value of the wrong type is logged, and the others count: an agent that does not start helps
 * nobody. */
static void
take_text(Parameters *parameters, const char *text, size_t size)
{
    g_autoptr(GError) error = NULL;
    if (!parameters_read(parameters, text, size, &error))
        log_warning("agent", "a parameter is ignored: %s", error->message);
}

static bool
take_file(Parameters *parameters, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    size_t size;
    if (!g_file_get_contents(path, &text, &size, error))
        return false;
    take_text(parameters, text, size);
    return true;
}

/* The values of an option that may be repeated. */
static bool
take_all(Options *options, int argc, char **argv, const char *name, GError **error)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], name) != 0)
            continue;
        if (strcmp(name, "--set") == 0)
            take_text(options->parameters, argv[i + 1], strlen(argv[i + 1]));
        else if (!take_file(options->parameters, argv[i + 1], error))
            return false;
    }
    return true;
}

static bool
read_options(Options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 >= argc)
            return false;
        if (strcmp(argv[i], "--cmdline") == 0)
            options->cmdline = argv[i + 1];
        else if (strcmp(argv[i], "--state") == 0)
            options->state = argv[i + 1];
        else if (strcmp(argv[i], "--log") == 0)
            options->log = argv[i + 1];
        else if (strcmp(argv[i], "--root") == 0)
            options->root = argv[i + 1];
        else if (strcmp(argv[i], "--network") == 0)
            options->network = argv[i + 1];
        else if (strcmp(argv[i], "--power") == 0)
            options->power = strcmp(argv[i + 1], "no") != 0;
        else if (strcmp(argv[i], "--set") != 0 && strcmp(argv[i], "--parameters") != 0)
            return false;
    }
    return true;
}

/* ---- signals ---- */

static Agent *running;

static void
on_signal(int number)
{
    (void)number;
    agent_finish(running, AGENT_STOPPED);
}

static void
watch_signals(Agent *agent)
{
    struct sigaction action = {.sa_handler = on_signal};
    running = agent;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* ---- the end ---- */

static int
end(const Options *options, AgentEnd how)
{
    static const int statuses[] = {
        [AGENT_POWER_OFF] = 10, [AGENT_REBOOT] = 11, [AGENT_LOCKDOWN] = 12};
    if (how == AGENT_STOPPED || how == AGENT_RESCUE || how == AGENT_RUNNING)
        return 0;
    sync();
    if (options->power && how == AGENT_POWER_OFF)
        reboot(RB_POWER_OFF);
    if (options->power && how == AGENT_REBOOT)
        reboot(RB_AUTOBOOT);
    if (options->power && how != AGENT_LOCKDOWN)
        return fail("the machine cannot be switched: is this a ramdisk, and are we root?");
    return statuses[how];
}

static int
run(const Options *options)
{
    g_autoptr(GError) error = NULL;
    Agent *agent = agent_new(options->parameters, options->root, options->state);
    watch_signals(agent);
    log_set_level(parameters_boolean(agent->parameters, AGENT_PARAMETER_DEBUG) ? LOG_LEVEL_DEBUG
                                                                               : LOG_LEVEL_INFO);
    bool good = agent_run(agent, &error);
    if (!good)
        log_error("agent", "%s", error->message);
    AgentEnd how = (AgentEnd)atomic_load(&agent->end);
    agent_free(agent);
    return good || how != AGENT_RUNNING ? end(options, how) : 1;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Options options = {.parameters = parameters_new(),
                       .cmdline = "/proc/cmdline",
                       .state = "/run/steel-agent",
                       .root = "",
                       .power = true};
    if (!read_options(&options, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    if (options.log != NULL && !log_file_open(options.log, &error))
        return fail(error->message);
    if (options.network != NULL)
        return network_set_up(options.root, options.network, &error) ? 0 : fail(error->message);
    if (!take_file(options.parameters, options.cmdline, &error) ||
        !take_all(&options, argc, argv, "--parameters", &error) ||
        !take_all(&options, argc, argv, "--set", &error))
        return fail(error->message);
    return run(&options);
}
