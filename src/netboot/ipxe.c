/* iPXE scripts; the contract is in ipxe.h.
 *
 * Decisions in the script:
 *
 * - The iBFT. `sanhook` and `sanboot` without --no-describe leave the table behind (in memory under
 *   BIOS, as an ACPI table under UEFI), from which dracut, initramfs-tools and Windows find the
 *   root volume, its CHAP secret and the network card. With --no-describe the boot loader would
 *   start and the system would lose its disk; it is used only for volumes that the table cannot
 *   hold.
 * - `sanhook` first, `sanboot` without a URI afterwards: the report of a failed login is apart from
 *   the one of a volume without a boot loader, and such a sanboot keeps the drive hooked whatever
 *   keep-san says. So keep-san is not set.
 * - The credentials are the boot volume's again when the system starts: iPXE opens a lost session
 *   again with the credentials of that moment. They are cleared on every other way out.
 * - A machine that should boot from its volume and cannot restarts after a bounded number of
 *   attempts: the next boot device might start an old system from a local disk under this node's
 *   identity, a prompt would wait forever. So a storage failure heals by itself, and each round is
 *   reported.
 * - It also restarts if the boot server has served the generic script, but no other for a minute:
 *   machines whose system is on a local disk do not ask, they are set to boot from it. (While the
 *   server answers 503 with Retry-After, iPXE waits in its request.)
 * - `exit 1`, not 0, to leave for the next boot device: the boot manager of UEFI takes success for
 *   the end of its list.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/ipxe.h"

#include <string.h>

#define FIRST_DRIVE 0x80

/* ENOSPC of iPXE's int13.c: under BIOS the iBFT has 768 bytes, enough for one or two paths with
 * names of usual length. Under UEFI it grows as needed. */
#define ERRNO_IBFT_FULL "34852006"

/* A report must not hold up a boot for long. */
#define REPORT_TIMEOUT_MS 5000

const char *
ipxe_generic_script(void)
{
    return "#!ipxe\n"
           "# Asks for the script of each network card. A script that was served for a known "
           "machine sets steel-done;\n"
           "# a failed request (the server restarts, the database is busy) is repeated, an unknown "
           "card is not.\n"
           "set steel-try:int32 0\n"
           ":again\n"
           "set steel-card:int32 0\n"
           "clear steel-failed ||\n"
           ":card\n"
           "isset ${net${steel-card}/mac} || goto end\n"
           "chain --autofree boot/${net${steel-card}/mac:hexhyp}.ipxe || goto answered\n"
           ":answered\n"
           "isset ${steel-done} && goto leave ||\n"
           "isset ${steel-unknown} || set steel-failed 1\n"
           "clear steel-unknown ||\n"
           "inc steel-card\n"
           "goto card\n"
           ":end\n"
           "isset ${steel-failed} || goto leave\n"
           "inc steel-try\n"
           "iseq ${steel-try} 10 && goto restart ||\n"
           "echo Steel: no answer, asking again in 5 seconds\n"
           "sleep 5\n"
           "goto again\n"
           ":restart\n"
           "echo Steel: no answer, restarting\n"
           "reboot\n"
           ":leave\n"
           "clear steel-done ||\n"
           "exit 1\n";
}

/* Appends text for an echo line: what has a meaning for iPXE becomes an underscore. */
static void
append_words(GString *script, const char *text)
{
    for (const char *c = text; *c != '\0' && c - text < 400; c++)
        g_string_append_c(
            script, g_ascii_isalnum(*c) || strchr(" ._:,/()[]'\"=~@+-", *c) != NULL ? *c : '_');
}

/* `set name value` with the value as it is, or percent-encoded where any character could mean
 * something to iPXE. */
static void
append_set(GString *script, const char *name, const char *value)
{
    bool plain = g_ascii_isalnum(value[0]);
    for (const char *c = value; *c != '\0' && plain; c++)
        plain = g_ascii_isalnum(*c) || strchr("._:@+-", *c) != NULL;
    if (plain) {
        g_string_append_printf(script, "set %s %s\n", name, value);
        return;
    }
    g_string_append_printf(script, "set %s:uristring ", name);
    for (const char *c = value; *c != '\0'; c++) {
        if (g_ascii_isalnum(*c))
            g_string_append_c(script, *c);
        else
            g_string_append_printf(script, "%%%02X", (unsigned char)*c);
    }
    g_string_append_c(script, '\n');
}

