/* Virtual media of a system's BMC. For workers, with the errors of resource.h.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/redfish/system.h"

typedef enum RedfishMedia {
    REDFISH_MEDIA_CD,
    REDFISH_MEDIA_FLOPPY,
    REDFISH_MEDIA_USB
} RedfishMedia;

/* Inserts the image at a URL into a drive of this kind, write-protected. Of several drives a free
 * one is taken, and for a stick one that takes no CD; else what is in the drive is ejected first.
 * An image that is in a drive already is left there. A BMC that answers with a fault of its own
 * (5xx) is asked three times: the one before may not be quite ejected.
 *
 * Errors  UNSUPPORTED: there is no such drive */
bool redfish_media_insert(const RedfishBmc *bmc, const RedfishSystem *system, RedfishMedia kind,
                          const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ejects what is in the drives of this kind; nothing happens without one, or with none in. */
bool redfish_media_eject(const RedfishBmc *bmc, const RedfishSystem *system, RedfishMedia kind,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether something is in a drive of this kind. */
bool redfish_media_is_in(const RedfishBmc *bmc, const RedfishSystem *system, RedfishMedia kind,
                         bool *in, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is in all drives: [{"media_types": [str], "inserted": bool, "image": str or null}], a new
 * reference. The URLs may be secrets. */
json_t *redfish_media_list(const RedfishBmc *bmc, const RedfishSystem *system, GError **error);

/* True if the system has such a drive; false with an error only if it cannot be found out. */
bool redfish_media_exists(const RedfishBmc *bmc, const RedfishSystem *system, RedfishMedia kind,
                          GError **error);
