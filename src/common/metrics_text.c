/* Metrics in the text format of Prometheus; the contract is in metrics.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/metrics.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

void
metrics_write_family(GString *out, const char *name, const char *type, const char *help)
{
    g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
append_escaped(GString *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"')
            g_string_append_c(out, '\\');
        if (*value == '\n')
            g_string_append(out, "\\n");
        else
            g_string_append_c(out, *value);
    }
}

void
metrics_write_value(GString *out, const char *name, const char *const *labels, double value)
{
    g_string_append(out, name);
    for (size_t i = 0; labels != NULL && labels[i] != NULL; i += 2) {
        g_string_append_printf(out, "%c%s=\"", i == 0 ? '{' : ',', labels[i]);
        append_escaped(out, labels[i + 1]);
        g_string_append_c(out, '"');
    }
    if (labels != NULL && labels[0] != NULL)
        g_string_append_c(out, '}');
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    bool whole = value >= 0 && value < 1e15 && (double)(int64_t)value == value;
    if (whole)
        snprintf(text, sizeof text, "%.0f", value);
    else
        g_ascii_formatd(text, sizeof text, "%.15g", value);
    g_string_append_printf(out, " %s\n", text);
}

void
metrics_write_single(GString *out, const char *name, const char *type, const char *help,
                     double value)
{
    metrics_write_family(out, name, type, help);
    metrics_write_value(out, name, NULL, value);
}
