/* What a Redfish service answers: documents, links, and errors in its own words.
 *
 * Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/json_text.h"

#include <stddef.h>

/* Limits of what a BMC may send. */
enum {
    REDFISH_BODY_MAX = 8 << 20, /* registries of BIOS attributes have some MB */
    REDFISH_DEPTH_MAX = 32,
    REDFISH_VALUES_MAX = 500000,
    REDFISH_MEMBERS_MAX = 1024,
    REDFISH_PATH_MAX = 1024,
};

typedef struct RedfishAnswer {
    int status; /* 0: the BMC has not answered */
    char *body; /* owned; may be NULL */
    size_t body_size;
    char *etag, *location, *allow, *token; /* owned headers; NULL if absent */
    char *retry_after;
} RedfishAnswer;

void redfish_answer_clear(RedfishAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RedfishAnswer, redfish_answer_clear)

/* The body as an object; a new reference. NULL with BMC_PROTOCOL: no JSON, too deep, too many
 * values, no object. */
json_t *redfish_answer_document(const RedfishAnswer *answer, GError **error);

/* True for 2xx. Otherwise the error that the BMC tells, with its code and its most severe message:
 *
 * BMC_AUTH     401, 403
 * BMC_BUSY     408, 429, 500 and above except 501; any status for a limit of sessions
 * BMC_REFUSED  all others
 *
 * method, path  what was asked, for the text */
bool redfish_answer_check(const RedfishAnswer *answer, const char *method, const char *path,
                          GError **error);

/* True if an error body names this message, "ActionParameterMissing", of whatever registry and
 * version, for this property ("#/TransferProtocolType"; NULL: any). */
bool redfish_answer_names(const RedfishAnswer *answer, const char *message, const char *property);

/* The path of "@odata.id" or of a whole URL on this BMC: "/redfish/v1/Systems/1". A missing slash
 * is added; scheme and host are dropped, so that requests go nowhere else. NULL: no usable path.
 * The caller frees. */
char *redfish_path(const char *link);

/* The path of object[name]["@odata.id"], or NULL; the caller frees. */
char *redfish_link(const json_t *object, const char *name);

/* The paths of Members, or of any array of links; owned texts, at most REDFISH_MEMBERS_MAX; empty
 * where it is null or missing. */
GPtrArray *redfish_links(const json_t *array);

/* Seconds of Retry-After: a number, or a date seen from now; `fallback` if absent or unreadable; at
 * most 600. */
unsigned redfish_retry_after_s(const RedfishAnswer *answer, unsigned fallback);
