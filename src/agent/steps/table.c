/* The table of steps. SPDX-License-Identifier: Apache-2.0 */
#include "agent/steps/steps.h"

const Step steps_table[] = {
    {0},
};
