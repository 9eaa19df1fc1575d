/* Steps that write images.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/write_image.h"
#include "agent/steps/step_functions.h"
#include "common/json_text.h"

json_t *
step_write_image(const StepCall *call, GError **error)
{
    return write_image(call->agent, json_object_get(call->args, "image_info"),
                       json_string_member(call->args, "configdrive"), call->progress, error);
}
