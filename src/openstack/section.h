/* A section of the configuration that says how to reach a service, in keystoneauth's option names:
 * the same ones in [glance], [cinder], [swift] and the others.
 *
 * Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"

#define SECTION_LOGIN "keystone_authtoken" /* whose login counts where a section has none */

/* The value of an option; NULL: unset, empty, or the section has no such option. */
const char *section_text(const Config *config, const char *section, const char *name);
bool section_boolean(const Config *config, const char *section, const char *name);
/* In milliseconds, of seconds that may have a fraction; `fallback_ms` if it is unset. */
int section_ms(const Config *config, const char *section, const char *name, int fallback_ms);
int section_count(const Config *config, const char *section, const char *name, int fallback);
/* Empty if it is unset. */
const char *const *section_list(const Config *config, const char *section, const char *name);

/* The section whose login a section uses: its own if it has an auth_type, what its auth_section
 * names, or [keystone_authtoken]. */
const char *section_of_login(const Config *config, const char *section);
