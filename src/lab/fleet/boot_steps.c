/* The boot of a simulated machine; the contract is in boot_steps.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/boot_steps.h"

#include "common/http_client.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/time_text.h"

#include <string.h>

#define AREA "lab.fleet"

enum {
    HTTP_OK = 200,
    PAUSE_MS = 5000, /* of the generic script, when there is no answer */
    PAUSE_LONGEST_S = 60,
    ATTEMPTS = 10, /* then the machine restarts */
    RESTART_MS = 10000,
    UNUSABLE_RESTART_MS = 60000,
    REPORT_TIMEOUT_MS = 5000,
    BOOT_TIMEOUT_MS = 60000,
};

/* ---- the boot device ---- */

static void boot_from_disk(FleetMachine *machine) REQUIRES(machine->lock);

static void
boot_from_disk(FleetMachine *machine)
{
    if (machine->has_image)
        machine_count(machine, COUNT_INSTANCE);
    machine_enter(machine, machine->has_image ? MACHINE_INSTANCE : MACHINE_NOTHING, 0);
}

/* Without boot flags the disk comes before the network, as in the lab's other machines. */
void
boot_choose_device(FleetMachine *machine)
{
    IpmiBootDevice device = IPMI_BOOT_NONE;
    bool persistent, efi;
    bool told =
        machine->bmc != NULL && ipmi_bmc_take_boot_device(machine->bmc, &device, &persistent, &efi);
    bool network = told ? device == IPMI_BOOT_PXE : !machine->has_image;
    if (!network) {
        boot_from_disk(machine);
        return;
    }
    machine->attempts = 0;
    machine_enter(machine, MACHINE_SCRIPT, 0);
}

/* ---- the script ---- */

static char *
script_url(const FleetMachine *machine)
{
    g_autofree char *mac = g_strdelimit(g_strdup(machine->mac), ":", '-');
    g_autofree char *path = g_strdup_printf("boot/%s.ipxe", mac);
    return boot_url_resolve(machine->shared->boot_url, path);
}

/* Tries the phase again; after some attempts the machine restarts. */
static void try_again(FleetMachine *machine, int64_t pause_ms) REQUIRES(machine->lock);

static void
try_again(FleetMachine *machine, int64_t pause_ms)
{
    if (++machine->attempts < ATTEMPTS) {
        machine_enter(machine, machine->phase, pause_ms);
        return;
    }
    machine->power_due_ms = time_monotonic_ms() + RESTART_MS;
    machine->power_due_on = true;
    machine_enter(machine, MACHINE_NOTHING, 0);
}

/* iPXE waits as long as the answer's Retry-After says. */
static int64_t
pause_of(const HttpResponse *response)
{
    const char *wait = http_response_header(response, "Retry-After");
    int64_t seconds = wait != NULL ? g_ascii_strtoll(wait, NULL, 10) : 0;
    return seconds > 0 ? 1000 * MIN(seconds, PAUSE_LONGEST_S) : PAUSE_MS;
}

static void follow_script(FleetMachine *machine, int64_t pause_ms) REQUIRES(machine->lock);

static void
follow_script(FleetMachine *machine, int64_t pause_ms)
{
    machine_count(machine, machine->script.kind == BOOT_SCRIPT_RETRY ? COUNT_SCRIPT_UNANSWERED
                                                                     : COUNT_SCRIPT);
    switch (machine->script.kind) {
    case BOOT_SCRIPT_RETRY:
        try_again(machine, pause_ms);
        return;
    case BOOT_SCRIPT_UNKNOWN:
    case BOOT_SCRIPT_LEAVE:
        boot_from_disk(machine);
        return;
    case BOOT_SCRIPT_RESTART:
        machine->power_due_ms = time_monotonic_ms() + UNUSABLE_RESTART_MS;
        machine->power_due_on = true;
        machine_enter(machine, MACHINE_NOTHING, 0);
        return;
    case BOOT_SCRIPT_KERNEL:
    case BOOT_SCRIPT_VOLUME:
        machine->attempts = 0;
        machine_enter(machine, MACHINE_LOADING, 0);
        return;
    }
}

