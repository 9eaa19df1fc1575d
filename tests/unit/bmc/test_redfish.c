/* The Redfish client against a service that is as odd as BMCs are: sessions that end, are refused
 * or exhausted, ETags, tasks, errors in all shapes, documents that are none.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/media.h"
#include "bmc/redfish/system.h"
#include "common/time_text.h"
#include "scripted_bmc.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the service does, set by the test before it asks. */
typedef struct Service {
    pthread_mutex_t lock;
    /* sessions */
    const char *token;        /* that is good now; NULL: none */
    unsigned sessions_status; /* 0: they work */
    const char *sessions_error;
    bool no_token, no_links;
    const char *basic; /* "Basic ..." that is good; NULL: none */
    unsigned made, deleted;
    /* one more resource */
    BmcTold special; /* for /special and all below it */
    /* ETags of the system */
    const char *etag, *wanted_match; /* "" in wanted_match: none may be sent */
    const char *patched;             /* owned; the last body */
    /* tasks */
    unsigned looks, running_looks;
    const char *task_end;
    const char *system; /* document of the system */
    unsigned system_status;
    const char *drives[2];   /* virtual media in place of the one CD drive, at /media/0 and 1 */
    unsigned faulty_inserts; /* so many are answered 503 first */
} Service;

static const char plain_system[] =
    "{\"@odata.id\":\"/redfish/v1/Systems/1\",\"PowerState\":\"On\",\"Manufacturer\":\"ACME\","
    "\"Boot\":{\"BootSourceOverrideTarget\":\"None\",\"BootSourceOverrideEnabled\":\"Disabled\","
    "\"BootSourceOverrideMode\":\"UEFI\",\"BootSourceOverrideTarget@Redfish.AllowableValues\":"
    "[\"Pxe\",\"Cd\",\"Hdd\"]},\"Links\":{\"ManagedBy\":[{\"@odata.id\":\"redfish/v1/Managers/1\"}"
    "]},\"Actions\":{\"#ComputerSystem.Reset\":{\"target\":\"/reset\","
    "\"ResetType@Redfish.AllowableValues\":[\"On\",\"ForceOff\"]}}}";

static const char manager[] = "{\"VirtualMedia\":{\"@odata.id\":\"/media\"}}";
static const char media[] = "{\"Members\":[{\"@odata.id\":\"/media/cd\"}]}";
static const char two_media[] =
    "{\"Members\":[{\"@odata.id\":\"/media/0\"},{\"@odata.id\":\"/media/1\"}]}";
static const char cd_drive[] =
    "{\"@odata.id\":\"/media/cd\",\"MediaTypes\":[\"CD\",\"DVD\"],\"Inserted\":false,\"Image\":"
    "null,\"Actions\":{\"#VirtualMedia.InsertMedia\":{\"target\":\"/media/cd/insert\"},"
    "\"#VirtualMedia.EjectMedia\":{\"target\":\"/media/cd/eject\"}}}";
static const char needs_protocol[] =
    "{\"error\":{\"code\":\"Base.1.5.ActionParameterMissing\",\"message\":\"see\","
    "\"@Message.ExtendedInfo\":[{\"MessageId\":\"Base.1.5.ActionParameterMissing\",\"Message\":"
    "\"TransferProtocolType is missing\",\"RelatedProperties\":[\"#/TransferProtocolType\"]}]}}";

static void
make_session(Service *service, const BmcAsked *asked, BmcTold *told)
{
    if (service->sessions_status != 0) {
        told->status = service->sessions_status;
        told->body = service->sessions_error;
        return;
    }
    if (strstr(asked->body, "\"right\"") == NULL) {
        told->status = 401;
        told->body =
            "{\"error\":{\"code\":\"Base.1.8.GeneralError\",\"message\":\"no such login\"}}";
        return;
    }
    service->made++;
    service->token = service->made % 2 == 1 ? "odd" : "even";
    told->status = 201;
    told->body = "{}";
    if (service->no_token)
        return;
    told->headers[0] = "X-Auth-Token";
    told->headers[1] = service->token;
    told->headers[2] = "Location";
    told->headers[3] = "https://10.0.0.7/redfish/v1/SessionService/Sessions/1";
}

static bool
is_let_in(const Service *service, const BmcAsked *asked)
{
    if (asked->token[0] != '\0')
        return service->token != NULL && strcmp(asked->token, service->token) == 0;
    return service->basic != NULL && strcmp(asked->authorization, service->basic) == 0;
}

