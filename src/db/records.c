/* Records by field table; the contract is in records.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/records.h"

#include "common/log.h"
#include "common/secret.h"
#include "common/time_text.h"
#include "common/uuid.h"
#include "db/seal.h"
#include "db/sql.h"
#include "model/resources.h"

#include <stdlib.h>
#include <string.h>

/* Texts of statements over all fields of a resource. They are long and always the same, so each is
 * made once and kept. Of two threads that make one at once, one frees its own. */
typedef const char *Kept[RESOURCE_COUNT];

static const char *
keep(Kept kept, const Resource *resource, char *text)
{
    const char *none = NULL;
    if (__atomic_compare_exchange_n(&kept[resource->index], &none, text, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
        return text;
    g_free(text);
    return none;
}

/* "uuid", "name", ... */
static const char *
columns_of(const Resource *resource)
{
    static Kept kept;
    const char *text = __atomic_load_n(&kept[resource->index], __ATOMIC_ACQUIRE);
    if (text != NULL)
        return text;
    GString *columns = g_string_new(NULL);
    for (size_t i = 0; i < resource->field_count; i++)
        if (resource->fields[i].type != FIELD_COMPUTED)
            g_string_append_printf(columns, "%s\"%s\"", columns->len > 0 ? ", " : "",
                                   field_column(&resource->fields[i]));
    return keep(kept, resource, g_string_free(columns, FALSE));
}

static const char *
insert_of(const Resource *resource)
{
    static Kept kept;
    const char *text = __atomic_load_n(&kept[resource->index], __ATOMIC_ACQUIRE);
    if (text != NULL)
        return text;
    GString *sql = g_string_new(NULL);
    size_t count = 0;
    g_string_append_printf(sql, "INSERT INTO %s (%s) VALUES (", resource->table,
                           columns_of(resource));
    for (size_t i = 0; i < resource->field_count; i++)
        if (resource->fields[i].type != FIELD_COMPUTED) {
            count++;
            g_string_append_printf(sql, "%s?%zu", count > 1 ? ", " : "", count);
        }
    g_string_append_c(sql, ')');
    return keep(kept, resource, g_string_free(sql, FALSE));
}

static json_t *
parse_json(const Field *field, const char *text, size_t size)
{
    json_t *value = text != NULL ? json_text_parse(text, size, 0, NULL) : NULL;
    if (value == NULL || json_is_null(value)) {
        json_decref(value);
        return field->type == FIELD_OBJECT ? json_object() : json_array();
    }
    return value;
}

static void
read_member(const Field *field, const DbRow *row, int column, void *record)
{
    void *member = field_member(field, record);
    if (field_is_text(field)) {
        *(char **)member = g_strdup(db_row_text(row, column, NULL));
    } else if (field_is_json(field)) {
        size_t size = 0;
        const char *text = db_row_text(row, column, &size);
        json_decref(*(json_t **)member);
        *(json_t **)member = parse_json(field, text, size);
    } else if (db_row_is_null(row, column)) {
        return; /* record_new has set the type's null */
    } else if (field->type == FIELD_INTEGER) {
        *(int64_t *)member = db_row_integer(row, column);
    } else if (field->type == FIELD_BOOLEAN) {
        *(bool *)member = db_row_integer(row, column) != 0;
    } else {
        *(int8_t *)member = db_row_integer(row, column) != 0;
    }
}

typedef struct Reader {
    Db *db;
    const Resource *resource;
    GPtrArray *records;
    bool lenient;    /* a secret that does not open makes its field empty */
    GError *failure; /* else this */
} Reader;

/* The key of a record, which is loaded. */
static const char *
key_of(const Resource *resource, const void *record)
{
    const char *key = *(char **)field_member(resource_field(resource, resource->key), record);
    return key != NULL ? key : "";
}

static bool
note_closed(Reader *reader, GError *cause)
{
    if (!reader->lenient) {
        reader->failure = cause;
        return false;
    }
    log_error("db", "%s", cause->message);
    g_error_free(cause);
    return true;
}

/* Opens the sealed values of a field. */
static bool
open_member(Reader *reader, const Field *field, const DbRow *row, int column, void *record)
{
    size_t size = 0;
    GError *cause = NULL;
    const char *text = db_row_text(row, column, &size);
    if (text == NULL || !db_text_is_sealed(text, size))
        return true;
    const Resource *resource = reader->resource;
    const SealPlace place = {resource->table, key_of(resource, record), field_column(field), ""};
    char *opened = db_open_text(reader->db, &place, text, size, &cause);
    json_t **member = field_member(field, record);
    json_decref(*member);
    *member = parse_json(field, opened, opened != NULL ? strlen(opened) : 0);
    secret_free(opened);
    return cause == NULL || note_closed(reader, cause);
}

static bool
open_members(Reader *reader, const DbRow *row, void *record)
{
    const Resource *resource = reader->resource;
    for (size_t i = 0, column = 0; i < resource->field_count; i++) {
        const Field *field = &resource->fields[i];
        if (field->type == FIELD_COMPUTED)
            continue;
        if (field->flags & FIELD_SECRETS && !open_member(reader, field, row, (int)column, record))
            return false;
        column++;
    }
    return true;
}

static bool
read_record(const DbRow *row, void *user_data)
{
    Reader *reader = user_data;
    const Resource *resource = reader->resource;
    void *record = record_new(resource);
    for (size_t i = 0, column = 0; i < resource->field_count; i++)
        if (resource->fields[i].type != FIELD_COMPUTED)
            read_member(&resource->fields[i], row, (int)column++, record);
    g_ptr_array_add(reader->records, record);
    return open_members(reader, row, record);
}

static GPtrArray *
read_where(Db *db, const Resource *resource, bool lenient, const char *condition,
           const DbValue *values, size_t count, GError **error)
{
    g_autofree char *sql = g_strconcat("SELECT ", columns_of(resource), " FROM ", resource->table,
                                       " WHERE ", condition, NULL);
    Reader reader = {db, resource, g_ptr_array_new_with_free_func(resource->free), lenient, NULL};
    bool good = db_query(db, sql, values, count, read_record, &reader, error);
    if (good && reader.failure == NULL)
        return reader.records;
    if (reader.failure != NULL)
        g_propagate_error(error, reader.failure);
    g_ptr_array_free(reader.records, TRUE);
    return NULL;
}

/* One node whose secret does not open must not keep the others from their work. Children of a node
 * are its whole truth or nothing. */
GPtrArray *
db_records_where(Db *db, const Resource *resource, const char *condition, const DbValue *values,
                 size_t count, GError **error)
{
    return read_where(db, resource, resource == &node_resource, condition, values, count, error);
}

GPtrArray *
db_records_of_node(Db *db, const Resource *resource, const char *node_uuid, const char *order,
                   GError **error)
{
    const DbValue uuid = db_text(node_uuid);
    const Field *field = order != NULL ? resource_field(resource, order) : NULL;
    g_autofree char *condition = g_strdup_printf("node_uuid = ?1 ORDER BY \"%s\"",
                                                 field != NULL ? field_column(field) : "id");
    return db_records_where(db, resource, condition, &uuid, 1, error);
}

static bool
not_found(const Resource *resource, const char *ident, GError **error)
{
    SteelErrorCode code =
        resource == &node_resource ? STEEL_ERROR_NODE_NOT_FOUND : STEEL_ERROR_NOT_FOUND;
    g_autofree char *name = g_strdup(resource->name);
    name[0] = g_ascii_toupper(name[0]);
    return steel_fail(error, code, "%s %.255s could not be found.", name, ident);
}

bool
db_record_look(Db *db, const Resource *resource, const char *field, const char *value, void *record,
               GError **error)
{
    const Field *known = resource_field(resource, field);
    *(void **)record = NULL;
    if (known == NULL || known->type == FIELD_COMPUTED)
        return steel_fail(error, STEEL_ERROR_INTERNAL, "a %s has no %s to be found by",
                          resource->name, field);
    g_autofree char *condition = g_strdup_printf("\"%s\" = ?1", field_column(known));
    const DbValue key = db_text(value);
    g_autoptr(GPtrArray) found = read_where(db, resource, false, condition, &key, 1, error);
    if (found != NULL && found->len > 0)
        *(void **)record = g_ptr_array_steal_index(found, 0);
    return found != NULL;
}

void *
db_record_find(Db *db, const Resource *resource, const char *field, const char *value,
               GError **error)
{
    void *record = NULL;
    if (db_record_look(db, resource, field, value, &record, error) && record == NULL)
        not_found(resource, value, error);
    return record;
}

void *
db_record_find_ident(Db *db, const Resource *resource, const char *ident, GError **error)
{
    bool by_name = resource->name_field != NULL && !uuid_valid(ident);
    if (!by_name && strcmp(resource->key, "uuid") == 0) {
        g_autofree char *lower = g_ascii_strdown(ident, -1);
        return db_record_find(db, resource, resource->key, lower, error);
    }
    return db_record_find(db, resource, by_name ? resource->name_field : resource->key, ident,
                          error);
}

/* What is bound to the parameters of a statement that writes a record. */
typedef struct Binding {
    Db *db;
    const Resource *resource;
    const char *row;  /* the record's key */
    GPtrArray *texts; /* keeps JSON text alive, wiped */
} Binding;

static GPtrArray *
texts_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)secret_free);
}

