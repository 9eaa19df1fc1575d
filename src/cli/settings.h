/* The service's address and the user's credentials. Every setting comes from its option, else from
 * the chosen cloud in clouds.yaml, else from the environment.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <glib.h>
#include <stdbool.h>

typedef enum SettingId {
#define SETTING(id, option, environment, cloud, metavar, help) SETTING_##id,
#include "cli/settings.def"
#undef SETTING
    SETTING_COUNT
} SettingId;

typedef struct Settings {
    char *texts[SETTING_COUNT]; /* owned; NULL: not set */
    bool insecure;
    bool debug;
} Settings;

/* One setting as text, or NULL. */
static inline const char *
settings_text(const Settings *settings, SettingId id)
{
    return settings->texts[id];
}

struct Arguments;

/* Gathers all settings.
 *
 * Errors   CONFIG (no such cloud, clouds.yaml unreadable), INVALID (not a number). Threads: reads
 *          the environment; call it before other threads start. */
Settings *settings_new(const struct Arguments *arguments, GError **error);
void settings_free(Settings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_free)

/* A setting that is a whole number, at least 0; `fallback` if it is not set. */
int settings_number(const Settings *settings, SettingId id, int fallback);
