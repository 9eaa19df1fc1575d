/* An iLO for tests; the contract is in ilo_device.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ilo_device.h"

#include "agent_protocol/certificate.h"
#include "common/json_text.h"
#include "ilo_device_data.h"

#include <glib/gstdio.h>
#include <microhttpd.h>
#include <pthread.h>
#include <string.h>

struct IloDevice {
    IloDeviceKind kind;
    struct MHD_Daemon *daemon;
    uint16_t port;
    char *folder, *certificate_file, *certificate, *key;
    pthread_mutex_t lock;  /* guards all below */
    GHashTable *resources; /* uri without its last slash -> json_t */
    GString *changes;
    unsigned requests, looks;
    char *password;
    bool without_ribcl;
    struct {
        const char *method, *uri, *body;
        unsigned left, status;
    } forced;
};

static void
lock(IloDevice *device)
{
    pthread_mutex_lock(&device->lock);
}

static void
unlock(IloDevice *device)
{
    pthread_mutex_unlock(&device->lock);
}

/* ---- the tree ---- */

static char *
key_of(const char *uri)
{
    size_t length = strcspn(uri, "?");
    while (length > 1 && uri[length - 1] == '/')
        length--;
    return g_strndup(uri, length);
}

static json_t *
find(IloDevice *device, const char *uri)
{
    g_autofree char *key = key_of(uri);
    return g_hash_table_lookup(device->resources, key);
}

static void merge(json_t *into, json_t *from);

static void
merge_arrays(json_t *into, json_t *from)
{
    size_t i;
    json_t *value;
    json_array_foreach(from, i, value)
    {
        if (json_is_object(value) && json_is_object(json_array_get(into, i)))
            merge(json_array_get(into, i), value);
        else if (i < json_array_size(into))
            json_array_set(into, i, value);
        else
            json_array_append(into, value);
    }
}

static void
merge(json_t *into, json_t *from)
{
    const char *name;
    json_t *value;
    json_object_foreach(from, name, value)
    {
        json_t *old = json_object_get(into, name);
        if (json_is_object(value) && json_is_object(old))
            merge(old, value);
        else if (json_is_array(value) && json_is_array(old))
            merge_arrays(old, value);
        else
            json_object_set_new(into, name, json_deep_copy(value));
    }
}

static void
merge_text(IloDevice *device, const char *uri, const char *text)
{
    json_auto_t *change = json_loads(text, 0, NULL);
    g_assert(change != NULL && find(device, uri) != NULL);
    merge(find(device, uri), change);
}

static const char *
root_of(const IloDevice *device)
{
    return device->kind == ILO_DEVICE_GEN10 ? "/redfish/v1" : "/rest/v1";
}

static char *
system_uri(const IloDevice *device)
{
    return g_strconcat(root_of(device), "/Systems/1", NULL);
}

/* ---- the machine ---- */

static bool
is_on(IloDevice *device)
{
    g_autofree char *uri = system_uri(device);
    const char *member = device->kind == ILO_DEVICE_GEN10 ? "PowerState" : "Power";
    return g_strcmp0(json_string_member(find(device, uri), member), "On") == 0;
}

static void
set_power(IloDevice *device, bool on)
{
    g_autofree char *uri = system_uri(device);
    bool redfish = device->kind == ILO_DEVICE_GEN10;
    g_autofree char *text =
        g_strdup_printf("{\"%s\": \"%s\", \"Oem\": {\"%s\": {\"PostState\": \"%s\"}}}",
                        redfish ? "PowerState" : "Power", on ? "On" : "Off", redfish ? "Hpe" : "Hp",
                        on ? "InPost" : "PowerOff");
    merge_text(device, uri, text);
}

static void apply_pending(IloDevice *device);

/* The self-test ends after some looks at it. */
static void
continue_post(IloDevice *device, json_t *system)
{
    enum { LOOKS = 4 };
    json_t *oem = json_object_get(json_object_get(system, "Oem"),
                                  device->kind == ILO_DEVICE_GEN10 ? "Hpe" : "Hp");
    if (g_strcmp0(json_string_member(oem, "PostState"), "InPost") == 0 && ++device->looks >= LOOKS)
        json_object_set_new(oem, "PostState", json_string("FinishedPost"));
}

