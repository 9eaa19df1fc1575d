/* RAID controllers of a system, their drives and volumes. For workers, with the errors of
 * resource.h.
 *
 * A controller is a member of the system's Storage collection. One whose hardware lists no RAID
 * types is left out, as Ironic does. Source: DSP0268, Storage, Drive and Volume.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/redfish/system.h"

typedef struct RedfishDrive {
    char *id;         /* owned */
    char *path;       /* owned */
    char *media_type; /* owned: "HDD", "SSD"; NULL: not told */
    char *protocol;   /* owned: "SAS", "SATA", "NVMe"; NULL: not told */
    int64_t bytes;    /* 0: not told */
    unsigned storage; /* index of its controller */
    bool used;        /* a volume lives on it */
} RedfishDrive;

typedef struct RedfishVolume {
    char *id, *path, *name; /* owned; name may be NULL */
    char *raid_type;        /* owned: "RAID1"; NULL: it is no RAID volume */
    int64_t bytes;
    unsigned storage;
} RedfishVolume;

typedef struct RedfishStorage {
    char *id, *name;    /* owned; name may be NULL */
    char *volumes_path; /* owned; NULL: it makes none */
    /* when changes come into force, of what the controller can: "Immediate", "OnReset"; NULL: it
     * does not say. Static. */
    const char *apply_time;
} RedfishStorage;

/* What a system has; elements are owned. */
typedef struct RedfishStorages {
    GPtrArray *controllers; /* RedfishStorage */
    GPtrArray *drives;      /* RedfishDrive */
    GPtrArray *volumes;     /* RedfishVolume */
} RedfishStorages;

void redfish_storages_clear(RedfishStorages *storages);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RedfishStorages, redfish_storages_clear)

/* Reads them. UNSUPPORTED: the system tells no Storage. out: empty on failure */
bool redfish_storages_read(const RedfishBmc *bmc, const RedfishSystem *system, RedfishStorages *out,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Asks for a volume, or for the end of one. *monitor: the path of the BMC's task, NULL where it was
 * done at once; the caller frees.
 *
 * path        of the collection of volumes; of the volume
 * volume      {"RAIDType", "CapacityBytes", "Links": {"Drives"}, ...}; borrowed
 * apply_time  "Immediate", "OnReset" or NULL */
bool redfish_volume_create(const RedfishBmc *bmc, const char *path, const json_t *volume,
                           const char *apply_time, char **monitor,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool redfish_volume_delete(const RedfishBmc *bmc, const char *path, const char *apply_time,
                           char **monitor, GError **error) G_GNUC_WARN_UNUSED_RESULT;
