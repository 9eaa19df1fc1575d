/* The kinds of filters of lists; the contract is in collection.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/collection.h"
#include "api/node_brief.h"
#include "common/uuid.h"
#include "model/names.h"

/* Keeps a text until the query has run. */
static DbValue
keep(ListCall *call, char *text)
{
    g_ptr_array_add(call->texts, text);
    return db_text(text);
}

bool
filter_text(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    (void)error;
    db_list_filter(&call->query, filter->field, DB_FILTER_EQUAL, db_text(value));
    return true;
}

bool
filter_text_lower(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    (void)error;
    db_list_filter(&call->query, filter->field, DB_FILTER_EQUAL,
                   keep(call, g_ascii_strdown(value, -1)));
    return true;
}

bool
filter_uuid(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    if (!uuid_valid(value))
        return steel_fail(error, STEEL_ERROR_INVALID, "Expected UUID for %s: %.80s",
                          filter->argument, value);
    return filter_text_lower(call, filter, value, error);
}

bool
filter_mac(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    char *address = mac_address_normalize(value, error);
    if (address == NULL) {
        g_prefix_error(error, "%s: ", filter->argument);
        return false;
    }
    db_list_filter(&call->query, filter->field, DB_FILTER_EQUAL, keep(call, address));
    return true;
}

bool
filter_boolean(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    (void)value;
    bool truth = false;
    if (!request_boolean_argument(call->request, filter->argument, &truth, error))
        return false;
    db_list_filter(&call->query, filter->field, DB_FILTER_EQUAL, db_integer(truth));
    return true;
}

bool
filter_present(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    (void)value;
    bool truth = false;
    if (!request_boolean_argument(call->request, filter->argument, &truth, error))
        return false;
    db_list_filter(&call->query, filter->field, truth ? DB_FILTER_NOT_NULL : DB_FILTER_IS_NULL,
                   db_text(NULL));
    return true;
}

bool
filter_contains(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    (void)error;
    db_list_filter(&call->query, filter->field, DB_FILTER_CONTAINS, db_text(value));
    return true;
}

bool
filter_any_of(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    (void)error;
    db_list_filter(&call->query, filter->field, DB_FILTER_IN, db_text(value));
    return true;
}

bool
filter_project(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    (void)error;
    db_list_filter(&call->query, filter->field, DB_FILTER_PROJECT, db_text(value));
    return true;
}

bool
filter_node(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!node_ident_allowed(call->request, value, error) ||
        !node_lookup(call->request, value, &node, error))
        return false;
    db_list_filter(&call->query, filter->field, DB_FILTER_EQUAL, keep(call, g_strdup(node.uuid)));
    return true;
}
