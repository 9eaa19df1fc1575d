/* The steps of the management interfaces ilo and ilo5, and what they share. Each is one file's
 * function; ilo_steps.def lists them all.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ilo/ilo.h"
#include "drivers/task.h"

/* What a step does at its iLO; user: the step's own. */
typedef bool (*IloWork)(const Ilo *ilo, const void *user, GError **error);

/* Opens the node's iLO and does the work. DONE also if the iLO or its machine does not have it: a
 * line in the log says so. Errors name the step. From a worker; blocks on the iLO. */
StepOutcome ilo_step_perform(Task *task, const char *step, IloWork work, const void *user,
                             GError **error);

/* The same with an answer: *left_out is true if the iLO does not have it. False: an error. */
bool ilo_step_try(Task *task, const char *step, IloWork work, const void *user, bool *left_out,
                  GError **error);

/* After an iLO was told to reset: the outcome that the step answers, and what it answers when it
 * runs again (info_has(INFO_ILO_RESET_LOOKS)): DONE once the iLO answers, with the ramdisk's boot
 * prepared again, since a reset ejects virtual media. */
StepOutcome ilo_step_await_reset(Task *task);
StepOutcome ilo_step_look_for_ilo(Task *task, GError **error);

/* run and resume of StepDef. */
#define ILO_STEP_FUNCTION(name) StepOutcome name(Task *task, const json_t *args, GError **error)

ILO_STEP_FUNCTION(ilo_step_reset_ilo);
ILO_STEP_FUNCTION(ilo_step_reset_ilo_credential);
ILO_STEP_FUNCTION(ilo_step_reset_bios_to_default);
ILO_STEP_FUNCTION(ilo_step_reset_secure_boot_keys);
ILO_STEP_FUNCTION(ilo_step_clear_secure_boot_keys);
ILO_STEP_FUNCTION(ilo_step_activate_license);

/* ilo_security_steps.c */
ILO_STEP_FUNCTION(ilo_step_security_parameters);
ILO_STEP_FUNCTION(ilo_step_password_length);
ILO_STEP_FUNCTION(ilo_step_failure_logging);

/* ilo_certificate_steps.c */
ILO_STEP_FUNCTION(ilo_step_create_csr);
ILO_STEP_FUNCTION(ilo_step_add_https_certificate);
ILO_STEP_FUNCTION(ilo_step_clear_ca_certificates);
ILO_STEP_FUNCTION(ilo_step_clear_ca_certificates_resume);

/* ilo_erase_steps.c */
ILO_STEP_FUNCTION(ilo_step_erase_devices);
ILO_STEP_FUNCTION(ilo_step_erase_devices_resume);
ILO_STEP_FUNCTION(ilo_step_one_button_secure_erase);
ILO_STEP_FUNCTION(ilo_step_one_button_secure_erase_resume);

/* ilo_firmware_steps.c */
ILO_STEP_FUNCTION(ilo_step_update_firmware);
ILO_STEP_FUNCTION(ilo_step_update_firmware_sum);
ILO_STEP_FUNCTION(ilo_step_update_firmware_sum_resume);

#undef ILO_STEP_FUNCTION
