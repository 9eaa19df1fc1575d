/* Steps that change certificates of an iLO; the contract is in ilo_steps.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ilo_steps.h"

#include "common/json_text.h"
#include "common/log.h"
#include "common/steady.h"
#include "drivers/bmc_step.h"
#include "drivers/certificate_files.h"
#include "drivers/ilo_authorities.h"
#include "drivers/node_agent.h"
#include "model/internal_info.h"

#include <string.h>

#define AREA "drivers.ilo"

enum { LOOK_MS = 2000, REQUEST_LIMIT_MS = 15 * 60 * 1000, FILES_MAX = 64 };

/* ---- create_csr ---- */

/* Tells one request from another; the caller frees. */
static char *
digest_of(const char *text)
{
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text != NULL ? text : "", -1);
}

typedef struct Request {
    const json_t *names;
    char *before; /* owned: the digest of the last request */
} Request;

static bool
ilo_work_request(const Ilo *ilo, const void *user, GError **error)
{
    Request *request = (Request *)(uintptr_t)user;
    g_autofree char *pem = NULL;
    if (!ilo_get_certificate_request(ilo, &pem, error))
        return false;
    request->before = digest_of(pem);
    return ilo_request_certificate(ilo, request->names, error);
}

static bool
ilo_work_get_request(const Ilo *ilo, const void *user, GError **error)
{
    return ilo_get_certificate_request(ilo, *(char **const *)user, error);
}

/* [ilo]cert_path/UUID/UUID.csr */
static bool
store_request(const Task *task, const char *pem, GError **error)
{
    g_autoptr(GError) cause = NULL;
    const char *uuid = task->node->uuid;
    g_autofree char *folder =
        g_build_filename(config_string(config_current(), OPT_ILO_CERT_PATH), uuid, NULL);
    g_autofree char *name = g_strconcat(uuid, ".csr", NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if (g_mkdir_with_parents(folder, 0755) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "the folder %s cannot be made: %s", folder,
                          g_strerror(errno));
    if (!g_file_set_contents_full(path, pem, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, &cause))
        return steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
    log_info(AREA, "the certificate request of node %s is in %s", uuid, path);
    return true;
}

/* An old request stays where it is until the new one is made. */
static StepOutcome
look_for_request(Task *task, GError **error)
{
    const json_t *work = info_json(task->node, INFO_ILO_WORK);
    g_autofree char *pem = NULL;
    char **out = &pem;
    bool left_out = false;
    if (!ilo_step_try(task, "create_csr", ilo_work_get_request, &out, &left_out, error))
        return step_failed();
    g_autofree char *now = digest_of(pem);
    if (pem != NULL && g_strcmp0(now, json_string_member(work, "before")) != 0)
        return step_ended(store_request(task, pem, error));
    if (steady_now_ms() < json_integer_value(json_object_get(work, "until_ms")))
        return step_again(LOOK_MS);
    steel_fail(error, STEEL_ERROR_TIMEOUT,
               "step create_csr: the iLO has not made its certificate request in %d minutes",
               REQUEST_LIMIT_MS / 60000);
    return step_failed();
}

static bool
check_names(const json_t *names, GError **error)
{
    static const char *const required[] = {"City", "CommonName", "OrgName", "State"};
    for (size_t i = 0; i < G_N_ELEMENTS(required); i++)
        if (json_string_member(names, required[i]) == NULL)
            return steel_fail(error, STEEL_ERROR_MISSING,
                              "step create_csr needs the argument csr_params, an object with the "
                              "texts City, CommonName, OrgName and State; %s is missing",
                              required[i]);
    return true;
}

StepOutcome
ilo_step_create_csr(Task *task, const json_t *args, GError **error)
{
    bool left_out = false;
    Request request = {json_object_get(args, "csr_params"), NULL};
    if (info_has(task->node, INFO_ILO_WORK))
        return look_for_request(task, error);
    if (!check_names(request.names, error))
        return step_failed();
    bool good = ilo_step_try(task, "create_csr", ilo_work_request, &request, &left_out, error);
    g_autofree char *before = request.before;
    if (!good || left_out)
        return step_ended(good);
    info_set_json(task->node, INFO_ILO_WORK,
                  json_pack("{s:s, s:I}", "before", before, "until_ms",
                            (json_int_t)(steady_now_ms() + REQUEST_LIMIT_MS)));
    return look_for_request(task, error);
}

/* ---- add_https_certificate ---- */

static bool
ilo_work_import(const Ilo *ilo, const void *user, GError **error)
{
    return ilo_import_certificate(ilo, user, error);
}

/* The iLO resets to serve with it. */
StepOutcome
ilo_step_add_https_certificate(Task *task, const json_t *args, GError **error)
{
    const char *place = json_string_member(args, "cert_file");
    bool left_out = false;
    if (info_has(task->node, INFO_ILO_RESET_LOOKS))
        return ilo_step_look_for_ilo(task, error);
    if (place == NULL || *place == '\0') {
        steel_fail(error, STEEL_ERROR_MISSING,
                   "step add_https_certificate needs the argument cert_file, a path or a URL");
        return step_failed();
    }
    g_autofree char *pem = certificate_file_read(place, error);
    if (pem == NULL ||
        !ilo_step_try(task, "add_https_certificate", ilo_work_import, pem, &left_out, error))
        return step_failed();
    return left_out ? step_done() : ilo_step_await_reset(task);
}

/* ---- clear_ca_certificates ---- */

/* Those that machines need to boot from this conductor's https URLs. */
static bool
collect_kept(json_t *prints, GError **error)
{
    const char *file = ilo_authorities_file();
    return file == NULL || certificate_path_prints(file, prints, error);
}

static bool
collect_named(const json_t *files, json_t *prints, GError **error)
{
    const json_t *file;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)files, i, file)
    {
        const char *place = json_string_value(file);
        if (place == NULL || i >= FILES_MAX)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "certificate_files must be a list of at most %d paths or URLs",
                              FILES_MAX);
        if (!certificate_file_prints(place, prints, error))
            return false;
    }
    return true;
}

