/* Legacy or UEFI; the contract is in ilo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include <string.h>

/* What iLOs write; matched in any case. */
static const struct {
    const char *word;
    IloBootMode mode;
} words[] = {{"LEGACY", ILO_MODE_LEGACY}, {"LegacyBios", ILO_MODE_LEGACY}, {"UEFI", ILO_MODE_UEFI}};

/* SUPPORTED_BOOT_MODE of RIBCL, UefiClass of the JSON. */
static const struct {
    const char *ribcl;
    int uefi_class;
    bool legacy, uefi;
} supported[] = {
    {"LEGACY_ONLY", 0, true,  false},
    {"LEGACY_UEFI", 2, true,  true},
    {"UEFI_ONLY",   3, false, true},
};

static IloBootMode
mode_of_word(const char *word)
{
    for (size_t i = 0; word != NULL && i < G_N_ELEMENTS(words); i++)
        if (g_ascii_strcasecmp(words[i].word, word) == 0)
            return words[i].mode;
    return ILO_MODE_UNKNOWN;
}

static bool
mode_by_ribcl(const Ilo *ilo, const char *command, IloBootMode *mode, GError **error)
{
    const RibclCommand get = {"SERVER_INFO", false, {command, NULL, NULL}};
    g_auto(RibclAnswer) answer = {0};
    if (!ilo_ribcl(ilo, &get, &answer, error))
        return false;
    const char *word = ribcl_value(answer.data, "BOOT_MODE");
    *mode = mode_of_word(word != NULL ? word : ribcl_attribute(answer.data, "VALUE"));
    return true;
}

static IloBootMode
mode_in(const Ilo *ilo, const json_t *bios)
{
    const char *path = ilo->dialect->attributes != NULL ? "Attributes/BootMode" : "BootMode";
    return mode_of_word(ilo_text_at(bios, path));
}

bool
ilo_get_boot_mode(const Ilo *ilo, IloBootMode *mode, GError **error)
{
    if (ilo->dialect == NULL)
        return mode_by_ribcl(ilo, "GET_CURRENT_BOOT_MODE", mode, error);
    json_auto_t *bios = ilo_bios(ilo, error);
    if (bios == NULL)
        return false;
    *mode = mode_in(ilo, bios);
    return true;
}

bool
ilo_get_pending_boot_mode(const Ilo *ilo, IloBootMode *mode, GError **error)
{
    if (ilo->dialect == NULL)
        return mode_by_ribcl(ilo, "GET_PENDING_BOOT_MODE", mode, error);
    json_auto_t *bios = ilo_bios(ilo, error);
    json_auto_t *pending = bios == NULL ? NULL
                                        : ilo_follow(ilo, bios, ilo->dialect->settings,
                                                     "BIOS settings to change", NULL, error);
    if (pending == NULL)
        return false;
    *mode = mode_in(ilo, pending);
    return true;
}

static bool
set_by_ribcl(const Ilo *ilo, IloBootMode mode, GError **error)
{
    const char *const attributes[] = {"VALUE", mode == ILO_MODE_UEFI ? "UEFI" : "LEGACY", NULL};
    const RibclCommand set = {"SERVER_INFO", true, {"SET_PENDING_BOOT_MODE", attributes, NULL}};
    return ilo_ribcl(ilo, &set, NULL, error);
}

bool
ilo_set_pending_boot_mode(const Ilo *ilo, IloBootMode mode, GError **error)
{
    if (ilo->dialect == NULL)
        return set_by_ribcl(ilo, mode, error);
    /* HPE: UEFI needs its optimized boot */
    json_t *settings = mode == ILO_MODE_UEFI
                           ? json_pack("{s:s,s:s}", "BootMode", ilo->dialect->uefi_mode_word,
                                       "UefiOptimizedBoot", "Enabled")
                           : json_pack("{s:s}", "BootMode", "LegacyBios");
    return ilo_write_bios(ilo, settings, false, error);
}

static bool
supported_by_ribcl(const Ilo *ilo, size_t *row, GError **error)
{
    static const RibclCommand get = {"SERVER_INFO", false, {"GET_SUPPORTED_BOOT_MODE", NULL, NULL}};
    g_auto(RibclAnswer) answer = {0};
    g_autoptr(GError) cause = NULL;
    if (!ilo_ribcl(ilo, &get, &answer, &cause)) {
        if (steel_error_is(cause, STEEL_ERROR_UNSUPPORTED))
            return true; /* a machine from before UEFI */
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    const char *word = ribcl_value(answer.data, "SUPPORTED_BOOT_MODE");
    for (size_t i = 0; word != NULL && i < G_N_ELEMENTS(supported); i++)
        if (g_ascii_strcasecmp(supported[i].ribcl, word) == 0)
            *row = i;
    return true;
}

static bool
supported_by_json(const Ilo *ilo, size_t *row, GError **error)
{
    json_auto_t *system = ilo_system(ilo, error);
    if (system == NULL)
        return false;
    const json_t *class = ilo_at(system, ilo->dialect->uefi_class);
    for (size_t i = 0; json_is_integer(class) && i < G_N_ELEMENTS(supported); i++)
        if (json_integer_value(class) == supported[i].uefi_class)
            *row = i;
    return true;
}

bool
ilo_get_supported_boot_modes(const Ilo *ilo, bool *legacy, bool *uefi, GError **error)
{
    size_t row = 0; /* what an iLO does not tell is legacy alone */
    bool good = ilo->dialect == NULL ? supported_by_ribcl(ilo, &row, error)
                                     : supported_by_json(ilo, &row, error);
    if (!good)
        return false;
    *legacy = supported[row].legacy;
    *uefi = supported[row].uefi;
    return true;
}

bool
ilo_require_uefi(const Ilo *ilo, const char *what, GError **error)
{
    IloBootMode mode = ILO_MODE_UNKNOWN;
    if (!ilo_get_boot_mode(ilo, &mode, error))
        return false;
    return mode == ILO_MODE_UEFI ||
           steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                      "%s is not supported in the BIOS boot mode; set the boot mode to uefi", what);
}