static void
act(IloDevice *device, const char *reset, const char *push)
{
    bool was_on = is_on(device);
    if (g_strcmp0(reset, "On") == 0 || g_strcmp0(reset, "ForceRestart") == 0)
        set_power(device, true);
    else if (g_strcmp0(reset, "ForceOff") == 0 || g_strcmp0(push, "PressAndHold") == 0)
        set_power(device, false);
    else if (g_strcmp0(push, "Press") == 0)
        set_power(device, !was_on);
    device->looks = 0;
    if (is_on(device) && (!was_on || g_strcmp0(reset, "ForceRestart") == 0))
        apply_pending(device);
}

/* Attempts that are on get an entry among the UEFI targets. */
static void
apply_iscsi(IloDevice *device, json_t *current)
{
    bool redfish = device->kind == ILO_DEVICE_GEN10;
    g_autofree char *uri = system_uri(device);
    json_t *targets =
        json_object_get(json_object_get(find(device, uri), "Boot"),
                        redfish ? "UefiTargetBootSourceOverride@Redfish.AllowableValues"
                                : "UefiTargetBootSourceOverrideSupported");
    json_t *list = json_object_get(current, redfish ? "iSCSISources" : "iSCSIBootSources"),
           *attempt;
    size_t i;
    while (json_array_size(targets) > 2)
        json_array_remove(targets, 2);
    json_array_foreach(list, i, attempt)
    {
        const char *state =
            json_string_member(attempt, redfish ? "iSCSIConnection" : "iSCSIBootEnable");
        g_autofree char *name = g_strdup_printf("NIC.LOM.1.%zu.iSCSI", i + 1);
        if (g_strcmp0(state, "Enabled") == 0)
            json_array_append_new(targets, json_string(name));
    }
}

static void
apply_pending(IloDevice *device)
{
    static const char *const pending[] = {"/Systems/1/Bios", "/Systems/1/Bios/iScsi"};
    for (size_t i = 0; i < G_N_ELEMENTS(pending); i++) {
        g_autofree char *uri = g_strconcat(root_of(device), pending[i], NULL),
                        *settings = g_strconcat(uri, "/Settings", NULL);
        merge(find(device, uri), find(device, settings));
        if (i == 1)
            apply_iscsi(device, find(device, uri));
    }
}

void
ilo_device_post(IloDevice *device)
{
    lock(device);
    apply_pending(device);
    unlock(device);
}

/* ---- JSON requests ---- */

static void
note(IloDevice *device, const char *method, const char *uri, const char *body)
{
    g_string_append_printf(device->changes, "%s %s %s\n", method, uri, body);
}

static void
medium(IloDevice *device, const char *uri, json_t *body, bool insert)
{
    const char *actions = strstr(uri, "/Actions");
    g_autofree char *drive = g_strndup(uri, (size_t)(actions - uri));
    json_object_set(find(device, drive), "Image",
                    insert ? json_object_get(body, "Image") : json_null());
    json_object_set_new(find(device, drive), "Inserted", json_boolean(insert));
}

/* Redfish has the action in the URI, HP's REST in the body. */
static unsigned
post(IloDevice *device, const char *uri, json_t *body)
{
    if (strstr(uri, "InsertMedia") != NULL || strstr(uri, "InsertVirtualMedia") != NULL)
        medium(device, uri, body, true);
    else if (strstr(uri, "EjectMedia") != NULL || strstr(uri, "EjectVirtualMedia") != NULL)
        medium(device, uri, body, false);
    else if (strstr(uri, "/Settings") != NULL)
        merge(find(device, uri), body);
    else
        act(device, json_string_member(body, "ResetType"), json_string_member(body, "PushType"));
    return 200;
}

static unsigned
patch(IloDevice *device, const char *uri, json_t *body)
{
    json_t *resource = find(device, uri);
    json_t *image = json_object_get(body, "Image");
    merge(resource, body);
    if (image != NULL)
        json_object_set_new(resource, "Inserted", json_boolean(json_is_string(image)));
    return 200;
}

