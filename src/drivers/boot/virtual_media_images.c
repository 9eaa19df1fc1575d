/* The images of a node; the contract is in virtual_media_images.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/virtual_media_images.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/secret.h"
#include "drivers/boot/ramdisk_source.h"
#include "drivers/image_copies.h"
#include "drivers/network/network.h"
#include "images/boot_iso.h"
#include "images/floppy.h"
#include "model/provision_states.h"
#include "netboot/kernel_words.h"
#include "netboot/ramdisk_boot.h"
#include "openstack/glance.h"

#include <string.h>

#define ISO_FILE "boot.iso"
#define FLOPPY_FILE "floppy.img"
/* Where a deploy waits forever for its agent. */
#define LONGEST_LIFE_S (24 * 60 * 60)
#define NETWORK_DATA "openstack/latest/network_data.json"
/* Tells our own ramdisk (src/ramdisk/init.sh) to look at the disc. */
#define NETWORK_WORDS RAMDISK_BOOT_WORDS " steel-network-data=1"

/* ---- whose, and where ---- */

/* [deploy]external_http_url is for BMCs that do not reach http_url; the node's own wins. */
static const char *
http_url(const DriverServices *services, const Node *node)
{
    const char *own =
        node != NULL ? json_string_member(node->driver_info, "external_http_url") : NULL;
    const char *external = config_string(config_current(), OPT_DEPLOY_EXTERNAL_HTTP_URL);
    if (own != NULL && *own != '\0')
        return own;
    return external != NULL && *external != '\0' ? external : services->boot_url;
}

void
virtual_media_owner(const DriverServices *services, const Node *node, MediaOwner *owner)
{
    const Config *config = config_current();
    g_autoptr(GError) cause = NULL;
    OpenstackSession *swift = openstack_service(services->openstack, OPENSTACK_SWIFT, &cause);
    *owner = (MediaOwner){
        .db = services->db,
        .host = services->conductor_host,
        .node_uuid = node != NULL ? node->uuid : NULL,
        .place = {.http_root = config_string(config, OPT_DEPLOY_HTTP_ROOT),
                  .http_url = http_url(services, node),
                  .swift = swift,
                  .swift_problem = cause != NULL ? g_strdup(cause->message) : NULL},
        .work = g_build_filename(config_string(config, OPT_STATE_PATH), "virtual_media", NULL)};
}

void
virtual_media_owner_clear(MediaOwner *owner)
{
    g_free((char *)(uintptr_t)owner->work);
    g_free((char *)(uintptr_t)owner->place.swift_problem);
    *owner = (MediaOwner){0};
}

/* True: the media are to be in Swift, there. False: place is {0} */
static bool
in_swift(const VirtualMedia *how, VirtualMediaSwift *place)
{
    *place = (VirtualMediaSwift){0};
    if (how->in_swift != NULL && how->in_swift(place))
        return true;
    *place = (VirtualMediaSwift){0};
    return false;
}

static const Publisher *
publisher_of(const VirtualMedia *how)
{
    VirtualMediaSwift swift;
    return in_swift(how, &swift) ? &publisher_swift : &publisher_web;
}

/* The owner with the place of this boot interface. */
static void
owner_for(const Task *task, const VirtualMedia *how, MediaOwner *owner)
{
    VirtualMediaSwift swift;
    virtual_media_owner(task->services, task->node, owner);
    in_swift(how, &swift);
    owner->place.container = swift.container;
    owner->place.url_life_s = swift.life_s;
}

bool
virtual_media_check_place(const Task *task, const VirtualMedia *how, GError **error)
{
    g_auto(MediaOwner) owner = {0};
    owner_for(task, how, &owner);
    return publisher_of(how)->check(&owner.place, error);
}

/* As long as somebody waits for the machine, or as the configuration says for Swift. */
static int64_t
lifetime_s(const VirtualMedia *how)
{
    VirtualMediaSwift swift;
    if (in_swift(how, &swift))
        return swift.life_s;
    int64_t wait_s = config_integer(config_current(), OPT_CONDUCTOR_DEPLOY_CALLBACK_TIMEOUT);
    return wait_s > 0 ? MIN(wait_s, LONGEST_LIFE_S) : LONGEST_LIFE_S;
}

