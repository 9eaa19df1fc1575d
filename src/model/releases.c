/* Releases of Ironic and what they serve; the contract is in releases.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/releases.h"

#include <string.h>

unsigned
release_api_version(const char *release)
{
    static const struct {
        const char *name;
        unsigned minor;
    } releases[] = {
#define RELEASE(name, minor) {name, minor},
#include "model/releases.def"
#undef RELEASE
    };
    for (size_t i = 0; release != NULL && i < G_N_ELEMENTS(releases); i++)
        if (strcmp(releases[i].name, release) == 0)
            return releases[i].minor;
    return G_MAXUINT;
}

unsigned
release_pinned_version(const Config *config)
{
    return release_api_version(config_string(config, OPT_PIN_RELEASE_VERSION));
}