static unsigned
answer_json(IloDevice *device, const char *method, const char *uri, const char *text, char **answer)
{
    json_t *resource = find(device, uri);
    if (strcmp(method, "GET") == 0) {
        if (resource != NULL && json_object_get(resource, "Boot") != NULL)
            continue_post(device, resource);
        *answer = resource != NULL ? json_text_dump(resource) : NULL;
        return resource != NULL ? 200 : 404;
    }
    json_auto_t *body = json_loads(*text != '\0' ? text : "{}", 0, NULL);
    if (!json_is_object(body))
        return 400;
    note(device, method, uri, text);
    if (strcmp(method, "POST") == 0)
        return post(device, uri, body);
    return resource != NULL ? patch(device, uri, body) : 404;
}

/* ---- RIBCL ---- */

#define DOCUMENT(inner)                                                                            \
    "<?xml version=\"1.0\"?>\r\n<RIBCL VERSION=\"2.23\">\r\n<RESPONSE\r\n    "                     \
    "STATUS=\"0x0000\"\r\n"                                                                        \
    "    MESSAGE='No error'\r\n     />\r\n" inner "</RIBCL>\r\n"
#define REFUSAL(status, message)                                                                   \
    "<?xml version=\"1.0\"?>\r\n<RIBCL VERSION=\"2.23\">\r\n<RESPONSE STATUS=\"" status            \
    "\" MESSAGE='" message "'/>\r\n</RIBCL>\r\n"

static char *
attribute(const char *text, const char *name)
{
    g_autofree char *start = g_strdup_printf(" %s=\"", name);
    for (; *text != '\0'; text++)
        if (g_ascii_strncasecmp(text, start, strlen(start)) == 0)
            return g_strndup(text + strlen(start), strcspn(text + strlen(start), "\""));
    return NULL;
}

/* State of a Gen8, which has no tree of its own: kept in resources of these names. */
static char *
kept(IloDevice *device, const char *member)
{
    return g_strdup(json_string_member(find(device, "/ribcl/state"), member));
}

static void
keep(IloDevice *device, const char *member, const char *value)
{
    json_object_set_new(find(device, "/ribcl/state"), member, json_string(value));
}

static char *
vm_status(IloDevice *device, const char *drive)
{
    g_autofree char *url = kept(device, drive);
    return g_strdup_printf("<GET_VM_STATUS VM_APPLET=\"DISCONNECTED\" DEVICE=\"%s\" "
                           "BOOT_OPTION=\"NO_BOOT\" IMAGE_INSERTED=\"%s\" IMAGE_URL=\"%s\"/>",
                           drive, *url != '\0' ? "YES" : "NO", url);
}

static const char health[] =
    "<GET_EMBEDDED_HEALTH_DATA><MEMORY><MEMORY_DETAILS_SUMMARY><CPU_1><TOTAL_MEMORY_SIZE "
    "VALUE=\"16 GB\"/></CPU_1><CPU_2><TOTAL_MEMORY_SIZE VALUE=\"N/A\"/></CPU_2>"
    "</MEMORY_DETAILS_SUMMARY></MEMORY><PROCESSORS><PROCESSOR><LABEL VALUE=\"Proc 1\"/>"
    "<EXECUTION_TECHNOLOGY VALUE=\"8/8 cores; 16 threads\"/></PROCESSOR></PROCESSORS>"
    "<STORAGE><CONTROLLER><LOGICAL_DRIVE><CAPACITY VALUE=\"931 GB\"/></LOGICAL_DRIVE>"
    "<LOGICAL_DRIVE><CAPACITY VALUE=\"460 GB\"/></LOGICAL_DRIVE></CONTROLLER></STORAGE>"
    "<NIC_INFORMATION><NIC><NETWORK_PORT VALUE=\"Port 1\"/><LOCATION VALUE=\"Embedded\"/>"
    "<MAC_ADDRESS VALUE=\"40:a8:f0:1e:86:74\"/></NIC><iLO><NETWORK_PORT VALUE=\"iLO Dedicated\"/>"
    "<LOCATION VALUE=\"Embedded\"/></iLO></NIC_INFORMATION><FIRMWARE_INFORMATION><INDEX_1>"
    "<FIRMWARE_NAME VALUE=\"HP ProLiant System ROM\"/><FIRMWARE_VERSION VALUE=\"11/26/2014\"/>"
    "</INDEX_1><INDEX_2><FIRMWARE_NAME VALUE=\"iLO\"/><FIRMWARE_VERSION VALUE=\"2.02 Sep 05 "
    "2014\"/></INDEX_2></FIRMWARE_INFORMATION></GET_EMBEDDED_HEALTH_DATA>";

