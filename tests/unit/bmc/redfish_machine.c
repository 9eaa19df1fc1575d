/* The contract is in redfish_machine.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "redfish_machine.h"

#include "scripted_bmc.h"

#include <glib.h>
#include <jansson.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#define SYSTEM "/redfish/v1/Systems/1"
#define SESSIONS "/redfish/v1/SessionService/Sessions"
#define TOKEN "token-of-the-one-session"

struct RedfishMachine {
    ScriptedBmc *bmc;
    const char *user, *password;
    pthread_mutex_t lock;   /* guards the rest */
    json_t *boot;           /* the system's Boot */
    json_t *bios, *pending; /* settings: those in force, and those from the next start on */
    char *power, *led, *maker;
    bool secure_boot, refuses_continuous, hides_mode;
    unsigned busy, sessions;
    char *text; /* of the last answer: it must live until that is sent */
};

static void
tell(RedfishMachine *machine, BmcTold *told, json_t *document)
{
    g_free(machine->text);
    machine->text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    told->body = machine->text;
}

static void
tell_system(RedfishMachine *machine, BmcTold *told)
{
    json_t *boot = json_deep_copy(machine->boot);
    if (machine->busy > 0) {
        machine->busy--;
        told->status = 503;
        json_decref(boot);
        return;
    }
    if (machine->hides_mode)
        json_object_del(boot, "BootSourceOverrideMode");
    tell(
        machine, told,
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:{s:s}, s:{s:s}, s:{s:{s:s}}, s:{s:i}, s:{s:s}}",
                  "@odata.id", SYSTEM, "UUID", "0b6a1b2c-0000-4000-8000-000000000001",
                  "Manufacturer", machine->maker, "PowerState", machine->power, "IndicatorLED",
                  machine->led, "Boot", boot, "Bios", "@odata.id", SYSTEM "/Bios", "SecureBoot",
                  "@odata.id", SYSTEM "/SecureBoot", "Actions", "#ComputerSystem.Reset", "target",
                  SYSTEM "/Actions/Reset", "MemorySummary", "TotalSystemMemoryGiB", 4, "Processors",
                  "@odata.id", "/processors"));
}

/* The values that no machine takes, for the tests of refusals. */
static bool
is_refused(const RedfishMachine *machine, const json_t *boot)
{
    const char *enabled = json_string_value(json_object_get(boot, "BootSourceOverrideEnabled"));
    return (machine->refuses_continuous && g_strcmp0(enabled, "Continuous") == 0) ||
           (machine->hides_mode && json_object_get(boot, "BootSourceOverrideMode") != NULL);
}

static void
change_system(RedfishMachine *machine, const json_t *change, BmcTold *told)
{
    const json_t *boot = json_object_get(change, "Boot");
    const char *led = json_string_value(json_object_get(change, "IndicatorLED"));
    told->status = is_refused(machine, boot) ? 400 : 204;
    if (told->status != 204)
        return;
    if (boot != NULL)
        json_object_update(machine->boot, (json_t *)(uintptr_t)boot);
    if (led != NULL) {
        g_free(machine->led);
        machine->led = g_strdup(led);
    }
}

static void
reset(RedfishMachine *machine, const json_t *body, BmcTold *told)
{
    const char *type = json_string_value(json_object_get(body, "ResetType"));
    bool off = g_strcmp0(type, "ForceOff") == 0 || g_strcmp0(type, "GracefulShutdown") == 0;
    told->status = 204;
    g_free(machine->power);
    machine->power = g_strdup(off ? "Off" : "On");
    if (off)
        return;
    json_object_update(machine->bios, machine->pending);
    json_object_clear(machine->pending);
}

static void
tell_bios(RedfishMachine *machine, BmcTold *told)
{
    tell(machine, told,
         json_pack("{s:O, s:s, s:{s:{s:s}, s:[s]}, s:{s:{s:s}}}", "Attributes", machine->bios,
                   "AttributeRegistry", "Bios.v1_0_0", "@Redfish.Settings", "SettingsObject",
                   "@odata.id", SYSTEM "/Bios/Settings", "SupportedApplyTimes", "OnReset",
                   "Actions", "#Bios.ResetBios", "target", SYSTEM "/Bios/Actions/Reset"));
}

