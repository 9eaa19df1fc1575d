/* The common part of all collections: lists with paging, sorting, fields and filters; items;
 * create, patch and delete through the conductor. A resource is a Collection row; its own rules are
 * hooks.
 *
 * Rows are constant. Handlers and hooks run on the request's thread, where they may ask the
 * database (request.h); they borrow what they are given.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/view.h"
#include "db/list.h"

typedef struct Collection Collection;

/* A list in progress: handlers and filters add to it. */
typedef struct ListCall {
    Request *request;
    const Collection *collection;
    const View *view;
    View *own_view; /* of `fields=`, or NULL */
    DbListQuery query;
    unsigned limit;        /* items of the page */
    const char *conductor; /* only nodes of this conductor, or NULL */
    GPtrArray *texts;      /* owned texts that the query's values point to */
    char *item_path;       /* of links, or NULL for the resource's; owned */
} ListCall;

/* A query argument that narrows a list. */
typedef struct ListFilter {
    const char *argument;
    unsigned since;    /* 406 below */
    const char *field; /* of the item, or of its node; NULL: none of its own */
    /* Adds the filter to call->query; `value` lives as long as the request. INVALID. */
    bool (*add)(ListCall *call, const struct ListFilter *filter, const char *value, GError **error);
} ListFilter;

/* The `add` of a filter: equal as text, as text in lower case, as a UUID, as a MAC address, as a
 * boolean; present or not; part of a text; one of a list with commas. */
bool filter_text(ListCall *call, const ListFilter *filter, const char *value, GError **error);
bool filter_text_lower(ListCall *call, const ListFilter *filter, const char *value, GError **error);
bool filter_uuid(ListCall *call, const ListFilter *filter, const char *value, GError **error);
bool filter_mac(ListCall *call, const ListFilter *filter, const char *value, GError **error);
bool filter_boolean(ListCall *call, const ListFilter *filter, const char *value, GError **error);
bool filter_present(ListCall *call, const ListFilter *filter, const char *value, GError **error);
bool filter_contains(ListCall *call, const ListFilter *filter, const char *value, GError **error);
bool filter_any_of(ListCall *call, const ListFilter *filter, const char *value, GError **error);
/* Owned or leased by a project. */
bool filter_project(ListCall *call, const ListFilter *filter, const char *value, GError **error);
/* A node by UUID or name: the field holds its uuid. NODE_NOT_FOUND. */
bool filter_node(ListCall *call, const ListFilter *filter, const char *value, GError **error);

/* A member of a body that names another item: the node of a port, a chassis. */
typedef struct Reference {
    const char *member;
    bool named; /* the value may be a name; otherwise it is a UUID */
    /* Finds the named item if the caller may see it and may put items there. Out: its uuid, the
     * caller's to free. NOT_FOUND, NODE_NOT_FOUND: there is none for this caller; FORBIDDEN. */
    bool (*find)(Request *request, const char *ident, char **uuid, GError **error);
} Reference;

/* How many items a list value may name. */
enum { REFERENCE_LIMIT = 1000 };

struct Collection {
    const Resource *resource;
    const ListFilter *filters;
    size_t filter_count;
    /* Narrows every list, whatever was asked for; NULL: nothing does. */
    void (*narrow)(ListCall *call);
    unsigned since;        /* the version of the collection itself: `fields` needs 1.8 or this */
    unsigned detail_since; /* of ?detail= */
    unsigned names_since;  /* of names in place of UUIDs; 0: there are none */
    bool any_marker;       /* a marker that is no UUID is one that is not found */
    bool always_detail;    /* lists show all fields */
    const char *order;     /* the field that sorts lists unless asked otherwise; NULL: as created */
    /* members of a POST that are not fields; the hook checks them */
    const char *const *create_extras;
    const char *const *patch_arguments; /* of the query of a PATCH, NULL-terminated; NULL: none */
    const Reference *references;        /* checked after the hooks, in POST and PATCH */
    size_t reference_count;
    SteelErrorCode not_found; /* of an item; 0: NOT_FOUND */

    /* The owner of items. */
    const char *see; /* the rule by which the caller may see an item; NULL: all are visible */
    DbOwnership ownership;
    /* More checks and changes of a checked POST body; NULL: none. */
    bool (*check_create)(Request *request, json_t *values, GError **error);
    /* More checks of a checked patch; NULL: none. */
    bool (*check_patch)(Request *request, const ItemBrief *brief, const json_t *patch,
                        GError **error);
};

/* Handlers for routes whose subject is a Collection; the item is the first capture. */
Answer collection_list(Request *request, GError **error);
Answer collection_detail(Request *request, GError **error);
Answer collection_get(Request *request, GError **error);
Answer collection_create(Request *request, GError **error);
Answer collection_patch(Request *request, GError **error);
Answer collection_delete(Request *request, GError **error);

/* A list of a collection inside another item, e.g. the ports of a node.
 *
 * field, value  the field that the items share, and its value; value borrowed until the call
 *               returns
 * item_path     of the items' links, NULL for the resource's own; taken
 * detail        all fields whatever the query says */
Answer collection_list_within(Request *request, const Collection *collection, const char *field,
                              const char *value, char *item_path, bool detail, GError **error);

/* The members that all collections of a node's children share. */
#define COLLECTION_ON_NODE .see = "baremetal:node:get", .ownership = DB_OWNED_BY_NODE

/* Writes one item as the whole answer. NOT_FOUND as for the collection. */
bool collection_write_item(Request *request, const Collection *collection, const View *view,
                           const char *uuid, unsigned status, GError **error);

/* Checks members and types of a POST body against the field table, and the version of each
 * field. */
bool collection_check_values(const Request *request, const Collection *collection,
                             const json_t *values, GError **error);

/* Finds an item that the caller may see by UUID, or by name if items have names. An item that the
 * caller may not see looks absent: NOT_FOUND. INVALID for a text that is no UUID. */
bool collection_lookup(Request *request, const Collection *collection, const char *ident,
                       ItemBrief *brief, GError **error);

/* The same, and checks the route's policy when the route is ROUTE_TARGETED. FORBIDDEN. */
bool collection_find(Request *request, const Collection *collection, const char *ident,
                     ItemBrief *brief, GError **error);

/* `after` of a create or patch whose item is request->subject and whose collection is the route's
 * subject. */
bool collection_after_create(Request *request, json_t *result, GError **error);
bool collection_after_patch(Request *request, json_t *result, GError **error);

/* The error for an absent item, as ident_not_found. Always false. */
bool collection_not_found(const Collection *collection, const char *ident, GError **error);

extern const Collection node_collection, port_collection, portgroup_collection,
    volume_connector_collection, volume_target_collection, chassis_collection,
    allocation_collection, deploy_template_collection, conductor_collection, runbook_collection,
    inspection_rule_collection;