/* The credentials of one volume, or none: those of the volume before must not stay. */
static void
append_credentials(GString *script, const IscsiVolume *volume)
{
    if (volume == NULL || volume->username == NULL) {
        g_string_append(script, "clear username ||\nclear password ||\n");
        return;
    }
    append_set(script, "username", volume->username);
    append_set(script, "password", volume->password);
}

static char *
hyphenated(const char *mac)
{
    char *text = g_strdup(mac);
    return g_strdelimit(text, ":", '-');
}

/* A request that reports the progress of the boot. Its failure is ignored, its answer dropped. */
static void
append_report(GString *script, const BootInstructions *instructions, const char *phase,
              const char *parameters)
{
    if (instructions->token == NULL)
        return;
    g_autofree char *mac = hyphenated(instructions->mac);
    g_string_append_printf(script,
                           "imgfetch --name steel-report --timeout %d "
                           "%s/progress?token=%s&phase=%s%s ||\n"
                           "imgfree steel-report ||\n",
                           REPORT_TIMEOUT_MS, mac, instructions->token, phase, parameters);
}

static void
append_sanhook(GString *script, const char *option, unsigned drive, const GPtrArray *portals,
               unsigned first, unsigned count)
{
    g_string_append_printf(script, "sanhook %s--drive 0x%x", option, drive);
    for (unsigned i = first; i < first + count; i++) {
        g_autofree char *uri = iscsi_portal_uri(portals->pdata[i]);
        g_string_append_printf(script, " %s", uri);
    }
}

/* The iBFT of iPXE holds IPv4 addresses only: it would have a wrong one for others. */
static bool
fits_ibft(const GPtrArray *portals)
{
    for (unsigned i = 0; i < portals->len; i++)
        if (strchr(((const IscsiPortal *)portals->pdata[i])->host, ':') == NULL)
            return true;
    return false;
}

/* Attaches a volume so that the iBFT lists it. If the table has no room, the boot volume is tried
 * with one path after the other, so that its system finds at least one; the following lines attach
 * the rest. */
static void
append_listed_hook(GString *script, const GPtrArray *portals, unsigned index)
{
    unsigned drive = FIRST_DRIVE + index;
    append_sanhook(script, "", drive, portals, 0, portals->len);
    g_string_append_printf(script,
                           " && goto volume%u ||\n"
                           "set steel-errno ${errno:hexraw}\n"
                           "iseq ${steel-errno} " ERRNO_IBFT_FULL " || goto hook_failed\n"
                           "sanunhook --drive 0x%x ||\n",
                           index + 1, drive);
    for (unsigned i = 0; i < portals->len && index == 0 && portals->len > 1; i++) {
        append_sanhook(script, "", drive, portals, i, 1);
        g_string_append_printf(script, " && goto volume1 ||\nsanunhook --drive 0x%x ||\n", drive);
    }
}

/* Attaches one volume, then the next. */
static void
append_hook(GString *script, const IscsiVolume *volume, unsigned index)
{
    g_string_append_printf(script, ":volume%u\n", index);
    append_credentials(script, volume);
    g_string_append_printf(script, "set steel-volume %u\n", index);
    if (fits_ibft(volume->portals))
        append_listed_hook(script, volume->portals, index);
    append_sanhook(script, "--no-describe ", FIRST_DRIVE + index, volume->portals, 0,
                   volume->portals->len);
    g_string_append_printf(script,
                           " || goto hook_errno\n"
                           "set steel-unlisted ${steel-unlisted}.%u\n",
                           index);
}

static void
append_hooks(GString *script, const BootInstructions *instructions)
{
    const GPtrArray *volumes = instructions->boot.iscsi.volumes;
    g_string_append(script, ":attempt\n"
                            "clear steel-unlisted ||\n");
    for (unsigned i = 0; i < volumes->len; i++)
        append_hook(script, volumes->pdata[i], i);
    g_string_append_printf(script, ":volume%u\n", volumes->len);
    if (volumes->len > 1)
        append_credentials(script, volumes->pdata[0]);
}

static void
append_unhooks(GString *script, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        g_string_append_printf(script, "sanunhook --drive 0x%x ||\n", FIRST_DRIVE + i);
}