static char *
json_to_store(const Binding *binding, const Field *field, const json_t *value)
{
    char *text = json_text_dump(value);
    if (!(field->flags & FIELD_SECRETS))
        return text;
    const SealPlace place = {binding->resource->table, binding->row, field_column(field), ""};
    char *sealed = db_seal_text(binding->db, &place, text);
    secret_free(text);
    return sealed;
}

/* The value of a field for binding. Empty JSON is stored as null. */
static DbValue
bind_value(const Binding *binding, const Field *field, const void *record)
{
    void *member = field_member(field, record);
    if (field_is_text(field))
        return db_text(*(char **)member);
    if (field_is_json(field)) {
        const json_t *value = *(json_t **)member;
        if (json_object_size(value) == 0 && json_array_size(value) == 0)
            return db_text(NULL);
        char *text = json_to_store(binding, field, value);
        g_ptr_array_add(binding->texts, text);
        return db_text(text);
    }
    if (field->type == FIELD_INTEGER) {
        int64_t number = *(int64_t *)member;
        return number == INTEGER_NULL ? db_text(NULL) : db_integer(number);
    }
    if (field->type == FIELD_BOOLEAN)
        return db_integer(*(bool *)member);
    int8_t tristate = *(int8_t *)member;
    return tristate < 0 ? db_text(NULL) : db_integer(tristate);
}

