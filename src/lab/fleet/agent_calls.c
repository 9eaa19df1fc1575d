/* Calls of a simulated agent; the contract is in agent_calls.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/agent_calls.h"

#include "agent_protocol/agent_error.h"
#include "agent_protocol/heartbeat_pace.h"
#include "common/http_client.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/time_text.h"
#include "lab/fleet/results.h"

#include <stdio.h>
#include <string.h>

#define AREA "lab.fleet"

enum {
    HTTP_OK = 200,
    HTTP_ACCEPTED = 202,
    HTTP_NO_CONTENT = 204,
    HTTP_CONFLICT = 409,
    HTTP_SERVER_ERROR = 500,
    VERSION_LEAST = 31,       /* every service knows this version */
    VERSION_AGENT = 36,       /* agent_version */
    VERSION_TOKEN = 62,       /* agent_token */
    VERSION_CERTIFICATE = 68, /* agent_verify_ca */
    PAUSE_LONGEST_MS = 60000,
    LOCKED_PAUSE_MS = 5000,
    PROGRESS_LONGEST_S = 3600,
    PROGRESS_TIMEOUT_MS = 5000,
    HEARTBEAT_TIMEOUT_S = 300,
    TOKEN_LENGTH_LEAST = 32,
};

/* Asks the service. version: 0: no header; body: NULL: GET */
static bool
ask(const FleetMachine *machine, const char *path, unsigned version, const char *body,
    int timeout_ms, HttpResponse *response, GError **error)
{
    const Parameters *parameters = machine->parameters;
    const char *api = parameters_string(parameters, AGENT_PARAMETER_API_URL);
    size_t length = strlen(api);
    while (length > 0 && api[length - 1] == '/')
        length--;
    g_autofree char *url = g_strdup_printf("%.*s%s", (int)length, api, path);
    g_autofree char *asked = g_strdup_printf("X-OpenStack-Ironic-API-Version: 1.%u", version);
    const char *headers[] = {"Accept: application/json", version > 0 ? asked : NULL, NULL};
    const HttpRequest request = {
        .method = body != NULL ? "POST" : "GET",
        .url = url,
        .headers = headers,
        .body = body,
        .body_size = body != NULL ? strlen(body) : 0,
        .insecure = parameters_boolean(parameters, AGENT_PARAMETER_INSECURE),
        .pinned_key = parameters_string(parameters, AGENT_PARAMETER_API_PIN),
        .timeout_ms = timeout_ms,
    };
    return http_request(&request, response, error);
}

/* ---- lookup ---- */

/* {"default_version": {"version": "1.82"}} */
static unsigned
read_version(const HttpResponse *response)
{
    unsigned major = 0, minor = 0;
    json_t *body = json_text_parse(response->body, response->body_size, 0, NULL);
    const char *version = json_string_member(json_object_get(body, "default_version"), "version");
    bool good = version != NULL && sscanf(version, "%u.%u", &major, &minor) == 2 && major == 1;
    json_decref(body);
    return good ? minor : 0;
}

/* The API's version. A service that does not tell it counts as old, and is asked again. */
static unsigned
version_of(FleetMachine *machine)
{
    g_auto(HttpResponse) response = {0};
    if (machine->api_minor == 0 && ask(machine, "/", 0, NULL, 0, &response, NULL))
        machine->api_minor = read_version(&response);
    return machine->api_minor > 0 ? machine->api_minor : VERSION_LEAST;
}

/* The token of the boot script, or else the one of the lookup's answer. */
static const char *
token_of(const FleetMachine *machine, const json_t *config)
{
    const char *own = parameters_string(machine->parameters, AGENT_PARAMETER_AGENT_TOKEN);
    const char *told = json_string_member(config, "agent_token");
    return told != NULL && strlen(told) >= TOKEN_LENGTH_LEAST ? told : own;
}

/* The agent is up: its door opens before it calls. */
static void begin_agent(FleetMachine *machine, const json_t *config) REQUIRES(machine->lock);

static void
begin_agent(FleetMachine *machine, const json_t *config)
{
    const char *token = token_of(machine, config);
    machine->attempts = 0;
    machine->started_ms = time_now_ms();
    machine->token = g_strdup(token != NULL ? token : "");
    machine->heartbeat_due_ms = machine->heartbeat_last_ms = 0;
    machine_count(machine, COUNT_AGENT);
    if (machine->shared->doors != NULL)
        doors_open(machine->shared->doors, machine->index);
    machine_enter(machine, MACHINE_AGENT, 0);
}