/* A value that the machine does not know is dropped at its next start, as real ones do. */
static void
change_bios(RedfishMachine *machine, const json_t *body, BmcTold *told)
{
    json_t *attributes = json_object_get(body, "Attributes");
    told->status = 204;
    if (json_object_get(attributes, "Unheard") == NULL)
        json_object_update(machine->pending, attributes);
}

static bool
serve_bios(RedfishMachine *machine, const BmcAsked *asked, const json_t *body, BmcTold *told)
{
    if (strcmp(asked->path, SYSTEM "/Bios") == 0)
        tell_bios(machine, told);
    else if (strcmp(asked->path, SYSTEM "/Bios/Settings") != 0 &&
             strcmp(asked->path, SYSTEM "/Bios/Actions/Reset") != 0)
        return false;
    else if (strcmp(asked->method, "PATCH") == 0)
        change_bios(machine, body, told);
    else if (strcmp(asked->method, "POST") == 0)
        json_object_set_new(machine->pending, "BootMode", json_string("Uefi"));
    else
        told->body = "{\"Attributes\":{}}";
    return true;
}

static bool
serve_fixed(const BmcAsked *asked, BmcTold *told)
{
    static const struct {
        const char *path, *body;
    } documents[] = {
        {"/processors", "{\"Members\":[{\"@odata.id\":\"/processors/1\"}]}"},
        {"/processors/1", "{\"TotalThreads\":8,\"ProcessorArchitecture\":\"x86\"}"},
        {"/redfish/v1/Registries",
         "{\"Members\":[{\"@odata.id\":\"/redfish/v1/Registries/Bios\"}]}"},
        {"/redfish/v1/Registries/Bios",
         "{\"Registry\":\"Bios.v1_0_0\",\"Location\":[{\"Language\":\"en\",\"Uri\":"
         "\"/registry.json\"}]}"},
        {"/registry.json",
         "{\"RegistryEntries\":{\"Attributes\":[{\"AttributeName\":\"BootMode\",\"Type\":"
         "\"Enumeration\",\"ReadOnly\":false,\"Value\":[{\"ValueName\":\"Uefi\"},{\"ValueName\":"
         "\"LegacyBios\"}]},{\"AttributeName\":\"Delay\",\"Type\":\"Integer\",\"LowerBound\":0,"
         "\"UpperBound\":30}]}}"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(documents); i++)
        if (strcmp(asked->path, documents[i].path) == 0)
            told->body = documents[i].body;
    return told->body != NULL;
}

static void
log_in(RedfishMachine *machine, const json_t *body, BmcTold *told)
{
    const char *user = json_string_value(json_object_get(body, "UserName"));
    const char *password = json_string_value(json_object_get(body, "Password"));
    told->status = 401;
    if (g_strcmp0(user, machine->user) != 0 || g_strcmp0(password, machine->password) != 0)
        return;
    machine->sessions++;
    *told = (BmcTold){
        .status = 201, .body = "{}", .headers = {"X-Auth-Token", TOKEN, "Location", SESSIONS "/1"}};
}

static void
serve_inside(RedfishMachine *machine, const BmcAsked *asked, const json_t *body, BmcTold *told)
{
    bool change = strcmp(asked->method, "PATCH") == 0;
    if (serve_bios(machine, asked, body, told) || serve_fixed(asked, told))
        return;
    if (strcmp(asked->path, SYSTEM) == 0 && change)
        change_system(machine, body, told);
    else if (strcmp(asked->path, SYSTEM) == 0)
        tell_system(machine, told);
    else if (strcmp(asked->path, SYSTEM "/SecureBoot") == 0 && change)
        machine->secure_boot = json_is_true(json_object_get(body, "SecureBootEnable"));
    else if (strcmp(asked->path, SYSTEM "/SecureBoot") == 0)
        tell(machine, told,
             json_pack("{s:s}", "SecureBootCurrentBoot",
                       machine->secure_boot ? "Enabled" : "Disabled"));
    else if (strcmp(asked->path, SYSTEM "/Actions/Reset") == 0)
        reset(machine, body, told);
    else if (strcmp(asked->path, "/redfish/v1/Systems") == 0)
        told->body = "{\"Members\":[{\"@odata.id\":\"" SYSTEM "\"}]}";
    else if (strcmp(asked->path, SESSIONS "/1") == 0)
        machine->sessions--, told->status = 204;
    else
        told->status = 404;
}

static void
serve_machine(void *user_data, const BmcAsked *asked, BmcTold *told)
{
    RedfishMachine *machine = user_data;
    json_t *body = json_loads(asked->body, 0, NULL);
    pthread_mutex_lock(&machine->lock);
    if (strcmp(asked->path, "/redfish/v1/") == 0)
        told->body = "{\"Systems\":{\"@odata.id\":\"/redfish/v1/Systems\"},\"Registries\":{"
                     "\"@odata.id\":\"/redfish/v1/Registries\"}}";
    else if (strcmp(asked->path, SESSIONS) == 0)
        log_in(machine, body, told);
    else if (strcmp(asked->token, TOKEN) == 0)
        serve_inside(machine, asked, body, told);
    else
        told->status = 401;
    pthread_mutex_unlock(&machine->lock);
    json_decref(body);
}

RedfishMachine *
redfish_machine_start(const char *user, const char *password)
{
    RedfishMachine *machine = g_new0(RedfishMachine, 1);
    pthread_mutex_init(&machine->lock, NULL);
    machine->user = user;
    machine->password = password;
    machine->boot =
        json_pack("{s:s, s:s, s:s}", "BootSourceOverrideTarget", "None",
                  "BootSourceOverrideEnabled", "Disabled", "BootSourceOverrideMode", "UEFI");
    machine->bios = json_pack("{s:s, s:b, s:i}", "BootMode", "Uefi", "NumLock", 1, "Delay", 5);
    machine->pending = json_object();
    machine->power = g_strdup("On");
    machine->led = g_strdup("Off");
    machine->maker = g_strdup("ACME");
    machine->bmc = scripted_bmc_start(BMC_TRUSTED, serve_machine, machine);
    return machine;
}

void
redfish_machine_stop(RedfishMachine *machine)
{
    scripted_bmc_stop(machine->bmc);
    json_decref(machine->boot);
    json_decref(machine->bios);
    json_decref(machine->pending);
    pthread_mutex_destroy(&machine->lock);
    g_free(machine->power);
    g_free(machine->led);
    g_free(machine->maker);
    g_free(machine->text);
    g_free(machine);
}

const char *
redfish_machine_url(const RedfishMachine *machine)
{
    return scripted_bmc_url(machine->bmc);
}

const char *
redfish_machine_ca(const RedfishMachine *machine)
{
    return scripted_bmc_ca(machine->bmc);
}

void
redfish_machine_set_maker(RedfishMachine *machine, const char *manufacturer)
{
    pthread_mutex_lock(&machine->lock);
    g_free(machine->maker);
    machine->maker = g_strdup(manufacturer);
    pthread_mutex_unlock(&machine->lock);
}

void
redfish_machine_refuse_continuous(RedfishMachine *machine, bool refuse)
{
    pthread_mutex_lock(&machine->lock);
    machine->refuses_continuous = refuse;
    pthread_mutex_unlock(&machine->lock);
}

void
redfish_machine_be_busy(RedfishMachine *machine, unsigned times)
{
    pthread_mutex_lock(&machine->lock);
    machine->busy = times;
    pthread_mutex_unlock(&machine->lock);
}

void
redfish_machine_hide_mode(RedfishMachine *machine, bool hide)
{
    pthread_mutex_lock(&machine->lock);
    machine->hides_mode = hide;
    pthread_mutex_unlock(&machine->lock);
}

unsigned
redfish_machine_sessions(RedfishMachine *machine)
{
    pthread_mutex_lock(&machine->lock);
    unsigned sessions = machine->sessions;
    pthread_mutex_unlock(&machine->lock);
    return sessions;
}

char *
redfish_machine_log(RedfishMachine *machine)
{
    return scripted_bmc_log(machine->bmc);
}
