/* SPDX-License-Identifier: ISC */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "command/account.h"
#include "command/attach.h"
#include "command/audit.h"
#include "command/check.h"
#include "command/command.h"
#include "command/console.h"
#include "command/deferred.h"
#include "command/federation.h"
#include "command/fsck.h"
#include "command/handover.h"
#include "command/init.h"
#include "command/jobs.h"
#include "command/media.h"
#include "command/policy.h"
#include "command/populate.h"
#include "command/room.h"
#include "command/sample.h"

#define DEFAULT_CONFIG "/etc/mxadmin/mxadmin.yaml"

/* The options of commands. */
static const struct {
    const char *name;
    const char *value; /* what stands for its value in a synopsis; NULL: it has none */
    const char *text;
} options[OPTION__MAX] = {
    [OPTION_ADMIN] = {"admin", NULL, "make the user a server admin"},
    [OPTION_DISPLAY_NAME] = {"display-name", "TEXT", "the name that other users see"},
    [OPTION_NO_PASSWORD] = {"no-password", NULL, "set no password: nobody can sign in with one"},
    [OPTION_LOGOUT_DEVICES] = {"logout-devices", NULL, "also end every session of the user"},
    [OPTION_JSON] = {"json", NULL, "write JSON"},
    [OPTION_STRICT] = {"strict", NULL, "take warnings for errors"},
    [OPTION_NAME] = {"name", "TEXT", "the name of the room"},
    [OPTION_TOPIC] = {"topic", "TEXT", "the topic of the room"},
    [OPTION_PUBLIC] = {"public", NULL, "anybody can join, and find it in the directory"},
    [OPTION_USER] = {"user", "LOCALPART", "who does it; required"},
    [OPTION_USERS] = {"users", "N", "how many users (default: 1000)"},
    [OPTION_ROOMS] = {"rooms", "N", "how many rooms (default: 100)"},
    [OPTION_MEMBERS] = {"members", "N", "members of the largest room (default: 200)"},
    [OPTION_SEED] = {"seed", "N", "another one makes up other rooms (default: 1)"},
    [OPTION_DRY_RUN] = {"dry-run", NULL, "only say what would be done"},
    [OPTION_BY] = {"by", "LOCALPART", "only what this user did"},
    [OPTION_TARGET] = {"target", "ID", "only what was done to this user, room …"},
    [OPTION_ROUTE] = {"route", "NAME", "only this path, as in the table of routes, or command"},
    [OPTION_SINCE] = {"since", "TIME", "nothing before this, such as 2026-01-31"},
    [OPTION_UNTIL] = {"until", "TIME", "nothing after this, such as 2026-01-31T23:59:59Z"},
    [OPTION_LIMIT] = {"limit", "N", "not more than so many (default: 100)"},
    [OPTION_CONFIG] = {"config", "FILE", "Dendrite's configuration, dendrite.yaml"},
    [OPTION_TO] = {"to", "FILE", "the file for what is mxadmin's own; required"},
    [OPTION_URL] = {"url", "URL", "Dendrite's address (default: http://127.0.0.1:8008)"},
    [OPTION_STATUS] = {"status", "STATUS", "only scheduled, active, complete, failed or cancelled ones"},
    [OPTION_KIND] = {"kind", "KIND", "only those of this kind"},
    [OPTION_BEFORE] = {"before", "TIME", "only what is older than this, such as 2026-01-31; required"},
    [OPTION_LARGER] = {"larger", "BYTES", "only what is larger than this"},
    [OPTION_REMOTE] = {"remote", NULL, "copies of what other servers have, not what was uploaded here"},
    [OPTION_AVATARS] = {"avatars", NULL, "also the avatars of users and rooms"},
    [OPTION_LOCAL] = {"local", NULL, "also what users of this server have sent"},
    [OPTION_INVITED_BY] = {"invited-by", "LOCALPART", "who invites first, where the room is not public"},
    [OPTION_MERGE] = {"merge", NULL, "have one event follow them all"},
    [OPTION_DAYS] = {"days", "N", "for how many days they have to be empty"},
    [OPTION_ONLY] = {"only", "POLICY", "not all of them, but this one"},
};
#define HAS(option) (1ULL << (option))

const char *command_option_name(enum command_option option)
{
    return options[option].name;
}

static int serve(const struct invocation *invocation)
{
    return invocation->host->serve(invocation->config_path);
}

