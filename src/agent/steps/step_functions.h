/* The functions of the table of steps; what each does is in the table. SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/steps/steps.h"

json_t *step_write_image(const StepCall *call, GError **error);
