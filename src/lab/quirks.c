/* The table of quirks; the contract is in quirks.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/quirks.h"

#include <string.h>

#include "common/error.h"

enum { STARTING_MS = 4000 };

typedef struct QuirkRow {
    const char *name;
    const char *help;
} QuirkRow;

static const QuirkRow rows[] = {
#define QUIRK(code, name, change, help) {name, help},
#include "lab/quirks.def"
#undef QUIRK
};

enum {
#define QUIRK(code, name, change, help) QUIRK_##code,
#include "lab/quirks.def"
#undef QUIRK
};

size_t
quirk_count(void)
{
    return G_N_ELEMENTS(rows);
}

const char *
quirk_name(size_t index)
{
    return index < G_N_ELEMENTS(rows) ? rows[index].name : NULL;
}

void
quirk_apply(size_t index, IpmiBmcFaults *faults)
{
    switch (index) {
#define QUIRK(code, name, change, help)                                                            \
    case QUIRK_##code:                                                                             \
        change;                                                                                    \
        break;
#include "lab/quirks.def"
#undef QUIRK
    default:
        break;
    }
}

static bool
apply_name(const char *name, IpmiBmcFaults *faults)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(rows[i].name, name) == 0) {
            quirk_apply(i, faults);
            return true;
        }
    }
    return *name == '\0' || strcmp(name, "none") == 0;
}

static char *
all_names(void)
{
    GString *names = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", rows[i].name);
    return g_string_free(names, FALSE);
}

bool
quirks_apply_list(const char *list, IpmiBmcFaults *faults, GError **error)
{
    g_auto(GStrv) names = g_strsplit(list, ",", -1);
    IpmiBmcFaults changed = *faults;
    for (char **name = names; *name != NULL; name++) {
        if (apply_name(*name, &changed))
            continue;
        g_autofree char *known = all_names();
        return steel_fail(error, STEEL_ERROR_INVALID, "there is no quirk \"%.40s\"; there are: %s",
                          *name, known);
    }
    *faults = changed;
    return true;
}

void
quirks_clear(IpmiBmcFaults *faults)
{
    const IpmiBmcFaults wire = {
        .latency_ms = faults->latency_ms,
        .loss_per_mille = faults->loss_per_mille,
        .dead = faults->dead,
    };
    *faults = wire;
}

void
quirks_help(FILE *out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        fprintf(out, "      %-22s %s\n", rows[i].name, rows[i].help);
}