static int work(const struct invocation *invocation)
{
    return invocation->host->work(invocation->config_path);
}

/* The commands, in the order of the help. */
static const struct command {
    const char *group; /* the word before the name; NULL: none */
    const char *name;
    const char *operand; /* NULL: it takes none */
    uint64_t options;    /* HAS() bits */
    int (*run)(const struct invocation *invocation);
    const char *summary;
    const char *help; /* more than the summary; NULL: there is no more to say */
} commands[] = {
    {NULL, "init", NULL, 0, command_init, "make the database and the signing key, where absent",
     "What is there already is left as it is, so that it can be run again at any time."},
    {NULL, "serve", NULL, 0, serve, "run the service",
     "SIGHUP reads the configuration again, SIGTERM ends the service when the requests that had arrived\n"
     "are answered."},
    {NULL, "work", NULL, 0, work, "run the job runner alone, where no mxadmin serve does",
     "SIGHUP reads the configuration again, SIGTERM ends it after the batch that is running."},
    {NULL, "attach", NULL, HAS(OPTION_CONFIG), command_attach, "put mxadmin beside a running Dendrite",
     "Each run takes the next step, or says what is yours to do: the file that registers mxadmin as an\n"
     "application service, the lines for both configurations, and, when Dendrite has been restarted,\n"
     "mxadmin's own account there.\n"
     "No file of Dendrite's is changed."},
    {NULL, "check", NULL, HAS(OPTION_STRICT), command_check, "test the configuration and all that it names",
     "Prints a line for each test, with what to do. The exit code is 1 when there is an error."},
    {NULL, "fsck", NULL, HAS(OPTION_JSON) | HAS(OPTION_STRICT), command_fsck,
     "check the whole database and say what is wrong",
     "Prints a line for each thing that is wrong, and changes nothing.\n"
     "The exit code is 1 when there is an error.\n"
     "Unless the database is in WAL mode, stop whatever writes to it first."},
    {NULL, "sample", NULL, 0, command_sample, "print a sample configuration with every option", NULL},
    {"account", "create", "LOCALPART", HAS(OPTION_ADMIN) | HAS(OPTION_DISPLAY_NAME) | HAS(OPTION_NO_PASSWORD),
     command_account_create, "create an account",
     "The password is asked for on a terminal, and is otherwise the first line of the standard input."},
    {"account", "password", "LOCALPART", HAS(OPTION_LOGOUT_DEVICES), command_account_password,
     "set a password",
     "The password is asked for on a terminal, and is otherwise the first line of the standard input."},
    {"account", "promote", "LOCALPART", 0, command_account_promote, "make a user a server admin", NULL},
    {"account", "demote", "LOCALPART", 0, command_account_demote, "make a server admin a user", NULL},
    {"account", "deactivate", "LOCALPART", 0, command_account_deactivate, "deactivate an account for good",
     "Its sessions end, its password is removed, and its name stays taken."},
    {"account", "list", NULL, HAS(OPTION_JSON), command_account_list, "list the accounts", NULL},
    {"account", "token", "LOCALPART", 0, command_account_token, "print a new access token of a user",
     "The token belongs to a new session named \"mxadmin account token\"; signing out ends it."},
    {"room", "create", "LOCALPART", HAS(OPTION_NAME) | HAS(OPTION_TOPIC) | HAS(OPTION_PUBLIC),
     command_room_create, "create a room of a user, and print its ID", NULL},
    {"room", "list", NULL, HAS(OPTION_JSON), command_room_list, "list the rooms", NULL},
    {"room", "show", "ROOM_ID", HAS(OPTION_JSON), command_room_show, "show what is known of a room", NULL},
    {"room", "join", "ROOM_ID", HAS(OPTION_USER) | HAS(OPTION_INVITED_BY), command_room_join,
     "have a user join a room", "The room has to let the user in: it is public, or the user is invited."},
    {"room", "leave", "ROOM_ID", HAS(OPTION_USER), command_room_leave, "have a user leave a room", NULL},
    {"room", "make-admin", "ROOM_ID", HAS(OPTION_USER), command_room_make_admin,
     "give a user the power of the strongest local user in a room",
     "It is done in the name of that one. The user is invited to a room that is not public."},
    {"room", "extremities", "ROOM_ID", HAS(OPTION_MERGE) | HAS(OPTION_USER) | HAS(OPTION_JSON),
     command_room_extremities, "list the events that a room's history ends with",
     "With --merge a local member sends what changes nothing and follows them, until there is one; where\n"
     "nobody is left in a public room, --user joins for that and leaves again."},
    {"room", "purge-empty", NULL, HAS(OPTION_DAYS) | HAS(OPTION_DRY_RUN) | HAS(OPTION_JSON),
     command_room_purge_empty, "remove the rooms that nobody of this server is in",
     "All that is stored of them goes.\n"
     "They have to be empty for so many days as --days, or the configuration, says."},
    {"room", "purge-history", "ROOM_ID", HAS(OPTION_BEFORE) | HAS(OPTION_LOCAL) | HAS(OPTION_DRY_RUN),
     command_room_purge_history, "remove old messages of a room",
     "State events stay, and the last event before that time. Only a standalone mxadmin can do it."},
    {"jobs", "list", NULL,
     HAS(OPTION_STATUS) | HAS(OPTION_KIND) | HAS(OPTION_TARGET) | HAS(OPTION_LIMIT) | HAS(OPTION_JSON),
     command_jobs_list, "list the jobs, the newest first",
     "Those that have ended are kept for seven days. Times are in UTC."},
    {"jobs", "show", "ID", HAS(OPTION_JSON), command_jobs_show, "show how far a job has come, and its result",
     NULL},
    {"jobs", "cancel", "ID", 0, command_jobs_cancel, "end a job", "What it has done by then stays done."},
    {"media", "list", NULL, HAS(OPTION_BY) | HAS(OPTION_JSON), command_media_list, "list the media", NULL},
    {"media", "purge", NULL,
     HAS(OPTION_BEFORE) | HAS(OPTION_LARGER) | HAS(OPTION_REMOTE) | HAS(OPTION_AVATARS) | HAS(OPTION_DRY_RUN),
     command_media_purge, "delete old media",
     "What is protected or in quarantine stays, and unless --avatars is given what users and rooms have\n"
     "as one."},
    {"media", "check", NULL, 0, command_media_check, "compare the media store with what is known of it",
     "Prints a line for each file that is missing, or that nothing knows.\n"
     "The exit code is 1 when there is one."},
    {"federation", "list", NULL, HAS(OPTION_JSON), command_federation_list,
     "list the servers that Dendrite sends to, and since when one fails", NULL},
    {"federation", "reset", "SERVER_NAME", 0, command_federation_reset,
     "have Dendrite try again to reach a server that it has given up",
     "A running Dendrite cannot be told: the change waits for `mxadmin apply`."},
    {NULL, "policy", NULL, HAS(OPTION_ONLY) | HAS(OPTION_DRY_RUN) | HAS(OPTION_JSON), command_policy,
     "do at once what the policies of the configuration do once a day",
     "Prints a line for each of remote_media, local_media, idle_sessions, expired_registration_tokens and\n"
     "empty_rooms. Those that are off do nothing."},
    {NULL, "audit", NULL,
     HAS(OPTION_BY) | HAS(OPTION_TARGET) | HAS(OPTION_ROUTE) | HAS(OPTION_SINCE) | HAS(OPTION_UNTIL) |
         HAS(OPTION_LIMIT) | HAS(OPTION_JSON),
     command_audit, "list who has changed what, the newest first", "Times are in UTC."},
    {NULL, "populate", NULL, HAS(OPTION_USERS) | HAS(OPTION_ROOMS) | HAS(OPTION_MEMBERS) | HAS(OPTION_SEED),
     command_populate, "make up users and rooms to try things out on",
     "The same numbers make the same users and rooms; what is there already stays.\n"
     "The users have no passwords."},
    {NULL, "handover", NULL, HAS(OPTION_TO) | HAS(OPTION_CONFIG) | HAS(OPTION_URL) | HAS(OPTION_DRY_RUN),
     command_handover, "hand a standalone homeserver over to a Dendrite, with mxadmin beside it",
     "What is mxadmin's own moves to a file of its own, the configuration is rewritten, and what Dendrite\n"
     "needs to be told is printed, with the shared secret.\n"
     "Stop the service first. If it is cut off, do it again."},
    {NULL, "apply", NULL, HAS(OPTION_DRY_RUN), command_apply,
     "make the changes that wait in Dendrite's database, while Dendrite is down",
     "Refuses if there is any sign that Dendrite runs. It takes root, or Dendrite's own user.\n"
     "The exit code is 1 when a change goes on waiting."},
    {"deferred", "list", NULL, HAS(OPTION_JSON), command_deferred_list,
     "list the changes that wait for Dendrite to be down", NULL},
    {"deferred", "cancel", "ID", 0, command_deferred_cancel, "give up a change that waits", NULL},
};
#define COMMANDS (sizeof commands / sizeof *commands)