static const char *const models[] = {"ProLiant DL380p Gen8", "ProLiant DL380 Gen9",
                                     "ProLiant DL380 Gen10"};

static char *
ribcl_get(IloDevice *device, const char *command, const char *text)
{
    if (strcmp(command, "GET_PRODUCT_NAME") == 0)
        return g_strdup_printf("<GET_PRODUCT_NAME><PRODUCT_NAME VALUE =\"%s\"/></GET_PRODUCT_NAME>",
                               models[device->kind]);
    if (strcmp(command, "GET_EMBEDDED_HEALTH") == 0)
        return g_strdup(health);
    if (strcmp(command, "GET_HOST_POWER_STATUS") == 0) {
        g_autofree char *power = kept(device, "power");
        return g_strdup_printf("<GET_HOST_POWER HOST_POWER=\"%s\"/>", power);
    }
    if (strcmp(command, "GET_ONE_TIME_BOOT") == 0) {
        g_autofree char *once = kept(device, "once");
        return g_strdup_printf("<ONE_TIME_BOOT><BOOT_TYPE VALUE=\"%s\"/></ONE_TIME_BOOT>", once);
    }
    if (strcmp(command, "GET_PERSISTENT_BOOT") == 0) {
        g_autofree char *first = kept(device, "always");
        GString *list = g_string_new("<PERSISTENT_BOOT>");
        static const char *const names[] = {"CDROM", "FLOPPY", "HDD", "NETWORK"};
        g_string_append_printf(list, "<DEVICE value=\"%s\"/>", first);
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
            if (strcmp(names[i], first) != 0)
                g_string_append_printf(list, "<DEVICE value=\"%s\"/>", names[i]);
        g_string_append(list, "</PERSISTENT_BOOT>");
        return g_string_free(list, FALSE);
    }
    if (strcmp(command, "GET_VM_STATUS") == 0) {
        g_autofree char *drive = attribute(text, "DEVICE");
        return vm_status(device, drive);
    }
    if (strcmp(command, "GET_ALL_LICENSES") == 0)
        return g_strdup("<GET_ALL_LICENSES><LICENSE><LICENSE_TYPE VALUE=\"iLO 4 Advanced\"/>"
                        "</LICENSE></GET_ALL_LICENSES>");
    return NULL;
}

static bool
ribcl_set(IloDevice *device, const char *command, const char *text)
{
    g_autofree char *value = attribute(text, "VALUE"), *drive = attribute(text, "DEVICE"),
                    *url = attribute(text, "IMAGE_URL"), *power = attribute(text, "HOST_POWER"),
                    *now = kept(device, "power");
    if (strcmp(command, "SET_HOST_POWER") == 0)
        keep(device, "power", strcmp(power, "Yes") == 0 ? "ON" : "OFF");
    else if (strcmp(command, "RESET_SERVER") == 0)
        keep(device, "power", "ON");
    else if (strcmp(command, "HOLD_PWR_BTN") == 0)
        keep(device, "power", "OFF");
    else if (strcmp(command, "PRESS_PWR_BTN") == 0)
        keep(device, "power", strcmp(now, "ON") == 0 ? "OFF" : "ON");
    else if (strcmp(command, "SET_ONE_TIME_BOOT") == 0)
        keep(device, "once", value);
    else if (strcmp(command, "SET_PERSISTENT_BOOT") == 0)
        keep(device, "always", value);
    else if (strcmp(command, "INSERT_VIRTUAL_MEDIA") == 0)
        keep(device, drive, url);
    else if (strcmp(command, "EJECT_VIRTUAL_MEDIA") == 0)
        keep(device, drive, "");
    else if (strcmp(command, "MOD_USER") == 0)
        ilo_device_set_password(device, value);
    else
        return strcmp(command, "SET_VM_STATUS") == 0 || strcmp(command, "LICENSE") == 0 ||
               strcmp(command, "RESET_RIB") == 0;
    return true;
}

/* The word after MODE="...">. */
static char *
command_in(const char *text)
{
    const char *mode = strstr(text, "MODE=\"");
    const char *start = mode != NULL ? strchr(mode, '<') : NULL;
    return start != NULL ? g_strndup(start + 1, strcspn(start + 1, " />")) : g_strdup("");
}

