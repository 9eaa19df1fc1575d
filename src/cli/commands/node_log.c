/* The log of the agent on a node's machine, as it grows. Steel's own.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/commands.h"

#include "cli/body.h"
#include "cli/requests.h"
#include "cli/session.h"
#include "common/backoff.h"
#include "common/json_text.h"
#include "common/time_text.h"
#include <stdio.h>
#include <string.h>

enum {
    PAUSE_MS = 1000,         /* between two looks at a log that has not grown */
    SILENCE_LIMIT_MS = 60000 /* as for --wait: a service may be restarted meanwhile */
};

/* Prints a part. What an agent writes must not steer the terminal. */
static void
print_part(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        bool shown = (unsigned char)*at >= 0x20 || *at == '\n' || *at == '\t';
        putchar(shown && *at != 0x7f ? *at : ' ');
    }
    fflush(stdout);
}

/* Reads one part from *offset on. more: out, whether there was any. */
static bool
read_part(Context *context, int64_t *offset, bool *more, GError **error)
{
    g_autofree char *base = path_build("/v1/nodes/{0}/agent_log", context->arguments);
    g_autofree char *path = g_strdup_printf("%s?offset=%" G_GINT64_FORMAT, base, *offset);
    json_auto_t *answer = session_try(context->session, "GET", path, NULL, error);
    const char *text = json_string_member(answer, "log");
    if (answer == NULL)
        return false;
    *more = text != NULL && *text != '\0';
    if (*more)
        print_part(text);
    json_integer_member(answer, "offset", offset);
    return true;
}

/* An agent that has gone has no more to say. */
static bool
is_over(const GError *fault, int64_t offset)
{
    return offset > 0 && !steel_error_retryable(fault);
}

static bool
follow(Context *context, bool on, GError **error)
{
    Backoff pause = {.pause_ms = PAUSE_MS, .longest_ms = PAUSE_MS, .limit_ms = 0};
    int64_t offset = 0, answered_ms = time_monotonic_ms();
    for (;;) {
        g_autoptr(GError) fault = NULL;
        bool more = false;
        bool good = read_part(context, &offset, &more, &fault);
        int64_t now = time_monotonic_ms();
        if (good)
            answered_ms = now;
        if ((good && !more && !on) || (!good && on && is_over(fault, offset)))
            return true;
        if (!good &&
            (!on || !steel_error_retryable(fault) || now - answered_ms >= SILENCE_LIMIT_MS)) {
            g_propagate_error(error, g_steal_pointer(&fault));
            return false;
        }
        if (!more)
            backoff_pause(&pause);
    }
}

static bool
run_log(Context *context, GError **error)
{
    return follow(context, arguments_has(context->arguments, "--follow"), error);
}

/* Tables, one row each. */
/* clang-format off */
static const PositionalRow one_node[] = {
    {"<node>", "Name or UUID of the node"},
    {NULL},
};

static const OptionRow log_options[] = {
    {"--follow", OPTION_FLAG, USE_BY_COMMAND, NULL, NULL, "go on until the agent has ended"},
    {NULL},
};

const Command node_log_commands[] = {
    {"node log", "Print what the agent on a node's machine logs", COMMAND_CUSTOM, NULL, one_node, log_options, .run = run_log},
    {NULL},
};
/* clang-format on */
