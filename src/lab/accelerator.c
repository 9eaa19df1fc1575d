/* KVM or TCG; the contract is in accelerator.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/accelerator.h"

#include "common/error.h"
#include "common/log.h"
#include "common/process.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PROBE_LIMIT_MS 10000

static char *
cache_path(const char *cache_folder)
{
    return g_build_filename(cache_folder, "accelerator", NULL);
}

/* The answer of an earlier probe on this kernel, or NULL. */
static const char *
cached_answer(const char *cache_folder, const char *host_kernel)
{
    g_autofree char *path = cache_path(cache_folder);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return NULL;
    g_auto(GStrv) words = g_strsplit_set(text, " \n", 3);
    if (g_strv_length(words) < 2 || strcmp(words[0], host_kernel) != 0)
        return NULL;
    if (strcmp(words[1], "kvm") == 0)
        return "kvm";
    return strcmp(words[1], "tcg") == 0 ? "tcg" : NULL;
}

static void
cache_answer(const char *cache_folder, const char *host_kernel, const char *answer)
{
    g_autofree char *path = cache_path(cache_folder);
    g_autofree char *text = g_strdup_printf("%s %s\n", host_kernel, answer);
    g_autoptr(GError) error = NULL;
    if (!g_file_set_contents(path, text, -1, &error))
        log_warning("lab.accelerator", "%s", error->message);
}

/* True if the guest printed its line in time. */
static bool
probe(const LabGuest *guest, GError **error)
{
    const char *argv[] = {"qemu-system-x86_64",
                          "-accel",
                          "kvm",
                          "-cpu",
                          "host",
                          "-M",
                          "pc,graphics=off",
                          "-m",
                          "256",
                          "-no-user-config",
                          "-nodefaults",
                          "-vga",
                          "none",
                          "-display",
                          "none",
                          "-no-reboot",
                          "-serial",
                          "stdio",
                          "-kernel",
                          guest->kernel,
                          "-initrd",
                          guest->initramfs,
                          "-append",
                          GUEST_CONSOLE_ARGUMENTS " " GUEST_PROBE_ARGUMENT,
                          NULL};
    ProcessSpec spec = {.argv = argv, .timeout_ms = PROBE_LIMIT_MS};
    g_auto(ProcessResult) result = {0};
    if (!process_run(&spec, &result, error))
        return false;
    if (strstr(result.output, GUEST_PROBE_MARKER) == NULL)
        return steel_fail(error, STEEL_ERROR_PROCESS, "the guest said nothing");
    return true;
}

const char *
accelerator_choose(const char *wish, const char *cache_folder, const LabGuest *guest,
                   LabProgress progress, GError **error)
{
    bool there = access("/dev/kvm", R_OK | W_OK) == 0;
    if (strcmp(wish, "kvm") == 0 && there)
        return "kvm";
    if (strcmp(wish, "kvm") == 0) {
        steel_fail(error, STEEL_ERROR_NOT_FOUND, "/dev/kvm: %s; --accel tcg works without it",
                   g_strerror(errno));
        return NULL;
    }
    if (strcmp(wish, "tcg") == 0)
        return "tcg";
    if (strcmp(wish, "auto") != 0) {
        steel_fail(error, STEEL_ERROR_INVALID, "the accelerator is auto, kvm or tcg, not %s", wish);
        return NULL;
    }
    if (!there)
        return "tcg";
    struct utsname host;
    uname(&host);
    const char *answer = cached_answer(cache_folder, host.release);
    if (answer != NULL)
        return answer;
    if (progress != NULL)
        progress("testing whether guests run under KVM here (once, at most 10 s)");
    g_autoptr(GError) why = NULL;
    answer = probe(guest, &why) ? "kvm" : "tcg";
    if (why != NULL && progress != NULL) {
        g_autofree char *text =
            g_strdup_printf("KVM does not run a guest here (%s): using TCG", why->message);
        progress(text);
    }
    cache_answer(cache_folder, host.release, answer);
    return answer;
}
