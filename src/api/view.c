/* Views; the contract is in view.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/view.h"

#include "api/access.h"
#include "api/versions.h"
#include "common/lock.h"
#include "model/resources.h"

#include <string.h>

static ViewPart
computed_part(const Resource *resource, const Field *field)
{
    if (strcmp(field->name, "links") == 0)
        return resource == &node_history_resource ? PART_SELF_LINK : PART_LINKS;
    if (strcmp(field->name, "conductor") == 0)
        return PART_CONDUCTOR;
    if (strcmp(field->name, "alive") == 0)
        return PART_ALIVE;
    return resource == &chassis_resource ? PART_NESTED_SUBLINKS : PART_SUBLINKS;
}

static ViewPart
part_of(const Resource *resource, const Field *field)
{
    switch (field->type) {
    case FIELD_UUID:
    case FIELD_MAC:
    case FIELD_TIME:
        return PART_CLEAN;
    case FIELD_INTEGER:
        return PART_INTEGER;
    case FIELD_BOOLEAN:
    case FIELD_TRISTATE:
        return PART_TRUTH;
    case FIELD_OBJECT:
        return PART_OBJECT;
    case FIELD_ARRAY:
        return PART_ARRAY;
    case FIELD_COMPUTED:
        return computed_part(resource, field);
    case FIELD_STRING:
    case FIELD_NAME:
        break;
    }
    bool state = resource == &node_resource && (strcmp(field->name, "provision_state") == 0 ||
                                                strcmp(field->name, "target_provision_state") == 0);
    return state ? PART_STATE : PART_TEXT;
}

/* The column of a field in the row; adds it if absent. -1 for a field that the resource does not
 * have. */
static int
select_field(View *view, const Field *field)
{
    if (field == NULL)
        return -1;
    for (size_t i = 0; i < view->selected_count; i++)
        if (view->selected[i] == field)
            return (int)i;
    view->selected[view->selected_count] = field;
    return (int)view->selected_count++;
}

static View *
view_new(const Resource *resource, unsigned version)
{
    View *view = g_new0(View, 1);
    view->resource = resource;
    view->version = version;
    view->columns = g_new0(ViewColumn, resource->field_count);
    view->selected = g_new0(const Field *, resource->field_count);
    view->key = view->driver = view->group = view->lease = -1;
    view->owner = view->lessee = -1;
    return view;
}

/* Fields that not every caller who sees the item may see. */
static const struct {
    const Resource *resource;
    const char *field;
    unsigned hide, show;
} restricted[] = {
    {&node_resource, "driver_info", POLICY_HIDE_DRIVER_INFO, POLICY_SHOW_DRIVER_SECRETS},
    {&node_resource, "driver_internal_info", POLICY_HIDE_DRIVER_INTERNAL_INFO, 0},
    {&node_resource, "last_error", POLICY_HIDE_LAST_ERROR, 0},
    {&node_resource, "reservation", POLICY_HIDE_RESERVATION, 0},
    {&node_resource, "instance_info", 0, POLICY_SHOW_INSTANCE_SECRETS},
    {&volume_target_resource, "properties", POLICY_HIDE_TARGET_PROPERTIES, 0},
};

static void
restrict_column(View *view, ViewColumn *column)
{
    for (size_t i = 0; i < G_N_ELEMENTS(restricted); i++) {
        if (restricted[i].resource != view->resource ||
            strcmp(restricted[i].field, column->field->name) != 0)
            continue;
        column->hide = restricted[i].hide;
        column->show = restricted[i].show;
        view->hideable |= column->hide | column->show;
    }
}

static void
add_field(View *view, const Field *field)
{
    ViewColumn *column = &view->columns[view->column_count];
    column->field = field;
    column->part = part_of(view->resource, field);
    if (view->resource == &port_resource && strcmp(field->name, "local_link_connection") == 0 &&
        !version_has_vtep(view->version))
        column->part = PART_LINK;
    column->secrets = field->flags & FIELD_SECRETS;
    column->column = field->type != FIELD_COMPUTED ? select_field(view, field) : -1;
    column->prefix = g_strdup_printf("%c\"%s\":", view->column_count == 0 ? '{' : ',', field->name);
    column->prefix_size = strlen(column->prefix);
    restrict_column(view, column);
    view->column_count++;
}

/* The values of a new item in the answer to its creation, which work may have changed since. */
static const struct {
    const Resource *resource;
    const char *field, *value; /* NULL for null */
} as_created[] = {
    {&allocation_resource, "state",      "allocating"},
    {&allocation_resource, "node_uuid",  NULL},
    {&allocation_resource, "last_error", NULL},
    {&allocation_resource, "updated_at", NULL},
};

/* Fields of which nothing is shown in items whose other field says so. */
static const struct {
    const Resource *resource;
    const char *field, *unless;
} hidden[] = {
    {&inspection_rule_resource, "conditions", "sensitive"},
    {&inspection_rule_resource, "actions", "sensitive"},
};

static DbColumn
column_of(const View *view, const Field *field)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hidden); i++)
        if (hidden[i].resource == view->resource && strcmp(hidden[i].field, field->name) == 0)
            return (DbColumn){.field = field, .unless = hidden[i].unless};
    for (size_t i = 0; view->as_created && i < G_N_ELEMENTS(as_created); i++)
        if (as_created[i].resource == view->resource &&
            strcmp(as_created[i].field, field->name) == 0)
            return (DbColumn){.field = field, .fixed = true, .text = as_created[i].value};
    return (DbColumn){.field = field};
}

