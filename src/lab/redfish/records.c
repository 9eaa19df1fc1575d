/* What requests make and delete at a simulated Redfish BMC: event subscriptions, volumes, tasks.
 * The state keeps them by number. The contract is in inside.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"
#include "common/time_text.h"

#include <string.h>

enum { RECORDS_MAX = 20 };

typedef struct RecordField {
    const char *name;
    json_type type;
    bool required;
} RecordField;

/* A collection. `fields`: what a request for a new member may say, beside members that start with
 * "@" or "Oem". */
typedef struct RecordKind {
    const char *name; /* in the state */
    const char *path; /* of the collection */
    const char *type;
    const char *title;
    RecordField fields[8];
} RecordKind;

static const RecordKind kinds[] = {
    {"subscriptions",
     "/redfish/v1/EventService/Subscriptions",
     "#EventDestination.v1_9_0.EventDestination",
     "Event Subscription",
     {{"Destination", JSON_STRING, true},
      {"Protocol", JSON_STRING, true},
      {"Context", JSON_STRING, false},
      {"EventTypes", JSON_ARRAY, false},
      {"HttpHeaders", JSON_ARRAY, false},
      {"EventFormatType", JSON_STRING, false}}},
    {"volumes",
     "/redfish/v1/Systems/1/Storage/1/Volumes",
     "#Volume.v1_4_1.Volume",
     "Volume",
     {{"RAIDType", JSON_STRING, false},
      {"VolumeType", JSON_STRING, false},
      {"CapacityBytes", JSON_INTEGER, false},
      {"Name", JSON_STRING, false},
      {"Encrypted", JSON_TRUE, false},
      {"Links", JSON_OBJECT, false}}},
    {"tasks", "/redfish/v1/TaskService/Tasks", "#Task.v1_4_3.Task", "Task", {{NULL}}},
};

static const RecordKind *
find_kind(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

json_t *
redfish_record_members(const RedfishCall *call, const char *kind)
{
    json_t *members = json_array();
    const char *id;
    json_t *record;
    json_object_foreach(redfish_state(call->bmc, kind), id, record)
    {
        g_autofree char *path = g_strdup_printf("%s/%s", find_kind(kind)->path, id);
        json_array_append_new(members, json_pack("{s:s}", "@odata.id", path));
    }
    return members;
}

static const RecordField *
find_field(const RecordKind *kind, const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kind->fields) && kind->fields[i].name != NULL; i++)
        if (strcmp(kind->fields[i].name, name) == 0)
            return &kind->fields[i];
    return NULL;
}

static bool
has_type(const json_t *value, json_type type)
{
    return json_typeof(value) == type || (type == JSON_TRUE && json_is_boolean(value));
}

static bool check_known(RedfishCall *call, const RecordKind *kind) REQUIRES(call->bmc->lock);

static bool
check_known(RedfishCall *call, const RecordKind *kind)
{
    const char *name;
    json_t *value;
    json_object_foreach(call->body, name, value)
    {
        const RecordField *field = find_field(kind, name);
        bool free = name[0] == '@' || strcmp(name, "Oem") == 0;
        if (field == NULL && !free) {
            redfish_refuse(call, REDFISH_MESSAGE_PROPERTY_UNKNOWN, NULL, name, NULL);
            return false;
        }
        if (field != NULL && !has_type(value, field->type)) {
            redfish_refuse(call, REDFISH_MESSAGE_PROPERTY_TYPE, NULL, "given", name);
            return false;
        }
    }
    return true;
}

static bool check_record(RedfishCall *call, const RecordKind *kind) REQUIRES(call->bmc->lock);

static bool
check_record(RedfishCall *call, const RecordKind *kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kind->fields) && kind->fields[i].name != NULL; i++) {
        const RecordField *field = &kind->fields[i];
        if (field->required && json_object_get(call->body, field->name) == NULL) {
            redfish_refuse(call, REDFISH_MESSAGE_PROPERTY_MISSING, NULL, field->name, NULL);
            return false;
        }
    }
    return check_known(call, kind);
}

/* Makes a record of the request; takes `content`. Returns its number, NULL if there are too many;
 * the caller frees. */
static char *add(RedfishCall *call, const RecordKind *kind, json_t *content)
    REQUIRES(call->bmc->lock);

static char *
add(RedfishCall *call, const RecordKind *kind, json_t *content)
{
    if (json_object_size(redfish_state(call->bmc, kind->name)) < RECORDS_MAX)
        return redfish_record_put(call->bmc, kind->name, content);
    json_decref(content);
    redfish_refuse(call, REDFISH_MESSAGE_LIMIT, NULL, NULL, NULL);
    return NULL;
}

char *
redfish_record_put(RedfishBmc *bmc, const char *name, json_t *content)
{
    const RecordKind *kind = find_kind(name);
    char *id = g_strdup_printf("%u", ++bmc->last_record);
    json_object_set_new(content, "@odata.type", json_string(kind->type));
    json_object_set_new(content, "Id", json_string(id));
    if (json_object_get(content, "Name") == NULL)
        json_object_set_new(content, "Name", json_string(kind->title));
    json_object_set_new(redfish_state(bmc, name), id, content);
    return id;
}

bool
redfish_record_check(RedfishCall *call, const char *name)
{
    return check_record(call, find_kind(name));
}

