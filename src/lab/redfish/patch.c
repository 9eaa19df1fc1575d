/* Changes of resources (PATCH): the table of what can be changed; the contract is in inside.h.
 *
 * A request is checked as a whole before any of it is done.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"

#include <string.h>

typedef enum ChangeKind {
    CHANGE_CHOICE, /* one of the texts of a list in the state */
    CHANGE_TEXT,
    CHANGE_BOOLEAN,
    CHANGE_NUMBER,     /* one of the numbers of a list in the state */
    CHANGE_ATTRIBUTES, /* BIOS settings: members of another object, of the same types */
    CHANGE_PASSWORD
} ChangeKind;

typedef struct ChangeRow {
    const char *path; /* in lower case */
    const char *member;
    ChangeKind kind;
    const char *state; /* where it is kept */
    /* CHOICE, NUMBER: where the list is; ATTRIBUTES: the object that knows them all */
    const char *choices;
} ChangeRow;

#define SYSTEM "/redfish/v1/systems/1"
#define REST_SYSTEM "/rest/v1/systems/1"
/* Instead of a member: the request as a whole. */
#define WHOLE "*"

static const ChangeRow rows[] = {
    {SYSTEM, "Boot.BootSourceOverrideTarget", CHANGE_CHOICE, "boot.target", "boot.targets"},
    {SYSTEM, "Boot.BootSourceOverrideEnabled", CHANGE_CHOICE, "boot.enabled", "boot.enables"},
    {SYSTEM, "Boot.BootSourceOverrideMode", CHANGE_CHOICE, "boot.mode", "boot.modes"},
    {SYSTEM, "Boot.UefiTargetBootSourceOverride", CHANGE_TEXT, "boot.uefi_target", NULL},
    {SYSTEM, "Boot.HttpBootUri", CHANGE_TEXT, "boot.http_boot", NULL},
    {SYSTEM, "IndicatorLED", CHANGE_CHOICE, "led", "leds"},
    {SYSTEM, "AssetTag", CHANGE_TEXT, "asset", NULL},
    {"/redfish/v1/chassis/1", "IndicatorLED", CHANGE_CHOICE, "led", "leds"},
    {SYSTEM "/bios/settings", "Attributes", CHANGE_ATTRIBUTES, "bios.pending", "bios.current"},
    {SYSTEM "/secureboot", "SecureBootEnable", CHANGE_BOOLEAN, "secure_boot.enable", NULL},
    {"/redfish/v1/accountservice/accounts/1", "Password", CHANGE_PASSWORD, NULL, NULL},
    {"/redfish/v1/accountservice", "Oem.Hpe.MinPasswordLength", CHANGE_NUMBER,
     "security.password_length", "security.password_lengths"},
    {"/redfish/v1/accountservice", "Oem.Hpe.AuthFailureLoggingThreshold", CHANGE_NUMBER,
     "security.failure_logging", "security.failure_loggings"},
    {"/redfish/v1/accountservice", "Oem.Hpe.EnforcePasswordComplexity", CHANGE_BOOLEAN,
     "security.password_complexity", NULL},
    {"/redfish/v1/managers/1", "Oem.Hpe.RequiredLoginForiLORBSU", CHANGE_BOOLEAN,
     "security.rbsu_login", NULL},
    {"/redfish/v1/managers/1", "Oem.Hpe.RequireHostAuthentication", CHANGE_BOOLEAN,
     "security.host_authentication", NULL},
    {"/redfish/v1/managers/1/networkprotocol", "IPMI.ProtocolEnabled", CHANGE_BOOLEAN,
     "security.ipmi_over_lan", NULL},
    {REST_SYSTEM, "Boot.BootSourceOverrideTarget", CHANGE_CHOICE, "boot.target", "boot.targets"},
    {REST_SYSTEM, "Boot.BootSourceOverrideEnabled", CHANGE_CHOICE, "boot.enabled", "boot.enables"},
    {REST_SYSTEM, "Boot.UefiTargetBootSourceOverride", CHANGE_TEXT, "boot.uefi_target", NULL},
    {REST_SYSTEM, "IndicatorLED", CHANGE_CHOICE, "led", "leds"},
    {REST_SYSTEM, "AssetTag", CHANGE_TEXT, "asset", NULL},
    {REST_SYSTEM "/bios/settings", WHOLE, CHANGE_ATTRIBUTES, "bios.pending", "bios.current"},
    {REST_SYSTEM "/secureboot", "SecureBootEnable", CHANGE_BOOLEAN, "secure_boot.enable", NULL},
    {"/rest/v1/accountservice/accounts/1", "Password", CHANGE_PASSWORD, NULL, NULL},
};

/* One change that a request asks for. All borrowed, but the name. */
typedef struct Change {
    const ChangeRow *row;
    json_t *value;
} Change;

static const ChangeRow *
find_row(const char *path, const char *member)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].path, path) == 0 && strcmp(rows[i].member, member) == 0)
            return &rows[i];
    return NULL;
}

bool
redfish_patch_is_known(const char *path)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].path, path) == 0)
            return true;
    return false;
}

static bool
in_list(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
            return true;
    return false;
}

