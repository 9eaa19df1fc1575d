/* A ComputerSystem and its power; the contract is in system.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/system.h"

#include <string.h>

static const struct {
    const char *manufacturer;
    unsigned quirks;
} quirk_rows[] = {
#define USB_CD REDFISH_QUIRK_USB_CD
#define ALWAYS_ENABLED REDFISH_QUIRK_ALWAYS_ENABLED
#define SYNC_BOOT_MODE REDFISH_QUIRK_SYNC_BOOT_MODE
#define REDFISH_QUIRK(manufacturer, quirks) {manufacturer, quirks},
#include "bmc/redfish/quirks.def"
#undef REDFISH_QUIRK
#undef USB_CD
#undef ALWAYS_ENABLED
#undef SYNC_BOOT_MODE
};

void
redfish_system_clear(RedfishSystem *system)
{
    g_free(system->path);
    json_decref(system->document);
    *system = (RedfishSystem){0};
}

unsigned
redfish_quirks_of(const json_t *system)
{
    const char *manufacturer = json_string_member(system, "Manufacturer");
    for (size_t i = 0; manufacturer != NULL && i < G_N_ELEMENTS(quirk_rows); i++)
        if (g_ascii_strncasecmp(manufacturer, quirk_rows[i].manufacturer,
                                strlen(quirk_rows[i].manufacturer)) == 0)
            return quirk_rows[i].quirks;
    return 0;
}

/* ---- which system ---- */

char *
redfish_only_member(const json_t *collection, GError **error)
{
    g_autoptr(GPtrArray) paths = redfish_links(json_object_get(collection, "Members"));
    if (paths->len == 1)
        return g_strdup(paths->pdata[0]);
    if (paths->len == 0)
        steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "the BMC lists no system");
    else
        steel_fail(error, STEEL_ERROR_INVALID,
                   "the BMC has %u systems, %s, %s%s; name one as redfish_system_id", paths->len,
                   (const char *)paths->pdata[0], (const char *)paths->pdata[1],
                   paths->len > 2 ? ", ..." : "");
    return NULL;
}

static const char *
root_of(const RedfishTarget *target)
{
    return target->root != NULL ? target->root : "/redfish/v1/";
}

static char *
systems_path(const json_t *root, GError **error)
{
    char *path = redfish_link(root, "Systems");
    if (path == NULL)
        steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "the root of the service links no Systems");
    return path;
}

static char *
find_path(const RedfishBmc *bmc, GError **error)
{
    json_auto_t *root = redfish_get(bmc, root_of(&bmc->target), error);
    g_autofree char *systems = root != NULL ? systems_path(root, error) : NULL;
    if (root != NULL && systems == NULL)
        redfish_fail(error);
    json_auto_t *collection = systems != NULL ? redfish_get(bmc, systems, error) : NULL;
    return collection != NULL ? redfish_only_member(collection, error) : NULL;
}

bool
redfish_system_read(const RedfishBmc *bmc, const char *path, RedfishSystem *system, GError **error)
{
    g_autofree char *found = path != NULL ? g_strdup(path) : find_path(bmc, error);
    json_t *document = found != NULL ? redfish_get(bmc, found, error) : NULL;
    if (document == NULL)
        return false;
    *system = (RedfishSystem){g_steal_pointer(&found), document, redfish_quirks_of(document)};
    return true;
}

/* ---- power ---- */

RedfishPower
redfish_power_of(const json_t *system)
{
    static const struct {
        const char *word;
        RedfishPower power;
    } words[] = {{"On", REDFISH_POWER_ON},
                 {"Off", REDFISH_POWER_OFF},
                 {"PoweringOn", REDFISH_POWER_ON},
                 {"PoweringOff", REDFISH_POWER_OFF}};
    const char *word = json_string_member(system, "PowerState");
    for (size_t i = 0; word != NULL && i < G_N_ELEMENTS(words); i++)
        if (strcmp(word, words[i].word) == 0)
            return words[i].power;
    return REDFISH_POWER_UNKNOWN;
}

char *
redfish_power_words(const json_t *system)
{
    const char *word = json_string_member(system, "PowerState");
    g_autofree char *tame = word != NULL ? g_strescape(word, NULL) : NULL;
    return tame != NULL ? g_strdup_printf("the power state '%.60s'", tame)
                        : g_strdup("no power state");
}

const char *
redfish_health_of(const json_t *system)
{
    static const char *const words[] = {"OK", "Warning", "Critical"};
    const json_t *status = json_object_get(system, "Status");
    const char *whole = json_string_member(status, "HealthRollup"),
               *told = whole != NULL ? whole : json_string_member(status, "Health");
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_strcmp0(told, words[i]) == 0)
            return words[i];
    return NULL;
}