static void
patch_system(Service *service, const BmcAsked *asked, BmcTold *told)
{
    if (service->wanted_match != NULL && strcmp(asked->if_match, service->wanted_match) != 0) {
        told->status = 412;
        return;
    }
    g_free((void *)(uintptr_t)service->patched);
    service->patched = g_strdup(asked->body);
    told->status = 204;
}

static void
serve_system(Service *service, const BmcAsked *asked, BmcTold *told)
{
    if (strcmp(asked->method, "PATCH") == 0) {
        patch_system(service, asked, told);
        return;
    }
    told->status = service->system_status;
    told->body = service->system;
    if (service->etag != NULL) {
        told->headers[0] = "ETag";
        told->headers[1] = service->etag;
    }
}

static void
serve_task(Service *service, BmcTold *told)
{
    told->status = service->looks++ < service->running_looks ? 202 : 200;
    told->body = told->status == 202 ? "{\"TaskState\":\"Running\"}" : service->task_end;
}

static void
insert_media(Service *service, const BmcAsked *asked, BmcTold *told)
{
    told->status = service->faulty_inserts > 0 ? 503 : 204;
    service->faulty_inserts -= service->faulty_inserts > 0 ? 1 : 0;
    if (told->status == 503 || strstr(asked->body, "TransferProtocolType") != NULL)
        return;
    told->status = 400;
    told->body = needs_protocol;
}

static void
serve_inside(Service *service, const BmcAsked *asked, BmcTold *told)
{
    const char *path = asked->path;
    if (g_str_has_prefix(path, "/special"))
        *told = service->special;
    else if (strcmp(path, "/redfish/v1/Systems") == 0)
        told->body = "{\"Members\":[{\"@odata.id\":\"redfish/v1/Systems/1\"}]}";
    else if (strcmp(path, "/redfish/v1/Systems/1") == 0)
        serve_system(service, asked, told);
    else if (strcmp(path, "/redfish/v1/Managers/1") == 0)
        told->body = manager;
    else if (strcmp(path, "/media") == 0)
        told->body = service->drives[0] != NULL ? two_media : media;
    else if (strcmp(path, "/media/0") == 0 || strcmp(path, "/media/1") == 0)
        told->body = service->drives[path[7] - '0'];
    else if (g_str_has_suffix(path, "/eject"))
        told->status = 204;
    else if (strcmp(path, "/media/cd") == 0)
        told->body = cd_drive;
    else if (g_str_has_suffix(path, "/insert"))
        insert_media(service, asked, told);
    else if (strcmp(path, "/task") == 0)
        serve_task(service, told);
    else if (strcmp(path, "/reset") == 0)
        *told = (BmcTold){.status = 202, .body = "{}", .headers = {"Location", "/task"}};
    else if (g_str_has_prefix(path, "/redfish/v1/SessionService/Sessions/"))
        service->deleted++, service->token = NULL, told->status = 204;
    else
        told->status = 404;
}

static void
serve(void *user_data, const BmcAsked *asked, BmcTold *told)
{
    Service *service = user_data;
    pthread_mutex_lock(&service->lock);
    if (strcmp(asked->path, "/redfish/v1/") == 0)
        told->body = service->no_links
                         ? "{}"
                         : "{\"Systems\":{\"@odata.id\":\"/redfish/v1/Systems\"},\"Links\":{"
                           "\"Sessions\":{\"@odata.id\":\"/redfish/v1/SessionService/Sessions\"}}}";
    else if (strcmp(asked->path, "/redfish/v1/SessionService/Sessions") == 0)
        make_session(service, asked, told);
    else if (!is_let_in(service, asked))
        told->status = 401;
    else
        serve_inside(service, asked, told);
    pthread_mutex_unlock(&service->lock);
}

typedef struct World {
    Service service;
    ScriptedBmc *server;
    HttpEngine *engine;
    BmcGuard *guard;
    RedfishBmc bmc;
} World;

static World *
begin(void)
{
    World *world = g_new0(World, 1);
    pthread_mutex_init(&world->service.lock, NULL);
    world->service.system = plain_system;
    world->server = scripted_bmc_start(BMC_TRUSTED, serve, &world->service);
    world->engine = http_engine_new(NULL, NULL);
    world->guard = bmc_guard_new(NULL);
    world->bmc.client = redfish_client_new(world->engine, world->guard);
    world->bmc.target = (RedfishTarget){.address = scripted_bmc_url(world->server),
                                        .username = "admin",
                                        .password = "right",
                                        .ca_path = scripted_bmc_ca(world->server),
                                        .timeout_ms = 30000};
    return world;
}