static unsigned
answer_ribcl(IloDevice *device, const char *text, char **answer)
{
    g_autofree char *password = attribute(text, "PASSWORD"), *command = command_in(text);
    if (device->without_ribcl)
        return 404;
    if (g_strcmp0(password, device->password) != 0) {
        *answer = g_strdup(DOCUMENT("") REFUSAL("0x005F", "Login failed."));
        return 200;
    }
    g_autofree char *data = ribcl_get(device, command, strstr(text, "MODE="));
    bool changed = data == NULL && ribcl_set(device, command, strstr(text, "MODE="));
    if (changed)
        g_string_append_printf(device->changes, "RIBCL %s\n", command);
    if (data != NULL)
        *answer = g_strdup_printf(DOCUMENT("") DOCUMENT("") DOCUMENT("%s") DOCUMENT(""), data);
    else if (changed)
        *answer = g_strdup(DOCUMENT("") DOCUMENT("") DOCUMENT("") DOCUMENT(""));
    else
        *answer =
            g_strdup_printf(DOCUMENT("") REFUSAL("0x003C", "Feature not supported - %s"), command);
    return 200;
}

/* ---- HTTP ---- */

static bool
is_forced(IloDevice *device, const char *method, const char *uri)
{
    if (device->forced.left == 0 || strcmp(device->forced.method, method) != 0 ||
        !g_str_has_prefix(uri, device->forced.uri))
        return false;
    device->forced.left--;
    return true;
}

/* Basic authentication; clients spell the scheme in any case. */
static bool
is_known(IloDevice *device, struct MHD_Connection *connection)
{
    const char *header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    g_autofree char *pair = g_strconcat(ILO_DEVICE_USER ":", device->password, NULL);
    g_autofree char *wanted = g_base64_encode((const guchar *)pair, strlen(pair));
    return header != NULL && g_ascii_strncasecmp(header, "Basic ", 6) == 0 &&
           strcmp(header + 6, wanted) == 0;
}

static unsigned
answer_request(IloDevice *device, struct MHD_Connection *connection, const char *method,
               const char *uri, const char *body, char **answer)
{
    device->requests++;
    if (is_forced(device, method, uri)) {
        *answer = g_strdup(device->forced.body);
        return device->forced.status;
    }
    if (strcmp(uri, "/ribcl") == 0)
        return answer_ribcl(device, body, answer);
    if (device->kind == ILO_DEVICE_GEN8)
        return 404;
    if (!is_known(device, connection)) {
        *answer = g_strdup("{\"error\": {\"@Message.ExtendedInfo\": [{\"MessageId\": "
                           "\"Base.1.0.NoValidSession\"}]}}");
        return 401;
    }
    return answer_json(device, method, uri, body, answer);
}

static enum MHD_Result
on_request(void *user, struct MHD_Connection *connection, const char *uri, const char *method,
           const char *version, const char *data, size_t *size, void **state)
{
    IloDevice *device = user;
    (void)version;
    if (*state == NULL) {
        *state = g_string_new(NULL);
        return MHD_YES;
    }
    if (*size > 0) {
        g_string_append_len(*state, data, (gssize)*size);
        *size = 0;
        return MHD_YES;
    }
    char *answer = NULL;
    lock(device);
    unsigned status =
        answer_request(device, connection, method, uri, ((GString *)*state)->str, &answer);
    unlock(device);
    if (answer == NULL)
        answer = g_strdup("");
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(answer), answer, MHD_RESPMEM_MUST_COPY);
    g_free(answer);
    MHD_add_response_header(response, "Allow",
                            strstr(uri, "Settings") != NULL ? "GET, HEAD, PATCH" : "GET, HEAD");
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static void
on_end(void *user, struct MHD_Connection *connection, void **state,
       enum MHD_RequestTerminationCode code)
{
    (void)user, (void)connection, (void)code;
    if (*state != NULL)
        g_string_free(*state, TRUE);
}

static void
json_free(void *value)
{
    json_decref(value);
}

