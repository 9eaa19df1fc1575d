/* The configuration: ironic.conf's file format and option names, read once, then immutable and
 * shared by all threads. options.def and options_idle.def list every option; code asks for a value
 * by its ConfigOption: section and name in upper case.
 *
 *     int64_t port = config_integer(config_current(), OPT_API_PORT);
 *     const char *root = config_string(config_current(), OPT_DEPLOY_HTTP_ROOT);
 *
 * Making one: config_new, config_load_file for each file (later ones win), config_load_environment,
 * config_set for each --set, config_finish, config_publish. A value may be NULL only where the
 * table has no default.
 *
 * Loading reads files on the caller's thread; the getters never block.
 *
 * All mistakes are reported at once: no step stops at the first one; its error has a line for each
 * (mistakes.h).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bounds for the rows of options.def: ten years in seconds, and no upper bound. */
#define OPTION_FOREVER INT64_C(315576000)
#define OPTION_UNLIMITED INT64_MAX

typedef enum ConfigOption {
#define OPTION(suffix, ...) OPT_##suffix,
#define CHOICE(suffix, ...) OPT_##suffix,
#include "common/options.def"
    OPTION_COUNT
} ConfigOption;

/* What values an option takes, and which getter reads it. */
typedef enum OptionType {
    OPTION_STRING,     /* config_string */
    OPTION_PATH,       /* config_string; relative ones are made to start at [DEFAULT]state_path */
    OPTION_URL,        /* config_string; scheme://... */
    OPTION_ADDRESS,    /* config_string; IPv4, IPv6 (with or without []) or host name */
    OPTION_CHOICE,     /* config_string; one of the row's words, in the row's spelling */
    OPTION_INTEGER,    /* config_integer; decimal, or 0o644, or 0x1a4 */
    OPTION_OCTAL,      /* config_integer; file permissions, read as octal */
    OPTION_FLOAT,      /* config_float */
    OPTION_BOOLEAN,    /* config_boolean; true/false, yes/no, on/off, 1/0 */
    OPTION_LIST,       /* config_list; commas between the items */
    OPTION_DICT,       /* config_list of key:value, config_lookup */
    OPTION_MULTI,      /* config_list; each line of a file adds one item */
    OPTION_MULTI_DICT, /* as OPTION_DICT; each line of a file adds its items */
} OptionType;

typedef enum OptionFlags {
    OPTION_RELOADABLE = 1 << 0,    /* SIGHUP takes a new value */
    OPTION_SECRET = 1 << 1,        /* never shown */
    OPTION_SECRET_IN_URL = 1 << 2, /* shown without the password in it */
    OPTION_COMPUTED = 1 << 3, /* the default depends on the machine; the help sentence says how */
    OPTION_EMPTY_DISABLES = 1 << 4, /* an empty value is legal and stays "" */
    OPTION_IDLE = 1 << 5, /* no code reads it yet: it is checked, and warned of when set */
    /* Ironic has no such bound: a value beyond it counts as the bound, with a warning. Without
     * these it is a mistake. */
    OPTION_CLAMP_LEAST = 1 << 6,
    OPTION_CLAMP_GREATEST = 1 << 7,
    OPTION_CLAMP = OPTION_CLAMP_LEAST | OPTION_CLAMP_GREATEST,
} OptionFlags;

/* One row of options.def. All strings are static. */
typedef struct OptionInfo {
    const char *suffix;  /* "API_PORT" */
    const char *section; /* "api" */
    const char *name;    /* "port" */
    OptionType type;
    /* as a file has it, before $ is replaced; NULL: unset, or computed */
    const char *default_value;
    const char *choices; /* with commas; NULL unless OPTION_CHOICE */
    int64_t least;       /* least and greatest both 0: no bounds */
    int64_t greatest;
    unsigned flags;   /* of OptionFlags */
    const char *help; /* one sentence */
} OptionInfo;

typedef struct Config Config;

/* A configuration of defaults, to be loaded into. Free with config_free unless it is published. One
 * thread at a time until config_finish; afterwards nothing changes and any thread may read. */
Config *config_new(void);
void config_free(Config *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_free)

/* Reads one file; what it sets wins over earlier files. Format: [section], `name = value` or `name:
 * value`, lines that start with white space continue the value above, # and ; start comment lines,
 * a value in quotes loses them, a repeated name replaces (OPTION_MULTI...: adds). Hyphens in names
 * count as underscores. Sections and names that Steel does not have are remembered and warned of by
 * config_finish.
 * Errors: CONFIG, a line "path:line: ..." for each mistake (syntax, larger than 4 MiB, a value
 * longer than 64 KiB, NUL or invalid UTF-8), IO. What is right is read all the same. */
