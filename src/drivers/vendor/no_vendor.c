/* For nodes whose driver has no vendor interface: every request is answered UNSUPPORTED.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/vendor/vendor.h"

#include "drivers/unsupported.h"

static bool
no_vendor_validate(Task *task, GError **error)
{
    return interface_validate_none(task, INTERFACE_VENDOR, error);
}

const VendorOps vendor_no_vendor = {
    .interface = {.name = "no-vendor", .validate = no_vendor_validate},
};