/* A machine that is paused is not off, and must not be taken for it. */
static bool
power_is_known(const json_t *system, RedfishPower *power, GError **error)
{
    *power = redfish_power_of(system);
    if (*power != REDFISH_POWER_UNKNOWN)
        return true;
    g_autofree char *words = redfish_power_words(system);
    return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL,
                      "the BMC tells %s: the machine is neither on nor off", words);
}

/* Root, collection and system, as far as they must be read. */
typedef enum PowerStage { POWER_STAGE_ROOT, POWER_STAGE_SYSTEMS, POWER_STAGE_SYSTEM } PowerStage;

typedef struct PowerReading {
    RedfishClient *client;
    RedfishTarget target; /* its texts are owned */
    PowerStage stage;
    RedfishPowerDone done;
    void *user_data;
} PowerReading;

static void
reading_end(PowerReading *reading, RedfishPower power, const char *health, const GError *error)
{
    reading->done(reading->user_data, power, health, error);
    redfish_target_clear(&reading->target);
    g_free(reading);
}

static void redfish_power_answered(void *user_data, RedfishAnswer *answer, const GError *error);

static void
reading_ask(PowerReading *reading, PowerStage stage, const char *path)
{
    const RedfishRequest request = {.path = path};
    reading->stage = stage;
    redfish_submit(reading->client, &reading->target, &request, redfish_power_answered, reading);
}

/* The path of the next document, or NULL with an error. */
static char *
reading_next(const PowerReading *reading, const json_t *document, GError **error)
{
    return reading->stage == POWER_STAGE_ROOT ? systems_path(document, error)
                                              : redfish_only_member(document, error);
}

static void
redfish_power_answered(void *user_data, RedfishAnswer *answer, const GError *failure)
{
    PowerReading *reading = user_data;
    g_autoptr(GError) error = NULL;
    json_auto_t *document = failure == NULL ? redfish_answer_document(answer, &error) : NULL;
    if (document == NULL) {
        reading_end(reading, REDFISH_POWER_UNKNOWN, NULL, failure != NULL ? failure : error);
        return;
    }
    if (reading->stage == POWER_STAGE_SYSTEM) {
        RedfishPower power;
        bool known = power_is_known(document, &power, &error);
        reading_end(reading, power, redfish_health_of(document), known ? NULL : error);
        return;
    }
    g_autofree char *next = reading_next(reading, document, &error);
    if (next == NULL)
        reading_end(reading, REDFISH_POWER_UNKNOWN, NULL, error);
    else
        reading_ask(reading, reading->stage + 1, next);
}

void
redfish_power_submit(RedfishClient *client, const RedfishTarget *target, const char *path,
                     RedfishPowerDone done, void *user_data)
{
    PowerReading *reading = g_new0(PowerReading, 1);
    reading->client = client;
    redfish_target_copy(&reading->target, target);
    reading->target.background = true;
    reading->done = done;
    reading->user_data = user_data;
    if (path != NULL)
        reading_ask(reading, POWER_STAGE_SYSTEM, path);
    else
        reading_ask(reading, POWER_STAGE_ROOT, root_of(target));
}

bool
redfish_system_reset(const RedfishBmc *bmc, const RedfishSystem *system, const char *type,
                     GError **error)
{
    static const char action[] = "#ComputerSystem.Reset";
    g_autofree char *target = redfish_action_target(system->document, action);
    if (target == NULL)
        return steel_fail(error, STEEL_ERROR_BMC_REFUSED, "system %s has no action %s",
                          system->path, action);
    if (!redfish_action_allows(system->document, action, "ResetType", type)) {
        g_autofree char *values = redfish_action_values(system->document, action, "ResetType");
        return steel_fail(error, STEEL_ERROR_BMC_REFUSED,
                          "system %s does not know the reset '%s', only: %s", system->path, type,
                          values);
    }
    json_auto_t *body = json_pack("{s:s}", "ResetType", type);
    return redfish_post(bmc, target, body, NULL, error);
}

/* ---- its manager ---- */

char *
redfish_manager_firmware(const RedfishBmc *bmc, const RedfishSystem *system, GError **error)
{
    const json_t *links = json_object_get(system->document, "Links");
    g_autoptr(GPtrArray) paths = redfish_links(json_object_get(links, "ManagedBy"));
    for (guint i = 0; i < paths->len; i++) {
        json_auto_t *manager = redfish_get(bmc, paths->pdata[i], error);
        if (manager == NULL)
            return NULL;
        const char *version = json_string_member(manager, "FirmwareVersion");
        if (version != NULL && g_strcmp0(json_string_member(manager, "ManagerType"), "BMC") == 0)
            return g_strdup(version);
    }
    return g_strdup("");
}
