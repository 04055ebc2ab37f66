/* SPDX-License-Identifier: ISC */
/*
 * The variables of a request, one a line ("NAME=value\n"), after a first byte that chooses the configuration.
 * Whatever they are, what goes on from there is text, and can be logged and stored.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "http/request.h"
#include "route/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VARIABLES_MAX 64

enum option { OPTION_QUERY_TOKEN = 1, OPTION_MOUNT = 2 };

static char *proxies[] = {(char[]){"127.0.0.1"}, (char[]){"10.0.0.0/8"}, (char[]){"2001:db8::/32"}};

static void check_text(const char *text)
{
    if (!text || !utf8_valid(text, strlen(text)))
        abort();
}

static void check_id(const char *id)
{
    if (!*id || strlen(id) > 128)
        abort();
    for (; *id; id++)
        if (*id < '!' || *id > '~')
            abort();
}

static void check_request(const struct request *request, bool accepted)
{
    check_id(request->id);
    check_text(request->user_agent);
    if (strlen(request->user_agent) > 512 || !request->method_text || !request->raw_path ||
        !request->address || !request->host || request->content_length < -1)
        abort();
    if ((request->token_source == TOKEN_NONE) != !request->token)
        abort();
    if (!accepted)
        return;
    for (size_t i = 0; i < request->path.count; i++)
        check_text(request->path.segments[i]);
    for (size_t i = 0; i < request->query.count; i++)
        check_text(request->query.parameters[i].value);
}

static void check_match(const struct request *request)
{
    const char *parameters[CALL_PARAMETERS_MAX];
    char allow[64];
    const struct route *route = route_match(request->method, &request->path, parameters, allow, sizeof allow);

    if (route && route->method != request->method)
        abort();
    if (memchr(allow, '\0', sizeof allow) == NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config = {.mount = (char[]){""}, .trusted_proxies = {3, proxies}};
    struct arena *arena = arena_new();
    char *variables[VARIABLES_MAX + 1] = {NULL};
    struct request request = {0};
    enum api_error error = API_ERROR__MAX;
    const char *text = NULL;
    bool accepted;
    char *at = arena && size > 0 ? arena_memdup(arena, data + 1, size - 1) : NULL;

    for (size_t count = 0; at && count < VARIABLES_MAX; count++)
        variables[count] = strsep(&at, "\n");
    if (size > 0 && data[0] & OPTION_MOUNT)
        config.mount = (char[]){"/mx"};
    config.allow_query_token = size > 0 && data[0] & OPTION_QUERY_TOKEN;
    accepted = request_decode(variables, &config, arena, &request, &error, &text);
    if (accepted != (error == API_ERROR__MAX))
        abort();
    check_request(&request, accepted);
    if (accepted)
        check_match(&request);
    arena_free(&arena);
    return 0;
}