/* The field that a person would name for a broken rule; NULL if unknown. Of a rule over several
 * columns the node's is left out. */
static const Field *
conflicting_field(const Resource *resource, const DbConflict *conflict)
{
    const Field *found = NULL;
    for (size_t i = 0; i < conflict->column_count; i++)
        for (size_t f = 0; f < resource->field_count; f++) {
            const Field *field = &resource->fields[f];
            bool named = (field_is_text(field) || field->type == FIELD_INTEGER) &&
                         strcmp(field_column(field), conflict->columns[i]) == 0;
            if (named && (found == NULL || strcmp(found->name, "node_uuid") == 0))
                found = field;
        }
    return found;
}

/* Makes an error of a broken rule of the schema, with the value. `record` may be NULL if nothing is
 * written. */
static void
explain_conflict(Db *db, const Resource *resource, const void *record, GError **error)
{
    if (error == NULL || !steel_error_is(*error, STEEL_ERROR_CONFLICT))
        return;
    const DbConflict conflict = db_conflict(db);
    const Field *field = record != NULL ? conflicting_field(resource, &conflict) : NULL;
    if (conflict.kind == DB_CONFLICT_REFERENCE) {
        g_clear_error(error);
        steel_fail(error, STEEL_ERROR_INVALID,
                   "the %s refers to an absent record, or is still referred to", resource->name);
    } else if (conflict.kind == DB_CONFLICT_UNIQUE && field != NULL) {
        g_clear_error(error);
        json_t *value = record_get(record, field);
        g_autofree char *text =
            json_is_string(value) ? g_strdup(json_string_value(value)) : json_text_dump(value);
        json_decref(value);
        steel_fail(error, STEEL_ERROR_CONFLICT, "A %s with %s %s already exists.", resource->name,
                   field->name, text);
    }
}

static char **
text_field(const Resource *resource, void *record, const char *name)
{
    const Field *field = resource_field(resource, name);
    return field != NULL && field_is_text(field) ? field_member(field, record) : NULL;
}

void
db_record_identify(const Resource *resource, void *record)
{
    char buffer[TIME_TEXT_SIZE], uuid[UUID_TEXT_SIZE];
    char **identity = text_field(resource, record, "uuid");
    char **created = text_field(resource, record, "created_at");
    if (identity != NULL && *identity == NULL)
        *identity = g_strdup(uuid_generate(uuid));
    if (created != NULL && *created == NULL)
        *created = g_strdup(time_now_text(buffer));
}

