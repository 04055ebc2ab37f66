/* SPDX-License-Identifier: ISC */
/* What the server says of itself to anyone: versions, and where it is found. */
#include <string.h>

#include "handler/handlers.h"
#include "matrix/id.h"

json_t *server_version_get(struct call *call)
{
    return json_pack("{s:s}", "server_version", call->app->config->server_version);
}

/* Dendrite's own list: clients are to see no other server when the two serve the same accounts. */
json_t *client_versions_get(struct call *call)
{
    (void)call;
    return json_pack("{s:[s,s,s,s,s,s,s,s,s,s], s:{}}", "versions", "r0.0.1", "r0.1.0", "r0.2.0", "r0.3.0",
                     "r0.4.0", "r0.5.0", "r0.6.1", "v1.0", "v1.1", "v1.2", "unstable_features");
}

/* The base URL as configured, or else the one by which this request came; NULL when that is not usable. */
static const char *base_url(struct call *call)
{
    const struct config *config = call->app->config;
    const struct request *request = &call->request;

    if (*config->public_baseurl)
        return config->public_baseurl;
    if (!server_name_valid(request->host))
        return NULL;
    return arena_printf(call->arena, "%s://%s%s", request->https ? "https" : "http", request->host,
                        config->mount);
}

json_t *well_known_client_get(struct call *call)
{
    const char *url = base_url(call);

    if (!url)
        return call_fail(call, API_NOT_FOUND, NULL);
    return json_pack("{s:{s:s}}", "m.homeserver", "base_url", url);
}

/*
 * Host and port of the base URL (Server-Server API, "Resolving server names"). The port is always said:
 * without one, others would look for SRV records and then for port 8448.
 */
json_t *well_known_server_get(struct call *call)
{
    const char *url = base_url(call);
    const char *host = url ? strstr(url, "://") : NULL;
    const char *port;
    size_t size;

    if (!host)
        return call_fail(call, API_NOT_FOUND, NULL);
    host += strlen("://");
    size = strcspn(host, "/");
    /* The colons of an IPv6 address stand inside brackets. */
    port = memrchr(host, ':', size);
    if (port && !memchr(port, ']', size - (size_t)(port - host)))
        return json_pack("{s:s%}", "m.server", host, size);
    return json_pack("{s:o}", "m.server",
                     json_sprintf("%.*s:%d", (int)size, host, strncmp(url, "https:", 6) == 0 ? 443 : 80));
}
