/* Finds out which protocol an iLO has; the contract is in ilo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include <string.h>

/* What a model's name says. The first row that fits counts. */
static const struct {
    const char *word;
    const IloDialect *dialect;
} generations[] = {
    {"Gen10", &ilo_redfish},
    {"Gen11", &ilo_redfish},
    {"Gen12", &ilo_redfish},
    {"Gen9",  &ilo_rest},
};

static const IloDialect *
dialect_of_model(const char *model)
{
    for (size_t i = 0; i < G_N_ELEMENTS(generations); i++)
        if (strstr(model, generations[i].word) != NULL)
            return generations[i].dialect;
    return NULL;
}

static char *
model_by_ribcl(const Ilo *ilo, GError **error)
{
    static const RibclCommand command = {"SERVER_INFO", false, {"GET_PRODUCT_NAME", NULL, NULL}};
    g_auto(RibclAnswer) answer = {0};
    if (!ilo_ribcl(ilo, &command, &answer, error))
        return NULL;
    const char *model = ribcl_value(answer.data, "PRODUCT_NAME");
    if (model == NULL)
        model = ribcl_attribute(answer.data, "VALUE");
    if (model != NULL)
        return g_strdup(model);
    steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "the iLO does not say which server it belongs to");
    return NULL;
}

static char *
model_by_json(const Ilo *ilo, GError **error)
{
    json_auto_t *system = ilo_system(ilo, error);
    const char *model = ilo_text_at(system, "Model");
    if (model != NULL)
        return g_strdup(model);
    if (system != NULL)
        ilo_lacks(error, "a model name");
    return NULL;
}

/* An administrator may have switched RIBCL off on an iLO 5. An iLO that does not answer, or does
 * not know the user, is not asked once more: failed logins are counted. */
static bool
is_without_ribcl(const GError *error)
{
    return !steel_error_is(error, STEEL_ERROR_BMC_UNREACHABLE) &&
           !steel_error_is(error, STEEL_ERROR_BMC_AUTH) &&
           !steel_error_is(error, STEEL_ERROR_BMC_BUSY) &&
           !steel_error_is(error, STEEL_ERROR_INVALID);
}

static bool
find_dialect(Ilo *ilo, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *model = model_by_ribcl(ilo, &cause);
    if (model != NULL) {
        ilo->dialect = dialect_of_model(model);
        return true;
    }
    if (!is_without_ribcl(cause)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    ilo->dialect = &ilo_redfish;
    model = model_by_json(ilo, NULL);
    if (model != NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

bool
ilo_open(IloClient *client, const IloTarget *target, Ilo *ilo, GError **error)
{
    Ilo found = {client, target, NULL};
    if (!ilo_recall(&found, &found.dialect)) {
        if (!find_dialect(&found, error))
            return false;
        ilo_remember(&found, found.dialect);
    }
    *ilo = found;
    return true;
}

char *
ilo_get_model(const Ilo *ilo, GError **error)
{
    return ilo->dialect != NULL ? model_by_json(ilo, error) : model_by_ribcl(ilo, error);
}