const char *command_config_path(void)
{
    const char *path = getenv("MXADMIN_CONFIG");

    return path && *path ? path : DEFAULT_CONFIG;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_group(const char *word)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (same(commands[i].group, word))
            return true;
    }
    return false;
}

static const struct command *find(const char *group, const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (same(commands[i].group, group) && same(commands[i].name, name))
            return &commands[i];
    }
    return NULL;
}

static const char *full_name(const struct command *command, char name[64])
{
    snprintf(name, 64, "%s%s%s", command->group ? command->group : "", command->group ? " " : "",
             command->name);
    return name;
}

static void print_synopsis(FILE *out, const struct command *command)
{
    char name[64];

    fprintf(out, "usage: mxadmin [-c FILE] %s", full_name(command, name));
    for (int i = 0; i < OPTION__MAX; i++) {
        if (command->options & HAS(i))
            fprintf(out, options[i].value ? " [--%s %s]" : " [--%s]", options[i].name, options[i].value);
    }
    fprintf(out, "%s%s\n", command->operand ? " " : "", command->operand ? command->operand : "");
}

static void print_options(const struct command *command)
{
    char left[32];

    puts("\nOptions:");
    for (int i = 0; command && i < OPTION__MAX; i++) {
        if (!(command->options & HAS(i)))
            continue;
        snprintf(left, sizeof left, "--%s %s", options[i].name, options[i].value ? options[i].value : "");
        printf("  %-21s %s\n", left, options[i].text);
    }
    printf("  %-21s the configuration (default: $MXADMIN_CONFIG, else %s)\n",
           command && command->options & HAS(OPTION_CONFIG) ? "-c FILE" : "-c, --config FILE",
           DEFAULT_CONFIG);
    printf("  %-21s show this help\n  %-21s show the version\n", "-h, --help", "-V, --version");
}

