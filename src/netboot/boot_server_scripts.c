/* Answers scripts and takes reports; the contract is in boot_server_internal.h.
 *
 * Clients need no login: requests are counted by address, and repeated log lines appear once a
 * minute.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/time_text.h"
#include "netboot/boot_server_internal.h"
#include "netboot/ipxe.h"

#include <string.h>

/* Returns the end of a log line, "" or the number of lines that were left out; NULL if no line is
 * due: one a minute about the same thing from the same address. The caller frees. */
static char *
line_is_due(const BootRequest *request, const char *what)
{
    unsigned skipped = 0;
    g_autofree char *key = g_strdup_printf("%s %s", request->mac, what);
    if (!boot_limits_line(request->server->limits, &request->source, key, time_monotonic_ms(),
                          &skipped))
        return NULL;
    return skipped > 0 ? g_strdup_printf(" (and %u times before)", skipped) : g_strdup("");
}

/* Answers 503. iPXE obeys Retry-After by itself: a machine that waits for its script continues as
 * soon as there is one. A report must not delay a boot, so it gets no such header. */
static HttpStep
send_retry_later(const BootRequest *request, bool ask_again)
{
    static const char text[] = "not now\n";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof text - 1, (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (response != NULL && ask_again)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "5");
    return boot_request_send(request, MHD_HTTP_SERVICE_UNAVAILABLE, response);
}

/* The database cannot answer, or too many reports wait. */
static HttpStep
send_unavailable(const BootRequest *request, const GError *error, bool ask_again)
{
    g_autofree char *due = line_is_due(request, "no answer");
    if (due != NULL)
        log_error(BOOT_SERVER_AREA, "%s asks %s and gets no answer: %s%s", request->mac,
                  ask_again ? "how to boot" : "to note a report", error->message, due);
    return send_retry_later(request, ask_again);
}

/* The client: the peer, or the address that a trusted proxy forwards. */
static void
find_source(BootRequest *request)
{
    const BootServer *server = request->server;
    const HttpConnection *connection = request->connection;
    const char *header = http_connection_header(connection, "X-Forwarded-For");
    request->source = connection->address;
    if (header != NULL && http_networks_contain(server->trusted, &connection->address))
        (void)http_forwarded_source(header, server->trusted, &request->source);
    request->counted = !http_networks_contain(server->trusted, &request->source);
}

/* True if the client has sent too many requests lately. */
static bool
exceeds_request_limit(const BootRequest *request)
{
    char text[HTTP_ADDRESS_TEXT_SIZE];
    if (!request->counted ||
        boot_limits_admit(request->server->limits, &request->source, time_monotonic_ms()))
        return false;
    unsigned skipped = 0;
    if (boot_limits_line(request->server->limits, &request->source, "too much", time_monotonic_ms(),
                         &skipped))
        log_warning(BOOT_SERVER_AREA,
                    "%s asks too often ([boot_server]max_requests_per_second) and must retry later",
                    http_address_text(&request->source, text));
    return true;
}

/* True if the client has asked for too many unknown MAC addresses. */
static bool
exceeds_unknown_limit(const BootRequest *request, const BootInstructions *instructions)
{
    char text[HTTP_ADDRESS_TEXT_SIZE];
    if (instructions->answer != BOOT_ANSWER_UNKNOWN_MAC || !request->counted)
        return false;
    unsigned count = boot_limits_unknown(request->server->limits, &request->source, request->mac,
                                         time_monotonic_ms());
    unsigned skipped = 0;
    if (count > BOOT_UNKNOWN_LIMIT / 4 &&
        boot_limits_line(request->server->limits, &request->source, "guessing", time_monotonic_ms(),
                         &skipped))
        log_warning(BOOT_SERVER_AREA,
                    "%s has asked for %s%u MAC addresses that nobody has enrolled%s",
                    http_address_text(&request->source, text),
                    count > BOOT_UNKNOWN_LIMIT ? "more than " : "", MIN(count, BOOT_UNKNOWN_LIMIT),
                    count > BOOT_UNKNOWN_LIMIT ? " and is put off" : "");
    return count > BOOT_UNKNOWN_LIMIT;
}

/* Makes a report to the conductor of a script that is served. False: there is nothing to report. */
static bool
make_report(const BootInstructions *instructions, BootReport *report)
{
    *report = (BootReport){.node_uuid = instructions->node_uuid,
                           .phase = BOOT_PHASE_SCRIPT_SERVED,
                           .detail = instructions->problem,
                           .repeated = instructions->told};
    switch (instructions->answer) {
    case BOOT_ANSWER_BOOT:
        return true;
    case BOOT_ANSWER_UNUSABLE:
        report->phase = BOOT_PHASE_UNUSABLE;
        return true;
    case BOOT_ANSWER_REFUSED: /* no work waits for it, and any client can cause it */
        report->phase = BOOT_PHASE_SCRIPT_REFUSED;
        report->repeated = true;
        return true;
    case BOOT_ANSWER_UNKNOWN_MAC:
    case BOOT_ANSWER_NONE:
        break;
    }
    return false;
}

