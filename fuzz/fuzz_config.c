/* Feeds configuration files to the parser, and what was understood back again: it must read as the
 * same values.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"
#include "common/config_internal.h"
#include "common/log.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition, const char *what)
{
    if (condition)
        return;
    log_error("fuzz", "%s", what);
    abort();
}

static void
compare(const Config *config, const Config *again)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const OptionInfo *info = config_option_info((ConfigOption)i);
        if (info->flags & (OPTION_SECRET | OPTION_SECRET_IN_URL))
            continue;
        const char *before = config_string(config, (ConfigOption)i);
        const char *after = config_string(again, (ConfigOption)i);
        if (g_strcmp0(before, after) == 0)
            continue;
        log_error("fuzz", "%s: \"%s\" reads back as \"%s\"", info->suffix, before, after);
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Config) config = config_new();
    g_autoptr(Config) again = config_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) mistakes = NULL;
    log_set_level(LOG_LEVEL_ERROR);
    bool loaded = config_load_text(config, "f", (const char *)data, size, &mistakes);
    bool finished = config_finish(config, &error);
    require(loaded == (mistakes == NULL) && finished == (error == NULL), "an error or none");
    if (!finished) /* the defaults stand in: getters work */
        require(config_string(config, OPT_AUTH_STRATEGY) != NULL, "a default is lost");
    if (!finished || !loaded)
        return 0;
    g_autofree char *shown = config_show(config, false);
    if (!config_load_text(again, "shown", shown, strlen(shown), &error) ||
        !config_finish(again, &error)) {
        log_error("fuzz", "what was shown does not read back: %s", error->message);
        abort();
    }
    compare(config, again);
    return 0;
}
