/* Reading, changing and acting on resources; the contract is in resource.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/resource.h"

#include "common/backoff.h"
#include "common/time_text.h"

#include <string.h>

enum { TASK_LIMIT_MS = 5 * 60 * 1000, FIRST_LOOK_MS = 200, SLOWEST_LOOK_MS = 5000 };

static int64_t
limit_of(const RedfishBmc *bmc)
{
    return bmc->limit_ms > 0 ? bmc->limit_ms : time_monotonic_ms() + TASK_LIMIT_MS;
}

/* ---- asking ---- */

bool
redfish_fail(GError **error)
{
    g_prefix_error(error, "%s",
                   error != NULL && steel_error_is(*error, STEEL_ERROR_BMC_UNREACHABLE)
                       ? "Redfish connection failed: "
                       : "Redfish exception occurred. Error: ");
    return false;
}

/* redfish_call with the error's class. */
static bool
ask(const RedfishBmc *bmc, const RedfishRequest *request, RedfishAnswer *answer, GError **error)
{
    return redfish_call(bmc->client, &bmc->target, request, answer, error) || redfish_fail(error);
}

/* ---- reading ---- */

static json_t *
document_at(const RedfishAnswer *answer, const char *path, GError **error)
{
    json_t *document = redfish_answer_document(answer, error);
    if (document == NULL)
        g_prefix_error(error, "Redfish exception occurred. Error: GET %s: ", path);
    return document;
}

json_t *
redfish_get_tagged(const RedfishBmc *bmc, const char *path, char **etag, GError **error)
{
    g_auto(RedfishAnswer) answer = {0};
    const RedfishRequest request = {.path = path};
    if (!ask(bmc, &request, &answer, error))
        return NULL;
    json_t *document = document_at(&answer, path, error);
    if (document != NULL && etag != NULL)
        *etag = g_steal_pointer(&answer.etag);
    return document;
}

json_t *
redfish_get(const RedfishBmc *bmc, const char *path, GError **error)
{
    return redfish_get_tagged(bmc, path, NULL, error);
}

json_t *
redfish_get_members(const RedfishBmc *bmc, const char *path, size_t limit, GError **error)
{
    json_auto_t *collection = redfish_get(bmc, path, error);
    if (collection == NULL)
        return NULL;
    g_autoptr(GPtrArray) paths = redfish_links(json_object_get(collection, "Members"));
    json_auto_t *members = json_array();
    for (guint i = 0; i < paths->len && i < limit; i++) {
        json_t *member = redfish_get(bmc, paths->pdata[i], error);
        if (member == NULL)
            return NULL;
        json_array_append_new(members, member);
    }
    return json_incref(members);
}

/* ---- tasks ---- */

/* A task that has ended may do so with 200 and tell of its failure in the document. */
static bool
task_failed(const RedfishAnswer *answer, const char *monitor, GError **error)
{
    static const char *const bad[] = {"Exception", "Killed", "Cancelled", "Interrupted"};
    json_auto_t *task = answer->body_size > 0 ? redfish_answer_document(answer, NULL) : NULL;
    const char *state = json_string_member(task, "TaskState");
    const json_t *first = json_array_get(json_object_get(task, "Messages"), 0);
    const char *words = json_string_member(first, "Message");
    for (size_t i = 0; state != NULL && i < G_N_ELEMENTS(bad); i++)
        if (strcmp(state, bad[i]) == 0)
            return !steel_fail(error, STEEL_ERROR_BMC_REFUSED, "task %s of the BMC ended as %s: %s",
                               monitor, state, words != NULL ? words : "it does not say why");
    return false;
}