void
redfish_record_create(RedfishCall *call, const char *name)
{
    const RecordKind *kind = find_kind(name);
    if (!check_record(call, kind))
        return;
    json_t *content = call->body != NULL ? json_deep_copy(call->body) : json_object();
    g_autofree char *id = add(call, kind, content);
    if (id == NULL)
        return;
    g_autofree char *path = g_strdup_printf("%s/%s", kind->path, id);
    json_t *record = json_object_get(redfish_state(call->bmc, name), id);
    redfish_add_header(call, "Location", path);
    json_t *answer = json_deep_copy(record);
    json_object_set_new(answer, "@odata.id", json_string(path));
    redfish_say(call, 201, answer);
}

void
redfish_record_drop(RedfishCall *call, const char *name)
{
    if (json_object_del(redfish_state(call->bmc, name), call->id) == 0)
        redfish_say(call, 204, NULL);
    else
        redfish_refuse(call, REDFISH_MESSAGE_RESOURCE_MISSING, NULL, call->request->path, NULL);
}

void
redfish_subscription_add(RedfishCall *call)
{
    redfish_record_create(call, "subscriptions");
}

void
redfish_subscription_remove(RedfishCall *call)
{
    redfish_record_drop(call, "subscriptions");
}

/* ---- tasks ---- */

/* A task ends by itself: its state is computed when it is read. */
static json_t *task_now(const RedfishCall *call, const json_t *record) REQUIRES(call->bmc->lock);

static json_t *
task_now(const RedfishCall *call, const json_t *record)
{
    const json_t *begun = json_object_get(record, "begun_ms");
    json_int_t due = begun != NULL
                         ? json_integer_value(begun) + call->bmc->knobs[REDFISH_KNOB_TASK_MS]
                         : json_integer_value(json_object_get(record, "due_ms"));
    bool running = time_monotonic_ms() < due;
    bool failed = call->bmc->knobs[REDFISH_KNOB_TASK_FAILS] != 0;
    json_t *task = json_deep_copy(record);
    json_object_del(task, "due_ms");
    json_object_del(task, "begun_ms");
    const char *state = running ? "Running" : failed ? "Exception" : "Completed";
    json_object_set_new(task, "TaskState", json_string(state));
    json_object_set_new(task, "TaskStatus", json_string(!running && failed ? "Critical" : "OK"));
    json_object_set_new(task, "PercentComplete", json_integer(running ? 50 : 100));
    json_object_set_new(
        task, "Messages",
        running ? json_array()
                : json_pack("[{s:s, s:s, s:s}]", "MessageId",
                            failed ? "Base.1.5.GeneralError" : "Base.1.5.Success", "Message",
                            failed ? "The update has failed." : "The update is done.", "Severity",
                            failed ? "Critical" : "OK"));
    return task;
}

json_t *
redfish_record(const RedfishCall *call, const char *kind, const char *id)
{
    const json_t *record = json_object_get(redfish_state(call->bmc, kind), id);
    if (record == NULL)
        return NULL;
    return strcmp(kind, "tasks") == 0 ? task_now(call, record) : json_deep_copy(record);
}

/* 202 while the task runs, then what it has come to. Clients take the task itself for its monitor
 * as well; it is there whatever it has come to. */
void
redfish_task_monitor(RedfishCall *call)
{
    json_t *task = redfish_record(call, "tasks", call->id);
    if (task == NULL) {
        redfish_refuse(call, REDFISH_MESSAGE_RESOURCE_MISSING, NULL, call->request->path, NULL);
        return;
    }
    const char *state = json_string_member(task, "TaskState");
    bool running = strcmp(state, "Running") == 0;
    bool failed = strcmp(state, "Exception") == 0 && strstr(call->path, "taskmonitors") != NULL;
    unsigned status = running ? 202 : failed ? 500 : 200;
    if (running) {
        redfish_add_header(call, "Retry-After", "1");
        redfish_add_header(call, "Location", call->request->path);
    }
    redfish_say(call, status, task);
}

const char *
redfish_task_begin(RedfishCall *call, int64_t due_ms)
{
    g_autofree char *id = add(
        call, find_kind("tasks"),
        due_ms > 0 ? json_pack("{s:I, s:O*}", "due_ms", (json_int_t)due_ms, "Payload", call->body)
                   : json_pack("{s:I, s:O*}", "begun_ms", (json_int_t)time_monotonic_ms(),
                               "Payload", call->body));
    if (id == NULL)
        return NULL;
    g_autofree char *monitor = g_strconcat("/redfish/v1/TaskService/TaskMonitors/", id, NULL);
    g_autofree char *path = g_strconcat("/redfish/v1/TaskService/Tasks/", id, NULL);
    redfish_add_header(call, "Location", monitor);
    const json_t *record = json_object_get(redfish_state(call->bmc, "tasks"), id);
    json_t *task = task_now(call, record);
    json_object_set_new(task, "@odata.id", json_string(path));
    redfish_say(call, 202, task);
    return json_string_member(record, "Id");
}

void
redfish_simple_update(RedfishCall *call)
{
    const char *image = json_string_member(call->body, "ImageURI");
    if (image == NULL) {
        redfish_refuse(call, REDFISH_MESSAGE_PARAMETER_MISSING, "#/ImageURI",
                       "UpdateService.SimpleUpdate", "ImageURI");
        return;
    }
    redfish_task_begin(call, 0);
}

void
redfish_test_event(RedfishCall *call)
{
    redfish_say(call, 204, NULL);
}
