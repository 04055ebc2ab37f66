/* SPDX-License-Identifier: ISC */
/*
 * The order is what makes it all or nothing: the new file is made under another name and takes its own only
 * when it is whole; then the configuration is replaced, which is the moment it happens; and only then are the
 * tables removed where they were. Cut off before that moment nothing has happened but a file that the next
 * call knows by its mark and makes anew; cut off after it, the next call removes what is left over.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config_rewrite.h"
#include "command/console.h"
#include "command/handover.h"
#include "store/db_locked.h"
#include "store/handover.h"
#include "store/open.h"

#define USUAL_DENDRITE "/etc/dendrite/dendrite.yaml"
#define USUAL_URL      "http://127.0.0.1:8008"
#define SAVED          ".standalone" /* what the name of the old configuration ends with */

/* The options that dendrite.yaml gives from now on. */
static const char *const leaving[] = {
    "server_name",    "signing_key", "registration_shared_secret", "registration_shared_secret_path",
    "server_notices", "media_path",
};
#define EDITS (sizeof leaving / sizeof *leaving + 2)

struct handover {
    const struct invocation *invocation;
    struct config *config; /* the standalone one; NULL: it is one no more */
    struct arena *arena;
    char path[PATH_MAX];      /* of the configuration, without links */
    char dendrite[PATH_MAX];  /* of Dendrite's configuration */
    char to[PATH_MAX];        /* of the file of what is ours */
    char temporary[PATH_MAX]; /* its name until it is whole */
    struct db *db;            /* what is Dendrite's from now on, locked */
};

static enum err refuse(const struct handover *h, const char *what, const char *why)
{
    console_error(h->invocation, "%s: %s", what, why);
    return ERR_INVALID;
}

/* The absolute path of the new file: its folder is there, it need not be. */
static enum err find_to(struct handover *h)
{
    const char *given = h->invocation->value[OPTION_TO];
    char *folder_copy = strdup(given), *name_copy = strdup(given);
    char folder[PATH_MAX];
    enum err e = ERR_OK;

    if (!folder_copy || !name_copy)
        e = ERR_NOMEM;
    else if (!realpath(dirname(folder_copy), folder))
        e = refuse(h, given, strerror(errno));
    else if ((size_t)snprintf(h->to, sizeof h->to, "%s/%s", folder, basename(name_copy)) >= sizeof h->to ||
             (size_t)snprintf(h->temporary, sizeof h->temporary, "%s.new", h->to) >= sizeof h->temporary)
        e = refuse(h, given, strerror(ENAMETOOLONG));
    free(folder_copy);
    free(name_copy);
    return e;
}

/*
 * The absolute path of Dendrite's configuration, which need not be there: a relative one would be another in
 * our own configuration.
 */
static enum err find_dendrite(struct handover *h)
{
    const char *given = h->invocation->value[OPTION_CONFIG];
    char folder[PATH_MAX] = "";

    if (!given)
        given = USUAL_DENDRITE;
    if (*given != '/' && !getcwd(folder, sizeof folder))
        return refuse(h, given, strerror(errno));
    if ((size_t)snprintf(h->dendrite, sizeof h->dendrite, "%s%s%s", folder, *folder ? "/" : "", given) >=
        sizeof h->dendrite)
        return refuse(h, given, strerror(ENAMETOOLONG));
    return ERR_OK;
}

/* Reads the configuration; one that is beside a Dendrite, whose own may not be there yet, is none. */
static enum err read_config(struct handover *h, char **faults)
{
    size_t size;
    FILE *out = open_memstream(faults, &size);
    enum err e;

    if (!out)
        return ERR_NOMEM;
    e = config_read(h->invocation->config_path, &h->config, out);
    if (!e && h->config->homeserver.kind != CONFIG_HOMESERVER_STANDALONE) {
        fprintf(out, "%s: homeserver.kind is not standalone\n", h->invocation->config_path);
        config_free(&h->config);
    }
    if (fclose(out) != 0)
        e = ERR_NOMEM;
    return e == ERR_NOMEM ? e : ERR_OK;
}

/* Whether the environment says what the file is to say. */
static enum err refuse_environment(const struct handover *h)
{
    static const char *const variables[] = {"MXADMIN_DATABASE",          "MXADMIN_SERVER_NAME",
                                            "MXADMIN_SIGNING_KEY",       "MXADMIN_HOMESERVER_KIND",
                                            "MXADMIN_HOMESERVER_CONFIG", "MXADMIN_HOMESERVER_URL"};

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (getenv(variables[i]))
            return refuse(h, variables[i],
                          "the environment would go on saying otherwise; put it into the file");
    return ERR_OK;
}

/* It would be found out only after the rest was done. */
static enum err refuse_folder(const struct handover *h)
{
    char copy[PATH_MAX];

    strcpy(copy, h->path);
    return access(dirname(copy), W_OK) < 0 ? refuse(h, h->path, "it cannot be replaced: do it as root")
                                           : ERR_OK;
}

