/* Items of collections: finds them by their name in a request, and shows them; the contract is in
 * collection.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"
#include "api/collection.h"
#include "api/node_brief.h"
#include "api/render.h"
#include "api/router.h"
#include "common/uuid.h"

#include <string.h>

bool
collection_not_found(const Collection *collection, const char *ident, GError **error)
{
    SteelErrorCode code =
        collection->not_found != 0 ? collection->not_found : STEEL_ERROR_NOT_FOUND;
    return ident_not_found(collection->resource, code, ident, error);
}

/* How an ident names an item; IDENT_BAD: no item can have it. */
typedef enum IdentKind { IDENT_KEY = DB_BY_KEY, IDENT_NAME = DB_BY_NAME, IDENT_BAD } IdentKind;

static IdentKind
ident_kind(const Request *request, const Collection *collection, const char *ident)
{
    if (uuid_valid(ident) || strcmp(collection->resource->key, "uuid") != 0)
        return IDENT_KEY;
    if (collection->names_since > 0 && request->version >= collection->names_since)
        return IDENT_NAME;
    return IDENT_BAD;
}

static bool
bad_ident(const Collection *collection, const char *ident, GError **error)
{
    if (collection->names_since > 0 && collection->names_since <= VERSION_ELDER)
        return collection_not_found(collection, ident, error);
    return steel_fail(error, STEEL_ERROR_INVALID, "Expected UUID of a %s: %.80s",
                      collection->resource->name, ident);
}

typedef struct ItemWriter {
    Renderer renderer;
    bool found;
} ItemWriter;

static bool
write_row(const DbRow *row, void *user_data)
{
    ItemWriter *writer = user_data;
    writer->found = true;
    render_row(&writer->renderer, row);
    return false;
}

/* Writes the item if it exists; false with the error set if the database fails. */
static bool
write_if_there(Request *request, const View *view, DbIdent by, const char *ident, bool *found,
               GError **error)
{
    char lower[UUID_TEXT_SIZE];
    if (by == DB_BY_KEY && uuid_valid(ident)) {
        for (size_t i = 0; i < sizeof lower; i++)
            lower[i] = g_ascii_tolower(ident[i]);
        ident = lower;
    }
    ItemWriter writer = {0};
    renderer_init(&writer.renderer, request, view, NULL, request_out(request, 200, 4096));
    bool good = db_item(request_db(request), view->selection, by, ident, write_row, &writer, error);
    renderer_clear(&writer.renderer);
    *found = writer.found;
    return good;
}

bool
collection_write_item(Request *request, const Collection *collection, const View *view,
                      const char *uuid, unsigned status, GError **error)
{
    bool found = false;
    if (!write_if_there(request, view, DB_BY_KEY, uuid, &found, error))
        return false;
    if (!found)
        return collection_not_found(collection, uuid, error);
    request->status = status;
    return true;
}

static Answer
write_captured(Request *request, const Collection *collection, const View *view, GError **error)
{
    const char *ident = request->captures[0];
    IdentKind kind = ident_kind(request, collection, ident);
    bool found = false;
    if (kind != IDENT_BAD && !write_if_there(request, view, (DbIdent)kind, ident, &found, error))
        return ANSWER_FAILED;
    if (!found && request->capture_suffix != NULL && collection->resource->name_field != NULL) {
        /* the item may be named "x.json" */
        g_autofree char *whole = g_strconcat(ident, request->capture_suffix, NULL);
        if (!write_if_there(request, view, DB_BY_NAME, whole, &found, error))
            return ANSWER_FAILED;
    }
    if (found)
        return ANSWER_NOW;
    if (kind == IDENT_BAD)
        bad_ident(collection, ident, error);
    else
        collection_not_found(collection, ident, error);
    return ANSWER_FAILED;
}

Answer
collection_get(Request *request, GError **error)
{
    static const char *const arguments[] = {"fields", NULL};
    const Collection *collection = request->route->subject;
    if (!request_only_arguments(request, arguments, error))
        return ANSWER_FAILED;
    if (request->route->flags & ROUTE_TARGETED && policy_wants_target(request, collection->see)) {
        g_auto(ItemBrief) brief = {0};
        if (!collection_find(request, collection, request->captures[0], &brief, error))
            return ANSWER_FAILED;
    }
    const char *fields = request_argument(request, "fields");
    if (fields == NULL)
        return write_captured(request, collection,
                              view_of(collection->resource, VIEW_DETAIL, request->version), error);
    if (!request_needs(request, MAX(8, collection->since), "the argument 'fields'", error))
        return ANSWER_FAILED;
    g_autoptr(View) view = view_of_fields(collection->resource, fields, request->version, error);
    return view != NULL ? write_captured(request, collection, view, error) : ANSWER_FAILED;
}

static bool
load_brief(Request *request, const Collection *collection, DbIdent by, const char *ident,
           ItemBrief *brief, GError **error)
{
    g_autofree char *lower = by == DB_BY_KEY ? g_ascii_strdown(ident, -1) : NULL;
    return db_item_brief(request_db(request), collection->resource, collection->ownership, by,
                         lower != NULL ? lower : ident, brief, error);
}

/* True if an item belongs to its node's owner and has none of its own. */
static bool
is_the_nodes(const Collection *collection)
{
    return collection->ownership == DB_OWNED_BY_NODE || collection == &node_collection;
}

static PolicyTarget
target_of(const Collection *collection, const ItemBrief *brief)
{
    return (PolicyTarget){brief->owner, brief->lessee,
                          is_the_nodes(collection) ? brief->node_uuid : NULL};
}

static bool
is_visible(Request *request, const Collection *collection, const ItemBrief *brief)
{
    const PolicyTarget target = target_of(collection, brief);
    return collection->see == NULL || brief->is_public ||
           policy_sees(request, collection->see, &target);
}

bool
collection_lookup(Request *request, const Collection *collection, const char *ident,
                  ItemBrief *brief, GError **error)
{
    const Resource *resource = collection->resource;
    IdentKind kind = ident_kind(request, collection, ident);
    if (kind == IDENT_BAD)
        return bad_ident(collection, ident, error);
    if (!load_brief(request, collection, (DbIdent)kind, ident, brief, error))
        return false;
    if (brief->uuid == NULL && request->capture_suffix != NULL && resource->name_field != NULL) {
        g_autofree char *whole = g_strconcat(ident, request->capture_suffix, NULL);
        if (!load_brief(request, collection, DB_BY_NAME, whole, brief, error))
            return false;
    }
    return (brief->uuid != NULL && is_visible(request, collection, brief)) ||
           collection_not_found(collection, ident, error);
}

bool
collection_find(Request *request, const Collection *collection, const char *ident, ItemBrief *brief,
                GError **error)
{
    if (!collection_lookup(request, collection, ident, brief, error))
        return false;
    const PolicyTarget target = target_of(collection, brief);
    bool only_seen = brief->is_public && g_strcmp0(request->route->policy, collection->see) == 0;
    return !(request->route->flags & ROUTE_TARGETED) || only_seen ||
           policy_check(request, request->route->policy, &target, error);
}