bool config_load_file(Config *config, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads the files of a directory whose names end in .conf, in the order of their names. Errors as
 * config_load_file. */
bool config_load_directory(Config *config, const char *path,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes options from the environment as oslo.config does: OS_<SECTION>__<OPTION> with two
 * underscores between, in upper case; OS_DEFAULT__DEBUG. They win over every file. Variables with
 * two underscores that name no option are warned of like unknown options of a file.
 *
 * variables  "NAME=value", ended by NULL, borrowed for the call: environ
 * Errors     CONFIG, a line for each value that is longer than 64 KiB or not UTF-8 */
bool config_load_environment(Config *config, const char *const *variables,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sets one option as --set does: "api.port=6385"; without a dot the section is DEFAULT. Wins over
 * files and environment; for OPTION_MULTI... the first one replaces what they say, further ones
 * add.
 * Errors: CONFIG (no "=", or an option that Steel does not have: on a command line that is an
 * error). */
bool config_set(Config *config, const char *assignment, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Looks at a finished configuration for what does not fit together. Errors: CONFIG, a line for each
 * mistake. */
typedef bool (*ConfigCheck)(const Config *config, GError **error);

/* Has config_finish, also that of a later reload, run a check. */
void config_add_check(Config *config, ConfigCheck check);

/* Replaces $name, ${name}, $section.name and ${section.name} ($$ is a dollar sign; a name alone is
 * looked for in the own section, then in DEFAULT; an unset option gives nothing), checks every
 * value against its row, runs the checks and warns in one line of the unknown options. Afterwards
 * the configuration is immutable and the getters work.
 * Errors: CONFIG, a line "file:line: [section]name: expected ..., not ..." for each bad value (a
 * secret is not repeated), and what the checks say. The configuration then has the defaults of
 * those options and must not be published. */
bool config_finish(Config *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Getters: constant time, any thread, on a finished configuration only. Returned pointers live as
 * long as the configuration. Asking with the wrong getter for the option's type is a bug and logged
 * as critical. */
const char *config_string(const Config *config,
                          ConfigOption option); /* NULL when unset; any type: its text */
int64_t config_integer(const Config *config, ConfigOption option); /* 0 when unset */
double config_float(const Config *config, ConfigOption option);    /* 0 when unset; INTEGER too */
bool config_boolean(const Config *config, ConfigOption option);    /* false when unset */
const char *const *config_list(const Config *config,
                               ConfigOption option); /* NULL-terminated; empty when unset */
size_t config_list_count(const Config *config, ConfigOption option);
/* True when a file, the command line or the default gives a value: config_string is not NULL. */
bool config_is_set(const Config *config, ConfigOption option);
/* True when a file or the command line set the option. */
bool config_is_explicit(const Config *config, ConfigOption option);
/* True when the LIST or MULTI has this item. */
bool config_list_contains(const Config *config, ConfigOption option, const char *item);
/* The value of a key of a DICT, NULL when it has none; the last one counts. */
const char *config_lookup(const Config *config, ConfigOption option, const char *key);

/* The row of an option; any thread. */
const OptionInfo *config_option_info(ConfigOption option);

/* Finds an option by section and name (case and hyphens do not matter, older names are known);
 * false: there is none. For code that serves several sections alike, as the sessions with OpenStack
 * services do. Any thread. */
bool config_find_option(const char *section, const char *name, ConfigOption *option);

/* Where the value comes from: "steel.conf:12", "environment OS_API__PORT", "command line", or
 * "default". Lives as long as the configuration. */
const char *config_origin(const Config *config, ConfigOption option);

/* The directory of the first file loaded, for files that belong next to it (policy.yaml); NULL if
 * absent. */
const char *config_directory(const Config *config);

/* Checks what the API is about to listen on. Refuses an address beyond loopback without
 * authentication unless [api]allow_unauthenticated_remote says so, and TLS without certificate and
 * key. Errors: CONFIG. */
bool config_check_api(const Config *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes a finished configuration the current one and takes it over. Earlier ones stay readable
 * until config_shutdown, so that nobody needs to count references. Any thread. */
void config_publish(Config *config);

/* The current configuration; before the first config_publish one of all defaults. Never NULL. Any
 * thread. Take it once per piece of work, so that the work sees one state of the options. */
const Config *config_current(void);

/* Reads the files, variables and --set arguments of the current configuration again and publishes
 * the result with the reloadable options' new values; warns in one line of other options that have
 * changed and keep their value until a restart. On failure the current configuration stays. One
 * thread at a time. Errors: as config_load_file and config_finish. */
bool config_reload(GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Frees every published configuration; nobody may read one any more. */
void config_shutdown(void);

/* Every option with its value, default, origin and help; secrets as ******. Text in the form of a
 * configuration file, or with `json` [{"section": str, "name": str, "type": str, "value": str|null,
 * "default": str|null, "origin": str, "reloadable": bool, "help": str, "choices": [str]?, "least":
 * int?, "greatest": int?}]. Caller frees. */
char *config_show(const Config *config, bool json);

/* The table of all options as Markdown, for docs/configuration.md. Caller frees. */
char *config_reference_markdown(void);
