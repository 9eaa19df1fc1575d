/* The command tables: one row per command with its options. Parsing, help, request and output all
 * come from the row. A command with more than one request has its own function.
 *
 * Rows are constant and their texts static. The client has one thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

typedef enum OptionType {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_INTEGER,
    OPTION_APPEND,           /* may be given several times */
    OPTION_FIELDS,           /* --fields a b c, also several times */
    OPTION_OPTIONAL_INTEGER, /* --wait or --wait 60 */
} OptionType;

/* What the generic part of the client does with an option. */
typedef enum OptionUse {
    USE_BY_COMMAND,  /* nothing: the command's own function reads it */
    USE_BODY_TEXT,   /* body[field] = text */
    USE_BODY_NUMBER, /* body[field] = integer */
    USE_BODY_VALUE,  /* body[field] = the row's `value`, read as JSON */
    USE_BODY_PAIRS,  /* body[field][key] = value, for each key=value */
    USE_BODY_LIST,   /* body[field] = all texts */
    USE_BODY_JSON,   /* body[field] = JSON text, a JSON or YAML file, or - for stdin */
    USE_BODY_CONFIG_DRIVE,
    USE_QUERY_TEXT,  /* ?field=text */
    USE_QUERY_VALUE, /* ?field=the row's `value` */
    USE_ADD,         /* patch: add /field, the text, parsed if it is JSON */
    USE_ADD_STRING,  /* patch: add /field, always as text */
    USE_ADD_VALUE,   /* patch: add /field, the row's `value` as text */
    USE_ADD_PAIRS,   /* patch: add /field/key, for each key=value */
    USE_ADD_JSON,    /* patch: add /field, as USE_BODY_JSON reads it */
    USE_REMOVE,      /* patch: remove /field */
    USE_REMOVE_KEYS, /* patch: remove /field/key */
} OptionUse;

/* One option. A table of them ends with {0}; a patch lists its changes in the order of the rows. */
typedef struct OptionRow {
    const char *name; /* "--driver-info" */
    OptionType type;
    OptionUse use;
    const char *field;
    const char *metavar; /* "<key=value>"; NULL for flags */
    const char *help;
    const char *value;   /* for the *_VALUE uses */
    const char *choices; /* "asc|desc"; NULL: any */
    const char *letter;  /* "-f"; NULL: none */
    const char *group;   /* not NULL: at most one option of this name can be given */
    bool required;       /* it, or another of its group */
    bool natural;        /* an integer that must not be negative */
} OptionRow;

/* One positional argument. */
typedef struct PositionalRow {
    const char *metavar; /* "<node>"; NULL ends the table */
    const char *help;
    /* body[field] = text, when the command has a body; NULL: only for the path */
    const char *field;
    const char *choices; /* NULL: any */
    bool several;        /* one or more; only the last argument of a command can be */
    bool optional;       /* may be absent */
    const char *unless;  /* an option that replaces it; NULL: none */
} PositionalRow;

/* How a collection is asked for all its fields. */
typedef enum DetailStyle {
    DETAIL_PATH,  /* /v1/nodes/detail */
    DETAIL_QUERY, /* ?detail=True */
    DETAIL_NONE,  /* the answer always has all fields */
} DetailStyle;

/* A resource of the API. */
typedef struct Noun {
    const char *word;       /* "port group", as in "Deleted port group X" */
    const char *path;       /* "/v1/portgroups" */
    const char *collection; /* key of the list in the answer */
    const char *const *columns;
    const char *const *detailed_columns; /* of --long */
    const char *const *more_fields;      /* further names that --fields takes; NULL: none */
    const char *const *hidden;           /* what show and create do not print: links */
    const char *const *labels; /* field, label, ... that differ from nouns.c; NULL: none */
    DetailStyle detail;
    const char *always_shown; /* a field that show prints as "" when the service left it out */
    bool unpaged;             /* its list takes no --limit, --marker and --sort */
} Noun;

typedef enum CommandKind {
    COMMAND_LIST,   /* GET collection */
    COMMAND_SHOW,   /* GET path, all fields */
    COMMAND_CREATE, /* POST collection, then show the answer */
    COMMAND_DELETE, /* DELETE each positional argument */
    COMMAND_PATCH,  /* PATCH path with the changes of the options */
    COMMAND_ACTION, /* method path with a body; prints nothing */
    COMMAND_CUSTOM, /* run */
} CommandKind;

typedef enum CommandOutput { PRINTS_NOTHING, PRINTS_LIST, PRINTS_ONE } CommandOutput;

typedef struct Arguments Arguments;
typedef struct Context Context;
typedef struct Listing Listing;
typedef struct Session Session;

typedef struct Command {
    const char *words; /* "node power on"; NULL ends the table */
    const char *help;
    CommandKind kind;
    const Noun *noun;
    const PositionalRow *positionals;
    const OptionRow *options; /* its own; NULL: none */
    const char *method;
    const char *path;     /* {0} is the first positional argument, percent-encoded */
    const char *body;     /* JSON that options and positionals are added to; NULL: no body */
    const char *version;  /* least microversion; NULL: any */
    const char *wait_for; /* provision state that --wait waits for; NULL: no --wait */
    bool (*run)(Context *context, GError **error);
    CommandOutput output; /* of COMMAND_CUSTOM */
    void (*refine)(
        json_t *answer);  /* changes the items of a list, or what is shown; NULL: nothing */
    bool created_in_full; /* COMMAND_CREATE prints all of the answer, not only detailed_columns */
} Command;

/* One invocation. */
struct Context {
    const Command *command;
    const Arguments *arguments;
    Session *session;
    Listing *listing; /* out: what to print, owned; NULL: nothing */
};

/* What a command prints: by its kind, or as its row says. */
CommandOutput command_output(const Command *command);

/* The names that a --fields option of this noun takes, as a set of borrowed texts. The caller
 * unrefs. */
GHashTable *noun_field_names(const Noun *noun);
