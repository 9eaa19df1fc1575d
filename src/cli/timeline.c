/* Words and bars for phases.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/timeline.h"
#include "cli/table.h"
#include "common/json_text.h"
#include <string.h>

enum { BAR_WIDTH = 20 };

json_t *
timeline_current(json_t *answer)
{
    json_t *phases = json_object_get(answer, "timeline");
    json_t *current = NULL, *phase;
    bool current_runs = false;
    size_t i;
    json_array_foreach(phases, i, phase)
    {
        bool runs = !json_is_string(json_object_get(phase, "finished_at"));
        if (json_is_object(phase) && (runs || !current_runs)) {
            current = phase;
            current_runs = runs;
        }
    }
    const json_t *progress = json_object_get(answer, "progress");
    if (current_runs && json_is_object(progress))
        json_object_update(current, (json_t *)(uintptr_t)progress);
    return current;
}

char *
bytes_text(int64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double number = (double)bytes;
    size_t unit = 0;
    if (bytes < 1024)
        return g_strdup_printf("%d B", (int)MAX(bytes, 0));
    for (number /= 1024; number >= 1023.95 && unit + 1 < G_N_ELEMENTS(units); unit++)
        number /= 1024;
    return g_strdup_printf("%.1f %s", number, units[unit]);
}

char *
duration_text(int64_t seconds)
{
    int64_t total = MAX(seconds, 0);
    int hours = (int)(total / 3600), minutes = (int)(total / 60 % 60), rest = (int)(total % 60);
    if (hours > 0)
        return g_strdup_printf("%d:%02d:%02d", hours, minutes, rest);
    return minutes > 0 ? g_strdup_printf("%d:%02d", minutes, rest) : g_strdup_printf("%d s", rest);
}

/* How much of a phase is done, in percent; -1 if its size is unknown. */
static int
percent_done(json_t *phase, int64_t *done, int64_t *total)
{
    if (!json_integer_member(phase, "bytes_done", done))
        *done = -1;
    if (!json_integer_member(phase, "bytes_total", total))
        *total = -1;
    if (*done < 0 || *total <= 0)
        return -1;
    return *done >= *total ? 100 : (int)((double)*done * 100.0 / (double)*total);
}

/* How fast, and how long it takes at that rate. */
static void
append_rate(GString *text, json_t *phase)
{
    int64_t rate = -1, left = -1;
    if (json_integer_member(phase, "bytes_per_second", &rate) && rate >= 0) {
        g_autofree char *bytes = bytes_text(rate);
        g_string_append_printf(text, ", %s/s", bytes);
    }
    if (json_integer_member(phase, "seconds_left", &left) && left >= 0) {
        g_autofree char *time = duration_text(left);
        g_string_append_printf(text, ", %s left", time);
    }
}

char *
timeline_phase_mark(json_t *phase)
{
    int64_t done = -1, total = -1;
    const char *name = json_string_member(phase, "phase");
    const char *agent = json_string_member(phase, "agent_phase");
    return g_strdup_printf("%s %s %d", name != NULL ? name : "", agent != NULL ? agent : "",
                           percent_done(phase, &done, &total) / 10);
}

char *
timeline_phase_text(json_t *phase)
{
    int64_t done = -1, total = -1;
    int percent = percent_done(phase, &done, &total);
    const char *name = json_string_member(phase, "phase");
    const char *detail = json_string_member(phase, "detail");
    const char *agent = json_string_member(phase, "agent_phase");
    GString *text = g_string_new(name != NULL ? name : "?");
    if (agent != NULL)
        g_string_append_printf(text, " (%s)", agent);
    if (done > 0 || percent >= 0) {
        g_autofree char *so_far = bytes_text(done);
        g_string_append_printf(text, " %s", so_far);
    }
    if (percent >= 0) {
        g_autofree char *all = bytes_text(total);
        g_string_append_printf(text, " of %s (%d%%)", all, percent);
        append_rate(text, phase);
    }
    if (detail != NULL && detail[0] != '\0')
        g_string_append_printf(text, ": %s", detail);
    return g_string_free(text, false);
}

/* Cuts a text to this many terminal columns, on one line. */
static char *
cut(const char *text, size_t columns)
{
    g_autofree char *line = g_strdup(text);
    for (char *at = line; *at != '\0'; at++) { /* control characters must not reach the terminal */
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = ' ';
    }
    if (columns == 0 || text_columns(line, strlen(line)) <= columns)
        return g_steal_pointer(&line);
    GString *result = g_string_new(NULL);
    for (const char *at = line; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        const char *next = g_utf8_find_next_char(at, NULL);
        size_t used = text_columns(result->str, result->len);
        if (used + text_columns(at, (size_t)(next - at)) > columns)
            break;
        g_string_append_len(result, at, next - at);
    }
    return g_string_free(result, false);
}

char *
progress_line(const char *node, const char *state, json_t *phase, int64_t elapsed_s, size_t columns)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *elapsed = duration_text(elapsed_s);
    g_string_append_printf(line, "%s: %s  %s", node, state, elapsed);
    if (phase != NULL) {
        int64_t done = -1, total = -1;
        int percent = percent_done(phase, &done, &total);
        g_autofree char *text = timeline_phase_text(phase);
        if (percent >= 0) {
            int filled = percent * BAR_WIDTH / 100;
            g_string_append(line, "  [");
            for (int i = 0; i < BAR_WIDTH; i++)
                g_string_append_c(line, i < filled ? '#' : '.');
            g_string_append_c(line, ']');
        }
        g_string_append_printf(line, "  %s", text);
    }
    return cut(line->str, columns);
}