bool
db_record_insert(Db *db, const Resource *resource, void *record, GError **error)
{
    db_record_identify(resource, record);
    g_autoptr(GPtrArray) texts = texts_new();
    const Binding binding = {db, resource, key_of(resource, record), texts};
    g_autofree DbValue *values = g_new(DbValue, resource->field_count);
    size_t count = 0;
    for (size_t i = 0; i < resource->field_count; i++)
        if (resource->fields[i].type != FIELD_COMPUTED)
            values[count++] = bind_value(&binding, &resource->fields[i], record);
    if (db_execute(db, insert_of(resource), values, count, NULL, error))
        return true;
    explain_conflict(db, resource, record, error);
    return false;
}

/* True if a field other than updated_at has changed. */
static bool
differs(const Resource *resource, const void *record, const void *original)
{
    for (size_t i = 0; i < resource->field_count; i++) {
        const Field *field = &resource->fields[i];
        if (!record_same(field, record, original) && strcmp(field->name, "updated_at") != 0)
            return true;
    }
    return false;
}

/* The assignments of all changed fields; returns how many. */
static size_t
append_changes(GString *sql, const Binding *binding, const void *record, const void *original,
               DbValue *values)
{
    size_t count = 0;
    const Resource *resource = binding->resource;
    for (size_t i = 0; i < resource->field_count; i++) {
        const Field *field = &resource->fields[i];
        if (record_same(field, record, original))
            continue;
        values[count++] = bind_value(binding, field, record);
        g_string_append_printf(sql, "%s\"%s\" = ?%zu", count > 1 ? ", " : "", field_column(field),
                               count);
    }
    return count;
}

static void
append_guard(GString *sql, DbGuard guard, DbValue *values, size_t *count)
{
    if (guard.before == NULL)
        return;
    values[(*count)++] = db_text(guard.value);
    g_string_append_printf(sql, " AND %s?%zu%s", guard.before, *count, guard.after);
}

bool
db_record_save_guarded(Db *db, const Resource *resource, void *record, const void *original,
                       DbGuard guard, bool *written, GError **error)
{
    *written = true;
    if (!differs(resource, record, original))
        return true;
    char buffer[TIME_TEXT_SIZE];
    char **updated = text_field(resource, record, "updated_at");
    if (updated != NULL) /* before the binding, which borrows the record's texts */
        record_set_text(updated, time_now_text(buffer));
    g_autoptr(GPtrArray) texts = texts_new();
    const char *ident = key_of(resource, original);
    const Binding binding = {db, resource, ident, texts};
    g_autofree DbValue *values = g_new(DbValue, resource->field_count + 2);
    g_autoptr(GString) changes = g_string_new(NULL);
    size_t count = append_changes(changes, &binding, record, original, values);
    values[count++] = db_text(ident);
    g_autoptr(GString) sql = g_string_new(NULL);
    g_string_append_printf(sql, "UPDATE %s SET %s WHERE \"%s\" = ?%zu", resource->table,
                           changes->str, resource->key, count);
    append_guard(sql, guard, values, &count);
    int64_t changed = 0;
    if (!db_execute(db, sql->str, values, count, &changed, error)) {
        explain_conflict(db, resource, record, error);
        return false;
    }
    *written = changed == 1;
    return true;
}

bool
db_record_save(Db *db, const Resource *resource, void *record, const void *original, GError **error)
{
    bool written = false;
    const Field *key = resource_field(resource, resource->key);
    return db_record_save_guarded(db, resource, record, original, (DbGuard){0}, &written, error) &&
           (written || not_found(resource, *(char **)field_member(key, original), error));
}

bool
db_record_delete_guarded(Db *db, const Resource *resource, const char *key, DbGuard guard,
                         bool *written, GError **error)
{
    DbValue values[2] = {db_text(key)};
    size_t count = 1;
    g_autoptr(GString) sql = g_string_new(NULL);
    g_string_append_printf(sql, "DELETE FROM %s WHERE \"%s\" = ?1", resource->table, resource->key);
    append_guard(sql, guard, values, &count);
    int64_t changed = 0;
    if (!db_execute(db, sql->str, values, count, &changed, error)) {
        explain_conflict(db, resource, NULL, error);
        return false;
    }
    *written = changed == 1;
    return true;
}

bool
db_record_delete(Db *db, const Resource *resource, const char *key, GError **error)
{
    bool written = false;
    return db_record_delete_guarded(db, resource, key, (DbGuard){0}, &written, error) &&
           (written || not_found(resource, key, error));
}