static char *
publish(const Task *task, const VirtualMedia *how, const MediaWanted *wanted, GError **error)
{
    g_auto(MediaOwner) owner = {0};
    owner_for(task, how, &owner);
    return media_publish(&owner, wanted, error);
}

/* ---- a ready ISO ---- */

typedef struct ReadyIso {
    const Openstack *openstack;
    const char *url;
} ReadyIso;

static bool
copy_iso(void *user, const char *folder, const char *output, GError **error)
{
    const ReadyIso *ready = user;
    g_auto(CachedImage) image = {0};
    (void)folder;
    return image_copies_put(ready->openstack, ready->url, output, &image, error);
}

/* Where the BMC takes it from by itself; NULL without an error: this conductor has to give it. */
static char *
own_iso_url(const Task *task, const char *url, GError **error)
{
    const char *source = config_string(config_current(), OPT_DEPLOY_RAMDISK_IMAGE_DOWNLOAD_SOURCE),
               *id = glance_id(url);
    const Openstack *openstack = task->services->openstack;
    if (strcmp(source, "http") == 0 && g_str_has_prefix(url, "http"))
        return g_strdup(url);
    if (strcmp(source, "swift") != 0 || id == NULL || image_copies_verify_signatures())
        return NULL;
    return glance_lend(config_current(), openstack_service(openstack, OPENSTACK_SWIFT, NULL), id,
                       ISO_FILE, error);
}

/* The BMC takes it from where it is, or from this conductor, which the BMC reaches. */
static char *
ready_iso_url(const Task *task, const VirtualMedia *how, const char *url, const char *purpose,
              int64_t life_s, GError **error)
{
    ReadyIso ready = {task->services->openstack, url};
    g_autoptr(GError) cause = NULL;
    char *own = own_iso_url(task, url, &cause);
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    if (own != NULL)
        return own;
    const MediaWanted wanted = {.publisher = publisher_of(how),
                                .purpose = purpose,
                                .file = ISO_FILE,
                                .lifetime_s = life_s,
                                .make = copy_iso,
                                .user = &ready};
    return publish(task, how, &wanted, error);
}

const char *
virtual_media_ready_iso(const Task *task, RamdiskUse use)
{
    static const char *const keys[][2] = {
        [RAMDISK_FOR_AGENT] = {"deploy_iso", "ilo_deploy_iso"},
        [RAMDISK_FOR_RESCUE] = {"rescue_iso", "ilo_rescue_iso"},
    };
    for (size_t i = 0; i < 2; i++) {
        const char *iso = task_driver_info(task, keys[use][i]);
        if (iso != NULL && *iso != '\0')
            return iso;
    }
    return NULL;
}

/* ---- an ISO of a kernel and an initramfs ---- */

typedef struct Making {
    const Openstack *openstack;
    const char *kernel, *initramfs, *loader; /* URLs; loader may be NULL */
    char *arguments;                         /* owned, a secret */
    char *network_data;                      /* owned; NULL: none */
} Making;

static void
making_clear(Making *making)
{
    secret_free(making->arguments);
    g_free(making->network_data);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Making, making_clear)

/* An image of an EFI system partition that the operator wants. */
static const char *
loader_of(const Task *task)
{
    const char *own = task_driver_info(task, "bootloader");
    const char *all = config_string(config_current(), OPT_CONDUCTOR_BOOTLOADER);
    if (own != NULL && *own != '\0')
        return own;
    return all != NULL && *all != '\0' ? all : NULL;
}

static bool
fetch(const Making *making, const char *url, const char *path, GError **error)
{
    g_auto(CachedImage) image = {0};
    return image_copies_put(making->openstack, url, path, &image, error);
}

