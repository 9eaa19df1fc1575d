/* How many copies of images this process makes at the same time: downloads and conversions. Who
 * comes later waits.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

/* Waits until fewer than `most` slots are taken, at most so long, and takes one. most: 0: no limit.
 * Any thread that may wait. Errors: TIMEOUT. */
bool image_slot_take(unsigned most, int timeout_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives it back. Any thread. */
void image_slot_give(void);
