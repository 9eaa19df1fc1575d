/* IPMI beyond the API: raw requests, and a reset of the BMC.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/vendor/vendor.h"

#include "bmc/ipmi/client/commands.h"
#include "drivers/ipmi_node.h"

static json_t *
ipmitool_vendor_send_raw(Task *task, const char *http_method, const json_t *arguments,
                         GError **error)
{
    (void)http_method;
    IpmiRequest request;
    const char *bytes = json_string_member(arguments, "raw_bytes");
    if (bytes == NULL || *bytes == '\0') {
        steel_fail(error, STEEL_ERROR_MISSING,
                   "send_raw needs the argument raw_bytes: network function, command and data, "
                   "such as '0x06 0x01'");
        return NULL;
    }
    if (!ipmi_parse_raw(bytes, &request, error) ||
        !ipmi_node_call(task, &request, 1, NULL, error)) {
        g_prefix_error(error, "send_raw: ");
        return NULL;
    }
    return json_null();
}

static json_t *
ipmitool_vendor_bmc_reset(Task *task, const char *http_method, const json_t *arguments,
                          GError **error)
{
    (void)http_method;
    const json_t *warm = json_object_get(arguments, "warm");
    bool cold = warm != NULL && !json_is_truthy(warm);
    IpmiRequest request;
    ipmi_build_bmc_reset(&request, cold);
    if (ipmi_node_call(task, &request, 1, NULL, error))
        return json_null();
    g_prefix_error(error, "%s reset of the BMC: ", cold ? "cold" : "warm");
    return NULL;
}

/* clang-format off */
static const VendorMethod node_methods[] = {
    {.name = "send_raw",
     .http_methods = "POST",
     .description = "Sends raw bytes to the BMC. Required argument: 'raw_bytes', a string of bytes "
                    "such as '0x00 0x01'.", .asynchronous = true,
     .exclusive = true,
     .run = ipmitool_vendor_send_raw},
    {.name = "bmc_reset",
     .http_methods = "POST",
     .description = "Resets the BMC. Argument: 'warm' (boolean), true for a warm reset (the "
                    "default), false for a cold one.", .asynchronous = true,
     .exclusive = true,
     .run = ipmitool_vendor_bmc_reset},
    {0},
};
/* clang-format on */

const VendorOps vendor_ipmitool = {
    .interface = {.name = "ipmitool",
                  .properties = ipmi_node_properties,
                  .validate = ipmi_node_validate},
    .node_methods = node_methods,
};
