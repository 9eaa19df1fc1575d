/* The form of a resource in an answer: which fields in which order, the selection that fetches
 * them, and the text before each value. Views of whole resources are made once per version and
 * kept; rows are then written straight from the database into the answer.
 *
 * A view is immutable once made; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/request.h"
#include "db/selection.h"
#include "model/resource.h"

/* VIEW_CREATED is VIEW_DETAIL of the item at its creation, before any work on it. */
typedef enum ViewKind { VIEW_LIST, VIEW_DETAIL, VIEW_CREATED, VIEW_KINDS } ViewKind;

/* The kind of a value. */
typedef enum ViewPart {
    PART_TEXT,  /* needs escaping */
    PART_CLEAN, /* a UUID, MAC or time: nothing in it needs escaping */
    PART_INTEGER,
    PART_TRUTH,           /* boolean; null where the column is null and the field has no default */
    PART_OBJECT,          /* JSON as stored; {} for null */
    PART_LINK,            /* the same; {} for what the version does not know of a port's link */
    PART_ARRAY,           /* JSON as stored; [] for null */
    PART_STATE,           /* provision state: older versions see other words */
    PART_LINKS,           /* self and bookmark */
    PART_SUBLINKS,        /* the same for a sub-resource */
    PART_NESTED_SUBLINKS, /* the same, in one more array */
    PART_CONDUCTOR,       /* from the hash ring */
    PART_ALIVE,           /* from the lease */
    PART_SELF_LINK,       /* self without bookmark */
    PART_BRIEF,           /* text that is cut after 255 characters */
} ViewPart;

typedef struct ViewColumn {
    const Field *field;
    ViewPart part;
    int column;   /* of the row; -1 when it has none */
    bool secrets; /* its secrets are masked */
    unsigned hide,
        /* bits of policy_visibility: hides the value, leaves secrets unmasked; 0: none does */
        show;
    char *prefix; /* `{"uuid":` or `,"name":` */
    size_t prefix_size;
} ViewColumn;

typedef struct View {
    const Resource *resource;
    unsigned version;
    ViewColumn *columns;
    size_t column_count;
    const Field **selected; /* fields of the row, in order */
    size_t selected_count;
    int key, driver, group,
        lease; /* columns of the row that computed values need; -1: none of them does */
    int owner,
        lessee; /* columns that decide what is hidden in the row; -1: nothing depends on them */
    bool as_created;        /* VIEW_CREATED */
    unsigned hideable;      /* bits of policy_visibility that matter here */
    DbSelection *selection; /* the same for the database; owned */
} View;

/* The view of all fields (VIEW_DETAIL), or those of a list, at a version. Kept forever. */
const View *view_of(const Resource *resource, ViewKind kind, unsigned version);

/* A view of chosen fields, for `fields=`. Free with view_free.
 *
 * fields  "uuid,name"; case and repetition do not matter; "links" is always there
 * Errors  INVALID (no such field), NOT_ACCEPTABLE (newer than the version) */
View *view_of_fields(const Resource *resource, const char *fields, unsigned version,
                     GError **error);
void view_free(View *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(View, view_free)

/* A view of these fields (NULL-terminated) without those newer than the version, and without links
 * of its own accord. */
View *view_of_names(const Resource *resource, const char *const *names, unsigned version);
