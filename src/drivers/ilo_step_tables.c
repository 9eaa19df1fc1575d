/* The step tables of the management interfaces ilo and ilo5, made of ilo_steps.def.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"
#include "drivers/ilo_management.h"
#include "drivers/ilo_steps.h"

#define ARGUMENT(name, required, help)                                                             \
    "\"" name "\": {\"description\": \"" help "\", \"required\": " required "}"
#define IGNORE_ARGUMENT                                                                            \
    ARGUMENT("ignore", "false",                                                                    \
             "True: the iLO leaves the parameter out when it judges its security; false unless "   \
             "given.")

#define LICENCE_ARGUMENTS                                                                          \
    "{" ARGUMENT("ilo_license_key", "true", "The key of the licence to activate.") "}"
#define PASSWORD_ARGUMENT                                                                          \
    ARGUMENT("change_password", "false",                                                           \
             "The new password of ilo_username, instead of driver_info ilo_change_password.")
#define PASSWORD_ARGUMENTS "{" PASSWORD_ARGUMENT "}"
#define DEPLOY_PASSWORD_ARGUMENTS                                                                  \
    "{" PASSWORD_ARGUMENT ", " ARGUMENT("ilo_password", "false", "The same.") "}"
#define SECURITY_ARGUMENTS                                                                         \
    "{" ARGUMENT("security_parameters", "true",                                                    \
                 "A list of objects with param and, if wanted, enable (true unless given) and "    \
                 "ignore (false unless given). Known are password_complexity, "                    \
                 "require_login_for_ilo_rbsu, ipmi_over_lan, secure_boot and "                     \
                 "require_host_authentication.") "}"
#define PASSWORD_LENGTH_ARGUMENTS                                                                  \
    "{" ARGUMENT("password_length", "false",                                                       \
                 "The least length of a password, 0 to 39; 8 unless given.") ", "                  \
                                                                                                   \
        IGNORE_ARGUMENT "}"
#define FAILURE_LOGGING_ARGUMENTS                                                                  \
    "{" ARGUMENT("logging_threshold", "false",                                                     \
                 "After how many failed logins one is logged: 1, 2, 3 or 5, or 0 for never; 1 "    \
                 "unless given.") ", " IGNORE_ARGUMENT "}"
#define CSR_ARGUMENTS                                                                              \
    "{" ARGUMENT("csr_params", "true",                                                             \
                 "Names for the request: City, CommonName, OrgName and State, and if wanted "      \
                 "Country and OrgUnit.") "}"
#define CERTIFICATE_ARGUMENTS                                                                      \
    "{" ARGUMENT("cert_file", "true",                                                              \
                 "The signed certificate: a path, or a file, http or https URL.") "}"
#define AUTHORITIES_ARGUMENTS                                                                      \
    "{" ARGUMENT("certificate_files", "true",                                                      \
                 "A list of files of the certificates to remove; an empty one removes all but "    \
                 "those of [DEFAULT]webserver_verify_ca.") "}"

#define ERASE_ARGUMENTS                                                                            \
    "{" ARGUMENT("erase_pattern", "false",                                                         \
                 "How each kind of drives is erased: an object with hdd (overwrite, crypto or "    \
                 "zero) and ssd (block, crypto or zero). Unless given, hdd is overwritten and "    \
                 "ssd erased by block.") "}"

#define FIRMWARE_ARGUMENTS                                                                         \
    "{" ARGUMENT("firmware_update_mode", "true", "How: ilo.") ", " ARGUMENT(                       \
        "firmware_images", "true",                                                                 \
        "A list of objects with url (file, http or https), checksum (MD5, SHA-1, "                 \
        "SHA-256 or SHA-512) and component (ilo, cpld, power_pic, bios or chassis).") "}"
#define SUM_ARGUMENTS                                                                                 \
    "{" ARGUMENT(                                                                                     \
        "url", "true",                                                                                \
        "The URL of the ISO of a Service Pack for ProLiant.") ", " ARGUMENT("checksum", "true",       \
                                                                            "The MD5 checksum of "    \
                                                                            "the ISO.") ","           \
                                                                                        " " ARGUMENT( \
                                                                                            "comp"    \
                                                                                            "onen"    \
                                                                                            "ts",     \
                                                                                            "fals"    \
                                                                                            "e",      \
                                                                                            "A "      \
                                                                                            "list"    \
                                                                                            " of "    \
                                                                                            "file"    \
                                                                                            " nam"    \
                                                                                            "es "     \
                                                                                            "of "     \
                                                                                            "comp"    \
                                                                                            "onen"    \
                                                                                            "ts; "    \
                                                                                            "all "    \
                                                                                            "are "    \
                                                                                            "upda"    \
                                                                                            "ted "    \
                                                                                            "unle"    \
                                                                                            "ss "     \
                                                                                            "give"    \
                                                                                            "n.") "}"

#define STEP_ROW(step, option, ramdisk, run_function, resume_function, args)                       \
    {.name = #step,                                                                                \
     .priority_option = option,                                                                    \
     .requires_ramdisk = ramdisk,                                                                  \
     .run = run_function,                                                                          \
     .resume = resume_function,                                                                    \
     .arguments = args},

const StepDef ilo_management_clean_steps[] = {
#define CLEAN_STEP STEP_ROW
#define ILO5_CLEAN_STEP(step, option, ramdisk, run_function, resume_function, args)
#define DEPLOY_STEP(step, ramdisk, run_function, resume_function, args)
#include "drivers/ilo_steps.def"
    {0},
};

const StepDef ilo5_management_clean_steps[] = {
#define CLEAN_STEP STEP_ROW
#define ILO5_CLEAN_STEP STEP_ROW
#define DEPLOY_STEP(step, ramdisk, run_function, resume_function, args)
#include "drivers/ilo_steps.def"
    {0},
};

const StepDef ilo_management_deploy_steps[] = {
#define CLEAN_STEP(step, option, ramdisk, run_function, resume_function, args)
#define ILO5_CLEAN_STEP CLEAN_STEP
#define DEPLOY_STEP(step, ramdisk, run_function, resume_function, args)                            \
    STEP_ROW(step, 0, ramdisk, run_function, resume_function, args)
#include "drivers/ilo_steps.def"
    {0},
};
