/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/text.h"
#include "crypto/random.h"
#include "http/request.h"

#define REQUEST_ID_MAX 128
#define USER_AGENT_MAX 512
#define METHOD_MAX     32

/* The variables of which the first one counts. */
enum variable {
    REQUEST_METHOD,
    REQUEST_URI,
    PATH_INFO,
    QUERY_STRING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    REMOTE_ADDR,
    HTTPS,
    HTTP_AUTHORIZATION,
    REDIRECT_HTTP_AUTHORIZATION, /* Apache's name for it after an internal redirect */
    HTTP_HOST,
    HTTP_IF_NONE_MATCH,
    HTTP_USER_AGENT,
    HTTP_X_FORWARDED_PROTO,
    HTTP_X_REQUEST_ID,
    VARIABLE__MAX
};

static const char *const variable_names[] = {
    [REQUEST_METHOD] = "REQUEST_METHOD",
    [REQUEST_URI] = "REQUEST_URI",
    [PATH_INFO] = "PATH_INFO",
    [QUERY_STRING] = "QUERY_STRING",
    [CONTENT_LENGTH] = "CONTENT_LENGTH",
    [CONTENT_TYPE] = "CONTENT_TYPE",
    [REMOTE_ADDR] = "REMOTE_ADDR",
    [HTTPS] = "HTTPS",
    [HTTP_AUTHORIZATION] = "HTTP_AUTHORIZATION",
    [REDIRECT_HTTP_AUTHORIZATION] = "REDIRECT_HTTP_AUTHORIZATION",
    [HTTP_HOST] = "HTTP_HOST",
    [HTTP_IF_NONE_MATCH] = "HTTP_IF_NONE_MATCH",
    [HTTP_USER_AGENT] = "HTTP_USER_AGENT",
    [HTTP_X_FORWARDED_PROTO] = "HTTP_X_FORWARDED_PROTO",
    [HTTP_X_REQUEST_ID] = "HTTP_X_REQUEST_ID",
};
_Static_assert(sizeof variable_names / sizeof *variable_names == VARIABLE__MAX,
               "every variable has its name");

static const char *const method_names[] = {
    [METHOD_GET] = "GET",       [METHOD_POST] = "POST",       [METHOD_PUT] = "PUT",
    [METHOD_DELETE] = "DELETE", [METHOD_OPTIONS] = "OPTIONS", [METHOD_OTHER] = "",
};
_Static_assert(sizeof method_names / sizeof *method_names == METHOD__MAX, "every method has its name");

/* One decoding: what comes in, where it goes, and the first thing that was wrong. */
struct decoding {
    char *const *variables;
    const char *in[VARIABLE__MAX]; /* NULL: not sent */
    const struct config *config;
    struct arena *arena;
    struct request *request;
    bool refused;
    enum api_error error;
    const char *text;
};

const char *method_name(enum method method)
{
    return method_names[method];
}

/* Web servers refuse much of what is malformed themselves, in the words of our table: these are ours too. */
static void refuse(struct decoding *d, enum api_error error, const char *text)
{
    if (d->refused)
        return;
    d->refused = true;
    d->error = error;
    d->text = text;
}

static void refuse_err(struct decoding *d, enum err e, const char *text)
{
    if (e == ERR_NOMEM)
        refuse(d, API_INTERNAL, NULL);
    else if (e == ERR_NOT_FOUND)
        refuse(d, API_UNRECOGNIZED, NULL);
    else if (e)
        refuse(d, API_BAD_REQUEST, text);
}

/* What an allocation made, or `otherwise` when memory is gone. */
static const char *made(struct decoding *d, const char *text, const char *otherwise)
{
    if (text)
        return text;
    refuse(d, API_INTERNAL, NULL);
    return otherwise;
}

static void variables_find(struct decoding *d)
{
    for (char *const *variable = d->variables; *variable; variable++) {
        size_t length = strcspn(*variable, "=");

        if ((*variable)[length] != '=')
            continue;
        for (size_t i = 0; i < VARIABLE__MAX; i++)
            if (!d->in[i] && strncmp(*variable, variable_names[i], length) == 0 &&
                variable_names[i][length] == '\0')
                d->in[i] = *variable + length + 1;
    }
}

static bool printable(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] < '!' || text[i] > '~')
            return false;
    return true;
}

#define ID_SIZE_MADE 33 /* 16 bytes as hex, and the NUL */

/*
 * A name that no other request has, in this process or another: random at first, counted on from there. It is
 * no secret, so the system need not be asked for random bytes each time.
 */
