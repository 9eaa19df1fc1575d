/* clouds.yaml and secure.yaml, as openstacksdk reads them.
 *
 *     clouds:
 *       lab:
 *         auth_type: http_basic
 *         auth: {endpoint: "https://steel:6385", username: admin, password: …}
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <glib.h>
#include <jansson.h>

/* Takes a cloud from a parsed clouds.yaml and merges its entry of secure.yaml into it.
 *
 * secure   parsed secure.yaml or NULL
 * Returns  a new object, or NULL with CONFIG: no such cloud (the text lists the clouds), wrong
 *          shape, a vendor profile without auth_url. Pure. */
json_t *cloud_config_select(json_t *clouds, json_t *secure, const char *name, GError **error);

/* Finds and reads the files and selects. Searches $OS_CLIENT_CONFIG_FILE, then clouds.yaml and
 * clouds.yml in the working directory, $XDG_CONFIG_HOME/openstack (~/.config/openstack) and
 * /etc/openstack; the first wins. The same for secure.yaml with $OS_CLIENT_SECURE_FILE. Errors:
 * CONFIG. */
json_t *cloud_config_load(const char *name, GError **error);

/* A scalar of a cloud by its path, "auth.username", as text; NULL when absent or empty. The caller
 * frees. */
char *cloud_value(json_t *cloud, const char *path);
