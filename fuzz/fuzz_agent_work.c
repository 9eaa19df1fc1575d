/* What the agent is told to work on: images, files to put into them, RAIDs, and the words of a
 * service that refuses. The first byte chooses the reader.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/api_error.h"
#include "agent/disk/image_info.h"
#include "agent/disk/inject_place.h"
#include "agent/disk/raid_plan.h"
#include "common/json_text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A description that is taken is whole, and every number in it is a number or refused. */
static void
read_image(const json_t *json)
{
    ImageInfo info;
    int64_t number;
    g_autoptr(GError) error = NULL, mistake = NULL;
    bool good = image_info_read(&info, json, &error);
    if (good != (error == NULL) || (good && (info.id == NULL || json_array_size(info.urls) == 0)))
        abort();
    if (good && image_info_number(&info, "root_mb", 0, &number, &mistake) != (mistake == NULL))
        abort();
}

static void
read_file(const json_t *json)
{
    g_autoptr(GError) error = NULL;
    if (inject_check(json, &error) != (error == NULL))
        abort();
}

static void
read_raid(const json_t *json)
{
    json_auto_t *disks = json_array();
    for (int count = 0; count <= 5; count++) {
        RaidPlan plan;
        g_autoptr(GError) error = NULL;
        if (count > 0)
            json_array_append_new(disks, json_pack("{s:s,s:s,s:I}", "name", "/dev/sda", "serial",
                                                   "a", "size", (json_int_t)count << 40));
        bool good = raid_plan_read(json, disks, &plan, &error);
        if (good != (error == NULL) || (good && plan.count > RAID_ARRAYS_LIMIT))
            abort();
    }
}

static void
read_refusal(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *body = g_strndup((const char *)data, size);
    HttpResponse response = {.status = 404, .body = body, .body_size = strlen(body)};
    if (api_error(&response, AGENT_ERROR_INVALID_PARAMS, &error) || error == NULL)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const json_t *json) = {read_image, read_file, read_raid};
    if (size < 1)
        return 0;
    size_t chosen = data[0] % (G_N_ELEMENTS(readers) + 1);
    if (chosen == G_N_ELEMENTS(readers)) {
        read_refusal(data + 1, size - 1);
        return 0;
    }
    json_auto_t *json = json_text_parse((const char *)data + 1, size - 1, 0, NULL);
    if (json_is_object(json))
        readers[chosen](json);
    return 0;
}
