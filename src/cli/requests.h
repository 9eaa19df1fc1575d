/* The requests of most commands; the functions of single commands use them too.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/arguments.h"
#include "cli/rows.h"

/* GET; a new reference. */
json_t *request_get(Context *context, const char *path, GError **error);

/* PUT, POST, PATCH or DELETE whose answer is ignored. */
bool request_send(Context *context, const char *method, const char *path, const json_t *body,
                  GError **error);

/* The items of a collection: one request, or with --limit several. `path` includes the query. */
json_t *request_items(Context *context, const char *path, const char *collection, GError **error);

/* All pages of a collection, up to `limit` items (0: all). */
json_t *request_pages(Context *context, const char *path, const char *collection, size_t limit,
                      GError **error);

/* The --fields of the command line separated by commas; NULL without --fields. The caller frees. */
char *requested_fields(const Context *context);

/* The names of the columns to print for a noun: --fields, --long, or the default ones. A new array
 * of borrowed texts. */
GPtrArray *list_columns(const Context *context, const Noun *noun);

/* Fills context->listing with these columns of the items (objects); missing members are "". */
void list_items(Context *context, const Noun *noun, const GPtrArray *columns, json_t *items);

/* Orders items by "key:desc,key" (--sort); INVALID for an unknown field or a wrong direction. */
bool sort_items(json_t *items, const char *keys, GError **error);

/* Fills context->listing with an object, without the noun's hidden fields. Takes the reference. */
void show_object(Context *context, const Noun *noun, json_t *object);

/* Fills context->listing with the noun's detailed columns of an object; missing members are "". */
void show_columns(Context *context, const Noun *noun, json_t *object);

/* Adds the field that the noun always shows, as "", if the answer lacks it and `fields` (NULL: all)
 * has it. */
void show_always(const Noun *noun, const char *fields, json_t *object);

/* Shows the only item of a collection whose `filter` is the first positional argument; NOT_FOUND if
 * there is none. */
bool show_by_query(Context *context, const Noun *noun, const char *filter, GError **error);

/* Runs `one` for every positional argument from `first` on, prints each result, and reports all
 * failures at the end. */
bool for_each_positional(Context *context, guint first,
                         bool (*one)(Context *context, const char *name, GError **error),
                         GError **error);