static bool
make_iso(void *user, const char *folder, const char *output, GError **error)
{
    const Making *making = user;
    g_autofree char *kernel = g_build_filename(folder, "kernel", NULL),
                    *initramfs = g_build_filename(folder, "initramfs", NULL),
                    *esp = g_build_filename(folder, "loader.img", NULL),
                    *work = g_build_filename(folder, "iso", NULL);
    const char *network = making->network_data;
    const BootIsoFile file = {NETWORK_DATA, network, network != NULL ? strlen(network) : 0};
    const BootIso iso = {.folder = work,
                         .output = output,
                         .kernel = kernel,
                         .initramfs = initramfs,
                         .arguments = making->arguments,
                         .label = network != NULL ? BOOT_ISO_LABEL_CONFIG : NULL,
                         .files = &file,
                         .file_count = network != NULL ? 1 : 0,
                         .esp = making->loader != NULL ? esp : NULL,
                         .esp_config = config_string(config_current(), OPT_GRUB_CONFIG_PATH)};
    return fetch(making, making->kernel, kernel, error) &&
           fetch(making, making->initramfs, initramfs, error) &&
           (making->loader == NULL || fetch(making, making->loader, esp, error)) &&
           (g_mkdir_with_parents(work, 0700) == 0 ||
            steel_fail(error, STEEL_ERROR_IO, "cannot make %s", work)) &&
           boot_iso_build(&iso, error);
}

static char *
own_words(const Node *node, const VirtualMedia *how)
{
    return kernel_words_with(node, how->kernel_words != NULL ? how->kernel_words() : NULL);
}

static char *
words_of(const Node *node, const VirtualMedia *how, const char *first, const json_t *parameters,
         GError **error)
{
    g_autofree char *own = own_words(node, how);
    GString *line = g_string_new(first);
    if (kernel_words_add(line, own) && kernel_words_add_parameters(line, parameters) &&
        line->len < KERNEL_WORDS_LIMIT)
        return g_string_free(line, FALSE);
    secret_wipe(line->str, line->len);
    g_string_free(line, TRUE);
    steel_fail(error, STEEL_ERROR_INVALID, "%s", KERNEL_WORDS_PROBLEM);
    return NULL;
}

/* An inspection shall hear all networks of the machine, not those that its operator knows. */
static bool
asks_by_dhcp(const Task *task)
{
    ProvisionState state = state_from_wire(task->node->provision_state);
    return (state == STATE_INSPECTING || state == STATE_INSPECTWAIT) &&
           config_boolean(config_current(), OPT_INSPECTOR_FORCE_DHCP);
}

/* What the ramdisk is told of its network, as text; NULL: nothing, or nothing is known. */
static bool
find_network_data(Task *task, char **text, GError **error)
{
    json_auto_t *data = NULL;
    if (asks_by_dhcp(task))
        return true;
    if (!network_data_of(task, NETWORK_DATA_OF_RAMDISK, &data, error))
        return false;
    *text = data != NULL ? json_text_dump(data) : NULL;
    return true;
}

/* parameters: NULL: they are on the floppy; network: the ISO has network data */
static char *
ramdisk_words(const Task *task, const VirtualMedia *how, const json_t *parameters, bool network,
              GError **error)
{
    g_autofree char *first = g_strconcat(network ? NETWORK_WORDS : RAMDISK_BOOT_WORDS,
                                         parameters == NULL ? " boot_method=vmedia" : "", NULL);
    return words_of(task->node, how, first, parameters, error);
}

char *
virtual_media_ramdisk_iso(Task *task, const VirtualMedia *how, const json_t *parameters,
                          GError **error)
{
    RamdiskUse use = ramdisk_use_of(task->node);
    RamdiskSource source;
    g_auto(Making) making = {0};
    const char *ready = virtual_media_ready_iso(task, use);
    if (ready != NULL)
        return ready_iso_url(task, how, ready, VIRTUAL_MEDIA_RAMDISK, lifetime_s(how), error);
    if (!ramdisk_source_find(task, use, &source, error))
        return NULL;
    making.openstack = task->services->openstack;
    making.kernel = source.kernel;
    making.initramfs = source.initramfs;
    making.loader = loader_of(task);
    if (!find_network_data(task, &making.network_data, error))
        return NULL;
    making.arguments = ramdisk_words(task, how, parameters, making.network_data != NULL, error);
    if (making.arguments == NULL)
        return NULL;
    const MediaWanted wanted = {.publisher = publisher_of(how),
                                .purpose = VIRTUAL_MEDIA_RAMDISK,
                                .file = ISO_FILE,
                                .lifetime_s = lifetime_s(how),
                                .make = make_iso,
                                .user = &making};
    return publish(task, how, &wanted, error);
}

/* ---- the floppy ---- */