static bool
report_served(const BootRequest *request, const BootInstructions *instructions, GError **error)
{
    BootReport report;
    if (!make_report(instructions, &report))
        return true;
    bool taken = request->server->hooks.report(request->server->user, &report, error);
    if (!taken && instructions->answer == BOOT_ANSWER_REFUSED) {
        g_clear_error(error); /* the log says it */
        return true;
    }
    return taken;
}

static void
log_served(const BootRequest *request, const BootInstructions *instructions)
{
    char text[HTTP_ADDRESS_TEXT_SIZE];
    const char *word = boot_answer_word(instructions);
    g_autofree char *due = line_is_due(request, word);
    if (due == NULL)
        return;
    bool refused = instructions->answer == BOOT_ANSWER_REFUSED;
    log_write(refused ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, BOOT_SERVER_AREA,
              "boot script for %s to %s: node=%s (%s) answer=%s%s%s%s", request->mac,
              http_address_text(&request->source, text),
              instructions->node_uuid != NULL ? instructions->node_uuid : "-",
              instructions->node_name != NULL ? instructions->node_name : "no name", word,
              instructions->problem != NULL ? ": " : "",
              instructions->problem != NULL ? instructions->problem : "", due);
}

static HttpStep
serve_script(const BootRequest *request)
{
    g_autoptr(GError) error = NULL;
    g_auto(BootInstructions) instructions;
    boot_instructions_init(&instructions, request->mac);
    const BootServer *server = request->server;
    if (!server->hooks.instructions(server->user, &request->source, &instructions, &error) ||
        !report_served(request, &instructions, &error))
        return send_unavailable(request, error, true);
    if (exceeds_unknown_limit(request, &instructions))
        return send_retry_later(request, true);
    log_served(request, &instructions);
    return boot_request_send_script(request, ipxe_script(&instructions));
}

HttpStep
boot_request_answer_script(BootRequest *request)
{
    if (request->head) /* no machine boots from it: no session, no report */
        return boot_request_send_script(request, g_strdup("#!ipxe\n"));
    find_source(request);
    return exceeds_request_limit(request) ? send_retry_later(request, true) : serve_script(request);
}

static const char *
argument(const BootRequest *request, const char *name)
{
    for (size_t i = 0; i < request->argument_count; i++)
        if (strcmp(request->arguments[i].name, name) == 0)
            return request->arguments[i].value;
    return NULL;
}

static HttpStep
refuse_report(const BootRequest *request, const GError *error)
{
    char text[HTTP_ADDRESS_TEXT_SIZE];
    g_autofree char *due = line_is_due(request, "report");
    if (!steel_error_is(error, STEEL_ERROR_FORBIDDEN))
        return send_unavailable(request, error, false);
    if (due != NULL)
        log_warning(BOOT_SERVER_AREA, "a report of %s for %s is refused: %s%s",
                    http_address_text(&request->source, text), request->mac, error->message, due);
    return boot_request_send_text(request, MHD_HTTP_FORBIDDEN, error->message);
}

static HttpStep
take_report(const BootRequest *request, BootReport *report)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *node_uuid = NULL;
    const BootServer *server = request->server;
    if (!server->hooks.believes(server->user, request->mac, &request->source,
                                argument(request, "token"), report->phase, &node_uuid, &error))
        return refuse_report(request, error);
    report->node_uuid = node_uuid;
    if (!server->hooks.report(server->user, report, &error))
        return send_unavailable(request, error, false);
    log_info(BOOT_SERVER_AREA, "%s reports %s%s%s", request->mac,
             boot_phase_info(report->phase)->word, report->detail[0] != '\0' ? ": " : "",
             report->detail);
    return boot_request_send_text(request, MHD_HTTP_OK, "noted");
}

HttpStep
boot_request_answer_progress(BootRequest *request)
{
    g_autoptr(GError) error = NULL;
    BootProgressQuery query = {
        .phase = argument(request, "phase"),
        .volume = argument(request, "volume"),
        .attempt = argument(request, "try"),
        .number = argument(request, "errno"),
        .unlisted = argument(request, "unlisted"),
        .detail = argument(request, "detail"),
    };
    BootReport report = {0};
    if (request->head)
        return boot_request_send_text(request, MHD_HTTP_OK, "noted");
    find_source(request);
    if (exceeds_request_limit(request))
        return send_retry_later(request, false);
    g_autofree char *words = boot_progress_words(&query, &report.phase, &error);
    if (words == NULL)
        return boot_request_send_text(request, MHD_HTTP_BAD_REQUEST, error->message);
    report.detail = words;
    return take_report(request, &report);
}
