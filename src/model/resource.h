/* What a resource of the API is: one row per field. From the rows come parsing, validation, SQL
 * columns, fields= selection, version hiding, masking, sort keys, and the struct the conductor
 * works on.
 *
 * Pure data and pure functions; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include "common/json_text.h"
#include <stddef.h>
#include <stdint.h>

typedef enum FieldType {
    FIELD_STRING,   /* char *, owned */
    FIELD_UUID,     /* char *, owned, 36 characters, lower case */
    FIELD_NAME,     /* char *, owned: the naming rules of nodes apply */
    FIELD_MAC,      /* char *, owned, lower case aa:bb:cc:dd:ee:ff */
    FIELD_TIME,     /* char *, owned, ISO 8601 text */
    FIELD_INTEGER,  /* int64_t */
    FIELD_BOOLEAN,  /* bool */
    FIELD_TRISTATE, /* int8_t: -1 null, 0 false, 1 true */
    FIELD_OBJECT,   /* json_t *, owned; null in the database reads as {} */
    FIELD_ARRAY,    /* json_t *, owned; null in the database reads as [] */
    FIELD_COMPUTED, /* no column and no member: the API derives it */
} FieldType;

enum {
    FIELD_CREATE = 1 << 0, /* POST may set it */
    FIELD_PATCH = 1 << 1,  /* PATCH may change it */
    FIELD_WRITE = FIELD_CREATE | FIELD_PATCH,
    FIELD_REQUIRED = 1 << 2, /* POST must set it */
    FIELD_LIST = 1 << 3,     /* in the default (short) view of a list */
    FIELD_SECRETS = 1 << 4,  /* an object whose secret keys are masked in every answer */
    FIELD_LOWER = 1 << 5,    /* text is folded to lower case on input */
    FIELD_UNSORTABLE = 1 << 6,
    FIELD_INTERNAL = 1 << 7, /* never in an answer: the program's own column */
    FIELD_NOT_NULL = 1 << 8, /* null is refused on input */
    FIELD_NULLABLE = 1 << 9, /* an integer that may be null: INTEGER_NULL */
    FIELD_EARLY = 1 << 10, /* `since` is checked only for POST and in queries that name the field */
    /* below `since` it is as if there were no such field: 400 where another field gets 406 */
    FIELD_UNKNOWN_BEFORE = 1 << 11,
    FIELD_STRICT = 1 << 12,   /* a boolean that is not also taken as a text or a number */
    FIELD_SORTABLE = 1 << 13, /* sort_key may name it, although it is FIELD_INTERNAL */
};

/* The null of an integer field that has FIELD_NULLABLE. */
#define INTEGER_NULL INT64_MIN

typedef struct Field {
    const char *name; /* in the API; the column has the same name unless `column` is set */
    FieldType type;
    unsigned since; /* minor version of the API that introduced it */
    unsigned flags;
    size_t offset;  /* in the resource's struct; unused for FIELD_COMPUTED */
    unsigned limit; /* greatest length in characters; 0: only the body's limit */
    /* JSON text of the default on POST and of `remove` in a patch; NULL: null */
    const char *absent;
    const char *column; /* NULL: same as name */
} Field;

typedef struct Resource {
    const char *name;       /* "node": in messages */
    const char *collection; /* "nodes": in answers */
    const char *path;       /* "/v1/nodes", without trailing slash: for links */
    const char *table;      /* in the database */
    const char *key;        /* the field that names an item: "uuid", or "hostname" */
    const char *name_field; /* a second way to name one, or NULL */
    const Field *fields;
    size_t field_count;
    size_t size; /* of the struct */
    void (*free)(void *record);
    unsigned index; /* its place among all resources (resources.h) */
} Resource;

/* The row of a field by its API name, or NULL. */
const Field *resource_field(const Resource *resource, const char *name);

/* The same for what clients send: NULL also for a field of which this version knows nothing. */
const Field *resource_field_at(const Resource *resource, const char *name, unsigned version);

/* The database column of a field. */
static inline const char *
field_column(const Field *field)
{
    return field->column != NULL ? field->column : field->name;
}

/* The newest version of clients that were written for Ironic 21.4: what came later does not exist
 * for them, and they get its answers; for clients of newer versions it is NOT_ACCEPTABLE until
 * the version that has it. */
#define VERSION_ELDER 82

/* True if a client of this version may know what is there since another one. */
static inline bool
version_knows(unsigned version, unsigned since)
{
    return since <= VERSION_ELDER || version > VERSION_ELDER;
}

/* True if answers show the field at this version, and PATCH may change it. */
static inline bool
field_is_shown(const Field *field, unsigned version)
{
    return field->since <= version || field->flags & FIELD_EARLY;
}

static inline bool
field_is_text(const Field *field)
{
    return field->type <= FIELD_TIME;
}

static inline bool
field_is_json(const Field *field)
{
    return field->type == FIELD_OBJECT || field->type == FIELD_ARRAY;
}

static inline void *
field_member(const Field *field, const void *record)
{
    return (char *)(uintptr_t)record + field->offset;
}

/* A zeroed struct of the resource: tristates -1, objects {} and arrays []. Free with
 * record_free. */
void *record_new(const Resource *resource);
void *record_copy(const Resource *resource, const void *record);
void record_free(const Resource *resource, void *record);

/* True when the two records hold the same value in this field. */
bool record_same(const Field *field, const void *a, const void *b);

/* Copies one field's value from one record to another. */
void record_copy_field(const Field *field, const void *from, void *to);

/* Sets a member from a JSON value after checking its type and limits (what POST and PATCH do).
 *
 * value   borrowed; NULL or JSON null means the field's default
 * Errors  INVALID naming the field, what was expected and what came */
bool record_set(const Resource *resource, void *record, const Field *field, const json_t *value,
                GError **error);

/* The member as a new JSON value; computed fields give null. */
json_t *record_get(const void *record, const Field *field);

/* A text member by its field's name; NULL if it is absent, or if the resource has no such field.
 * Borrowed. */
const char *record_text(const Resource *resource, const void *record, const char *name);

/* Replaces an owned text member. `text` is copied; NULL clears. */
void record_set_text(char **member, const char *text);

/* A type in words for an error text: "a string", "an object". */
const char *field_type_words(FieldType type);
