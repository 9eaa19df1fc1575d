/* Sessions by their sections of the configuration; the contract is in session.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/secret.h"
#include "openstack/section.h"
#include "openstack/session_internal.h"

#include <string.h>

#define TIMEOUT_MS (60 * 1000)

struct Openstack {
    OpenstackSession sessions[OPENSTACK_SERVICE_COUNT];
    GHashTable *logins; /* section -> Login, both owned */
};

static const struct {
    const char *section, *name;
} services[] = {
#define SERVICE(suffix, section, name) [OPENSTACK_##suffix] = {section, name},
#include "openstack/services.def"
#undef SERVICE
};

/* The login of a section, made once for all that use it. */
static Login *
login_for(Openstack *openstack, const Config *config, const char *section, GError **error)
{
    const char *of = section_of_login(config, section);
    Login *login = g_hash_table_lookup(openstack->logins, of);
    if (login == NULL && (login = login_new(config, of, error)) != NULL)
        g_hash_table_insert(openstack->logins, g_strdup(of), login);
    return login;
}

static bool
read_basic(OpenstackSession *session, const Config *config, GError **error)
{
    session->username = g_strdup(section_text(config, session->section, "username"));
    session->password = g_strdup(section_text(config, session->section, "password"));
    return session->username != NULL ||
           steel_fail(error, STEEL_ERROR_CONFIG,
                      "[%s]username must be set for auth_type http_basic", session->section);
}

static bool
read_login(Openstack *openstack, OpenstackSession *session, const Config *config, GError **error)
{
    const char *of = section_of_login(config, session->section);
    const char *type = section_text(config, of, "auth_type");
    bool basic = g_strcmp0(type, "http_basic") == 0, none = g_strcmp0(type, "none") == 0;
    if ((basic || none) && session->override == NULL)
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "[%s]endpoint_override must be set for auth_type %s", session->section,
                          type);
    if (basic)
        return read_basic(session, config, error);
    if (!none)
        session->login = login_for(openstack, config, session->section, error);
    return none || session->login != NULL;
}

/* [service_user]: Steel's own word that a request is a service's, which admits what users may not
 * do. */
static bool
read_service_user(Openstack *openstack, OpenstackSession *session, const Config *config,
                  GError **error)
{
    static const char section[] = "service_user";
    if (!section_boolean(config, section, "send_service_user_token"))
        return true;
    session->service = login_for(openstack, config, section, error);
    return session->service != NULL;
}

/* [glance]num_retries stands for both kinds of tries that keystoneauth knows. */
static void
read_retries(OpenstackSession *session, const Config *config)
{
    const char *section = session->section;
    int all = section_count(config, section, "num_retries", 0);
    session->connect_retries = MAX(section_count(config, section, "connect_retries", 0), all);
    session->status_retries = MAX(section_count(config, section, "status_code_retries", 0), all);
    session->connect_pause_ms = section_ms(config, section, "connect_retry_delay", -1);
    session->status_pause_ms = section_ms(config, section, "status_code_retry_delay", -1);
}

static void
read_connection(OpenstackSession *session, const Config *config)
{
    const char *section = session->section;
    session->ca_file = g_strdup(section_text(config, section, "cafile"));
    session->certificate = g_strdup(section_text(config, section, "certfile"));
    session->key = g_strdup(section_text(config, section, "keyfile"));
    session->insecure = section_boolean(config, section, "insecure");
    session->timeout_ms = section_ms(config, section, "timeout", TIMEOUT_MS);
    read_retries(session, config);
    session->retriable =
        g_strdupv((char **)(uintptr_t)section_list(config, section, "retriable_status_codes"));
}

static void
read_place(OpenstackSession *session, const Config *config)
{
    const char *section = session->section;
    session->override = g_strdup(section_text(config, section, "endpoint_override"));
    session->type = g_strdup(section_text(config, section, "service_type"));
    session->service_name = g_strdup(section_text(config, section, "service_name"));
    session->region = g_strdup(section_text(config, section, "region_name"));
    session->interfaces =
        g_strdupv((char **)(uintptr_t)section_list(config, section, "valid_interfaces"));
}

Openstack *
openstack_new(const Config *config)
{
    Openstack *openstack = g_new0(Openstack, 1);
    openstack->logins = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              (GDestroyNotify)(void (*)(void))login_free);
    for (size_t i = 0; i < OPENSTACK_SERVICE_COUNT; i++) {
        OpenstackSession *session = &openstack->sessions[i];
        session->name = services[i].name;
        session->section = services[i].section;
        read_place(session, config);
        read_connection(session, config);
        (void)(read_login(openstack, session, config, &session->problem) &&
               read_service_user(openstack, session, config, &session->problem));
    }
    return openstack;
}

static void
session_clear(OpenstackSession *session)
{
    char *const texts[] = {session->username, session->override,     session->type,
                           session->region,   session->service_name, session->ca_file,
                           session->key,      session->certificate};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    secret_free(session->password);
    g_strfreev(session->interfaces);
    g_strfreev(session->retriable);
    g_clear_error(&session->problem);
}

void
openstack_free(Openstack *openstack)
{
    if (openstack == NULL)
        return;
    for (size_t i = 0; i < OPENSTACK_SERVICE_COUNT; i++)
        session_clear(&openstack->sessions[i]);
    g_hash_table_unref(openstack->logins);
    g_free(openstack);
}

OpenstackSession *
openstack_service(const Openstack *openstack, OpenstackService service, GError **error)
{
    const OpenstackSession *session = openstack != NULL ? &openstack->sessions[service] : NULL;
    if (session != NULL && session->problem == NULL)
        return (OpenstackSession *)(uintptr_t)session;
    steel_fail(error, STEEL_ERROR_CONFIG, "%s is not configured: %s", services[service].name,
               session != NULL ? session->problem->message : "this process has no sessions");
    return NULL;
}
