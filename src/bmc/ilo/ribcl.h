/* RIBCL, the XML language of HPE's iLO, as bytes: requests are written, answers are read. Nothing
 * here knows of connections.
 *
 * An answer holds several complete XML documents, one after the other. Each says with
 * <RESPONSE STATUS="0x0000" MESSAGE='No error' /> how one part of the request went; data follows
 * it. The HTTP status is always 200.
 *
 * All functions are pure; any thread.
 *
 * Source: HPE iLO 4 Scripting and Command Line Guide, "RIBCL XML scripting language".
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stddef.h>

/* What is accepted of an answer. The health of a large machine takes some 300 KB. */
enum {
    RIBCL_ANSWER_MAX = 4 * 1024 * 1024, /* bytes */
    RIBCL_DOCUMENTS_MAX = 64,
    RIBCL_DEPTH_MAX = 16,       /* elements within elements */
    RIBCL_ELEMENTS_MAX = 50000, /* of one answer */
};

/* An element to send. `attributes` holds name, value, name, value, NULL; `children` ends with an
 * element without name. Both may be NULL. Borrowed. */
typedef struct RibclElement {
    const char *name;
    const char *const *attributes;
    const struct RibclElement *children;
} RibclElement;

/* A command and its place: <SERVER_INFO MODE="read"><GET_HOST_POWER_STATUS/></SERVER_INFO>. */
typedef struct RibclCommand {
    const char *block; /* "SERVER_INFO", "RIB_INFO", "USER_INFO" */
    bool write;        /* it changes something: MODE="write" */
    RibclElement element;
} RibclCommand;

/* The request's text, in which every value is escaped. It holds the password: free it with
 * secret_free. Errors: INVALID (a user name, password or value with control characters or without
 * valid UTF-8, which XML cannot carry). */
char *ribcl_request(const char *username, const char *password, const RibclCommand *command,
                    GError **error);

/* An element of an answer. */
typedef struct RibclNode {
    char *name;
    char **attributes;   /* name, value, ..., NULL */
    GPtrArray *children; /* of RibclNode, owned; NULL: none */
} RibclNode;

/* What the iLO answered to a command that it did. */
typedef struct RibclAnswer {
    RibclNode *data; /* the last element after a RESPONSE; NULL: the command has no data */
    char *message;   /* of the last RESPONSE that says more than "No error"; NULL: none */
} RibclAnswer;

void ribcl_answer_clear(RibclAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RibclAnswer, ribcl_answer_clear)

/* Reads an answer.
 *
 * body, size   as it came; bytes that are not UTF-8 count as Latin-1
 * password     of the request: the iLO repeats faulty lines, and the error must not. NULL: none
 * answer       out; untouched on failure
 * Errors       BMC_AUTH      the login failed
 *              UNSUPPORTED   this iLO or its server does not have the command
 *              BMC_REFUSED   any other status but 0; the text has the iLO's words and the status
 *              BMC_PROTOCOL  not RIBCL, cut off, beyond the limits, or with a document type
 *                            (entities are never expanded)
 */
bool ribcl_answer_read(const char *body, size_t size, const char *password, RibclAnswer *answer,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The first child of that name, or NULL. NULL has no children. Names of elements and attributes
 * differ in case between firmware versions, so case does not count. Borrowed. */
const RibclNode *ribcl_child(const RibclNode *node, const char *name);

/* The value of an attribute, or NULL. Borrowed. */
const char *ribcl_attribute(const RibclNode *node, const char *name);

/* The attribute VALUE of a child, which is how most answers are made, or NULL. Borrowed. */
const char *ribcl_value(const RibclNode *node, const char *child);