/* After a failed attempt: report, pause, repeat; in the end report, wipe and restart. */
static void
append_failures(GString *script, const BootInstructions *instructions, unsigned volumes)
{
    const char *failure = "&volume=${steel-volume}&try=${steel-try}&errno=${steel-errno}";
    g_string_append(script, ":hook_errno\n"
                            "set steel-errno ${errno:hexraw}\n"
                            ":hook_failed\n"
                            "echo Steel: volume ${steel-volume} cannot be attached\n");
    append_report(script, instructions, "san_failed", failure);
    g_string_append(script, "goto retry\n"
                            ":boot_failed\n"
                            "set steel-errno ${errno:hexraw}\n"
                            "set steel-volume 0\n"
                            "echo Steel: the boot volume is attached, but does not boot\n");
    append_report(script, instructions, "boot_failed", failure);
    g_string_append(script, ":retry\n");
    append_unhooks(script, volumes);
    append_credentials(script, NULL);
    g_string_append_printf(script,
                           "iseq ${steel-try} %d && goto give_up ||\n"
                           "inc steel-try\n"
                           "inc steel-pause %d\n"
                           "echo Steel: attempt ${steel-try} of %d in ${steel-pause} seconds\n"
                           "sleep ${steel-pause}\n"
                           "goto attempt\n"
                           ":give_up\n",
                           IPXE_ATTEMPTS, IPXE_PAUSE_STEP_S, IPXE_ATTEMPTS);
    append_report(script, instructions, "given_up", failure);
    g_string_append(script, "echo Steel: gave up, restarting in 10 seconds\n"
                            "sleep 10\n"
                            "reboot\n"
                            "exit 1\n");
}

static void
append_beginning(GString *script)
{
    g_string_append(script, "set steel-done 1\n"
                            "set steel-try:int32 1\n"
                            "set steel-pause:int32 0\n");
}

/* All volumes are attached. A system that hands control back (a BIOS boot sector may) counts as one
 * that does not boot. */
static void
append_sanboot(GString *script, const BootInstructions *instructions, unsigned volumes)
{
    append_report(script, instructions, "san_hooked",
                  "&try=${steel-try}&unlisted=${steel-unlisted}");
    g_string_append_printf(script, "sanboot --drive 0x%x || goto boot_failed\n", FIRST_DRIVE);
    g_string_append(script, "goto boot_failed\n");
    append_failures(script, instructions, volumes);
}

static void
append_iscsi(GString *script, const BootInstructions *instructions)
{
    append_beginning(script);
    if (instructions->boot.iscsi.initiator_iqn != NULL)
        g_string_append_printf(script, "set initiator-iqn %s\n",
                               instructions->boot.iscsi.initiator_iqn);
    append_hooks(script, instructions);
    append_sanboot(script, instructions, instructions->boot.iscsi.volumes->len);
}

/* Fibre Channel over Ethernet: no names or secrets, and no table that tells the system, which finds
 * its disk by itself. */
static void
append_fcoe(GString *script, const BootInstructions *instructions)
{
    const GPtrArray *volumes = instructions->boot.fcoe.volumes;
    append_beginning(script);
    g_string_append(script, ":attempt\n");
    for (unsigned i = 0; i < volumes->len; i++) {
        g_autofree char *uris = g_strjoinv(" ", volumes->pdata[i]);
        g_string_append_printf(script,
                               "set steel-volume %u\n"
                               "sanhook --drive 0x%x %s || goto hook_errno\n",
                               i, FIRST_DRIVE + i, uris);
    }
    append_sanboot(script, instructions, volumes->len);
}

/* The ISO is a disc behind HTTP, read as its loader asks for it, whose table no system would look
 * for. */
static void
append_iso(GString *script, const BootInstructions *instructions)
{
    append_beginning(script);
    g_string_append_printf(script,
                           ":attempt\n"
                           "set steel-volume 0\n"
                           "sanhook --no-describe --drive 0x%x ../%s || goto hook_errno\n",
                           FIRST_DRIVE, instructions->boot.iso.name);
    append_sanboot(script, instructions, 1);
}

/* Kernel and initramfs have names of their own, so that a second attempt replaces them; UEFI finds
 * the initramfs by the word initrd=. */