/* Some BMCs answer 200 for a task that still runs. */
static bool
task_runs(const RedfishAnswer *answer)
{
    static const char *const running[] = {"New",       "Starting", "Running",
                                          "Suspended", "Pending",  "Stopping"};
    if (answer->status == 202)
        return true;
    json_auto_t *task = answer->body_size > 0 ? redfish_answer_document(answer, NULL) : NULL;
    const char *state = json_string_member(task, "TaskState");
    for (size_t i = 0; state != NULL && i < G_N_ELEMENTS(running); i++)
        if (strcmp(state, running[i]) == 0)
            return true;
    return false;
}

static bool
look_at(const RedfishBmc *bmc, const char *monitor, RedfishAnswer *answer, bool *done,
        GError **error)
{
    const RedfishRequest request = {.path = monitor};
    g_autoptr(GError) cause = NULL;
    bool good = ask(bmc, &request, answer, &cause);
    *done = false;
    if (task_failed(answer, monitor, error)) /* also with the status of an error */
        return false;
    if (!good) {
        g_propagate_prefixed_error(error, g_steal_pointer(&cause), "task %s: ", monitor);
        return false;
    }
    *done = !task_runs(answer);
    return true;
}

/* BMCs forget tasks that have ended. */
bool
redfish_task_look(const RedfishBmc *bmc, const char *monitor, bool *done, GError **error)
{
    g_auto(RedfishAnswer) answer = {0};
    g_autoptr(GError) cause = NULL;
    if (look_at(bmc, monitor, &answer, done, &cause))
        return true;
    *done = answer.status == 404 || answer.status == 410;
    if (!*done)
        g_propagate_error(error, g_steal_pointer(&cause));
    return *done;
}

/* The monitor of a 202: Location, or the task in its body. NULL: it says none. */
static char *
monitor_of(const RedfishAnswer *answer)
{
    char *monitor = redfish_path(answer->location);
    if (monitor != NULL || answer->body_size == 0)
        return monitor;
    json_auto_t *task = redfish_answer_document(answer, NULL);
    monitor = redfish_path(json_string_member(task, "TaskMonitor"));
    return monitor != NULL ? monitor : redfish_path(json_string_member(task, "@odata.id"));
}

static bool
wait_for_task(const RedfishBmc *bmc, const RedfishAnswer *accepted, GError **error)
{
    g_autofree char *monitor = monitor_of(accepted);
    g_auto(RedfishAnswer) answer = {0};
    Backoff backoff = {
        .pause_ms = FIRST_LOOK_MS, .longest_ms = SLOWEST_LOOK_MS, .limit_ms = limit_of(bmc)};
    if (monitor == NULL)
        return true; /* accepted, and nothing to ask: the caller sees the effect */
    unsigned pause_s = redfish_retry_after_s(accepted, 0);
    for (bool done = false; !done;) {
        if (pause_s > 0)
            backoff.pause_ms = MAX(backoff.pause_ms, pause_s * 1000);
        if (!backoff_pause(&backoff))
            return steel_fail(error, STEEL_ERROR_TIMEOUT,
                              "task %s of the BMC has not ended in time; it may still end",
                              monitor);
        if (!look_at(bmc, monitor, &answer, &done, error))
            return false;
        pause_s = redfish_retry_after_s(&answer, 0);
    }
    return true;
}

/* ---- changing ---- */

static bool
send(const RedfishBmc *bmc, const char *method, const char *path, const char *body,
     const char *etag, RedfishAnswer *answer, GError **error)
{
    const RedfishRequest request = {method, path, body, etag};
    if (!ask(bmc, &request, answer, error))
        return false;
    return answer->status != 202 || wait_for_task(bmc, answer, error);
}

/* W/"x" without its mark; NULL: it is not weak. */
static const char *
strong_part(const char *etag)
{
    return etag != NULL && g_str_has_prefix(etag, "W/\"") ? etag + 2 : NULL;
}

/* The resource's ETag as it is now; NULL: it has none. The caller frees. False: it was not read. */
static bool
read_tag(const RedfishBmc *bmc, const char *path, char **etag, GError **error)
{
    json_auto_t *current = redfish_get_tagged(bmc, path, etag, error);
    return current != NULL;
}

