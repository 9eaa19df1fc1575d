/* Reading clouds.yaml.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/cloud_config.h"
#include "common/python_text.h"
#include "common/yaml_text.h"
#include <string.h>

static json_t *
no_such_cloud(json_t *clouds, const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = json_sorted_keys(clouds);
    g_autoptr(GString) known = g_string_new(NULL);
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(known, "%s%s", i > 0 ? ", " : "",
                               (const char *)g_ptr_array_index(names, i));
    steel_fail(error, STEEL_ERROR_CONFIG, "there is no cloud \"%s\"; there are: %s", name,
               known->len > 0 ? known->str : "none");
    return NULL;
}

json_t *
cloud_config_select(json_t *clouds, json_t *secure, const char *name, GError **error)
{
    json_t *all = json_object_get(clouds, "clouds");
    if (!json_is_object(all)) {
        steel_fail(error, STEEL_ERROR_CONFIG, "there is no mapping \"clouds\" in it");
        return NULL;
    }
    json_t *found = json_object_get(all, name);
    if (found == NULL)
        return no_such_cloud(all, name, error);
    json_auto_t *cloud = json_deep_copy(found);
    json_t *auth = json_object_get(cloud, "auth");
    if (!json_is_object(cloud) || (auth != NULL && !json_is_object(auth))) {
        steel_fail(error, STEEL_ERROR_CONFIG, "cloud \"%s\" and its \"auth\" must be mappings",
                   name);
        return NULL;
    }
    json_t *secrets = json_object_get(json_object_get(secure, "clouds"), name);
    if (json_is_object(secrets) && json_object_update_recursive(cloud, secrets) != 0) {
        steel_fail(error, STEEL_ERROR_CONFIG, "cloud \"%s\" cannot be merged with secure.yaml",
                   name);
        return NULL;
    }
    g_autofree char *url = cloud_value(cloud, "auth.auth_url");
    g_autofree char *profile = cloud_value(cloud, "profile");
    if (profile != NULL && url == NULL) {
        steel_fail(error, STEEL_ERROR_CONFIG,
                   "cloud \"%s\": vendor profile \"%s\" is not known here, write auth_url out",
                   name, profile);
        return NULL;
    }
    return json_incref(cloud);
}

/* The path of the first file that exists; NULL if none does. */
static char *
find_file(const char *variable, const char *stem)
{
    const char *given = g_getenv(variable);
    if (given != NULL && given[0] != '\0')
        return g_strdup(given);
    g_autofree char *user = g_build_filename(g_get_user_config_dir(), "openstack", NULL);
    const char *const folders[] = {".", user, "/etc/openstack"};
    static const char *const endings[] = {".yaml", ".yml", ".json"};
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(endings); j++) {
            g_autofree char *name = g_strconcat(stem, endings[j], NULL);
            g_autofree char *path = g_build_filename(folders[i], name, NULL);
            if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
                return g_steal_pointer(&path);
        }
    }
    return NULL;
}

/* Every error of these files counts as CONFIG. */
static json_t *
read_file(const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    json_t *value = yaml_file_parse(path, &cause);
    if (value == NULL)
        steel_fail(error, STEEL_ERROR_CONFIG, "%s", cause->message);
    return value;
}

json_t *
cloud_config_load(const char *name, GError **error)
{
    g_autofree char *path = find_file("OS_CLIENT_CONFIG_FILE", "clouds");
    g_autofree char *secure_path = find_file("OS_CLIENT_SECURE_FILE", "secure");
    json_auto_t *secure = NULL;
    if (path == NULL) {
        steel_fail(error, STEEL_ERROR_CONFIG,
                   "there is no clouds.yaml with cloud \"%s\" (--os-cloud or OS_CLOUD) "
                   "here, in ~/.config/openstack or in /etc/openstack",
                   name);
        return NULL;
    }
    json_auto_t *clouds = read_file(path, error);
    if (clouds == NULL)
        return NULL;
    if (secure_path != NULL && (secure = read_file(secure_path, error)) == NULL)
        return NULL;
    json_t *cloud = cloud_config_select(clouds, secure, name, error);
    if (cloud == NULL)
        g_prefix_error(error, "%s: ", path);
    return cloud;
}

char *
cloud_value(json_t *cloud, const char *path)
{
    g_auto(GStrv) keys = g_strsplit(path, ".", -1);
    json_t *value = cloud;
    for (char **key = keys; *key != NULL; key++)
        value = json_object_get(value, *key);
    if (value == NULL || json_is_null(value) || json_is_object(value) || json_is_array(value))
        return NULL;
    if (json_is_string(value) && json_string_length(value) == 0)
        return NULL;
    return python_str(value);
}