static bool id_make(char id[ID_SIZE_MADE])
{
    static uint64_t last[2]; /* of this process's, which serves one request at a time */

    if (last[0] == 0 && random_bytes(last, sizeof last))
        return false;
    last[1]++;
    snprintf(id, ID_SIZE_MADE, "%016" PRIx64 "%016" PRIx64, last[0], last[1]);
    return true;
}

/* A request that another server has named keeps its name, so that the logs of both can be laid side by side.
 */
static void id_decode(struct decoding *d)
{
    const char *given = d->in[HTTP_X_REQUEST_ID];
    size_t size = given ? strlen(given) : 0;
    char made_up[ID_SIZE_MADE];

    if (size > 0 && size <= REQUEST_ID_MAX && printable(given, size))
        d->request->id = made(d, arena_strdup(d->arena, given), "-");
    else if (id_make(made_up))
        d->request->id = made(d, arena_strdup(d->arena, made_up), "-");
    else
        d->request->id = "-";
}

/* RFC 9110 section 9.1: a method is a token, and tokens are told apart by case. */
static void method_decode(struct decoding *d)
{
    static const char token[] =
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const char *name = d->in[REQUEST_METHOD] ? d->in[REQUEST_METHOD] : "";
    size_t size = strlen(name);
    struct request *request = d->request;

    request->method = METHOD_OTHER;
    request->method_text = made(d, arena_memdup(d->arena, name, size < METHOD_MAX ? size : METHOD_MAX), "");
    if (size == 0 || strspn(name, token) != size) {
        refuse(d, API_BAD_REQUEST, NULL);
        return;
    }
    request->head = strcmp(name, "HEAD") == 0;
    if (request->head)
        name = "GET";
    for (int i = 0; i < METHOD_OTHER; i++)
        if (strcmp(name, method_names[i]) == 0)
            request->method = (enum method)i;
}

static void path_find(struct decoding *d)
{
    const char *uri = d->in[REQUEST_URI];
    const char *mount = d->config->mount;
    size_t mount_size = strlen(mount);
    size_t size;
    enum err e;

    if (!uri) {
        const char *path = d->in[PATH_INFO] ? d->in[PATH_INFO] : "";

        d->request->raw_path = made(d, arena_strdup(d->arena, path), "");
        e = path_split(path, d->arena, &d->request->path);
    } else {
        size = strcspn(uri, "?");
        d->request->raw_path = made(d, arena_memdup(d->arena, uri, size), "");
        if (size < mount_size || memcmp(uri, mount, mount_size) != 0 ||
            (mount_size > 0 && uri[mount_size] != '/')) {
            refuse(d, API_UNRECOGNIZED, NULL);
            return;
        }
        e = path_decode(uri + mount_size, size - mount_size, d->arena, &d->request->path);
    }
    refuse_err(d, e, NULL);
}

/* RFC 9110 section 8.6: digits. Web servers send an empty one when the client sent none. */
static void length_decode(struct decoding *d)
{
    const char *text = d->in[CONTENT_LENGTH];
    long long length = 0;

    d->request->content_length = -1;
    if (!text || !*text)
        return;
    for (; *text; text++) {
        int digit = *text - '0';

        if (digit < 0 || digit > 9) {
            refuse(d, API_BAD_REQUEST, NULL);
            return;
        }
        length = length > (LLONG_MAX - digit) / 10 ? LLONG_MAX : length * 10 + digit;
    }
    d->request->content_length = length;
}

/*
 * One entry of X-Forwarded-For: an address, with a port after it from some proxies. Writes it to `address` in
 * the one way in which inet_ntop(3) writes it; false when it is none.
 */
static bool forwarded_address(const char *entry, size_t size, char address[INET6_ADDRSTRLEN])
{
    unsigned char binary[sizeof(struct in6_addr)];
    char text[INET6_ADDRSTRLEN];
    const char *colon = memchr(entry, ':', size);
    int family = AF_INET;

    if (size > 0 && *entry == '[') {
        const char *bracket = memchr(entry, ']', size);

        if (!bracket)
            return false;
        entry++;
        size = (size_t)(bracket - entry);
        family = AF_INET6;
    } else if (colon && memchr(colon + 1, ':', size - (size_t)(colon + 1 - entry))) {
        family = AF_INET6;
    } else if (colon) {
        size = (size_t)(colon - entry);
    }
    if (size >= sizeof text)
        return false;
    memcpy(text, entry, size);
    text[size] = '\0';
    return inet_pton(family, text, binary) == 1 && inet_ntop(family, binary, address, INET6_ADDRSTRLEN);
}

/*
 * Goes through a line of X-Forwarded-For from its end, where the nearest proxy has written, for as long as
 * who wrote is trusted: what stands before that is the client's to invent. False when it ends with no
 * address.
 */