typedef struct FloppyMaking {
    const json_t *parameters; /* borrowed */
    char *network_data;       /* owned; NULL: it is on the ISO */
} FloppyMaking;

static void
floppy_making_clear(FloppyMaking *making)
{
    g_free(making->network_data);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FloppyMaking, floppy_making_clear)

static bool
make_floppy(void *user, const char *folder, const char *output, GError **error)
{
    const FloppyMaking *making = user;
    const Floppy floppy = {.folder = folder,
                           .output = output,
                           .parameters = making->parameters,
                           .network_data = making->network_data};
    return floppy_build(&floppy, error);
}

char *
virtual_media_floppy(Task *task, const VirtualMedia *how, const json_t *parameters, GError **error)
{
    g_auto(FloppyMaking) making = {.parameters = parameters};
    if (virtual_media_ready_iso(task, ramdisk_use_of(task->node)) != NULL &&
        !find_network_data(task, &making.network_data, error))
        return NULL;
    const MediaWanted wanted = {.publisher = publisher_of(how),
                                .purpose = VIRTUAL_MEDIA_RAMDISK,
                                .file = FLOPPY_FILE,
                                .lifetime_s = lifetime_s(how),
                                .make = make_floppy,
                                .user = &making};
    return publish(task, how, &wanted, error);
}

/* ---- the instance ---- */

static const char *
instance_text(const Task *task, const char *key)
{
    const char *text = json_string_member(task->node->instance_info, key);
    return text != NULL ? text : "";
}

/* Those of an instance that is a ramdisk, as the boot server has them (netboot/instance_boot.h). */
static char *
instance_words(const Task *task, const VirtualMedia *how, GError **error)
{
    g_autofree char *own = own_words(task->node, how);
    const char *words = instance_text(task, "ramdisk_kernel_arguments");
    bool rooted = kernel_words_have(own, "root=") || kernel_words_have(words, "root=");
    char *first = words_of(task->node, how, rooted ? "" : "root=/dev/ram0 text", NULL, error);
    if (first == NULL)
        return NULL;
    char *all = g_strdup_printf("%s %s", first, words);
    g_free(first);
    return all;
}

/* The same for all nodes that boot the same, and for no other. */
static char *
shared_name(const Task *task, const Making *making)
{
    g_autofree char *all = g_strdup_printf(
        "%s\n%s\n%s\n%s\n%s", instance_text(task, "image_source"), making->kernel,
        making->initramfs, making->arguments, making->loader != NULL ? making->loader : "");
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, all, -1);
    return g_strconcat("boot-", digest, NULL);
}

static char *
known_url(const Task *task, const VirtualMedia *how, const char *purpose, GError **error)
{
    g_auto(MediaOwner) owner = {0};
    owner_for(task, how, &owner);
    return media_url(&owner, purpose, ISO_FILE, error);
}

/* Makes it, or joins those that have it. */
static char *
new_instance_iso(Task *task, const VirtualMedia *how, GError **error)
{
    g_auto(Making) making = {.openstack = task->services->openstack,
                             .kernel = instance_text(task, "kernel"),
                             .initramfs = instance_text(task, "ramdisk"),
                             .loader = loader_of(task)};
    const char *ready = instance_text(task, "boot_iso");
    if (*ready != '\0')
        return ready_iso_url(task, how, ready, VIRTUAL_MEDIA_INSTANCE, 0, error);
    making.arguments = instance_words(task, how, error);
    if (making.arguments == NULL)
        return NULL;
    g_autofree char *name = shared_name(task, &making);
    const MediaWanted wanted = {.publisher = publisher_of(how),
                                .purpose = VIRTUAL_MEDIA_INSTANCE,
                                .name = name,
                                .file = ISO_FILE,
                                .make = make_iso,
                                .user = &making};
    return publish(task, how, &wanted, error);
}

char *
virtual_media_instance_iso(Task *task, const VirtualMedia *how, GError **error)
{
    g_autoptr(GError) cause = NULL;
    char *url = known_url(task, how, VIRTUAL_MEDIA_INSTANCE, &cause);
    if (url == NULL && cause == NULL)
        return new_instance_iso(task, how, error);
    if (cause != NULL)
        g_propagate_error(error, g_steal_pointer(&cause));
    return url;
}