/* A resource that was changed after its reading has another ETag, which is tried; a BMC that
 * refuses its own gets it in other forms. */
bool
redfish_patch(const RedfishBmc *bmc, const char *path, const json_t *body, GError **error)
{
    g_autofree char *etag = NULL, *fresh = NULL;
    if (!read_tag(bmc, path, &etag, error))
        return false;
    g_autofree char *text = json_text_dump(body);
    const char *tags[] = {etag, NULL, strong_part(etag), NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(tags); i++) {
        g_auto(RedfishAnswer) answer = {0};
        g_autoptr(GError) cause = NULL;
        bool last = i == G_N_ELEMENTS(tags) - 1;
        if (tags[i] == NULL && !last)
            continue;
        if (send(bmc, "PATCH", path, text, tags[i], &answer, &cause))
            return true;
        if (answer.status == 412 && i == 0 && read_tag(bmc, path, &fresh, NULL) &&
            g_strcmp0(fresh, etag) != 0) {
            tags[1] = fresh;
            tags[2] = strong_part(fresh);
        }
        if (answer.status == 412 && !last)
            continue;
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    return true;
}

static bool
wants_a_body(int status)
{
    return status == 400 || status == 411 || status == 415;
}

bool
redfish_post(const RedfishBmc *bmc, const char *path, const json_t *body, RedfishAnswer *answer,
             GError **error)
{
    g_auto(RedfishAnswer) own = {0};
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = body != NULL ? json_text_dump(body) : NULL;
    RedfishAnswer *told = answer != NULL ? answer : &own;
    bool done = send(bmc, "POST", path, text, NULL, told, &cause);
    if (!done && body == NULL && wants_a_body(told->status)) {
        g_clear_error(&cause);
        done = send(bmc, "POST", path, "{}", NULL, told, &cause);
    }
    if (!done)
        g_propagate_error(error, g_steal_pointer(&cause));
    return done;
}

bool
redfish_request_begin(const RedfishBmc *bmc, const char *method, const char *path,
                      const json_t *body, char **monitor, GError **error)
{
    g_auto(RedfishAnswer) answer = {0};
    g_autofree char *text = body != NULL ? json_text_dump(body) : NULL;
    const RedfishRequest request = {.method = method, .path = path, .body = text};
    if (!ask(bmc, &request, &answer, error))
        return false;
    *monitor = answer.status == 202 ? monitor_of(&answer) : NULL;
    return true;
}

bool
redfish_delete(const RedfishBmc *bmc, const char *path, GError **error)
{
    g_auto(RedfishAnswer) answer = {0};
    return send(bmc, "DELETE", path, NULL, NULL, &answer, error);
}

/* ---- actions ---- */

static const json_t *
action_of(const json_t *document, const char *action)
{
    return json_object_get(json_object_get(document, "Actions"), action);
}

char *
redfish_action_target(const json_t *document, const char *action)
{
    return redfish_path(json_string_member(action_of(document, action), "target"));
}

static const json_t *
allowed_values(const json_t *document, const char *action, const char *property)
{
    g_autofree char *key = g_strconcat(property, "@Redfish.AllowableValues", NULL);
    return json_object_get(action_of(document, action), key);
}

bool
redfish_action_allows(const json_t *document, const char *action, const char *property,
                      const char *value)
{
    const json_t *values = allowed_values(document, action, property), *allowed;
    size_t i;
    json_array_foreach(values, i,
                       allowed) if (g_strcmp0(json_string_value(allowed), value) == 0) return true;
    return json_array_size(values) == 0;
}

char *
redfish_action_values(const json_t *document, const char *action, const char *property)
{
    GString *text = g_string_new(NULL);
    const json_t *value;
    size_t i;
    json_array_foreach(allowed_values(document, action, property), i,
                       value) if (json_is_string(value) && text->len < 500)
        g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", json_string_value(value));
    return g_string_free(text, FALSE);
}