static void remove_temporary(const struct handover *h)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    char name[PATH_MAX + 16];

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(name, sizeof name, "%s%s", h->temporary, endings[i]);
        unlink(name);
    }
}

/* Sees to it that a name that was given or taken away is on the disk. */
static enum err sync_folder(const struct handover *h, const char *path)
{
    char *copy = strdup(path);
    int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    enum err e = ERR_OK;

    if (!copy)
        e = ERR_NOMEM;
    else if (fd < 0 || fsync(fd) < 0)
        e = refuse(h, path, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(copy);
    return e;
}

/* The edits of the configuration; `database` and `homeserver` are filled and stay as long as they do. */
static void plan_edits(const struct handover *h, struct config_edit edits[EDITS], struct buf *database,
                       struct buf *homeserver)
{
    const char *url = h->invocation->value[OPTION_URL];
    size_t count = 0;

    for (; count < sizeof leaving / sizeof *leaving; count++)
        edits[count] = (struct config_edit){leaving[count], NULL};
    buf_puts(database, "database: ");
    config_quote(h->to, database);
    buf_puts(database, "\n");
    buf_puts(homeserver, "homeserver:\n  kind: dendrite\n  config: ");
    config_quote(h->dendrite, homeserver);
    buf_puts(homeserver, "\n  url: ");
    config_quote(url ? url : USUAL_URL, homeserver);
    buf_puts(homeserver, "\n");
    edits[count++] = (struct config_edit){"database", database->data};
    edits[count++] = (struct config_edit){"homeserver", homeserver->data};
}

/* What the configuration is to be. */
static enum err rewrite_config(const struct handover *h, struct buf *text)
{
    struct buf database = {0}, homeserver = {0};
    struct config_edit edits[EDITS];
    enum err e;

    plan_edits(h, edits, &database, &homeserver);
    e = database.err ? database.err : homeserver.err;
    if (!e)
        e = config_rewrite(h->path, edits, EDITS, text, stderr);
    buf_free(&database);
    buf_free(&homeserver);
    return e;
}

/* Writes a file like the configuration: with its owner and mode. */
static enum err write_like(const struct handover *h, const char *path, const struct buf *text)
{
    struct stat status;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool written = fd >= 0 && stat(h->path, &status) == 0 && fchown(fd, status.st_uid, status.st_gid) == 0 &&
                   fchmod(fd, status.st_mode & 07777) == 0 &&
                   write(fd, text->data, text->length) == (ssize_t)text->length && fsync(fd) == 0;
    enum err e = written ? ERR_OK : refuse(h, path, strerror(errno));

    if (fd >= 0)
        close(fd);
    return e;
}

/* Replaces the configuration; the old one keeps its content under another name. */
static enum err replace_config(const struct handover *h, const struct buf *text)
{
    char saved[PATH_MAX + 16], new[PATH_MAX + 16];
    enum err e;

    snprintf(saved, sizeof saved, "%s" SAVED, h->path);
    snprintf(new, sizeof new, "%s.new", h->path);
    e = write_like(h, new, text);
    if (!e && unlink(saved) < 0 && errno != ENOENT)
        e = refuse(h, saved, strerror(errno));
    if (!e && link(h->path, saved) < 0)
        e = refuse(h, saved, strerror(errno));
    if (!e && rename(new, h->path) < 0)
        e = refuse(h, h->path, strerror(errno));
    if (e)
        unlink(new);
    return e ? e : sync_folder(h, h->path);
}

/* Gives the new file the owner of the old one, and its name, which nothing has by now. */
static enum err publish(const struct handover *h)
{
    struct stat status;

    if (stat(h->config->database, &status) < 0 ||
        (geteuid() == 0 && chown(h->temporary, status.st_uid, status.st_gid) < 0) ||
        renameat2(AT_FDCWD, h->temporary, AT_FDCWD, h->to, RENAME_NOREPLACE) < 0)
        return refuse(h, h->to, strerror(errno));
    return sync_folder(h, h->to);
}

static enum err lock(struct handover *h, const char *path)
{
    enum err e = db_open_locked(&h->db, path, DB_LOCK_ALL);

    if (e == ERR_BUSY)
        return refuse(h, path, "another process has it open: stop mxadmin, or Dendrite, and do it again");
    return e ? e : db_end(h->db, ERR_OK); /* the lock stays */
}

/* Brings the tables to this program's version, which is what the new file will have. */
static enum err update(const struct handover *h)
{
    struct db *db;
    enum err e = store_open(&db, h->config);

    db_close(&db);
    return e;
}

static enum err copy(struct handover *h)
{
    enum err e = update(h);

    if (!e)
        e = lock(h, h->config->database);
    if (e)
        return e;
    remove_temporary(h);
    if (unlink(h->to) < 0 && errno != ENOENT)
        return refuse(h, h->to, strerror(errno));
    e = handover_copy(h->db, h->temporary, h->config->server_name);
    if (!e)
        e = publish(h);
    if (e)
        remove_temporary(h);
    return e;
}

/* What comes after the moment. */
static enum err finish(struct handover *h)
{
    enum err e = handover_remove(h->db);

