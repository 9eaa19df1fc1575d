/* The caller of a request, and what the caller may do: the seam between requests and
 * authentication. Handlers use only this header.
 *
 * With [DEFAULT]auth_strategy noauth everybody may do everything, with http_basic every user of the
 * password file. With keystone the rules of the policy decide (auth/policy.def and policy files).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/request.h"

/* Reads what the authentication needs: password file, policy, [keystone_authtoken]. Call it before
 * requests are answered, so that a mistake stops the start; otherwise the first request reads it,
 * and fails.
 * Errors: CONFIG, IO naming file or option. */
bool access_start(GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Frees it; no request may be running. */
void access_stop(void);

typedef enum AccessOutcome {
    ACCESS_GRANTED,   /* request->identity is filled */
    ACCESS_REFUSED,   /* the error is set, and the header of a 401 in request->header_name */
    ACCESS_MUST_WAIT, /* only with may_block false: call it again where waiting is allowed */
} AccessOutcome;

/* Identifies the caller, by [DEFAULT]auth_strategy and the request's headers.
 *
 * may_block  true on a pool's thread: another service may be asked. false on an HTTP thread
 * Errors     UNAUTHORIZED; IDENTITY_UNAVAILABLE (Keystone does not answer: 503); CONFIG (no
 *            password file) */
AccessOutcome access_identify(Request *request, bool may_block, GError **error);

/* True if the request tries a login: it has the header that the strategy reads. */
bool access_tries_login(const Request *request);

/* The name of an http_basic login, to be freed by the caller; NULL if there is none. */
char *access_login_name(const Request *request);

/* The owners of a request's target; NULL members if it has none. */
typedef struct PolicyTarget {
    const char *owner, *lessee;
    const char *node_uuid; /* the node that they were read from; NULL if they are the item's own */
} PolicyTarget;

/* Checks a rule, e.g. "baremetal:node:get", for the request's identity. Some rules mean more than
 * their own check:
 *
 *   …:list_all, …:list         either will do; policy_list_project says what the list is then
 *                              limited to
 *   baremetal:node:create      a project's administrator creates nodes of that project: the body
 *                              gets it as owner
 *   baremetal:allocation:create  as rule create_restricted decides, the body gets the caller's
 *                                project as owner
 *   baremetal:node:delete      owners may delete their nodes
 *   baremetal:node:update, baremetal:runbook:update  the rule of each field that the parsed body (a
 *                              JSON patch) touches
 *
 * target  NULL when the rule is not about a thing that can have an owner; else the owner and lessee
 *         of the item, or of the node it hangs on. What was decided by them is noted in
 *         request->judged, see rpc.h
 * Errors  FORBIDDEN naming the rule; INVALID when the body must be looked at and is no JSON */
bool policy_check(Request *request, const char *rule, const PolicyTarget *target, GError **error);

/* True if the caller may see the item, by its rule to see one ("baremetal:node:get"). Keeps the
 * owners as policy_check does. An item that the caller may not see must look absent. */
bool policy_sees(Request *request, const char *rule, const PolicyTarget *target);

/* True if the policy asks other servers about requests such as this one: then it must run where
 * waiting is allowed, with request->questions. Otherwise such a check refuses. */
bool policy_may_wait(const Request *request);

/* Reads the policy again if its files have changed. Streams need this, since their threads may not
 * read files. */
void policy_refresh(void);

/* The answer of one rule alone. True with noauth and http_basic. */
bool policy_allows(const Request *request, const char *rule, const PolicyTarget *target);

/* False if the route's rule and the rule to see admit this caller for any owner: then owner and
 * lessee need not be loaded.
 * see  NULL for none */
bool policy_wants_target(const Request *request, const char *see);

/* The project that lists are limited to (as owner or lessee), or NULL for all. Borrowed from the
 * request. */
const char *policy_list_project(const Request *request);

/* What is hidden from the caller in a node or volume target, and which secrets are shown. */
enum {
    POLICY_HIDE_DRIVER_INFO = 1 << 0,
    POLICY_HIDE_DRIVER_INTERNAL_INFO = 1 << 1,
    POLICY_HIDE_LAST_ERROR = 1 << 2,
    POLICY_HIDE_RESERVATION = 1 << 3,
    POLICY_HIDE_TARGET_PROPERTIES = 1 << 4, /* of volume targets */
    POLICY_SHOW_DRIVER_SECRETS = 1 << 5,    /* driver_info is not masked: rule show_password */
    POLICY_SHOW_INSTANCE_SECRETS =
        1 << 6, /* instance_info is not masked: rule show_instance_secrets */
};

/* Which of the above hold for an item with this owner and lessee.
 *
 * target   NULL: the item is not known yet
 * depends  out, only with a NULL target, optional: true when the answer differs from item to item,
 *          so that owner and lessee must be selected with each row and asked for again; the value
 *          returned is then of no use */
unsigned policy_visibility(const Request *request, const PolicyTarget *target, bool *depends);

/* The JSON that replaces what one POLICY_HIDE_… bit hides: an object for fields that are objects,
 * else a string. Static. */
const char *policy_hidden_json(unsigned bit);

/* Table and effective rules of a configuration as YAML, for `steeld config policy`. The caller
 * frees. Errors: CONFIG, IO. */
char *access_policy_yaml(const Config *config, GError **error);
