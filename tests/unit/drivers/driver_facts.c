/* Prints what the drivers are, from their tables, as one JSON document: for each hardware type its
 * interfaces in order of preference; for each interface its properties, steps, vendor methods and
 * what RAID it knows. The API suite compares it with what Ironic's drivers are
 * (tests/data/ironic-drivers.json).
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/raid/raid.h"
#include "drivers/registry_internal.h"
#include "drivers/vendor/vendor.h"

#include <stdio.h>
#include <string.h>

static json_t *
interfaces_of(const HardwareType *hardware)
{
    json_t *kinds = json_object();
    size_t count = 0;
    const InterfaceRow *rows = interface_rows(&count);
    for (size_t i = 0; i < count; i++) {
        const char *kind = interface_type_name(rows[i].type);
        if ((rows[i].hardware_types & hardware->bit) == 0)
            continue;
        if (json_object_get(kinds, kind) == NULL)
            json_object_set_new(kinds, kind, json_array());
        json_array_append_new(json_object_get(kinds, kind), json_string(rows[i].interface->name));
    }
    return kinds;
}

static json_t *
properties_of(const Interface *interface)
{
    json_t *all = json_object();
    const PropertyDef *row = interface->properties;
    for (; row != NULL && row->name != NULL; row++)
        json_object_set_new(all, row->name, json_boolean(row->required));
    return all;
}

/* {argument: whether it must be there} */
static json_t *
arguments_of(const StepDef *step)
{
    json_t *all = json_object(),
           *known = step->arguments != NULL ? json_loads(step->arguments, 0, NULL) : NULL, *about;
    const char *name;
    json_object_foreach(known, name, about) json_object_set_new(
        all, name, json_boolean(json_is_true(json_object_get(about, "required"))));
    json_decref(known);
    return all;
}

static json_t *
steps_of(const Interface *interface, StepKind kind)
{
    json_t *all = json_object();
    const StepDef *step = interface->steps[kind];
    for (; step != NULL && step->name != NULL; step++) {
        int priority = step->priority_option == 0
                           ? step->priority
                           : (int)config_integer(config_current(), step->priority_option);
        json_object_set_new(all, step->name,
                            json_pack("{s:i, s:b, s:b, s:o}", "priority", priority, "abortable",
                                      step->abortable, "requires_ramdisk", step->requires_ramdisk,
                                      "args", arguments_of(step)));
    }
    return all;
}

static void
set_unless_empty(json_t *facts, const char *name, json_t *value)
{
    if (json_object_size(value) > 0 || json_array_size(value) > 0)
        json_object_set(facts, name, value);
    json_decref(value);
}

/* Without their sentences. */
static json_t *
methods_of(const VendorMethod *methods)
{
    json_t *all = methods != NULL ? vendor_methods_json(methods) : json_object(), *about;
    const char *name;
    json_object_foreach(all, name, about) json_object_del(about, "description");
    return all;
}

/* {name: true} */
static json_t *
logical_disk_properties(void)
{
    json_t *all = raid_logical_disk_properties(), *value;
    const char *name;
    json_object_foreach(all, name, value) json_object_set_new(all, name, json_true());
    return all;
}

static json_t *
facts_of(const InterfaceRow *row)
{
    json_t *facts = json_object();
    json_object_set_new(facts, "properties", properties_of(row->interface));
    set_unless_empty(facts, "clean_steps", steps_of(row->interface, STEP_KIND_CLEAN));
    set_unless_empty(facts, "deploy_steps", steps_of(row->interface, STEP_KIND_DEPLOY));
    if (row->type == INTERFACE_VENDOR) {
        const VendorOps *vendor = (const VendorOps *)(const void *)row->interface;
        set_unless_empty(facts, "methods", methods_of(vendor->node_methods));
        set_unless_empty(facts, "driver_methods", methods_of(vendor->driver_methods));
    }
    if (row->type == INTERFACE_RAID)
        set_unless_empty(facts, "logical_disk_properties", logical_disk_properties());
    return facts;
}

int
main(void)
{
    json_t *hardware = json_object(), *interfaces = json_object();
    size_t count = 0;
    const InterfaceRow *rows = interface_rows(&count);
    for (size_t i = 0; i < HARDWARE_TYPE_COUNT; i++)
        json_object_set_new(hardware, hardware_types[i].name, interfaces_of(&hardware_types[i]));
    for (size_t i = 0; i < count; i++) {
        g_autofree char *name =
            g_strdup_printf("%s.%s", interface_type_name(rows[i].type), rows[i].interface->name);
        json_object_set_new(interfaces, name, facts_of(&rows[i]));
    }
    json_t *all = json_pack("{s:o, s:o}", "hardware_types", hardware, "interfaces", interfaces);
    int failed = json_dumpf(all, stdout, JSON_INDENT(1) | JSON_SORT_KEYS);
    json_decref(all);
    return failed != 0;
}
