/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/config_table.h"
#include "base/log.h"

#define UNIX_PREFIX "unix:"

/* A port of 1 to 65535 (1*5DIGIT), and nothing after it. */
static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits >= 1 && digits <= 5 && !text[digits] && atoi(text) >= 1 && atoi(text) <= 65535;
}

/* Where the host at the start of `text` ends: a DNS name, an IPv4 address or "[IPv6 address]"; NULL: no host.
 */
static const char *host_end(const char *text)
{
    static const char name_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
    char address[INET6_ADDRSTRLEN];
    unsigned char binary[16];
    size_t length;

    if (*text != '[') {
        length = strspn(text, name_characters);
        return length >= 1 && length <= 255 ? text + length : NULL;
    }
    length = strcspn(text + 1, "]");
    if (length >= sizeof address || text[1 + length] != ']')
        return NULL;
    memcpy(address, text + 1, length);
    address[length] = '\0';
    return inet_pton(AF_INET6, address, binary) == 1 ? text + length + 2 : NULL;
}

/* Matrix Appendices, "Server Name": hostname [":" port]. */
static const char *check_server_name(const char *value)
{
    const char *end = host_end(value);

    return end && (!*end || (*end == ':' && is_port(end + 1))) ? NULL : "is not a host, or host:port";
}