static void print_command_help(const struct command *command)
{
    print_synopsis(stdout, command);
    printf("\n%c%s.\n", command->summary[0] - 'a' + 'A', command->summary + 1);
    if (command->help)
        puts(command->help);
    print_options(command);
}

/* The help of the program, or of one group of commands. */
static void print_overview(FILE *out, const char *group)
{
    char name[64];

    fprintf(out, "usage: mxadmin [-c FILE] %s%sCOMMAND …\n\nCommands:\n", group ? group : "",
            group ? " " : "");
    for (size_t i = 0; i < COMMANDS; i++) {
        if (!group || same(commands[i].group, group))
            fprintf(out, "  %-21s %s\n", full_name(&commands[i], name), commands[i].summary);
    }
}

/* Levenshtein's distance, in characters to add, remove or change. SIZE_MAX when `b` is long. */
static size_t distance(const char *a, const char *b)
{
    size_t row[32];
    size_t length = strlen(b);

    if (length >= sizeof row / sizeof *row)
        return SIZE_MAX;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; *a; a++, i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t changed = diagonal + (*a != b[j - 1]);
            size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

            diagonal = row[j];
            row[j] = changed < least ? changed : least;
        }
    }
    return row[length];
}

static int unknown_command(const char *group, const char *word)
{
    const char *nearest = NULL;
    size_t least = strlen(word) / 3 + 2; /* further off it is another word, not a slip */
    char safe[64];

    for (size_t i = 0; i < COMMANDS; i++) {
        const char *candidate = group || !commands[i].group ? commands[i].name : commands[i].group;
        size_t off = group && !same(commands[i].group, group) ? SIZE_MAX : distance(word, candidate);

        if (off < least) {
            least = off;
            nearest = candidate;
        }
    }
    console_safe(word, safe, sizeof safe);
    fprintf(stderr, "mxadmin: unknown command: %s%s%s\n", group ? group : "", group ? " " : "", safe);
    if (nearest)
        fprintf(stderr, "Did you mean \"%s%s%s\"?\n", group ? group : "", group ? " " : "", nearest);
    else
        fprintf(stderr, "\"mxadmin --help\" lists the commands.\n");
    return COMMAND_USAGE;
}