/* A member's name as RelatedProperties has it: "#/Boot/BootSourceOverrideMode". */
static char *
pointer_to(const char *member)
{
    g_auto(GStrv) words = g_strsplit(member, ".", -1);
    g_autofree char *path = g_strjoinv("/", words);
    return g_strconcat("#/", path, NULL);
}

static bool refuse(RedfishCall *call, RedfishMessage message, const char *member,
                   const json_t *value) REQUIRES(call->bmc->lock);

static bool
refuse(RedfishCall *call, RedfishMessage message, const char *member, const json_t *value)
{
    g_autofree char *pointer = pointer_to(member);
    const char *last = strrchr(member, '.');
    const char *name = last != NULL ? last + 1 : member;
    g_autofree char *text = value != NULL ? json_text_dump(value) : NULL;
    if (text != NULL && strlen(text) > 100)
        text[100] = '\0';
    redfish_refuse(call, message, pointer, text != NULL ? text : name, text != NULL ? name : NULL);
    return false;
}

static bool check_attributes(RedfishCall *call, const Change *change) REQUIRES(call->bmc->lock);

static bool
check_attributes(RedfishCall *call, const Change *change)
{
    json_t *known = redfish_state(call->bmc, change->row->choices);
    const char *name;
    json_t *value;
    if (!json_is_object(change->value))
        return refuse(call, REDFISH_MESSAGE_PROPERTY_TYPE, change->row->member, change->value);
    json_object_foreach(change->value, name, value)
    {
        const json_t *current = json_object_get(known, name);
        if (current == NULL)
            return refuse(call, REDFISH_MESSAGE_PROPERTY_UNKNOWN, name, NULL);
        if (json_typeof(current) != json_typeof(value) &&
            !(json_is_boolean(current) && json_is_boolean(value)))
            return refuse(call, REDFISH_MESSAGE_PROPERTY_TYPE, name, value);
    }
    return true;
}

static bool check_choice(RedfishCall *call, const Change *change) REQUIRES(call->bmc->lock);

static bool
check_choice(RedfishCall *call, const Change *change)
{
    const char *text = json_string_value(change->value);
    const int *knobs = call->bmc->knobs;
    if (text == NULL)
        return refuse(call, REDFISH_MESSAGE_PROPERTY_TYPE, change->row->member, change->value);
    bool refused =
        (knobs[REDFISH_KNOB_NO_CONTINUOUS] != 0 && strcmp(text, "Continuous") == 0) ||
        (knobs[REDFISH_KNOB_NO_MODE] != 0 && strcmp(change->row->state, "boot.mode") == 0);
    if (!refused && in_list(redfish_state(call->bmc, change->row->choices), text))
        return true;
    return refuse(call, REDFISH_MESSAGE_PROPERTY_NOT_IN_LIST, change->row->member, change->value);
}

static bool check_number(RedfishCall *call, const Change *change) REQUIRES(call->bmc->lock);

static bool
check_number(RedfishCall *call, const Change *change)
{
    const json_t *list = redfish_state(call->bmc, change->row->choices), *number;
    size_t i;
    if (!json_is_integer(change->value))
        return refuse(call, REDFISH_MESSAGE_PROPERTY_TYPE, change->row->member, change->value);
    json_array_foreach((json_t *)(uintptr_t)list, i, number)
    {
        if (json_equal(number, change->value))
            return true;
    }
    return refuse(call, REDFISH_MESSAGE_PROPERTY_NOT_IN_LIST, change->row->member, change->value);
}

/* An iLO's least length can be changed. */
static bool is_password(const RedfishCall *call, const json_t *value) REQUIRES(call->bmc->lock);

static bool
is_password(const RedfishCall *call, const json_t *value)
{
    const json_t *least = redfish_state(call->bmc, "security.password_length");
    size_t length = least != NULL ? (size_t)json_integer_value(least) : 8;
    return json_is_string(value) && json_string_length(value) >= length;
}

static bool check_change(RedfishCall *call, const Change *change) REQUIRES(call->bmc->lock);

static bool
check_change(RedfishCall *call, const Change *change)
{
    const json_t *value = change->value;
    bool typed = true;
    switch (change->row->kind) {
    case CHANGE_CHOICE:
        return check_choice(call, change);
    case CHANGE_ATTRIBUTES:
        return check_attributes(call, change);
    case CHANGE_NUMBER:
        return check_number(call, change);
    case CHANGE_BOOLEAN:
        typed = json_is_boolean(value);
        break;
    case CHANGE_TEXT:
        typed = json_is_string(value) && json_string_length(value) <= 2048;
        break;
    case CHANGE_PASSWORD:
        typed = is_password(call, value);
        break;
    default:
        break;
    }
    return typed || refuse(call, REDFISH_MESSAGE_PROPERTY_TYPE, change->row->member, value);
}

/* HPE's own tools write "uefi". */
static void
tidy_boot_mode(json_t *attributes)
{
    const char *mode = json_string_member(attributes, "BootMode");
    if (mode != NULL && g_ascii_strcasecmp(mode, "uefi") == 0)
        json_object_set_new(attributes, "BootMode", json_string("Uefi"));
}

