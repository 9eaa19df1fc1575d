/* The contract is in ilo_authorities.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ilo_authorities.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "drivers/certificate_files.h"
#include "drivers/driver_info.h"
#include "drivers/ilo_node.h"

#define AREA "drivers.ilo"
#define KEY "ilo_add_certificates"

const char *
ilo_authorities_file(void)
{
    const char *verify = config_string(config_current(), OPT_WEBSERVER_VERIFY_CA);
    bool word = false, named = verify != NULL && !json_boolean_word(verify, &word) &&
                               g_file_test(verify, G_FILE_TEST_IS_REGULAR);
    return named ? verify : NULL;
}

bool
ilo_authorities_wanted(const Node *node, bool *wanted, GError **error)
{
    const json_t *value = json_object_get(node->driver_info, KEY);
    *wanted = true;
    return json_is_nothing(value) || json_read_boolean(value, wanted) ||
           driver_info_invalid(KEY, "true or false", error);
}

/* Whom the firmware does not trust yet: an array of PEM. NULL: an error. */
static json_t *
find_missing(const Ilo *ilo, const json_t *wanted, GError **error)
{
    json_auto_t *there = ilo_get_authorities(ilo, error), *left = json_deep_copy(wanted);
    json_t *missing = there != NULL ? json_array() : NULL, *value;
    const char *print;
    size_t i;
    json_array_foreach(there, i, value)
    {
        json_object_del(left, json_string_value(value));
    }
    json_object_foreach(left, print, value)
    {
        json_array_append(missing, value);
    }
    return missing;
}

/* What waits for a self-test would be replaced: so nothing is written where nothing is missing. */
static bool
add_missing(Task *task, const json_t *wanted, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    if (!ilo_node_open(task, &node, &ilo, error))
        return false;
    json_auto_t *missing = find_missing(&ilo, wanted, error);
    if (missing == NULL)
        return false;
    if (json_array_size(missing) > 0)
        log_info(AREA, "node %s: its firmware is to trust %zu more authorities", task->node->uuid,
                 json_array_size(missing));
    return json_array_size(missing) == 0 || ilo_add_authorities(&ilo, missing, error);
}

bool
ilo_authorities_add(Task *task, GError **error)
{
    const char *file = ilo_authorities_file();
    json_auto_t *certificates = json_object();
    bool wanted = true;
    if (!ilo_authorities_wanted(task->node, &wanted, error))
        return false;
    if (!wanted || file == NULL)
        return true;
    if (certificate_path_read(file, certificates, error) && add_missing(task, certificates, error))
        return true;
    g_prefix_error(error, "The firmware cannot be given the authorities of %s: ", file);
    steel_advise(error, "driver_info " KEY " = false leaves those that it has");
    return false;
}
