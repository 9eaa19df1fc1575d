/* LEDs by their resource's UUID, as Ironic names them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/management/redfish_indicators.h"

#include "drivers/redfish_node.h"

#include <string.h>

enum { CHASSIS_MAX = 32 };

static const struct {
    const char *ours, *redfish;
} states[] = {{"BLINKING", "Blinking"}, {"OFF", "Off"}, {"ON", "Lit"}};

/* A resource with a LED. */
typedef struct Led {
    const char *component, *name; /* borrowed from the document */
    char *path;                   /* owned */
    json_t *document;             /* owned */
} Led;

static void
led_free(void *data)
{
    Led *led = data;
    g_free(led->path);
    json_decref(led->document);
    g_free(led);
}

/* Newer services write LocationIndicatorActive instead, which is a boolean. */
static bool
has_led(const json_t *document)
{
    return json_string_member(document, "IndicatorLED") != NULL &&
           json_string_member(document, "UUID") != NULL;
}

static void
add_led(GPtrArray *leds, const char *component, const char *path, json_t *document)
{
    if (!has_led(document))
        return;
    Led *led = g_new0(Led, 1);
    *led = (Led){component, json_string_member(document, "UUID"), g_strdup(path),
                 json_incref(document)};
    g_ptr_array_add(leds, led);
}

static bool
add_chassis(RedfishVisit *visit, GPtrArray *leds, GError **error)
{
    const json_t *links = json_object_get(visit->system.document, "Links");
    g_autoptr(GPtrArray) paths = redfish_links(json_object_get(links, "Chassis"));
    for (guint i = 0; i < paths->len && i < CHASSIS_MAX; i++) {
        json_auto_t *document = redfish_get(&visit->bmc, paths->pdata[i], error);
        if (document == NULL)
            return false;
        add_led(leds, "chassis", paths->pdata[i], document);
    }
    return true;
}

/* All LEDs of the component (NULL: of all); NULL on failure. */
static GPtrArray *
find_leds(RedfishVisit *visit, const char *component, GError **error)
{
    GPtrArray *leds = g_ptr_array_new_with_free_func(led_free);
    if (component == NULL || strcmp(component, "system") == 0)
        add_led(leds, "system", visit->system.path, visit->system.document);
    if ((component != NULL && strcmp(component, "chassis") != 0) || add_chassis(visit, leds, error))
        return leds;
    g_ptr_array_unref(leds);
    return NULL;
}

json_t *
redfish_indicators_list(Task *task, const char *component, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    g_autoptr(GPtrArray) leds =
        redfish_visit_begin(task, &visit, error) ? find_leds(&visit, component, error) : NULL;
    if (leds == NULL)
        return NULL;
    json_t *components = json_object();
    for (guint i = 0; i < leds->len; i++) {
        const Led *led = leds->pdata[i];
        json_t *members = json_object_get(components, led->component);
        if (members == NULL) {
            members = json_object();
            json_object_set_new(components, led->component, members);
        }
        json_object_set_new(members, led->name,
                            json_pack("{s:b, s:[s, s, s]}", "readonly", 0, "states", states[0].ours,
                                      states[1].ours, states[2].ours));
    }
    return components;
}

/* INVALID: there is none of this name. */
static const Led *
find_led(const GPtrArray *leds, const char *component, const char *indicator, GError **error)
{
    for (guint i = 0; leds != NULL && i < leds->len; i++) {
        const Led *led = leds->pdata[i];
        if (strcmp(led->component, component) == 0 && strcmp(led->name, indicator) == 0)
            return led;
    }
    if (leds != NULL)
        steel_fail(error, STEEL_ERROR_INVALID, "the %.40s has no indicator '%.80s'", component,
                   indicator);
    return NULL;
}

char *
redfish_indicators_get(Task *task, const char *component, const char *indicator, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    g_autoptr(GPtrArray) leds =
        redfish_visit_begin(task, &visit, error) ? find_leds(&visit, component, error) : NULL;
    const Led *led = find_led(leds, component, indicator, error);
    if (led == NULL)
        return NULL;
    const char *word = json_string_member(led->document, "IndicatorLED");
    for (size_t i = 0; i < G_N_ELEMENTS(states); i++)
        if (strcmp(states[i].redfish, word) == 0)
            return g_strdup(states[i].ours);
    return g_strdup("UNKNOWN");
}

static const char *
redfish_word(const char *state)
{
    for (size_t i = 0; i < G_N_ELEMENTS(states); i++)
        if (strcmp(states[i].ours, state) == 0)
            return states[i].redfish;
    return NULL;
}

bool
redfish_indicators_set(Task *task, const char *component, const char *indicator, const char *state,
                       GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    const char *word = redfish_word(state);
    if (word == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "indicator '%.80s' cannot be '%.40s'; it may be: ON, OFF, BLINKING",
                          indicator, state);
    g_autoptr(GPtrArray) leds =
        redfish_visit_begin(task, &visit, error) ? find_leds(&visit, component, error) : NULL;
    const Led *led = find_led(leds, component, indicator, error);
    json_auto_t *body = json_pack("{s:s}", "IndicatorLED", word);
    return led != NULL && redfish_patch(&visit.bmc, led->path, body, error);
}