    db_close(&h->db);
    return e ? e : handover_finish(h->to);
}

/* Says what is to be done now. */
static enum err print_rest(const struct handover *h, int64_t scrypt_accounts)
{
    struct buf lines = {0};
    enum err e;

    handover_lines(h->config, &lines);
    e = lines.err;
    if (!e)
        printf("\nDendrite needs these lines in %s:\n\n%s\n", h->dendrite, lines.data);
    if (!e && scrypt_accounts > 0)
        printf("%" PRId64
               " accounts cannot sign in with their passwords, which are hashed by scrypt: Dendrite knows"
               " bcrypt only.\n"
               "Before a handover, \"password_hash: bcrypt\" renews the hash of whoever signs in;"
               " afterwards an admin sets\n"
               "them another (\"mxadmin account password\"). Who is signed in stays so.\n\n",
               scrypt_accounts);
    if (!e)
        printf("Then let Dendrite's user own %s and the key, start Dendrite, and go on with"
               " \"mxadmin attach\" and\n\"mxadmin check\".\n",
               h->config->database);
    buf_free(&lines);
    return e;
}

/* Does it, or with --dry-run only says what it would come to. */
static enum err hand_over(struct handover *h)
{
    bool dry_run = h->invocation->given[OPTION_DRY_RUN];
    struct buf text = {0};
    int64_t scrypt_accounts = 0;
    enum err e = rewrite_config(h, &text);

    if (!e)
        e = refuse_folder(h);
    if (!e && dry_run)
        e = db_open_reading(&h->db, h->config->database);
    else if (!e)
        e = copy(h);
    if (!e)
        e = handover_scrypt_accounts(h->db, &scrypt_accounts);
    if (!e && !dry_run)
        e = replace_config(h, &text);
    if (!e && !dry_run)
        e = finish(h);
    if (!e && dry_run)
        puts("Nothing is changed; this is what would have to be done afterwards.");
    else if (!e)
        printf("%s: mxadmin is beside a Dendrite now; what it was is in %s" SAVED
               "\n%s: what mxadmin keeps for"
               " itself\n%s: Dendrite's from now on\n",
               h->path, h->path, h->to, h->config->database);
    if (!e)
        e = print_rest(h, scrypt_accounts);
    buf_free(&text);
    return e;
}

/* Goes on after the moment, if a call was cut off there: `source` is what is Dendrite's from now on. */
static enum err go_on(struct handover *h, const char *source)
{
    enum err e = lock(h, source);

    if (!e)
        e = finish(h);
    if (!e)
        printf("%s: the handover that was cut off is finished\n", h->to);
    return e;
}

static enum err begin(struct handover *h)
{
    const char *source = NULL;
    char *faults = NULL;
    bool marked, happened = false;
    enum err e = read_config(h, &faults);

    if (!e)
        e = handover_source(h->to, h->arena, &source);
    marked = !e;
    if (e == ERR_NOT_FOUND)
        e = ERR_OK;
    if (marked && !h->config) /* or it is a standalone one with a fault in it */
        e = config_has(h->path, "database", h->to, &happened);
    if (e)
        goto out;
    if (happened) {
        e = go_on(h, source);
    } else if (!h->config) {
        fputs(faults, stderr);
        e = refuse(h, h->invocation->config_path, "only a standalone homeserver can be handed over");
    } else if (marked && strcmp(source, h->config->database) == 0) {
        /* A copy that never came to be used; mxadmin may have gone on since. */
        e = hand_over(h);
    } else if (access(h->to, F_OK) == 0) {
        e = refuse(h, h->to, "it exists already; name a file that does not");
    } else {
        e = hand_over(h);
    }
out:
    free(faults);
    return e;
}

int command_handover(const struct invocation *invocation)
{
    struct handover h = {.invocation = invocation, .arena = arena_new()};
    enum err e = h.arena ? ERR_OK : ERR_NOMEM;
    int code = COMMAND_FAILED;

    if (!invocation->given[OPTION_TO]) {
        console_error(invocation, "--to says which file mxadmin keeps its own in");
        code = COMMAND_USAGE;
        goto out;
    }
    if (!e && !realpath(invocation->config_path, h.path))
        e = refuse(&h, invocation->config_path, strerror(errno));
    if (!e)
        e = find_to(&h);
    if (!e)
        e = find_dendrite(&h);
    if (!e)
        e = refuse_environment(&h);
    if (!e)
        e = begin(&h);
    if (!e)
        code = console_finish(invocation);
    else if (e != ERR_INVALID)
        console_error(invocation, "%s", err_text(e));
out:
    db_close(&h.db);
    config_free(&h.config);
    arena_free(&h.arena);
    return code;
}
