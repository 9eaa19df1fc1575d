/* What a session is, between its making (session_new.c) and its requests (session.c).
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "openstack/login.h"
#include "openstack/session.h"

struct OpenstackSession {
    const char *name;          /* "Swift" */
    const char *section;       /* "swift" */
    GError *problem;           /* what is missing; NULL: it can be used */
    Login *login;              /* borrowed; NULL: none is needed */
    Login *service;            /* borrowed: whose token goes along as X-Service-Token; NULL: none */
    char *username, *password; /* auth_type http_basic */
    char *override;            /* endpoint_override */
    char *type, *service_name, *region;
    char **interfaces, **retriable;
    char *ca_file, *certificate, *key;
    bool insecure;
    int timeout_ms;
    int connect_retries, connect_pause_ms, status_retries, status_pause_ms; /* pause -1: growing */
};