/* Ends; the number of sessions that were made and not deleted is returned. */
static unsigned
end(World *world)
{
    assert_int_equal(redfish_client_close(world->bmc.client, 30000), 0);
    http_engine_free(world->engine);
    redfish_client_free(world->bmc.client);
    bmc_guard_free(world->guard);
    scripted_bmc_stop(world->server);
    unsigned left = world->service.made - world->service.deleted;
    g_free((void *)(uintptr_t)world->service.patched);
    g_free(world);
    return left;
}

static bool
read_special(World *world, GError **error)
{
    json_auto_t *document = redfish_get(&world->bmc, "/special", error);
    return document != NULL;
}

static void
set_special(World *world, BmcTold told)
{
    pthread_mutex_lock(&world->service.lock);
    world->service.special = told;
    pthread_mutex_unlock(&world->service.lock);
}

/* ---- sessions ---- */

static void
one_session_serves_all_requests_and_is_deleted(void **state)
{
    (void)state;
    World *world = begin();
    RedfishStats stats;
    set_special(world, (BmcTold){.body = "{}"});
    for (int i = 0; i < 10; i++)
        assert_true(read_special(world, NULL));
    redfish_stats(world->bmc.client, &stats);
    assert_int_equal(stats.sessions_open, 1);
    assert_int_equal(world->service.made, 1);
    assert_int_equal(end(world), 0);
}

static void
a_session_that_ends_is_made_once_more(void **state)
{
    (void)state;
    World *world = begin();
    set_special(world, (BmcTold){.body = "{}"});
    assert_true(read_special(world, NULL));
    pthread_mutex_lock(&world->service.lock);
    world->service.token = NULL; /* the BMC has restarted */
    world->service.deleted++;
    pthread_mutex_unlock(&world->service.lock);
    assert_true(read_special(world, NULL));
    assert_int_equal(world->service.made, 2);
    assert_int_equal(end(world), 0);
}

static void
sessions_are_found_without_a_link(void **state)
{
    (void)state;
    World *world = begin();
    world->service.no_links = true;
    set_special(world, (BmcTold){.body = "{}"});
    assert_true(read_special(world, NULL));
    assert_int_equal(world->service.made, 1);
    end(world);
}

