/* Makes a struct and its table of fields from one list, so that they always agree:
 *
 *     FIELD(name, type, since, flags, limit, absent)
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "model/resource.h"

#define MEMBER_STRING(name) char *name;
#define MEMBER_UUID(name) char *name;
#define MEMBER_NAME(name) char *name;
#define MEMBER_MAC(name) char *name;
#define MEMBER_TIME(name) char *name;
#define MEMBER_INTEGER(name) int64_t name;
#define MEMBER_BOOLEAN(name) bool name;
#define MEMBER_TRISTATE(name) int8_t name;
#define MEMBER_OBJECT(name) json_t *name;
#define MEMBER_ARRAY(name) json_t *name;
#define MEMBER_COMPUTED(name)

#define OFFSET_STRING(record, name) offsetof(record, name)
#define OFFSET_UUID(record, name) offsetof(record, name)
#define OFFSET_NAME(record, name) offsetof(record, name)
#define OFFSET_MAC(record, name) offsetof(record, name)
#define OFFSET_TIME(record, name) offsetof(record, name)
#define OFFSET_INTEGER(record, name) offsetof(record, name)
#define OFFSET_BOOLEAN(record, name) offsetof(record, name)
#define OFFSET_TRISTATE(record, name) offsetof(record, name)
#define OFFSET_OBJECT(record, name) offsetof(record, name)
#define OFFSET_ARRAY(record, name) offsetof(record, name)
#define OFFSET_COMPUTED(record, name) 0

#define FIELD_AS_MEMBER(name, type, since, flags, limit, absent) MEMBER_##type(name)
#define FIELD_AS_ROW(record, name, type, since, flags, limit, absent)                              \
    {#name, FIELD_##type, since, flags, OFFSET_##type(record, name), limit, absent, NULL},

/* The functions to make, copy and free a record type. */
#define RECORD_DECLARE(Type, prefix)                                                               \
    extern const Resource prefix##_resource;                                                       \
    static inline Type *prefix##_new(void)                                                         \
    {                                                                                              \
        return record_new(&prefix##_resource);                                                     \
    }                                                                                              \
    static inline Type *prefix##_copy(const Type *record)                                          \
    {                                                                                              \
        return record_copy(&prefix##_resource, record);                                            \
    }                                                                                              \
    static inline void prefix##_free(Type *record)                                                 \
    {                                                                                              \
        record_free(&prefix##_resource, record);                                                   \
    }                                                                                              \
    G_DEFINE_AUTOPTR_CLEANUP_FUNC(Type, prefix##_free)
