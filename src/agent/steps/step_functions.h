/* The functions of the table of steps. The table says what each does.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/steps/steps.h"

json_t *step_apply_configuration(const StepCall *call, GError **error);
json_t *step_burnin_cpu(const StepCall *call, GError **error);
json_t *step_burnin_disk(const StepCall *call, GError **error);
json_t *step_burnin_memory(const StepCall *call, GError **error);
json_t *step_burnin_network(const StepCall *call, GError **error);
json_t *step_create_configuration(const StepCall *call, GError **error);
json_t *step_delete_configuration(const StepCall *call, GError **error);
json_t *step_erase_devices(const StepCall *call, GError **error);
json_t *step_erase_devices_express(const StepCall *call, GError **error);
json_t *step_erase_devices_metadata(const StepCall *call, GError **error);
json_t *step_erase_pstore(const StepCall *call, GError **error);
json_t *step_inject_files(const StepCall *call, GError **error);
json_t *step_write_image(const StepCall *call, GError **error);