static const char *check_listen(const char *value)
{
    const char *end;

    if (strncmp(value, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0 && value[strlen(UNIX_PREFIX)])
        return NULL;
    end = host_end(value);
    if (strcmp(value, "systemd") == 0 || (end && *end == ':' && is_port(end + 1)))
        return NULL;
    return "is not unix:/path, address:port, [address]:port or systemd";
}

static const char *check_mount(const char *value)
{
    return value[0] == '/' && value[strlen(value) - 1] != '/' ? NULL
                                                              : "does not begin with \"/\", or ends with it";
}

static const char *check_url(const char *value)
{
    const char *host = strncmp(value, "https://", 8) == 0  ? value + 8
                       : strncmp(value, "http://", 7) == 0 ? value + 7
                                                           : "";

    return host_end(host) ? NULL : "is not a URL of https or http";
}

static const char *check_proxy(const char *value)
{
    return address_prefix_valid(value) ? NULL : "is not an IP address, or one with a prefix length";
}

/* The localpart of an account that mxadmin makes: Appendices, "User Identifiers". */
static const char *check_localpart(const char *value)
{
    size_t length = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789._=-/+");

    return !value[length] && length <= 128 ? NULL : "is not a localpart of a-z, 0-9 and ._=-/+";
}

static const char *check_mxc(const char *value)
{
    return strncmp(value, "mxc://", 6) == 0 ? NULL : "is not a mxc:// URI";
}

static const char *const homeserver_kinds[] = {
    [CONFIG_HOMESERVER_STANDALONE] = "standalone", [CONFIG_HOMESERVER_DENDRITE] = "dendrite", NULL};
static const char *const room_versions[] = {
    [CONFIG_ROOM_VERSION_10] = "10", [CONFIG_ROOM_VERSION_11] = "11", NULL};
static const char *const password_schemes[] = {
    [CONFIG_PASSWORD_SCRYPT] = "scrypt", [CONFIG_PASSWORD_BCRYPT] = "bcrypt", NULL};
static const char *const log_targets[] = {
    [LOG_TARGET_STDERR] = "stderr", [LOG_TARGET_SYSLOG] = "syslog", NULL};
static const char *const log_formats[] = {[LOG_FORMAT_TEXT] = "text", [LOG_FORMAT_JSON] = "json", NULL};
static const char *const log_levels[] = {[LOG_LEVEL_ERROR] = "error",
                                         [LOG_LEVEL_WARNING] = "warning",
                                         [LOG_LEVEL_INFO] = "info",
                                         [LOG_LEVEL_DEBUG] = "debug",
                                         NULL};

#define FIELD(name) .offset = offsetof(struct config, name)

/* In the order of the sample: sections last, each in one piece. */
static const struct option table[] = {
    {"server_name", OPTION_TEXT, REQUIRED, FIELD(server_name), .check = check_server_name,
     .value = "example.org",
     .text = "The name of the homeserver: what stands after the colon in its users' IDs. It cannot be "
             "changed later."},
    {"database", OPTION_PATH, REQUIRED, FIELD(database), .value = "/var/lib/mxadmin/mxadmin.db",
     .text = "The SQLite database file. `mxadmin init` makes it."},
    {"signing_key", OPTION_PATH, REQUIRED, FIELD(signing_key), .value = "/var/lib/mxadmin/matrix_key.pem",
     .text = "The file with the key that signs events, in Dendrite's format. `mxadmin init` makes it, too."},

    {"media_path", OPTION_PATH, OPTIONAL, FIELD(media_path), .value = "",
     .text = "The folder of the media store; empty: there is none."},
    {"max_upload_size", OPTION_NUMBER, OPTIONAL, FIELD(max_upload_size), .max = INT64_C(1) << 50,
     .value = "10485760",
     .text = "Bytes that an uploaded file may have; 0: any number. The web server has a limit of its own."},

    {"listen", OPTION_TEXT, OPTIONAL, FIELD(listen), .check = check_listen,
     .value = "unix:/run/mxadmin/mxadmin.sock",
     .text =
         "The FastCGI socket: unix:/path, address:port, [address]:port, or systemd for the one that systemd "
         "passes."},
    {"listen_owner", OPTION_TEXT, OPTIONAL, FIELD(listen_owner), .value = "",
     .text = "The user who owns the Unix socket; empty: who starts mxadmin."},
    {"listen_group", OPTION_TEXT, OPTIONAL, FIELD(listen_group), .value = "",
     .text = "The group of the Unix socket, usually the web server's; empty: that of who starts mxadmin."},
    {"listen_mode", OPTION_MODE, OPTIONAL, FIELD(listen_mode), .max = 0777, .value = "0660",
     .text = "The permission bits of the Unix socket."},
    {"user", OPTION_TEXT, OPTIONAL, FIELD(user), .value = "",
     .text = "The user to become after the socket is bound, when started as root; empty: stay."},
    {"group", OPTION_TEXT, OPTIONAL, FIELD(group), .value = "",
     .text = "The group to become then; empty: the user's own."},
    {"mount", OPTION_TEXT, OPTIONAL, FIELD(mount), .check = check_mount, .value = "",
     .text = "The path in front of every route, such as /homeserver, if the web server passes one on."},
    {"workers", OPTION_NUMBER, OPTIONAL, FIELD(workers), .max = 1024, .value = "0",
     .text = "The number of worker processes; 0: as many as processors, at least 4."},
    {"max_requests", OPTION_NUMBER, OPTIONAL, FIELD(max_requests), .max = 1000000000, .value = "0",
     .text = "A worker is replaced after so many requests; 0: never."},
    {"request_timeout", OPTION_NUMBER, OPTIONAL, FIELD(request_timeout), .min = 1, .max = 3600, .value = "10",
     .text = "Seconds that a request may take to arrive whole."},
    {"stop_timeout", OPTION_NUMBER, OPTIONAL, FIELD(stop_timeout), .min = 1, .max = 3600, .value = "30",
     .text = "Seconds that requests may take to end when the service is stopped."},
    {"max_parameters", OPTION_NUMBER, OPTIONAL, FIELD(max_parameters), .min = 4096,
     .max = CONFIG_PARAMETERS_MAX, .value = "65536",
     .text = "Bytes of FastCGI parameters, most of them HTTP headers, that a request may have."},
    {"trusted_proxies", OPTION_LIST, OPTIONAL, FIELD(trusted_proxies), .check = check_proxy, .value = "",
     .text = "The proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, by IP address or prefix: "
             "[127.0.0.1, \"::1\", 10.0.0.0/8]."},

    {"registration_shared_secret", OPTION_SECRET, OPTIONAL, FIELD(registration_shared_secret), .value = "",
     .text = "The secret with which accounts, also admins, can be registered; empty: they cannot."},
    {"registration_shared_secret_path", OPTION_PATH, OPTIONAL, FIELD(registration_shared_secret_path),
     .value = "", .text = "A file that holds this secret in its only line, in place of the option before."},
    {"allow_query_token", OPTION_BOOLEAN, OPTIONAL, FIELD(allow_query_token), .value = "false",
     .text = "Whether the access token may be the query parameter access_token, where web servers log it."},
    {"public_baseurl", OPTION_TEXT, OPTIONAL, FIELD(public_baseurl), .check = check_url, .value = "",
     .text = "The homeserver's address that /.well-known/matrix/client tells clients, such as "
             "https://matrix.example.org; empty: made from the request's host."},
    {"server_version", OPTION_TEXT, OPTIONAL, FIELD(server_version), .value = "mxadmin " MXADMIN_VERSION,
     .text = "What /_synapse/admin/v1/server_version answers."},

    {"password_hash", OPTION_WORD, OPTIONAL, FIELD(password_hash), .words = password_schemes,
     .value = "scrypt",
     .text = "How new passwords are hashed; old hashes go on working and are renewed at the next sign-in. "
             "Dendrite "
             "knows bcrypt only, which takes passwords of at most 72 bytes."},
    {"scrypt_log2_n", OPTION_NUMBER, OPTIONAL, FIELD(scrypt_log2_n), .min = 15, .max = 24, .value = "15",
     .text =
         "scrypt's N is 2 to the power of this: one more doubles time and memory. A hash takes 128 * N * r "
         "bytes, 32 MiB by default."},
    {"scrypt_r", OPTION_NUMBER, OPTIONAL, FIELD(scrypt_r), .min = 1, .max = 255, .value = "8",
     .text = "scrypt's r, the block size."},
    {"scrypt_p", OPTION_NUMBER, OPTIONAL, FIELD(scrypt_p), .min = 1, .max = 255, .value = "1",
     .text = "scrypt's p: it multiplies the time alone."},
    {"bcrypt_cost", OPTION_NUMBER, OPTIONAL, FIELD(bcrypt_cost), .min = 4, .max = 31, .value = "10",
     .text = "bcrypt's cost: one more doubles the time."},
    {"hash_concurrency", OPTION_NUMBER, OPTIONAL, FIELD(hash_concurrency), .max = 1024, .value = "0",
     .text = "How many passwords are hashed at once in the whole pool; 0: half as many as processors, at "
             "least 1."},

    {"room_version", OPTION_WORD, OPTIONAL, FIELD(room_version), .words = room_versions, .value = "10",
     .text = "The version of new rooms."},

    {"homeserver.kind", OPTION_WORD, OPTIONAL, FIELD(homeserver.kind), .words = homeserver_kinds,
     .value = "standalone",
     .text = "Whose the homeserver is: standalone is mxadmin alone, on its own database; dendrite is a "
             "Dendrite that runs beside it. Server name, signing key, shared secret, media path, size of "
             "uploads and server notices are then taken from its configuration, and `database` is for "
             "what mxadmin itself keeps."},
    {"homeserver.config", OPTION_PATH, OPTIONAL, FIELD(homeserver.config), .value = "",
     .text = "Dendrite's configuration, such as /etc/dendrite/dendrite.yaml; required with dendrite."},
    {"homeserver.url", OPTION_TEXT, OPTIONAL, FIELD(homeserver.url), .check = check_url, .value = "",
     .text =
         "The address of Dendrite's own listener, such as http://127.0.0.1:8008; required with dendrite."},
    {"homeserver.directory", OPTION_PATH, OPTIONAL, FIELD(homeserver.directory), .value = "",
     .text = "The folder that Dendrite is started in, where the relative paths in its configuration begin; "
             "empty: the folder of the configuration."},
    {"homeserver.wait", OPTION_NUMBER, OPTIONAL, FIELD(homeserver.wait), .max = 3600, .value = "50",
     .text = "Seconds that a request waits for the end of a long piece of work before it answers with what "
             "is done so far. It has to be less than the web server's own limit."},
    {"homeserver.concurrency", OPTION_NUMBER, OPTIONAL, FIELD(homeserver.concurrency), .min = 1, .max = 1024,
     .value = "1",
     .text = "How many changes Dendrite is asked for at once. It makes them one after another, so that more "
             "of them are not faster, and keep its own clients waiting."},

    {"server_notices.enabled", OPTION_BOOLEAN, OPTIONAL, FIELD(server_notices.enabled), .value = "false",
     .text = "Whether admins can send notices to users."},
    {"server_notices.local_part", OPTION_TEXT, OPTIONAL, FIELD(server_notices.local_part),
     .check = check_localpart, .value = "_server",
     .text = "The localpart of the user who sends them. The account is made when it is absent."},
    {"server_notices.display_name", OPTION_TEXT, OPTIONAL, FIELD(server_notices.display_name),
     .value = "Server Alert", .text = "The name of that user; empty: none."},
    {"server_notices.avatar_url", OPTION_TEXT, OPTIONAL, FIELD(server_notices.avatar_url), .check = check_mxc,
     .value = "", .text = "The avatar of that user, a mxc:// URI; empty: none."},
    {"server_notices.room_name", OPTION_TEXT, OPTIONAL, FIELD(server_notices.room_name),
     .value = "Server Alert", .text = "The name of the rooms that notices are sent to; each user has one."},

    {"rate_limit.per_account", OPTION_NUMBER, OPTIONAL, FIELD(rate_limit.per_account), .max = 1000000,
     .value = "10",
     .text = "Failed sign-ins to one account within the window after which more are refused; 0: no limit."},
    {"rate_limit.per_address", OPTION_NUMBER, OPTIONAL, FIELD(rate_limit.per_address), .max = 1000000,
     .value = "50",
     .text =
         "Failed sign-ins and registrations from one address within the window after which more are refused; "
         "0: no limit."},
    {"rate_limit.window", OPTION_NUMBER, OPTIONAL, FIELD(rate_limit.window), .min = 1, .max = 86400,
     .value = "300", .text = "The window in seconds."},

    {"audit.retention", OPTION_NUMBER, OPTIONAL, FIELD(audit.retention), .max = 36500, .value = "365",
     .text = "For how many days it is kept who has changed what; 0: for ever."},

    {"policies.remote_media_days", OPTION_NUMBER, OPTIONAL, FIELD(policies.remote_media_days), .max = 36500,
     .value = "0",
     .text = "Copies of other servers' media are deleted so many days after they were made; 0: never."},
    {"policies.local_media_days", OPTION_NUMBER, OPTIONAL, FIELD(policies.local_media_days), .max = 36500,
     .value = "0",
     .text = "What users have uploaded here is deleted after so many days, unless it is protected or in "
             "quarantine; 0: never."},
    {"policies.local_media_larger_than", OPTION_NUMBER, OPTIONAL, FIELD(policies.local_media_larger_than),
     .max = (int64_t)1 << 50, .value = "0",
     .text = "Of that, only what is larger than so many bytes; 0: whatever its size."},
    {"policies.local_media_keep_avatars", OPTION_BOOLEAN, OPTIONAL, FIELD(policies.local_media_keep_avatars),
     .value = "true", .text = "Whether the avatars of users and rooms are kept."},
    {"policies.idle_session_days", OPTION_NUMBER, OPTIONAL, FIELD(policies.idle_session_days), .max = 36500,
     .value = "0",
     .text = "Sessions that were not used for so many days are ended; 0: never. Those of application "
             "services, and of users who act for the server, go on."},
    {"policies.expired_registration_tokens", OPTION_BOOLEAN, OPTIONAL,
     FIELD(policies.expired_registration_tokens), .value = "false",
     .text = "Whether registration tokens are deleted when their time is over."},
    {"policies.empty_room_days", OPTION_NUMBER, OPTIONAL, FIELD(policies.empty_room_days), .max = 36500,
     .value = "0",
     .text = "Rooms in which nobody of this server has been for so many days are purged, with all that is "
             "stored of them; 0: never."},
    {"policies.spare_users", OPTION_LIST, OPTIONAL, FIELD(policies.spare_users), .value = "",
     .text = "Users, by localpart or user ID, whose media and sessions are left alone."},
    {"policies.hour", OPTION_NUMBER, OPTIONAL, FIELD(policies.hour), .max = 23, .value = "3",
     .text = "The hour of the day, in the machine's time zone, at which this begins."},

    {"log.target", OPTION_WORD, OPTIONAL, FIELD(log.target), .words = log_targets, .value = "stderr",
     .text = "Where log lines go."},
    {"log.format", OPTION_WORD, OPTIONAL, FIELD(log.format), .words = log_formats, .value = "text",
     .text = "How they look; json is one object a line."},
    {"log.level", OPTION_WORD, OPTIONAL, FIELD(log.level), .words = log_levels, .value = "info",
     .text =
         "From which level up they are written. A request that changes something, or fails, has a line at "
         "info; one that only reads, at debug."},
};

_Static_assert(sizeof table / sizeof *table == CONFIG_OPTIONS, "CONFIG_OPTIONS counts the table");

const struct option *const config_options = table;

const struct option *config_option(const char *key)
{
    for (size_t i = 0; i < CONFIG_OPTIONS; i++)
        if (strcmp(config_options[i].key, key) == 0)
            return &config_options[i];
    return NULL;
}

size_t config_section(const struct option *option)
{
    const char *dot = strchr(option->key, '.');

    return dot ? (size_t)(dot - option->key) + 1 : 0;
}

void config_words(const struct option *option, char text[CONFIG_WORDS_SIZE])
{
    size_t length = 0;

    for (size_t i = 0; option->words[i]; i++)
        length += (size_t)snprintf(text + length, CONFIG_WORDS_SIZE - length, "%s%s", i ? ", " : "",
                                   option->words[i]);
}

void config_environment_name(const struct option *option, char name[CONFIG_ENVIRONMENT_SIZE])
{
    snprintf(name, CONFIG_ENVIRONMENT_SIZE, CONFIG_ENVIRONMENT_PREFIX "%s", option->key);
    for (; *name; name++)
        *name = (char)(*name == '.' ? '_' : toupper((unsigned char)*name));
}
