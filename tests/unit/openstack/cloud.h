/* The cloud that a test speaks to: a stand-in (tests/openstack/with_stand_in), or real services
 * (tests/openstack/run). The test runs below one of them.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"

#include <jansson.h>

/* Of STEEL_CLOUD_<name>; "" if it is unset. */
const char *cloud_environment(const char *name);

/* Real services take no orders. */
bool cloud_is_real(void);

/* The login, as lines "keystone_authtoken.<option>=<value>", not NULL-ended. Free the array. */
GPtrArray *cloud_settings(void);
/* Sets them in an unfinished configuration. */
void cloud_login(Config *config);

/* Gives the stand-in an order, a JSON text as tests/openstack/stand_in.py has it. */
void cloud_control(const char *order);

/* The next requests that begin with `match` meet this fault. */
void cloud_fault(const char *match, int times, const char *kind);

/* What the stand-in has seen; a new reference. */
json_t *cloud_look(void);