static bool follow_line(struct decoding *d, const char *line, const char **address)
{
    size_t end = strlen(line);

    while (end > 0 && address_in_list(*address, &d->config->trusted_proxies)) {
        const char *comma = memrchr(line, ',', end);
        size_t start = comma ? (size_t)(comma - line) + 1 : 0;
        size_t from = start + strspn(line + start, " \t");
        size_t to = end;
        char text[INET6_ADDRSTRLEN];

        while (to > from && (line[to - 1] == ' ' || line[to - 1] == '\t'))
            to--;
        if (from >= to || !forwarded_address(line + from, to - from, text))
            return false;
        *address = made(d, arena_strdup(d->arena, text), "");
        end = comma ? start - 1 : 0;
    }
    return true;
}

/*
 * All lines of the header are one list (RFC 9110 section 5.3). A proxy may add its own below the client's,
 * and nginx before 1.23 passes each on by itself: so the last one was written last.
 */
static const char *forwarded_for(struct decoding *d, const char *address)
{
    static const char name[] = "HTTP_X_FORWARDED_FOR=";
    const size_t length = sizeof name - 1;
    char *const *variable = d->variables;
    bool followed = true;

    while (*variable)
        variable++;
    while (followed && variable > d->variables)
        if (strncmp(*--variable, name, length) == 0)
            followed = follow_line(d, *variable + length, &address);
    return address;
}

/* A copy of a header that is taken as it came; "" when it was not sent. */
static const char *header(struct decoding *d, enum variable variable)
{
    return made(d, arena_strdup(d->arena, d->in[variable] ? d->in[variable] : ""), "");
}

/* Behind a Unix socket nginx says "unix:": that is nobody's address. */
static void client_decode(struct decoding *d)
{
    const char *peer = d->in[REMOTE_ADDR] ? d->in[REMOTE_ADDR] : "";
    const char *https = d->in[HTTPS] ? d->in[HTTPS] : "";
    const char *forwarded = d->in[HTTP_X_FORWARDED_PROTO];
    const char *address = forwarded_for(d, peer);

    if (strncmp(address, "unix:", 5) == 0)
        address = "";
    d->request->address = made(d, arena_strdup(d->arena, address), "");
    d->request->https = strcasecmp(https, "on") == 0 || strcmp(https, "1") == 0;
    if (forwarded && address_in_list(peer, &d->config->trusted_proxies))
        d->request->https = strcasecmp(forwarded, "https") == 0;
    d->request->host = header(d, HTTP_HOST);
}

static void user_agent_decode(struct decoding *d)
{
    const char *given = d->in[HTTP_USER_AGENT] ? d->in[HTTP_USER_AGENT] : "";

    d->request->user_agent = made(d, text_clean(d->arena, given, USER_AGENT_MAX), "");
}

/* RFC 6750 section 2.1: "Bearer" in any case (RFC 9110 section 11.1), blanks, the token. NULL: there is none.
 */
static const char *bearer(struct decoding *d)
{
    static const char scheme[] = "Bearer ";
    const char *value = d->in[HTTP_AUTHORIZATION];
    size_t size;

    if (!value || !*value)
        value = d->in[REDIRECT_HTTP_AUTHORIZATION];
    if (!value || strncasecmp(value, scheme, sizeof scheme - 1) != 0)
        return NULL;
    value += sizeof scheme - 1;
    value += strspn(value, " ");
    size = strcspn(value, " \t");
    return size > 0 ? made(d, arena_memdup(d->arena, value, size), NULL) : NULL;
}

static void token_decode(struct decoding *d)
{
    const char *token = bearer(d);
    const char *parameter = NULL;

    if (d->config->allow_query_token)
        parameter = query_get(&d->request->query, "access_token");
    if (token)
        d->request->token_source = parameter ? TOKEN_BOTH : TOKEN_HEADER;
    else
        d->request->token_source = parameter ? TOKEN_QUERY : TOKEN_NONE;
    d->request->token = token ? token : parameter;
}

bool request_decode(char *const *variables, const struct config *config, struct arena *arena,
                    struct request *request, enum api_error *error, const char **text)
{
    struct decoding d = {.variables = variables, .config = config, .arena = arena, .request = request};

    *request = (struct request){.body = request->body};
    variables_find(&d);
    id_decode(&d);
    method_decode(&d);
    client_decode(&d);
    user_agent_decode(&d);
    length_decode(&d);
    request->content_type = header(&d, CONTENT_TYPE);
    request->if_none_match = header(&d, HTTP_IF_NONE_MATCH);
    path_find(&d);
    refuse_err(&d, query_decode(d.in[QUERY_STRING], arena, &request->query), "Malformed query");
    token_decode(&d);
    if (d.refused) {
        *error = d.error;
        *text = d.text;
    }
    return !d.refused;
}
