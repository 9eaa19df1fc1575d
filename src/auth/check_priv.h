/* The tree of a check string, shared by its parser and its evaluator.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "auth/check.h"

typedef enum CheckKind {
    CHECK_ALWAYS,
    CHECK_NEVER,
    CHECK_NOT,     /* first */
    CHECK_AND,     /* first, second */
    CHECK_OR,      /* first, second */
    CHECK_RULE,    /* name, resolved */
    CHECK_ROLE,    /* value */
    CHECK_MATCH,   /* attribute, value */
    CHECK_LITERAL, /* name (the literal), value */
    CHECK_REMOTE,  /* value: the URL */
} CheckKind;

/* One piece of a value: literal text, or the name in %(…)s. */
typedef struct CheckPart {
    char *text;
    bool is_name;
} CheckPart;

struct Check {
    CheckKind kind;
    Check *first, *second;                /* owned */
    char *name;                           /* owned */
    const CredentialAttribute *attribute; /* NULL: nobody has such an attribute */
    const Check *resolved;                /* borrowed from the set of rules */
    CheckPart *parts;                     /* owned, part_count of them */
    size_t part_count;
};
