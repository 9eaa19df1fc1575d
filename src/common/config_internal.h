/* Shared by the files of the configuration: the structure behind Config and the steps from text to
 * value. Nobody outside config*.c and their tests includes this.
 *
 * Threads: the one that makes the configuration, until it is finished.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "common/mistakes.h"

#include <inttypes.h>

/* Bounds on what a file may contain. */
#define CONFIG_MAX_FILE_SIZE ((size_t)4 * 1024 * 1024)
#define CONFIG_MAX_VALUE_SIZE ((size_t)64 * 1024)
#define CONFIG_MAX_REFERENCE_DEPTH 32
#define CONFIG_MAX_UNKNOWN 10000

/* What may set an option, each stronger than those before it. */
typedef enum ConfigRank { RANK_DEFAULT, RANK_FILE, RANK_ENVIRONMENT, RANK_COMMAND_LINE } ConfigRank;

typedef enum ValueStage { VALUE_RAW, VALUE_EXPANDING, VALUE_DONE } ValueStage;

/* One option's value on its way from text to number; immutable once its configuration is finished,
 * and shared by configurations in which it is the same. */
typedef struct ConfigValue {
    /* of configurations; changed by who finishes, reloads or frees one, one thread at a time */
    unsigned references;
    GPtrArray *raw; /* char *, owned until it is finished; texts as written: one, or several for
                       OPTION_MULTI...; NULL: the default */
    /* owned; "file:line", "environment OS_X__Y" or "command line"; NULL: the default */
    char *origin;
    ConfigRank rank; /* of what has set it; a lower rank does not change it */
    ValueStage stage;
    char *text;      /* owned; after expansion; NULL: unset */
    char **items;    /* owned; LIST, DICT and MULTI; NULL: none */
    int64_t integer; /* INTEGER, OCTAL, BOOLEAN */
    double number;   /* FLOAT, INTEGER */
    bool clamped;    /* the number is not the one written, but the nearest that Steel works with */
} ConfigValue;

/* A source of options; config_reload reads it again. */
typedef enum ConfigSourceKind {
    SOURCE_FILE,
    SOURCE_DIRECTORY,
    SOURCE_ENVIRONMENT,
    SOURCE_COMMAND_LINE
} ConfigSourceKind;
typedef struct ConfigSource {
    ConfigSourceKind kind;
    char *text; /* owned; path, assignment or variable */
} ConfigSource;

/* An option that Steel does not have; its value can still be referred to. */
typedef struct UnknownOption {
    char *text;   /* owned; as written */
    char *origin; /* owned */
} UnknownOption;

struct Config {
    bool finished;
    ConfigValue *values[OPTION_COUNT]; /* a reference to each */
    GPtrArray *sources;                /* ConfigSource *, owned, in the order of reading */
    GHashTable *unknown;               /* "[section]name" -> UnknownOption *, owned */
    GPtrArray *unknown_order;          /* keys of `unknown`, borrowed from it */
    char *directory;                   /* owned; of the first file */
    GPtrArray *checks;                 /* ConfigCheck, of config_add_check */
    Mistakes *mistakes;                /* owned; only within config_finish */
    bool broken;                       /* there were mistakes: not to be published */
    const Config *running;             /* borrowed; while reloading: whose fixed options are kept */
    GString *kept; /* owned; while reloading: names of options that would have changed */
};

/* Puts an option's text into its value; checks it against the row. `text` is expanded. Does not
 * touch value on failure.
 * Errors: CONFIG, "expected ..., not ..." without the option's name. */
bool config_value_parse(const OptionInfo *info, const char *text, ConfigValue *value,
                        GError **error);

/* Gives back a reference to a value. */
void config_value_unref(ConfigValue *value);

/* True if two configurations have the same value of an option, from whatever source. */
bool config_same_value(const Config *left, const Config *right, ConfigOption option);

/* Puts another configuration's value of an option in place of this one's. */
void config_share_value(Config *config, ConfigOption option, const Config *other);

/* Brings one option to VALUE_DONE: references, computed default, check. A wrong value is noted as a
 * mistake; the option then has its default. Errors: CONFIG (it is being resolved already, or too
 * deep). */
bool config_resolve(Config *config, ConfigOption option, unsigned depth, GError **error);

/* The default of an option with OPTION_COMPUTED. Caller frees. */
char *config_computed_default(Config *config, ConfigOption option, unsigned depth);

/* Reads a file's text from memory; a reload does not know of it. Errors: as config_load_file. */
bool config_load_text(Config *config, const char *path, const char *text, size_t size,
                      GError **error);

/* Reads what another configuration was made from. Errors: as config_load_file, of all sources. */
bool config_load_sources(Config *config, const GPtrArray *sources, GError **error);

/* A text that may be shown: secrets as ******, passwords in URLs too. Caller frees; NULL stays
 * NULL. */
char *config_masked(const OptionInfo *info, const char *text);

/* "integer": for messages; static. */
const char *config_type_name(OptionType type);
bool config_type_is_collection(OptionType type); /* read by config_list */
bool config_type_is_repeated(OptionType type);   /* lines of a file add up */

/* Remembers an option that Steel does not have. Takes `origin`. Errors: CONFIG when there are too
 * many. */
bool config_remember_unknown(Config *config, const char *section, const char *name,
                             const char *text, char *origin, GError **error);

/* Warns of what was read but has another effect than written: one line of options without effect,
 * one of numbers out of range, and one of unknown options with similar names. */
void config_warn(const Config *config);

/* The text of the last of these lines after its colon; "" without unknown options. Caller frees. */
char *config_describe_unknown(const Config *config);
