/* SPDX-License-Identifier: ISC */
/*
 * The configuration: one table of options in config.c gives names, types, bounds, defaults and texts; it
 * reads the YAML file, takes the overrides from the environment, and writes the commented sample
 * conf/mxadmin.yaml.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

enum config_password { CONFIG_PASSWORD_SCRYPT, CONFIG_PASSWORD_BCRYPT };
enum config_homeserver { CONFIG_HOMESERVER_STANDALONE, CONFIG_HOMESERVER_DENDRITE };
enum config_room_version { CONFIG_ROOM_VERSION_10, CONFIG_ROOM_VERSION_11 };

/* A list of strings; `items` is owned by the configuration. */
struct config_list {
    size_t count;
    char **items;
};

/*
 * The most that `max_parameters` may ask for: a request's parameters are looked at while they lie in the
 * socket's buffer, which is not much larger.
 */
#define CONFIG_PARAMETERS_MAX 131072

/* All strings are owned by the configuration and never NULL; "" is "not set". */
struct config {
    char *server_name;
    char *database;    /* path of the SQLite file */
    char *signing_key; /* path */
    int room_version;  /* of new rooms; enum config_room_version */
    struct {
        int kind;            /* enum config_homeserver */
        char *config;        /* path of Dendrite's dendrite.yaml; what follows is for the kind "dendrite" */
        char *url;           /* of Dendrite's own HTTP listener */
        char *directory;     /* that relative paths in dendrite.yaml start from; "": the folder of the file */
        int64_t wait;        /* seconds that a request waits for a job that it has started, or for its turn */
        int64_t concurrency; /* changes that Dendrite is asked for at once */
    } homeserver;
    /* What dendrite.yaml says beside the options above that it takes the place of. Empty in other kinds. */
    struct {
        struct config_list databases; /* paths of its SQLite files, each once */
        struct config_list idle;      /* those of which nothing is read, and that need not be there */
        char *registration;           /* path of that of our application service; "": there is none */
        char *service_token;          /* secret: as_token of our application service; "": there is none */
        struct config_list unread;    /* registration files that this user may not read */
        bool registration_tokens;     /* whether registration requires a token */
    } dendrite;
    char *media_path;        /* of the media store; "": there is none */
    int64_t max_upload_size; /* bytes of one upload; 0: as many as one likes */
    struct {
        bool enabled;
        char *local_part; /* of the user who sends them */
        char *display_name;
        char *avatar_url;
        char *room_name;
    } server_notices;

    char *listen; /* "unix:/path", "address:port", "[address]:port", or "systemd" */
    char *listen_owner;
    char *listen_group;
    int64_t listen_mode; /* permission bits of the Unix socket */
    char *user;          /* to become after binding, when started as root; "": stay */
    char *group;
    char *mount;             /* path prefix in front of every route, without a "/" at its end; "": none */
    int64_t workers;         /* 0: as many as processors, at least 4 */
    int64_t max_requests;    /* a worker retires after so many; 0: never */
    int64_t request_timeout; /* seconds for a request to arrive */
    int64_t stop_timeout;    /* seconds to drain at SIGTERM */
    int64_t max_parameters;  /* bytes of FastCGI parameters a request may have */
    struct config_list trusted_proxies; /* addresses whose X-Forwarded-For is believed */

    char *registration_shared_secret;      /* secret; "": shared-secret registration is off */
    char *registration_shared_secret_path; /* the file that it was read from; "": it was not */
    bool allow_query_token;
    char *public_baseurl; /* for /.well-known/matrix/client; "": made from the request's host */
    char *server_version; /* what server_version answers */

    int password_hash; /* enum config_password */
    int64_t scrypt_log2_n, scrypt_r, scrypt_p, bcrypt_cost;
    int64_t hash_concurrency; /* 0: half the processors, at least 1 */

    struct {
        int64_t per_account; /* failures within the window; 0: no limit */
        int64_t per_address;
        int64_t window; /* seconds */
    } rate_limit;

    struct {
        int64_t retention; /* days; 0: for ever */
    } audit;

    /* What the job runner does once a day; days are 0 for never. */
    struct {
        int64_t remote_media_days;
        int64_t local_media_days;
        int64_t local_media_larger_than; /* bytes; 0: of any size */
        bool local_media_keep_avatars;
        int64_t idle_session_days;
        bool expired_registration_tokens;
        int64_t empty_room_days;
        struct config_list spare_users; /* localparts and user IDs */
        int64_t hour;                   /* of the day, local time */
    } policies;

    struct {
        int target; /* enum log_target */
        int format; /* enum log_format */
        int level;  /* enum log_level */
    } log;
};

/*
 * Reads `path`, then the environment (`MXADMIN_` and the option's name in capitals, "." as "_"), and checks
 * every value. Writes what is wrong to `diagnostics`, one line each: "FILE:LINE: KEY: what is wrong", or
 * "MXADMIN_X: …"; all faults are reported, not only the first. On success `*config` is owned by the caller,
 * who frees it with config_free(). Relative paths are relative to the folder of the file.
 * Errors: ERR_NOT_FOUND, ERR_IO (cannot be read), ERR_INVALID (its content), ERR_NOMEM.
 */
MUST_CHECK enum err config_read(const char *path, struct config **config, FILE *diagnostics);

/*
 * Makes the configuration of a mxadmin that has been told nothing but where the dendrite.yaml is, at `path`.
 * Otherwise as config_read().
 */
MUST_CHECK enum err config_read_dendrite(const char *path, struct config **config, FILE *diagnostics);

/* Wipes the secrets, frees, and sets to NULL. NULL inside is allowed. */
void config_free(struct config **config);

/* Writes the commented sample: every option with its text, bounds and default. */
void config_write_sample(FILE *out);

/* Whether a list of users of `server_name`, by localpart or user ID, names one. */
bool config_names_user(const struct config_list *list, const char *localpart, const char *server_name);

/* The number of workers and of hash slots that 0 stands for on this machine. */
int config_workers(const struct config *config);
int config_hash_slots(const struct config *config);

#endif