typedef struct Removal {
    json_t *named, *kept; /* owned */
    bool all, any;        /* any: there was something to remove */
} Removal;

static void
removal_clear(Removal *removal)
{
    json_decref(removal->named);
    json_decref(removal->kept);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Removal, removal_clear)

static bool
has_print(const json_t *prints, const json_t *wanted)
{
    const json_t *print;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)prints, i, print)
    {
        if (json_equal(print, wanted))
            return true;
    }
    return false;
}

static bool
ilo_work_remove(const Ilo *ilo, const void *user, GError **error)
{
    Removal *removal = (Removal *)(uintptr_t)user;
    json_auto_t *there = ilo_get_authorities(ilo, error), *gone = json_array();
    json_t *print;
    size_t i;
    if (there == NULL)
        return false;
    json_array_foreach(there, i, print)
    {
        bool wanted = removal->all || has_print(removal->named, print);
        if (wanted && !has_print(removal->kept, print))
            json_array_append(gone, print);
    }
    removal->any = json_array_size(gone) > 0;
    return !removal->any || ilo_remove_authorities(ilo, gone, error);
}

StepOutcome
ilo_step_clear_ca_certificates(Task *task, const json_t *args, GError **error)
{
    const json_t *files = json_object_get(args, "certificate_files");
    g_auto(Removal) removal = {json_array(), json_array(), json_array_size(files) == 0, false};
    bool left_out = false;
    if (!json_is_array(files)) {
        steel_fail(error, STEEL_ERROR_MISSING,
                   "step clear_ca_certificates needs the argument certificate_files, a list; an "
                   "empty one removes all certificates");
        return step_failed();
    }
    if (!collect_named(files, removal.named, error) || !collect_kept(removal.kept, error) ||
        !ilo_step_try(task, "clear_ca_certificates", ilo_work_remove, &removal, &left_out, error))
        return step_failed();
    return removal.any ? bmc_step_reboot(task, error) : step_done();
}

/* The self-test that brought the agent back has removed them. */
StepOutcome
ilo_step_clear_ca_certificates_resume(Task *task, const json_t *args, GError **error)
{
    (void)args, (void)error;
    return node_agent_has_called(task) ? step_done() : step_wait(STEP_DEADLINE_STAYS);
}