/* Adds the columns that computed fields need, and the selection. */
static View *
completed(View *view)
{
    const Resource *resource = view->resource;
    view->key = select_field(view, resource_field(resource, resource->key));
    for (size_t i = 0; i < view->column_count; i++) {
        if (view->columns[i].part == PART_ALIVE)
            view->lease = select_field(view, resource_field(resource, "lease_expires_ms"));
    }
    if (resource == &node_resource &&
        view->version >= 49) { /* since then lists filter by conductor */
        view->driver = select_field(view, resource_field(resource, "driver"));
        view->group = select_field(view, resource_field(resource, "conductor_group"));
    }
    if (resource == &node_resource && view->hideable != 0) {
        view->owner = select_field(view, resource_field(resource, "owner"));
        view->lessee = select_field(view, resource_field(resource, "lessee"));
    }
    g_autofree DbColumn *columns = g_new(DbColumn, view->selected_count);
    for (size_t i = 0; i < view->selected_count; i++)
        columns[i] = column_of(view, view->selected[i]);
    view->selection = db_selection_new(resource, columns, view->selected_count);
    return view;
}

static void
shorten(View *view, const char *name)
{
    for (size_t i = 0; i < view->column_count; i++)
        if (strcmp(view->columns[i].field->name, name) == 0)
            view->columns[i].part = PART_BRIEF;
}

static View *
make_view(const Resource *resource, ViewKind kind, unsigned version)
{
    View *view = view_new(resource, version);
    view->as_created = kind == VIEW_CREATED;
    for (size_t i = 0; i < resource->field_count; i++) {
        const Field *field = &resource->fields[i];
        if (field->flags & FIELD_INTERNAL || !field_is_shown(field, version))
            continue;
        if (kind != VIEW_LIST || field->flags & FIELD_LIST)
            add_field(view, field);
    }
    if (kind == VIEW_LIST && resource == &node_history_resource)
        shorten(view, "event");
    return completed(view);
}

const View *
view_of(const Resource *resource, ViewKind kind, unsigned version)
{
    static const View *kept[RESOURCE_COUNT][API_VERSION_MAXIMUM + 1][VIEW_KINDS];
    static Lock making = LOCK_INITIALIZER(VIEWS); /* guards changes of `kept` */
    g_assert(version <= API_VERSION_MAXIMUM);
    const View **slot = &kept[resource->index][version][kind];
    const View *view = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
    if (view != NULL)
        return view;
    lock_acquire(&making);
    if (*slot == NULL)
        __atomic_store_n(slot, make_view(resource, kind, version), __ATOMIC_RELEASE);
    view = *slot;
    lock_release(&making);
    return view;
}

/* True for the fields that `fields=` may name. A node's links to its children come with the whole
 * node only. */
static bool
choosable(const Resource *resource, const Field *field)
{
    if (field->flags & FIELD_INTERNAL)
        return false;
    if (resource != &node_resource)
        return true;
    ViewPart part = part_of(resource, field);
    return part != PART_SUBLINKS && part != PART_NESTED_SUBLINKS;
}

static bool
has_field(const View *view, const Field *field)
{
    for (size_t i = 0; i < view->column_count; i++)
        if (view->columns[i].field == field)
            return true;
    return false;
}

static bool
choose(View *view, const char *name, GError **error)
{
    const Field *field = resource_field_at(view->resource, name, view->version);
    if (field == NULL || !choosable(view->resource, field))
        return steel_fail(error, STEEL_ERROR_INVALID, "Field %.80s is not a valid field of a %s.",
                          name, view->resource->name);
    if (field->since > view->version)
        return steel_fail(
            error, STEEL_ERROR_NOT_ACCEPTABLE,
            "Field %s of a %s exists from API version 1.%u, the request asks for 1.%u", name,
            view->resource->name, field->since, view->version);
    if (!has_field(view, field))
        add_field(view, field);
    return true;
}

View *
view_of_fields(const Resource *resource, const char *fields, unsigned version, GError **error)
{
    g_autoptr(View) view = view_new(resource, version);
    g_autofree char *lower = g_ascii_strdown(fields, -1);
    g_auto(GStrv) names = g_strsplit(lower, ",", -1);
    for (char **name = names; *name != NULL; name++) {
        g_strstrip(*name);
        if (**name != '\0' && !choose(view, *name, error))
            return NULL;
    }
    const Field *links = resource_field(resource, "links");
    if (links != NULL && !has_field(view, links))
        add_field(view, links);
    return completed(g_steal_pointer(&view));
}

View *
view_of_names(const Resource *resource, const char *const *names, unsigned version)
{
    View *view = view_new(resource, version);
    for (; *names != NULL; names++) {
        const Field *field = resource_field(resource, *names);
        if (field != NULL && field->since <= version)
            add_field(view, field);
    }
    return completed(view);
}

void
view_free(View *view)
{
    if (view == NULL)
        return;
    for (size_t i = 0; i < view->column_count; i++)
        g_free(view->columns[i].prefix);
    g_free(view->columns);
    g_free(view->selected);
    db_selection_free(view->selection);
    g_free(view);
}