static void
fill(IloDevice *device)
{
    static const DeviceResource none[] = {{0}};
    const DeviceResource *rows = none;
    if (device->kind == ILO_DEVICE_GEN9)
        rows = gen9_resources;
    else if (device->kind == ILO_DEVICE_GEN10)
        rows = gen10_resources;
    for (; rows->uri != NULL; rows++) {
        json_t *value = json_loads(rows->text, 0, NULL);
        if (value == NULL)
            g_error("%s is no JSON", rows->uri);
        g_hash_table_insert(device->resources, g_strdup(rows->uri), value);
    }
    g_hash_table_insert(device->resources, g_strdup("/ribcl/state"),
                        json_pack("{s:s,s:s,s:s,s:s,s:s}", "power", "ON", "once", "Normal",
                                  "always", "HDD", "CDROM", "", "FLOPPY", ""));
}

IloDevice *
ilo_device_new(IloDeviceKind kind)
{
    IloDevice *device = g_new0(IloDevice, 1);
    device->kind = kind;
    pthread_mutex_init(&device->lock, NULL);
    device->resources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, json_free);
    device->changes = g_string_new(NULL);
    device->password = g_strdup(ILO_DEVICE_PASSWORD);
    fill(device);
    if (!certificate_make_text("127.0.0.1", &device->certificate, &device->key, NULL))
        g_error("no certificate");
    device->folder = g_dir_make_tmp("steel-ilo-XXXXXX", NULL);
    device->certificate_file = g_build_filename(device->folder, "ca.pem", NULL);
    g_file_set_contents(device->certificate_file, device->certificate, -1, NULL);
    device->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_TLS,
                                      0, NULL, NULL, on_request, device, MHD_OPTION_HTTPS_MEM_CERT,
                                      device->certificate, MHD_OPTION_HTTPS_MEM_KEY, device->key,
                                      MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_END);
    if (device->daemon == NULL)
        g_error("no daemon");
    device->port = MHD_get_daemon_info(device->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return device;
}

void
ilo_device_free(IloDevice *device)
{
    if (device == NULL)
        return;
    MHD_stop_daemon(device->daemon);
    g_unlink(device->certificate_file);
    g_rmdir(device->folder);
    g_hash_table_unref(device->resources);
    g_string_free(device->changes, TRUE);
    pthread_mutex_destroy(&device->lock);
    g_free(device->password);
    g_free(device->certificate_file);
    g_free(device->folder);
    g_free(device->certificate);
    g_free(device->key);
    g_free(device);
}

uint16_t
ilo_device_port(const IloDevice *device)
{
    return device->port;
}

const char *
ilo_device_certificate(const IloDevice *device)
{
    return device->certificate_file;
}

json_t *
ilo_device_get(IloDevice *device, const char *uri, const char *path)
{
    g_auto(GStrv) names = g_strsplit(path, "/", 0);
    lock(device);
    json_t *value = find(device, uri);
    for (char **name = names; value != NULL && *name != NULL; name++)
        value = json_is_array(value)
                    ? json_array_get(value, (size_t)g_ascii_strtoull(*name, NULL, 10))
                    : json_object_get(value, *name);
    value = json_deep_copy(value);
    unlock(device);
    return value;
}

char *
ilo_device_text(IloDevice *device, const char *uri, const char *path)
{
    json_auto_t *value = ilo_device_get(device, uri, path);
    return g_strdup(json_string_value(value));
}

void
ilo_device_set(IloDevice *device, const char *uri, const char *text)
{
    lock(device);
    merge_text(device, uri, text);
    unlock(device);
}

char *
ilo_device_changes(IloDevice *device)
{
    lock(device);
    char *changes = g_strdup(device->changes->str);
    g_string_truncate(device->changes, 0);
    unlock(device);
    return changes;
}

unsigned
ilo_device_requests(IloDevice *device)
{
    lock(device);
    unsigned requests = device->requests;
    unlock(device);
    return requests;
}

void
ilo_device_answer(IloDevice *device, const char *method, const char *uri, unsigned count,
                  unsigned status, const char *body)
{
    lock(device);
    device->forced.method = method;
    device->forced.uri = uri;
    device->forced.body = body;
    device->forced.left = count;
    device->forced.status = status;
    unlock(device);
}

void
ilo_device_disable_ribcl(IloDevice *device)
{
    lock(device);
    device->without_ribcl = true;
    unlock(device);
}

void
ilo_device_set_password(IloDevice *device, const char *password)
{
    g_free(device->password);
    device->password = g_strdup(password);
}