static bool
read_lookup(FleetMachine *machine, const json_t *body, unsigned epoch)
{
    const char *uuid = json_string_member(json_object_get(body, "node"), "uuid");
    const json_t *config = json_object_get(body, "config");
    const json_t *timeout = json_object_get(config, "heartbeat_timeout"),
                 *interval = json_object_get(config, "progress_interval");
    if (uuid == NULL)
        return false;
    g_free(machine->node_uuid);
    machine->node_uuid = g_strdup(uuid);
    machine->heartbeat_timeout_s =
        json_is_integer(timeout) ? json_integer_value(timeout) : HEARTBEAT_TIMEOUT_S;
    machine->progress_interval_s = CLAMP(json_integer_value(interval), 0, PROGRESS_LONGEST_S);
    lock_acquire(&machine->lock);
    if (machine->epoch == epoch)
        begin_agent(machine, config);
    lock_release(&machine->lock);
    return true;
}

/* A pause that doubles, like the agent's. */
static void look_up_later(FleetMachine *machine, bool locked) REQUIRES(machine->lock);

static void
look_up_later(FleetMachine *machine, bool locked)
{
    int64_t first =
        MAX(parameters_integer(machine->parameters, AGENT_PARAMETER_LOOKUP_INTERVAL) * 1000, 100);
    int64_t pause = MIN(first << MIN(machine->attempts, 10u), PAUSE_LONGEST_MS);
    machine->attempts++;
    machine_enter(machine, MACHINE_RAMDISK, locked ? MAX(pause, LOCKED_PAUSE_MS) : pause);
}

static bool
make_certificate(FleetMachine *machine)
{
    g_autoptr(GError) error = NULL;
    if (machine->certificate == NULL)
        machine->certificate = certificates_make(machine->shared->certificates, machine->index,
                                                 machine->shared->options->address, &error);
    if (error != NULL)
        log_error(AREA, "%s: %s", machine->name, error->message);
    return machine->certificate != NULL;
}

void
agent_look_up(FleetMachine *machine, unsigned epoch)
{
    g_autoptr(GError) error = NULL;
    g_auto(HttpResponse) response = {0};
    g_autofree char *path = g_strdup_printf("/v1/lookup?addresses=%s", machine->mac);
    machine->api_minor = 0;
    unsigned version = MIN(version_of(machine), VERSION_TOKEN);
    bool asked =
        make_certificate(machine) && ask(machine, path, version, NULL, 0, &response, &error);
    json_t *body = asked && response.status == HTTP_OK
                       ? json_text_parse(response.body, response.body_size, 0, NULL)
                       : NULL;
    bool found = read_lookup(machine, body, epoch);
    json_decref(body);
    if (found)
        return;
    log_debug(AREA, "%s: no node yet: %s", machine->name,
              error != NULL ? error->message : "the service knows none");
    lock_acquire(&machine->lock);
    if (machine->epoch == epoch)
        look_up_later(machine, asked && response.status == HTTP_CONFLICT);
    lock_release(&machine->lock);
}

/* ---- heartbeat ---- */

static char *
callback_url(const FleetMachine *machine)
{
    const char *address = machine->shared->options->address;
    bool v6 = strchr(address, ':') != NULL;
    return g_strdup_printf("https://%s%s%s:%u", v6 ? "[" : "", address, v6 ? "]" : "",
                           machine->port);
}

/* A version knows only its own members. */
static char *
heartbeat_body(FleetMachine *machine, unsigned version)
{
    g_autofree char *url = callback_url(machine);
    json_t *body = json_pack("{s:s}", "callback_url", url);
    lock_acquire(&machine->lock);
    if (version >= VERSION_TOKEN && machine->token != NULL)
        json_object_set_new(body, "agent_token", json_string(machine->token));
    lock_release(&machine->lock);
    if (version >= VERSION_AGENT)
        json_object_set_new(body, "agent_version", json_string(STEEL_VERSION));
    if (version >= VERSION_CERTIFICATE)
        json_object_set_new(body, "agent_verify_ca", json_string(machine->certificate));
    char *text = json_text_dump(body);
    json_decref(body);
    return text;
}

static void count_heartbeat(FleetMachine *machine, bool asked, int status) REQUIRES(machine->lock);

static void
count_heartbeat(FleetMachine *machine, bool asked, int status)
{
    bool good = asked && status == HTTP_ACCEPTED;
    machine_count(machine, good    ? COUNT_HEARTBEAT
                           : asked ? COUNT_HEARTBEAT_REFUSED
                                   : COUNT_HEARTBEAT_LOST);
    machine->attempts = good ? 0 : machine->attempts + 1;
}