static void
append_kernel(GString *script, const BootInstructions *instructions)
{
    const BootRamdisk *ramdisk = &instructions->boot.ramdisk;
    g_string_append_printf(
        script,
        "set steel-done 1\n"
        "set steel-try:int32 1\n"
        ":attempt\n"
        "imgfree deploy_kernel ||\n"
        "imgfree deploy_ramdisk ||\n"
        "kernel --name deploy_kernel ../%s %s initrd=deploy_ramdisk || goto failed\n"
        "initrd --name deploy_ramdisk ../%s || goto failed\n",
        ramdisk->kernel, ramdisk->arguments, ramdisk->initramfs);
    if (boot_mode_info(instructions->mode)->reports)
        append_report(script, instructions, "kernel_loaded", "&try=${steel-try}");
    g_string_append(script, "boot deploy_kernel || goto failed\n"
                            ":failed\n"
                            "set steel-errno ${errno:hexraw}\n"
                            "echo Steel: kernel or initramfs cannot be loaded\n");
    append_report(script, instructions, "ramdisk_failed", "&try=${steel-try}&errno=${steel-errno}");
    g_string_append_printf(script,
                           "iseq ${steel-try} %d && goto give_up ||\n"
                           "inc steel-try\n"
                           "sleep %d\n"
                           "goto attempt\n"
                           ":give_up\n"
                           "echo Steel: gave up, restarting in 10 seconds\n"
                           "sleep 10\n"
                           "reboot\n"
                           "exit 1\n",
                           IPXE_ATTEMPTS, IPXE_PAUSE_STEP_S);
}

static void
append_identity(GString *script, const BootInstructions *instructions)
{
    g_string_append(script, "echo Steel: ");
    append_words(script, instructions->mac);
    if (instructions->node_uuid != NULL) {
        g_string_append(script, " is node ");
        append_words(script, instructions->node_uuid);
    }
    if (instructions->node_name != NULL) {
        g_string_append(script, " (");
        append_words(script, instructions->node_name);
        g_string_append_c(script, ')');
    }
}

static void (*const renderings[BOOT_MODE_COUNT])(GString *script,
                                                 const BootInstructions *instructions) = {
    [BOOT_MODE_ISCSI] = append_iscsi, [BOOT_MODE_FCOE] = append_fcoe,
    [BOOT_MODE_NFS] = append_kernel,  [BOOT_MODE_INSTANCE] = append_kernel,
    [BOOT_MODE_ISO] = append_iso,     [BOOT_MODE_RAMDISK] = append_kernel,
};

static void
append_boot(GString *script, const BootInstructions *instructions)
{
    g_string_append_printf(script, ", %s\n", boot_mode_info(instructions->mode)->purpose);
    renderings[instructions->mode](script, instructions);
}

static void
append_problem(GString *script, const BootInstructions *instructions)
{
    append_words(script, instructions->problem != NULL ? instructions->problem : "unknown");
    g_string_append_c(script, '\n');
}

static void
append_unusable(GString *script, const BootInstructions *instructions)
{
    g_string_append(script, ", which cannot boot:\necho ");
    append_problem(script, instructions);
    g_string_append(script, "set steel-done 1\n"
                            "echo Steel: restarting in 60 seconds\n"
                            "sleep 60\nreboot\nexit 1\n");
}

/* Neither success nor unknown: the generic script asks again a few times, then restarts the
 * machine. */
static void
append_refused(GString *script, const BootInstructions *instructions)
{
    g_string_append(script, ", whose boot script is refused:\necho ");
    append_problem(script, instructions);
    g_string_append(script, "exit 1\n");
}

char *
ipxe_script(const BootInstructions *instructions)
{
    GString *script = g_string_sized_new(4096);
    g_string_append(script, "#!ipxe\n");
    append_identity(script, instructions);
    switch (instructions->answer) {
    case BOOT_ANSWER_UNKNOWN_MAC:
        g_string_append(script, " is not enrolled\nset steel-unknown 1\nexit 1\n");
        break;
    case BOOT_ANSWER_NONE:
        g_string_append(script, ", not to boot from the network now\nset steel-done 1\nexit 1\n");
        break;
    case BOOT_ANSWER_BOOT:
        append_boot(script, instructions);
        break;
    case BOOT_ANSWER_UNUSABLE:
        append_unusable(script, instructions);
        break;
    case BOOT_ANSWER_REFUSED:
        append_refused(script, instructions);
        break;
    }
    return g_string_free(script, FALSE);
}
