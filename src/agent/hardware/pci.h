/* PCI devices, from sysfs. SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>

/* As Ironic's collector pci-devices has them, in the order of their places; a new reference:
 *     [{"vendor_id": "8086", "product_id", "class": "020000", "revision", "bus":
 *     "0000:00:03.0"}] */
json_t *pci_list(const char *root);