/* Values of getopt_long() for options that are of no command; those that are have their enum value. */
enum { GLOBAL_CONFIG = 'c', GLOBAL_HELP = 'h', GLOBAL_VERSION = 'V' };
_Static_assert(OPTION__MAX < '?', "the options of commands do not meet those of the program");

struct globals {
    bool help, version;
};

static int misused(const char *what, const char *which)
{
    char safe[64];

    console_safe(which, safe, sizeof safe);
    fprintf(stderr, "mxadmin: %s%s%s\n\"mxadmin --help\" says how it is used.\n", what, *safe ? ": " : "",
            safe);
    return COMMAND_USAGE;
}

/* Takes the options from `argv`, wherever they stand, and moves the words behind them, to `optind` and on. */
static int parse_options(int argc, char **argv, struct invocation *invocation, struct globals *globals)
{
    struct option known[OPTION__MAX + 3] = {0};
    int option;

    for (int i = 0; i < OPTION__MAX; i++)
        known[i] =
            (struct option){options[i].name, options[i].value ? required_argument : no_argument, NULL, i};
    known[OPTION__MAX] = (struct option){"help", no_argument, NULL, GLOBAL_HELP};
    known[OPTION__MAX + 1] = (struct option){"version", no_argument, NULL, GLOBAL_VERSION};
    while ((option = getopt_long(argc, argv, ":c:hV", known, NULL)) != -1) {
        switch (option) {
        case GLOBAL_CONFIG:
            invocation->config_path = optarg;
            break;
        case GLOBAL_HELP:
            globals->help = true;
            break;
        case GLOBAL_VERSION:
            globals->version = true;
            break;
        case ':':
            return misused("an option lacks its value", argv[optind - 1]);
        case '?':
            return misused("unknown option", argv[optind - 1]);
        default:
            invocation->given[option] = true;
            invocation->value[option] = optarg;
        }
    }
    return COMMAND_OK;
}

/* Checks the command line against the command's row. `words` follow the command's name. */
static int check_usage(const struct command *command, char **words, struct invocation *invocation)
{
    const char *wrong = NULL, *which = "";

    for (int i = 0; i < OPTION__MAX; i++) {
        if (invocation->given[i] && !(command->options & HAS(i))) {
            wrong = "this command does not take the option";
            which = options[i].name;
        }
    }
    if (command->operand && *words)
        invocation->operand = *words++;
    else if (command->operand) {
        wrong = "an argument is missing";
        which = command->operand;
    }
    if (*words) {
        wrong = "this command does not take the argument";
        which = *words;
    }
    if (!wrong)
        return COMMAND_OK;
    console_error(invocation, "%s: %s", wrong, which);
    print_synopsis(stderr, command);
    return COMMAND_USAGE;
}

/* "--config" is "-c", unless the command has one of its own. */
static void name_configuration(const struct command *command, struct invocation *invocation)
{
    if (!invocation->given[OPTION_CONFIG] || command->options & HAS(OPTION_CONFIG))
        return;
    invocation->config_path = invocation->value[OPTION_CONFIG];
    invocation->given[OPTION_CONFIG] = false;
}

static int run(const struct command *command, char **words, const struct globals *globals,
               struct invocation *invocation)
{
    char name[64];
    int code;

    if (globals->help) {
        print_command_help(command);
        return COMMAND_OK;
    }
    invocation->command = full_name(command, name);
    name_configuration(command, invocation);
    code = check_usage(command, words, invocation);
    if (code)
        return code;
    if (command->run != serve && command->run != work) {
        /* Progress is of no interest here, and what is created is nobody else's to read. */
        log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
        umask(077);
    }
    return command->run(invocation);
}

int command_main(int argc, char **argv, const struct command_host *host)
{
    struct invocation invocation = {.host = host, .config_path = command_config_path()};
    struct globals globals = {0};
    const struct command *command;
    const char *group = NULL;
    char **words;
    int code = parse_options(argc, argv, &invocation, &globals);

    if (code)
        return code;
    if (globals.version) {
        puts("mxadmin " MXADMIN_VERSION);
        return COMMAND_OK;
    }
    words = argv + optind;
    if (*words && is_group(*words))
        group = *words++;
    if (!*words) {
        print_overview(globals.help ? stdout : stderr, group);
        if (globals.help)
            print_options(NULL);
        return globals.help ? COMMAND_OK : COMMAND_USAGE;
    }
    command = find(group, *words);
    return command ? run(command, words + 1, &globals, &invocation) : unknown_command(group, *words);
}
