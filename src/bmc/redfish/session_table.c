/* The sessions of a client by a digest of address and login.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/client_internal.h"
#include "common/due_heap.h"
#include "common/secret.h"

#include <string.h>

static const char *
or_empty(const char *text)
{
    return text != NULL ? text : "";
}

void
redfish_target_copy(RedfishTarget *copy, const RedfishTarget *target)
{
    *copy = *target;
    copy->address = g_strdup(target->address);
    copy->root = g_strdup(target->root);
    copy->username = g_strdup(target->username);
    copy->password = g_strdup(target->password);
    copy->ca_path = g_strdup(target->ca_path);
}

/* The texts are const for those who read them, and owned by a copy. */
static char *
owned(const char *text)
{
    return (char *)(uintptr_t)text;
}

void
redfish_target_clear(RedfishTarget *copy)
{
    g_free(owned(copy->address));
    g_free(owned(copy->root));
    g_free(owned(copy->username));
    secret_free(owned(copy->password));
    g_free(owned(copy->ca_path));
    *copy = (RedfishTarget){0};
}

/* All that makes one login differ from another; the guard's key keeps the password out of it. */
static char *
key_of(RedfishClient *client, const RedfishTarget *target)
{
    g_autofree char *place =
        g_strdup_printf("%s|%s|%d|%d|%s", target->address, or_empty(target->root),
                        (int)target->auth, target->insecure, or_empty(target->ca_path));
    return bmc_guard_key(client->guard, place, target->username, target->password);
}

static char *
root_of(const RedfishTarget *target)
{
    const char *root =
        target->root != NULL && *target->root != '\0' ? target->root : "/redfish/v1/";
    return g_strconcat(root, g_str_has_suffix(root, "/") ? "" : "/", NULL);
}

/* An address with its port: the same text for each client that speaks to this BMC. */
char *
redfish_place_of(const char *address)
{
    static const struct {
        const char *scheme, *port;
    } usual[] = {{"https://", ":443"}, {"http://", ":80"}};
    const char *end = strrchr(address, ']'); /* of an IPv6 address */
    for (size_t i = 0; i < G_N_ELEMENTS(usual); i++) {
        size_t length = strlen(usual[i].scheme);
        if (g_str_has_prefix(address, usual[i].scheme) &&
            strchr(end != NULL ? end : address + length, ':') == NULL)
            return g_strconcat(address, usual[i].port, NULL);
    }
    return g_strdup(address);
}

/* Takes the key. */
static RedfishSession *
session_new(RedfishClient *client, const RedfishTarget *target, char *key)
{
    RedfishSession *session = g_new0(RedfishSession, 1);
    session->key = key;
    session->client = client;
    session->address = g_strdup(target->address);
    session->root = root_of(target);
    session->username = g_strdup(or_empty(target->username));
    session->password = g_strdup(or_empty(target->password));
    session->ca_path = g_strdup(target->ca_path);
    session->insecure = target->insecure;
    session->auth = target->auth;
    g_autofree char *place = redfish_place_of(target->address);
    session->guard_key = bmc_guard_key(client->guard, place, target->username, target->password);
    return session;
}

RedfishSession *
redfish_session_find(RedfishClient *client, const RedfishTarget *target)
{
    g_autofree char *key = key_of(client, target);
    return g_hash_table_lookup(client->sessions, key);
}

RedfishSession *
redfish_session_of(RedfishClient *client, const RedfishTarget *target)
{
    char *key = key_of(client, target);
    RedfishSession *session = g_hash_table_lookup(client->sessions, key);
    if (session == NULL) {
        session = session_new(client, target, g_steal_pointer(&key));
        g_hash_table_insert(client->sessions, session->key, session);
    }
    g_free(key);
    session->used_ms = due_now_ms();
    session->timeout_ms = target->timeout_ms;
    session->connect_ms = target->connect_ms;
    session->background = target->background;
    return session;
}

void
redfish_session_free(void *data)
{
    RedfishSession *session = data;
    g_free(session->key);
    g_free(session->address);
    g_free(session->root);
    g_free(session->username);
    secret_free(session->password);
    g_free(session->ca_path);
    g_free(session->guard_key);
    g_free(session->sessions_path);
    secret_free(session->token);
    g_free(session->location);
    g_free(session);
}

char *
redfish_session_url(const RedfishSession *session, const char *path)
{
    return g_strconcat(session->address, path, NULL);
}

static char *
header_dup(const HttpResponse *response, const char *name)
{
    return g_strdup(http_response_header(response, name));
}

void
redfish_answer_take(RedfishAnswer *answer, HttpResponse *response)
{
    *answer = (RedfishAnswer){
        .status = response->status,
        .body = g_steal_pointer(&response->body),
        .body_size = response->body_size,
        .etag = header_dup(response, "ETag"),
        .location = header_dup(response, "Location"),
        .allow = header_dup(response, "Allow"),
        .token = header_dup(response, "X-Auth-Token"),
        .retry_after = header_dup(response, "Retry-After"),
    };
}
