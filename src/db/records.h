/* Whole records in and out of the database, driven by the field tables. For the conductor and for
 * writes; the API's lists stream rows instead (list.h).
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "model/resource.h"

/* Loads the one record with this value in a field (uuid, name, address, ...). The caller frees with
 * record_free. NOT_FOUND (NODE_NOT_FOUND for nodes) names the value. */
void *db_record_find(Db *db, const Resource *resource, const char *field, const char *value,
                     GError **error);

/* The same; `record` is a pointer to a pointer, which is NULL if there is none, without an
 * error. */
bool db_record_look(Db *db, const Resource *resource, const char *field, const char *value,
                    void *record, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Loads by key or, where the resource has names and the text is no UUID, by name. */
void *db_record_find_ident(Db *db, const Resource *resource, const char *ident, GError **error);

/* Loads the children of a node. The array owns and frees them; NULL on failure.
 *
 * resource  one with a field node_uuid
 * order     the field that sorts them; NULL: as created */
GPtrArray *db_records_of_node(Db *db, const Resource *resource, const char *node_uuid,
                              const char *order, GError **error);

/* Gives a new record the uuid and created_at that it lacks, as db_record_insert does: for callers
 * that need them before. */
void db_record_identify(const Resource *resource, void *record);

/* Inserts a record; fills an absent uuid and created_at in it. CONFLICT names the taken value. */
bool db_record_insert(Db *db, const Resource *resource, void *record,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes the fields in which `record` differs from `original`, and updated_at when there is one;
 * nothing to write is a success without a statement. Found by the original's key. CONFLICT,
 * NOT_FOUND. */
bool db_record_save(Db *db, const Resource *resource, void *record, const void *original,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Deletes by key; NOT_FOUND if absent, INVALID if another record still refers to it. */
bool db_record_delete(Db *db, const Resource *resource, const char *key,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