void
boot_ask_script(FleetMachine *machine, unsigned epoch)
{
    g_autoptr(GError) error = NULL;
    g_auto(HttpResponse) response = {0};
    g_autofree char *url = script_url(machine);
    const HttpRequest request = {.url = url, .timeout_ms = BOOT_TIMEOUT_MS};
    boot_script_clear(&machine->script);
    if (!http_request(&request, &response, &error))
        log_debug(AREA, "%s: no boot script: %s", machine->name, error->message);
    else if (response.status == HTTP_OK)
        boot_script_read(response.body, response.body_size, &machine->script);
    lock_acquire(&machine->lock);
    if (machine->epoch == epoch)
        follow_script(machine, pause_of(&response));
    lock_release(&machine->lock);
}

/* ---- kernel, initramfs, volume ---- */

/* True if the boot server has the file; its content is not needed. path: NULL: none to load */
static bool
loads(const FleetMachine *machine, const char *base, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_auto(HttpResponse) response = {0};
    g_autofree char *url = path != NULL ? boot_url_resolve(base, path) : NULL;
    const HttpRequest request = {.method = "HEAD", .url = url, .timeout_ms = BOOT_TIMEOUT_MS};
    if (url == NULL)
        return true;
    if (http_request(&request, &response, &error) && response.status == HTTP_OK)
        return true;
    log_warning(AREA, "%s cannot load %s: %s", machine->name, url,
                error != NULL ? error->message : "the boot server refuses it");
    return false;
}

/* A report's failure is ignored, as by the script. */
static void
report(const FleetMachine *machine, const char *base)
{
    g_autoptr(GError) error = NULL;
    g_auto(HttpResponse) response = {0};
    if (machine->script.report == NULL)
        return;
    char *url = boot_url_resolve(base, machine->script.report);
    const HttpRequest request = {.url = url, .timeout_ms = REPORT_TIMEOUT_MS};
    if (!http_request(&request, &response, &error))
        log_debug(AREA, "%s: its report is lost: %s", machine->name, error->message);
    secret_free(url);
}

/* The words of the kernel's command line. True if there is an agent in the ramdisk. */
static bool
read_arguments(FleetMachine *machine)
{
    const char *words = machine->script.arguments;
    parameters_free(machine->parameters);
    machine->parameters = parameters_new();
    if (words != NULL && !parameters_read(machine->parameters, words, strlen(words), NULL))
        log_warning(AREA, "%s: a parameter of the agent is wrong", machine->name);
    return parameters_string(machine->parameters, AGENT_PARAMETER_API_URL) != NULL;
}

static void start_ramdisk(FleetMachine *machine) REQUIRES(machine->lock);

static void
start_ramdisk(FleetMachine *machine)
{
    const LabOptions *options = machine->shared->options;
    machine->attempts = 0;
    if (machine_roll(machine, options->silent_per_mille)) {
        machine_count(machine, COUNT_SILENT);
        machine_enter(machine, MACHINE_SILENT, 0);
        return;
    }
    /* Without late agents the dice fall as they did before there were any. */
    bool late = options->late_per_mille > 0 && machine_roll(machine, options->late_per_mille);
    if (late)
        machine_count(machine, COUNT_LATE);
    machine_enter(machine, MACHINE_RAMDISK,
                  machine_half_boot_ms(machine) + (late ? options->late_tenths * 100 : 0));
}

static void loaded(FleetMachine *machine, bool agent) REQUIRES(machine->lock);

static void
loaded(FleetMachine *machine, bool agent)
{
    if (agent) {
        start_ramdisk(machine);
        return;
    }
    machine_count(machine, COUNT_INSTANCE);
    machine_enter(machine, MACHINE_INSTANCE, 0);
}

void
boot_load(FleetMachine *machine, unsigned epoch)
{
    g_autofree char *base = script_url(machine);
    bool good = loads(machine, base, machine->script.kernel) &&
                loads(machine, base, machine->script.initramfs);
    bool agent = good && read_arguments(machine);
    if (good)
        report(machine, base);
    lock_acquire(&machine->lock);
    if (machine->epoch == epoch && good)
        loaded(machine, agent);
    else if (machine->epoch == epoch)
        try_again(machine, PAUSE_MS);
    lock_release(&machine->lock);
}