static void apply_change(RedfishCall *call, const Change *change) REQUIRES(call->bmc->lock);

static void
apply_change(RedfishCall *call, const Change *change)
{
    if (change->row->kind == CHANGE_PASSWORD) {
        secret_free(call->bmc->password);
        call->bmc->password = g_strdup(json_string_value(change->value));
        redfish_sessions_drop(call->bmc);
    } else if (change->row->kind == CHANGE_ATTRIBUTES) {
        json_object_update(redfish_state(call->bmc, change->row->state), change->value);
        tidy_boot_mode(redfish_state(call->bmc, change->row->state));
    } else {
        redfish_state_set(call->bmc->state, change->row->state, json_deep_copy(change->value));
    }
}

/* What one member of the request, or of an object in it, asks for. False: it was refused. */
static bool collect(RedfishCall *call, const json_t *resource, const char *member, json_t *value,
                    GArray *changes) REQUIRES(call->bmc->lock);

static bool
collect(RedfishCall *call, const json_t *resource, const char *member, json_t *value,
        GArray *changes)
{
    const ChangeRow *row = find_row(call->path, member);
    const char *dot = strrchr(member, '.');
    const char *name = dot != NULL ? dot + 1 : member;
    if (row != NULL) {
        Change change = {row, value};
        g_array_append_val(changes, change);
        return check_change(call, &change);
    }
    return refuse(call,
                  json_object_get(resource, name) != NULL ? REDFISH_MESSAGE_PROPERTY_NOT_WRITABLE
                                                          : REDFISH_MESSAGE_PROPERTY_UNKNOWN,
                  member, NULL);
}

static bool
is_annotation(const char *name)
{
    return name[0] == '@';
}

/* The members of an object of the request; `prefix` is where it stands: "Oem.Hpe.", or "". */
static bool collect_object(RedfishCall *call, const json_t *resource, const char *prefix,
                           const json_t *object, GArray *changes) REQUIRES(call->bmc->lock);

static bool
collect_object(RedfishCall *call, const json_t *resource, const char *prefix, const json_t *object,
               GArray *changes)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        g_autofree char *member = g_strconcat(prefix, name, NULL);
        g_autofree char *inner = g_strconcat(member, ".", NULL);
        const json_t *here = json_object_get(resource, name);
        bool whole =
            !json_is_object(value) || !json_is_object(here) || find_row(call->path, member) != NULL;
        if (is_annotation(name))
            continue;
        if (whole ? !collect(call, resource, member, value, changes)
                  : !collect_object(call, here, inner, value, changes))
            return false;
    }
    return true;
}

static bool collect_all(RedfishCall *call, const json_t *resource, GArray *changes)
    REQUIRES(call->bmc->lock);

static bool
collect_all(RedfishCall *call, const json_t *resource, GArray *changes)
{
    return find_row(call->path, WHOLE) != NULL
               ? collect(call, resource, WHOLE, call->body, changes)
               : collect_object(call, resource, "", call->body, changes);
}

/* If-Match, where there is one, names the resource as it is. */
static bool precondition_holds(RedfishCall *call, const json_t *resource) REQUIRES(call->bmc->lock);

static bool
precondition_holds(RedfishCall *call, const json_t *resource)
{
    const RedfishRequest *request = call->request;
    const char *wanted = request->header(request->carrier, "If-Match");
    g_autofree char *etag = redfish_etag(call->bmc, resource);
    if (wanted == NULL && call->bmc->knobs[REDFISH_KNOB_ETAG_REQUIRED] != 0) {
        redfish_refuse(call, REDFISH_MESSAGE_PRECONDITION_REQUIRED, NULL, NULL, NULL);
        return false;
    }
    bool changes_now = wanted != NULL && call->bmc->knobs[REDFISH_KNOB_STALE_ETAGS] > 0;
    if (changes_now) {
        call->bmc->knobs[REDFISH_KNOB_STALE_ETAGS]--;
        call->bmc->generation++;
    } else if (wanted == NULL || strcmp(wanted, "*") == 0 || strcmp(wanted, etag) == 0) {
        return true;
    }
    redfish_refuse(call, REDFISH_MESSAGE_PRECONDITION_FAILED, NULL, NULL, NULL);
    return false;
}

void
redfish_patch(RedfishCall *call, const RedfishResource *resource)
{
    json_auto_t *body = redfish_expand(call, resource);
    g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(Change));
    if (!precondition_holds(call, body))
        return;
    if (json_object_size(call->body) == 0) {
        redfish_refuse(call, REDFISH_MESSAGE_EMPTY_JSON, NULL, NULL, NULL);
        return;
    }
    if (!collect_all(call, body, changes))
        return;
    for (guint i = 0; i < changes->len; i++)
        apply_change(call, &g_array_index(changes, Change, i));
    redfish_say(call, 200, redfish_expand(call, resource));
}

/* As a PATCH: this is how an iLO's settings are set to their defaults. */
void
redfish_bios_post(RedfishCall *call)
{
    redfish_patch(call, redfish_tree_find(call->bmc->tree, call->path));
}
