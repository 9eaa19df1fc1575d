/* Conductors: read only.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "model/resources.h"

const Collection conductor_collection = {
    .resource = &conductor_record_resource,
    .since = 49,
    .detail_since = 49,
};