/* `auto` uses HTTP Basic where sessions do not work. */
static void
basic_is_the_fallback_of_auto(void **state)
{
    (void)state;
    static const struct {
        RedfishAuth auth;
        unsigned sessions_status;
        bool no_token, works;
        SteelErrorCode code;
    } rows[] = {
        {REDFISH_AUTH_AUTO,    404, false, true,  0},
        {REDFISH_AUTH_AUTO,    503, false, true,  0},
        {REDFISH_AUTH_AUTO,    0,   true,  true,  0},
        {REDFISH_AUTH_BASIC,   404, false, true,  0},
        {REDFISH_AUTH_SESSION, 404, false, false, STEEL_ERROR_BMC_REFUSED},
        {REDFISH_AUTH_SESSION, 503, false, false, STEEL_ERROR_BMC_BUSY},
        {REDFISH_AUTH_SESSION, 0,   true,  false, STEEL_ERROR_BMC_PROTOCOL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        World *world = begin();
        g_autoptr(GError) error = NULL;
        world->service.sessions_status = rows[i].sessions_status;
        world->service.no_token = rows[i].no_token;
        world->service.basic = "Basic YWRtaW46cmlnaHQ="; /* admin:right */
        world->bmc.target.auth = rows[i].auth;
        set_special(world, (BmcTold){.body = "{}"});
        assert_int_equal(read_special(world, &error), rows[i].works);
        if (!rows[i].works)
            assert_true(steel_error_is(error, rows[i].code));
        end(world);
    }
}

static void
exhausted_sessions_are_said_so(void **state)
{
    (void)state;
    World *world = begin();
    g_autoptr(GError) error = NULL;
    world->bmc.target.auth = REDFISH_AUTH_SESSION;
    world->service.sessions_status = 400;
    world->service.sessions_error =
        "{\"error\":{\"@Message.ExtendedInfo\":[{\"MessageId\":\"Base.1.8.SessionLimitExceeded\","
        "\"Message\":\"The session limit of 6 is reached.\"}]}}";
    assert_false(read_special(world, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_BMC_BUSY));
    assert_non_null(strstr(error->message, "The session limit of 6 is reached."));
    end(world);
}

/* Two tries at most reach the BMC (a session, then Basic), however often it is asked. */
static void
a_refused_login_is_not_hammered(void **state)
{
    (void)state;
    World *world = begin();
    world->bmc.target.password = "wrong";
    for (int i = 0; i < 5; i++) {
        g_autoptr(GError) error = NULL;
        assert_false(read_special(world, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_BMC_AUTH));
        assert_non_null(strstr(error->message, "refuses the login of user 'admin'"));
        assert_null(strstr(error->message, "wrong"));
    }
    g_auto(RedfishSystem) system = {0};
    g_autoptr(GError) again = NULL;
    assert_false(redfish_system_read(&world->bmc, NULL, &system, &again));
    assert_non_null(strstr(again->message, "refuses the login of user 'admin'"));
    g_autofree char *log = scripted_bmc_log(world->server);
    assert_int_equal(scripted_bmc_count(world->server), 4);
    assert_string_equal(log, "GET /redfish/v1/\n"
                             "POST /redfish/v1/SessionService/Sessions "
                             "{\"UserName\":\"admin\",\"Password\":\"wrong\"}\n"
                             "GET /special\n"
                             "GET /redfish/v1/\n"); /* which is open to everybody */
    /* Another password is tried at once. */
    world->bmc.target.password = "right";
    set_special(world, (BmcTold){.body = "{}"});
    assert_true(read_special(world, NULL));
    end(world);
}

/* The root is open: reading it does not show that a login is accepted. */
static void
reading_the_root_proves_no_login(void **state)
{
    (void)state;
    World *world = begin();
    g_auto(RedfishSystem) system = {0};
    g_autoptr(GError) error = NULL;
    world->bmc.target.password = "wrong";
    assert_false(redfish_system_read(&world->bmc, NULL, &system, &error));
    assert_non_null(strstr(error->message, "refuses the login of user 'admin'"));
    assert_int_equal(scripted_bmc_count(world->server), 4);
    end(world);
}

typedef struct Crowd {
    World *world;
    pthread_t thread;
    bool read;
} Crowd;

static void *
crowd_reads(void *data)
{
    Crowd *crowd = data;
    crowd->read = read_special(crowd->world, NULL);
    return NULL;
}

static void
a_crowd_makes_one_login(void **state)
{
    (void)state;
    static const RedfishAuth ways[] = {REDFISH_AUTH_SESSION, REDFISH_AUTH_BASIC};
    for (size_t way = 0; way < G_N_ELEMENTS(ways); way++) {
        Crowd crowd[12];
        World *world = begin();
        world->bmc.target.auth = ways[way];
        world->bmc.target.password = ways[way] == REDFISH_AUTH_BASIC ? "wrong" : "right";
        set_special(world, (BmcTold){.body = "{}"});
        for (size_t i = 0; i < G_N_ELEMENTS(crowd); i++) {
            crowd[i] = (Crowd){.world = world};
            assert_int_equal(pthread_create(&crowd[i].thread, NULL, crowd_reads, &crowd[i]), 0);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(crowd); i++) {
            pthread_join(crowd[i].thread, NULL);
            assert_int_equal(crowd[i].read, ways[way] == REDFISH_AUTH_SESSION);
        }
        if (ways[way] == REDFISH_AUTH_BASIC)
            assert_int_equal(scripted_bmc_count(world->server), 1);
        else
            assert_int_equal(world->service.made, 1);
        end(world);
    }
}

/* ---- what is no good answer ---- */

static void
odd_answers_are_errors_with_the_bmcs_words(void **state)
{
    (void)state;
    static const struct {
        BmcTold told;
        SteelErrorCode code;
        const char *words;
    } rows[] = {
        {{.body = "{\"half\":"}, STEEL_ERROR_BMC_PROTOCOL, "not a JSON object"},
        {{.body = "[1]"}, STEEL_ERROR_BMC_PROTOCOL, "not a JSON object"},
        {{.body = "<html>hello</html>"}, STEEL_ERROR_BMC_PROTOCOL, "not a JSON object"},
        {{.body = ""}, STEEL_ERROR_BMC_PROTOCOL, "not a JSON object"},
        {{.body = "[", .repeat = 1000}, STEEL_ERROR_BMC_PROTOCOL, "not a JSON object"},
        {{.body = "0123456789abcdef", .repeat = 1 << 20},
         STEEL_ERROR_BMC_PROTOCOL,
         "larger than 8388608 bytes"},
        {{.body = "{\"a\":1}", .cut = true}, STEEL_ERROR_BMC_PROTOCOL, "/special"},
        {{.status = 503, .body = "resetting"}, STEEL_ERROR_BMC_BUSY, "answered 503"},
        {{.status = 404,
          .body = "{\"error\":{\"@Message.ExtendedInfo\":{\"MessageId\":"
                  "\"X.Gone\",\"Message\":\"It is\\ngone.\"}}}"},
         STEEL_ERROR_BMC_REFUSED,
         "answered 404 (X.Gone): It is gone."},
        {{.status = 400,
          .body = "{\"error\":{\"code\":\"Base.1.0.GeneralError\",\"message\":"
                  "\"general\",\"@Message.ExtendedInfo\":[{\"Severity\":\"OK\","
                  "\"Message\":\"fine\"},{\"Severity\":\"Critical\",\"Message\":"
                  "\"The fan burns.\"}]}}"},
         STEEL_ERROR_BMC_REFUSED,
         "The fan burns."},
        {{.status = 400,
          .body = "{\"error\":{\"@Message.ExtendedInfo\":[5,null,{\"Message\":7}]}}"},
         STEEL_ERROR_BMC_REFUSED,
         "it does not say why"},
        {{.status = 400, .body = "{\"error\":[]}"}, STEEL_ERROR_BMC_REFUSED, "answered 400"},
        {{.status = 302, .headers = {"Location", "https://192.0.2.7/x"}},
         STEEL_ERROR_BMC_PROTOCOL,
         "not the same host"},
        {{.status = 308, .headers = {"Location", "/special"}},
         STEEL_ERROR_BMC_PROTOCOL,
         "in a circle"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        World *world = begin();
        g_autoptr(GError) error = NULL;
        set_special(world, rows[i].told);
        assert_false(read_special(world, &error));
        if (strstr(error->message, rows[i].words) == NULL)
            fail_msg("row %zu: %s", i, error->message);
        assert_int_equal(error->code, rows[i].code);
        end(world);
    }
}

static void
links_lead_nowhere_else(void **state)
{
    (void)state;
    static const struct {
        const char *link, *path;
    } rows[] = {
        {"/redfish/v1/Systems/1",               "/redfish/v1/Systems/1"},
        {"redfish/v1/Systems/1",                "/redfish/v1/Systems/1"},
        {"https://10.1.2.3/redfish/v1/T?x=1#f", "/redfish/v1/T?x=1"},
        {"HTTP://bmc",                          "/"},
        {"//evil.example/x",                    NULL},
        {"https://bmc//evil/x",                 NULL},
        {"/with blank",                         NULL},
        {"/line\r\nX-Header: 1",                NULL},
        {"",                                    NULL},
        {NULL,                                  NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = redfish_path(rows[i].link);
        if (rows[i].path == NULL)
            assert_null(path);
        else
            assert_string_equal(path, rows[i].path);
    }
}

/* ---- systems ---- */

static void
the_only_system_is_found_and_its_power_read(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        RedfishPower power;
    } rows[] = {{"\"On\"", REDFISH_POWER_ON},          {"\"PoweringOn\"", REDFISH_POWER_ON},
                {"\"Off\"", REDFISH_POWER_OFF},        {"\"PoweringOff\"", REDFISH_POWER_OFF},
                {"\"Paused\"", REDFISH_POWER_UNKNOWN}, {"\"Sleeping\"", REDFISH_POWER_UNKNOWN},
                {"7", REDFISH_POWER_UNKNOWN},          {"null", REDFISH_POWER_UNKNOWN}};
    World *world = begin();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(RedfishSystem) system = {0};
        g_autofree char *document = g_strdup_printf("{\"PowerState\":%s}", rows[i].word);
        pthread_mutex_lock(&world->service.lock);
        world->service.system = document;
        pthread_mutex_unlock(&world->service.lock);
        assert_true(redfish_system_read(&world->bmc, NULL, &system, NULL));
        assert_string_equal(system.path, "/redfish/v1/Systems/1");
        assert_int_equal(redfish_power_of(system.document), rows[i].power);
    }
    assert_int_equal(end(world), 0);
}

static void
the_health_is_that_of_the_whole_machine(void **state)
{
    (void)state;
    static const struct {
        const char *document, *health;
    } rows[] = {
        {"{\"Status\": {\"Health\": \"OK\", \"HealthRollup\": \"Critical\"}}", "Critical"},
        {"{\"Status\": {\"Health\": \"Warning\"}}",                            "Warning"},
        {"{\"Status\": {\"Health\": \"OK\", \"HealthRollup\": null}}",         "OK"},
        {"{\"Status\": {\"Health\": \"Splendid\"}}",                           NULL},
        {"{\"Status\": {\"HealthRollup\": 5}}",                                NULL},
        {"{\"Status\": []}",                                                   NULL},
        {"{}",                                                                 NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        json_t *system = json_loads(rows[i].document, 0, NULL);
        assert_non_null(system);
        const char *health = redfish_health_of(system);
        if (g_strcmp0(health, rows[i].health) != 0)
            fail_msg("%s: %s", rows[i].document, health != NULL ? health : "nothing");
        json_decref(system);
    }
}

static void
collections_without_one_member_are_said_so(void **state)
{
    (void)state;
    static const struct {
        const char *collection;
        SteelErrorCode code;
    } rows[] = {
        {"{}", STEEL_ERROR_BMC_PROTOCOL},
        {"{\"Members\":null}", STEEL_ERROR_BMC_PROTOCOL},
        {"{\"Members\":[{\"@odata.id\":7}]}", STEEL_ERROR_BMC_PROTOCOL},
        {"{\"Members\":[{\"@odata.id\":\"/a\"},{\"@odata.id\":\"/b\"}]}", STEEL_ERROR_INVALID}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        json_auto_t *collection = json_loads(rows[i].collection, 0, NULL);
        assert_null(redfish_only_member(collection, &error));
        assert_int_equal(error->code, rows[i].code);
    }
}

static void
resets_that_the_system_does_not_list_are_not_sent(void **state)
{
    (void)state;
    World *world = begin();
    g_auto(RedfishSystem) system = {0};
    g_autoptr(GError) error = NULL;
    world->service.running_looks = 2;
    world->service.task_end = "{\"TaskState\":\"Completed\"}";
    assert_true(redfish_system_read(&world->bmc, "/redfish/v1/Systems/1", &system, NULL));
    assert_false(redfish_system_reset(&world->bmc, &system, "GracefulShutdown", &error));
    assert_true(steel_error_is(error, STEEL_ERROR_BMC_REFUSED));
    assert_non_null(strstr(error->message, "only: On, ForceOff"));
    assert_true(redfish_system_reset(&world->bmc, &system, "ForceOff", NULL));
    assert_int_equal(world->service.looks, 3); /* it waited for the task */
    end(world);
}

static void
tasks_that_fail_or_never_end_are_errors(void **state)
{
    (void)state;
    static const struct {
        unsigned running;
        const char *end;
        SteelErrorCode code;
    } rows[] = {
        {1, "{\"TaskState\":\"Exception\",\"Messages\":[{\"Message\":\"no fuse\"}]}",
         STEEL_ERROR_BMC_REFUSED},
        {1000000, "{}", STEEL_ERROR_TIMEOUT},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        World *world = begin();
        g_auto(RedfishSystem) system = {0};
        g_autoptr(GError) error = NULL;
        world->service.running_looks = rows[i].running;
        world->service.task_end = rows[i].end;
        assert_true(redfish_system_read(&world->bmc, "/redfish/v1/Systems/1", &system, NULL));
        if (rows[i].code == STEEL_ERROR_TIMEOUT)
            world->bmc.limit_ms = time_monotonic_ms() + 3000; /* the reset is answered before */
        assert_false(redfish_system_reset(&world->bmc, &system, "On", &error));
        assert_true(steel_error_is(error, rows[i].code));
        end(world);
    }
}

/* ---- changes ---- */

static void
stale_etags_are_left_out_step_by_step(void **state)
{
    (void)state;
    static const struct {
        const char *etag, *wanted;
        bool works;
    } rows[] = {{"\"1\"", "\"1\"", true}, {"W/\"1\"", "W/\"1\"", true}, {"W/\"1\"", "\"1\"", true},
                {"W/\"1\"", "", true},    {"\"1\"", "", true},          {NULL, "", true},
                {"\"1\"", "\"2\"", false}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        World *world = begin();
        g_autoptr(GError) error = NULL;
        json_auto_t *body = json_pack("{s:s}", "IndicatorLED", "Lit");
        world->service.etag = rows[i].etag;
        world->service.wanted_match = rows[i].wanted;
        assert_int_equal(redfish_patch(&world->bmc, "/redfish/v1/Systems/1", body, &error),
                         rows[i].works);
        if (!rows[i].works)
            assert_true(steel_error_is(error, STEEL_ERROR_BMC_REFUSED));
        end(world);
    }
}

static void
boot_is_set_as_the_maker_wants_it(void **state)
{
    (void)state;
    static const struct {
        const char *manufacturer, *allowed;
        RedfishBoot wanted;
        const char *patched; /* NULL: refused */
    } rows[] = {
        {"ACME",
         "\"Cd\",\"Pxe\"",
         {"Cd", "Once", NULL},
         "{\"Boot\":{\"BootSourceOverrideTarget\":\"Cd\",\"BootSourceOverrideEnabled\":\"Once\"}}"},
        {"Supermicro",
         "\"Cd\",\"UsbCd\"",
         {"Cd", "Once", NULL},
         "{\"Boot\":{\"BootSourceOverrideTarget\":\"UsbCd\",\"BootSourceOverrideEnabled\":"
         "\"Once\"}}"},
        {"ACME",
         "\"Cd\",\"UsbCd\"",
         {"Cd", NULL, NULL},
         "{\"Boot\":{\"BootSourceOverrideTarget\":\"Cd\"}}"},
        {"ACME", "\"Pxe\"", {"Cd", "Once", NULL}, NULL},
        {"ACME",
         "",
         {"Cd", NULL, "UEFI"},
         "{\"Boot\":{\"BootSourceOverrideTarget\":\"Cd\",\"BootSourceOverrideMode\":\"UEFI\"}}"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        World *world = begin();
        g_auto(RedfishSystem) system = {0};
        g_autoptr(GError) error = NULL;
        g_autofree char *document =
            g_strdup_printf("{\"Manufacturer\":\"%s\",\"Boot\":{\"BootSourceOverrideTarget@Redfish."
                            "AllowableValues\":[%s]}}",
                            rows[i].manufacturer, rows[i].allowed);
        world->service.system = document;
        assert_true(redfish_system_read(&world->bmc, NULL, &system, NULL));
        bool set = redfish_system_set_boot(&world->bmc, &system, &rows[i].wanted, &error);
        assert_int_equal(set, rows[i].patched != NULL);
        if (set)
            assert_string_equal(world->service.patched, rows[i].patched);
        else
            assert_true(steel_error_is(error, STEEL_ERROR_BMC_REFUSED));
        end(world);
    }
}

static void
media_go_in_with_the_protocol_that_the_bmc_wants(void **state)
{
    (void)state;
    World *world = begin();
    g_auto(RedfishSystem) system = {0};
    g_autoptr(GError) error = NULL;
    assert_true(redfish_system_read(&world->bmc, NULL, &system, NULL));
    assert_true(redfish_media_insert(&world->bmc, &system, REDFISH_MEDIA_CD,
                                     "http://192.0.2.1/boot.iso", NULL));
    g_autofree char *log = scripted_bmc_log(world->server);
    assert_non_null(strstr(log, "POST /media/cd/insert {\"Image\":\"http://192.0.2.1/boot.iso\","
                                "\"TransferProtocolType\":\"HTTP\"}\n"));
    assert_false(redfish_media_insert(&world->bmc, &system, REDFISH_MEDIA_FLOPPY,
                                      "http://192.0.2.1/floppy.img", &error));
    assert_true(steel_error_is(error, STEEL_ERROR_UNSUPPORTED));
    assert_true(redfish_media_eject(&world->bmc, &system, REDFISH_MEDIA_CD, NULL));
    end(world);
}

#define DRIVE(number, types, image)                                                                \
    "{\"@odata.id\":\"/media/" number "\",\"MediaTypes\":[" types "],\"Image\":" image ","         \
    "\"Actions\":{\"#VirtualMedia.InsertMedia\":{\"target\":\"/media/" number "/insert\"},"        \
    "\"#VirtualMedia.EjectMedia\":{\"target\":\"/media/" number "/eject\"}}}"
#define ALL "\"CD\",\"DVD\",\"USBStick\""
#define STICK "\"USBStick\",\"Floppy\""
#define OLD "\"http://192.0.2.1/old\""

/* A stick leaves the drive for CDs free where it can; a free drive is taken before one in use. */
static void
a_drive_is_chosen_that_leaves_the_other_free(void **state)
{
    static const struct {
        const char *drives[2];
        RedfishMedia kind;
        const char *insert, *eject;
    } rows[] = {
        {{DRIVE("0", ALL, "null"), DRIVE("1", STICK, "null")}, REDFISH_MEDIA_FLOPPY, "1", NULL},
        {{DRIVE("0", ALL, "null"), DRIVE("1", STICK, "null")}, REDFISH_MEDIA_CD,     "0", NULL},
        {{DRIVE("0", ALL, "null"), DRIVE("1", ALL, "null")},   REDFISH_MEDIA_FLOPPY, "0", NULL},
        {{DRIVE("0", ALL, OLD), DRIVE("1", ALL, "null")},      REDFISH_MEDIA_CD,     "1", NULL},
        {{DRIVE("0", STICK, "null"), DRIVE("1", ALL, OLD)},    REDFISH_MEDIA_CD,     "1", "1"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        World *world = begin();
        g_auto(RedfishSystem) system = {0};
        memcpy(world->service.drives, rows[i].drives, sizeof world->service.drives);
        assert_true(redfish_system_read(&world->bmc, NULL, &system, NULL));
        assert_true(
            redfish_media_insert(&world->bmc, &system, rows[i].kind, "http://192.0.2.1/new", NULL));
        g_autofree char *log = scripted_bmc_log(world->server),
                        *insert = g_strdup_printf("POST /media/%s/insert", rows[i].insert),
                        *eject = g_strdup_printf("POST /media/%s/eject", rows[i].eject);
        assert_non_null(strstr(log, insert));
        if (rows[i].eject != NULL)
            assert_non_null(strstr(log, eject));
        else
            assert_null(strstr(log, "/eject"));
        end(world);
    }
}

/* What was there before may not be quite ejected. */
static void
a_bmc_with_a_fault_of_its_own_is_asked_again(void **state)
{
    (void)state;
    World *world = begin();
    g_auto(RedfishSystem) system = {0};
    world->service.faulty_inserts = 1;
    assert_true(redfish_system_read(&world->bmc, NULL, &system, NULL));
    assert_true(redfish_media_insert(&world->bmc, &system, REDFISH_MEDIA_CD,
                                     "http://192.0.2.1/boot.iso", NULL));
    end(world);
}

static bool
never(void *user)
{
    (void)user;
    return false;
}

/* Without a lease the BMC may be read, but another conductor may act on it. */
static void
nothing_is_changed_without_a_lease(void **state)
{
    (void)state;
    World *world = begin();
    world->bmc.target.may_send = never;
    json_t *document = redfish_get(&world->bmc, "/redfish/v1/Systems/1", NULL);
    assert_non_null(document);
    json_decref(document);
    static const char *const methods[] = {"POST", "DELETE"};
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        g_autofree char *monitor = NULL;
        g_autoptr(GError) error = NULL;
        assert_false(
            redfish_request_begin(&world->bmc, methods[i], "/special", NULL, &monitor, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_LEASE_LOST));
    }
    json_auto_t *body = json_pack("{s:s}", "AssetTag", "rack 1");
    g_autoptr(GError) error = NULL;
    assert_false(redfish_patch(&world->bmc, "/redfish/v1/Systems/1", body, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_LEASE_LOST));
    g_autofree char *log = scripted_bmc_log(world->server);
    assert_null(strstr(log, "/special"));
    assert_null(strstr(log, "PATCH"));
    end(world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_session_serves_all_requests_and_is_deleted),
        cmocka_unit_test(a_session_that_ends_is_made_once_more),
        cmocka_unit_test(sessions_are_found_without_a_link),
        cmocka_unit_test(basic_is_the_fallback_of_auto),
        cmocka_unit_test(exhausted_sessions_are_said_so),
        cmocka_unit_test(a_refused_login_is_not_hammered),
        cmocka_unit_test(reading_the_root_proves_no_login),
        cmocka_unit_test(a_crowd_makes_one_login),
        cmocka_unit_test(odd_answers_are_errors_with_the_bmcs_words),
        cmocka_unit_test(links_lead_nowhere_else),
        cmocka_unit_test(the_only_system_is_found_and_its_power_read),
        cmocka_unit_test(the_health_is_that_of_the_whole_machine),
        cmocka_unit_test(collections_without_one_member_are_said_so),
        cmocka_unit_test(resets_that_the_system_does_not_list_are_not_sent),
        cmocka_unit_test(tasks_that_fail_or_never_end_are_errors),
        cmocka_unit_test(stale_etags_are_left_out_step_by_step),
        cmocka_unit_test(boot_is_set_as_the_maker_wants_it),
        cmocka_unit_test(media_go_in_with_the_protocol_that_the_bmc_wants),
        cmocka_unit_test(a_drive_is_chosen_that_leaves_the_other_free),
        cmocka_unit_test(a_bmc_with_a_fault_of_its_own_is_asked_again),
        cmocka_unit_test(nothing_is_changed_without_a_lease),
    };
    return cmocka_run_group_tests_name("redfish", tests, NULL, NULL);
}