void
agent_heartbeat(FleetMachine *machine, unsigned epoch)
{
    g_autoptr(GError) error = NULL;
    g_auto(HttpResponse) response = {0};
    g_autofree char *path = g_strdup_printf("/v1/heartbeat/%s", machine->node_uuid);
    unsigned version = MIN(version_of(machine), VERSION_CERTIFICATE);
    char *body = heartbeat_body(machine, version);
    bool asked = ask(machine, path, version, body, 0, &response, &error);
    secret_free(body);
    lock_acquire(&machine->lock);
    count_heartbeat(machine, asked, response.status);
    if (machine->epoch == epoch) {
        int64_t now = time_monotonic_ms();
        double random = machine_pause(machine);
        machine->heartbeat_last_ms = now;
        machine->heartbeat_due_ms =
            now + heartbeat_pause_ms(machine->heartbeat_timeout_s, machine->attempts, random);
    }
    lock_release(&machine->lock);
}

/* ---- progress ---- */

static char *
progress_body(FleetMachine *machine)
{
    lock_acquire(&machine->lock);
    json_t *body = work_progress_json(machine);
    json_object_set_new(body, "agent_token",
                        json_string(machine->token != NULL ? machine->token : ""));
    lock_release(&machine->lock);
    char *text = json_text_dump(body);
    json_decref(body);
    return text;
}

static bool
send_progress(FleetMachine *machine)
{
    g_auto(HttpResponse) response = {0};
    g_autofree char *path = g_strdup_printf("/v1/heartbeat/%s/progress", machine->node_uuid);
    char *body = progress_body(machine);
    bool asked =
        ask(machine, path, VERSION_CERTIFICATE, body, PROGRESS_TIMEOUT_MS, &response, NULL);
    secret_free(body);
    return asked && response.status == HTTP_NO_CONTENT;
}

void
agent_tell_progress(FleetMachine *machine, unsigned epoch)
{
    bool wanted = machine->progress_interval_s > 0;
    bool sent = wanted && send_progress(machine);
    lock_acquire(&machine->lock);
    if (sent)
        machine_count(machine, COUNT_PROGRESS);
    if (machine->epoch == epoch)
        machine->progress_due_ms =
            wanted ? time_monotonic_ms() + machine->progress_interval_s * 1000 : INT64_MAX;
    lock_release(&machine->lock);
}

/* ---- the image ---- */

/* True if the agent asks again later: nobody answers, or not now. */
static bool check_again(FleetMachine *machine, bool asked, int status) REQUIRES(machine->lock);

static bool
check_again(FleetMachine *machine, bool asked, int status)
{
    MachineWork *work = &machine->work;
    int64_t limit = parameters_integer(machine->parameters, AGENT_PARAMETER_DOWNLOAD_RETRIES),
            pause_s =
                parameters_integer(machine->parameters, AGENT_PARAMETER_DOWNLOAD_RETRY_INTERVAL);
    if ((asked && status < HTTP_SERVER_ERROR) || work->check_failures++ >= limit)
        return false;
    work->check_due_ms = time_monotonic_ms() + pause_s * 1000;
    return true;
}

/* The writing begins now, or the command has failed. */
static void image_checked(FleetMachine *machine, bool asked, const HttpResponse *response,
                          const GError *error) REQUIRES(machine->lock);

static void
image_checked(FleetMachine *machine, bool asked, const HttpResponse *response, const GError *error)
{
    MachineWork *work = &machine->work;
    if (check_again(machine, asked, response->status))
        return;
    g_autofree char *url = g_steal_pointer(&work->check_url);
    const char *size = asked ? http_response_header(response, "Content-Length") : NULL;
    int64_t takes_ms = work->due_ms - work->begun_ms;
    if (size != NULL)
        work->size = g_ascii_strtoll(size, NULL, 10);
    work->begun_ms = time_monotonic_ms();
    work->due_ms = work->begun_ms + takes_ms;
    if ((asked && response->status == HTTP_OK) || work->fault != NULL)
        return;
    if (asked)
        agent_fail(&work->fault, AGENT_ERROR_IMAGE_DOWNLOAD, "HEAD %s: status %d", url,
                   response->status);
    else
        agent_fail(&work->fault, AGENT_ERROR_IMAGE_DOWNLOAD, "%s", error->message);
}

void
agent_check_image(FleetMachine *machine, unsigned epoch)
{
    g_autoptr(GError) error = NULL;
    g_auto(HttpResponse) response = {0};
    lock_acquire(&machine->lock);
    g_autofree char *url = g_strdup(machine->work.check_url);
    lock_release(&machine->lock);
    if (url == NULL)
        return;
    const HttpRequest request = {.method = "HEAD", .url = url, .insecure = true};
    bool asked = http_request(&request, &response, &error);
    lock_acquire(&machine->lock);
    if (machine->epoch == epoch && machine->work.check_url != NULL)
        image_checked(machine, asked, &response, error);
    lock_release(&machine->lock);
}
