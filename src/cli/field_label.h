/* The headings of all fields, as `baremetal` has them. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* "Provisioning State" for "provision_state"; the field itself if it has none. Borrowed or static.
 * own  pairs of field and heading that come first, NULL-ended; NULL: none */
const char *field_label(const char *field, const char *const *own);
