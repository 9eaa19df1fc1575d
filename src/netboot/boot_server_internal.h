/* The inside of the boot server, for its three files only. boot_server.c listens and routes,
 * boot_server_scripts.c answers machines, boot_server_files.c serves files.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "http/listener.h"
#include "netboot/boot_limits.h"
#include "netboot/boot_request.h"
#include "netboot/boot_server.h"

#define BOOT_SERVER_AREA "netboot.server"

/* Arguments of a query. */
#define BOOT_ARGUMENT_LIMIT 16

struct BootServer {
    Listener *listener;    /* owned */
    HttpNetworks *trusted; /* owned */
    BootLimits *limits;    /* owned */
    unsigned port;
    int root; /* owned; -1: no files */
    BootServerHooks hooks;
    void *user; /* borrowed from the caller of boot_server_start */
};

/* One request, from its headers to its answer. */
typedef struct BootRequest {
    BootServer *server;
    HttpConnection *connection;
    char *path; /* owned */
    bool wrong_method, head;
    bool too_many_arguments;
    HttpArgument arguments[BOOT_ARGUMENT_LIMIT];
    size_t argument_count;
    char mac[MAC_TEXT_SIZE];
    HttpAddress source; /* the client, also behind proxies */
    bool counted;       /* the source is an address of its own, not a proxy */
} BootRequest;

/* Queues a response and takes it; queues a line of text. */
HttpStep boot_request_send(const BootRequest *request, unsigned status,
                           struct MHD_Response *response);
HttpStep boot_request_send_text(const BootRequest *request, unsigned status, const char *text);

/* The response with a line of text; NULL when there is no memory. */
struct MHD_Response *boot_text_response(const char *text);

/* Sends a script and takes it; wipes it after sending. */
HttpStep boot_request_send_script(const BootRequest *request, char *script);

/* /boot/<mac>.ipxe, /boot/<mac>/progress, and files below the root. */
HttpStep boot_request_answer_script(BootRequest *request);
HttpStep boot_request_answer_progress(BootRequest *request);
HttpStep boot_request_answer_file(const BootRequest *request);
