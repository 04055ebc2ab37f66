/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/utf8.h"
#include "command/account.h"
#include "command/console.h"
#include "command/context.h"
#include "command/listing.h"
#include "matrix/id.h"
#include "store/deferred.h"

#define SESSION_NAME     "mxadmin account token"
#define DISPLAY_NAME_MAX 256 /* characters; what other servers accept */

/* What is wrong with the name of a new account. */
static const char *const localpart_faults[] = {
    [LOCALPART_EMPTY] = "the localpart is empty",
    [LOCALPART_CHARACTERS] = "a localpart is made of a-z, 0-9 and = _ - . / + only",
    [LOCALPART_UNDERSCORE] = "a localpart that begins with \"_\" is reserved",
    [LOCALPART_TOO_LONG] = "the user ID would be longer than 255 bytes",
    [LOCALPART_NUMERIC] = "a localpart of digits only is reserved for guests",
};

static const char *const type_names[] = {
    [ACCOUNT_USER] = "user",
    [ACCOUNT_GUEST] = "guest",
    [ACCOUNT_ADMIN] = "admin",
    [ACCOUNT_APPSERVICE] = "appservice",
};

static const char *type_name(enum account_type type)
{
    bool known = (size_t)type < sizeof type_names / sizeof *type_names && type_names[type];

    return known ? type_names[type] : "unknown";
}

/* What is wrong when an act fails. */
static const struct context_words words[] = {
    {ERR_EXISTS, "the user ID is already taken"},
    {ERR_NOT_FOUND, "there is no such user"},
    {ERR_INVALID, "a guest or an application service's user can be no admin"},
    {ERR_TOO_LARGE, "the password is longer than the 72 bytes that bcrypt takes"},
    {ERR_OK, NULL},
};

/* Opens all and finds the user. COMMAND_OK or the exit code; the caller closes the context in either case. */
static int begin(const struct invocation *invocation, struct context *context, const char **localpart)
{
    if (context_open(context, invocation))
        return COMMAND_FAILED;
    *localpart = context_local_user(context, invocation->operand);
    return *localpart ? COMMAND_OK : COMMAND_FAILED;
}

/* Whether the account can be created, as far as that shows before the password; says what is wrong. */
static bool may_create(struct context *context, const char *localpart, const char *display_name)
{
    const struct invocation *invocation = context->invocation;
    enum localpart fault = localpart_check(localpart, context->config->server_name);
    struct account account;
    enum err e;

    if (fault) {
        console_error(invocation, "%s: %s", localpart, localpart_faults[fault]);
        return false;
    }
    if (display_name &&
        (!utf8_valid(display_name, strlen(display_name)) || utf8_length(display_name) > DISPLAY_NAME_MAX)) {
        console_error(invocation, "the display name is longer than %d characters, or not UTF-8",
                      DISPLAY_NAME_MAX);
        return false;
    }
    e = accounts_find(context->db, localpart, context->config->server_name, context->arena, &account);
    if (e != ERR_NOT_FOUND)
        context_failed(context, words, e ? e : ERR_EXISTS);
    return e == ERR_NOT_FOUND;
}

int command_account_create(const struct invocation *invocation)
{
    const char *display_name = invocation->value[OPTION_DISPLAY_NAME];
    struct new_account account = {
        .display_name = display_name && *display_name ? display_name : NULL,
        .type = invocation->given[OPTION_ADMIN] ? ACCOUNT_ADMIN : ACCOUNT_USER,
    };
    char password[CONSOLE_PASSWORD_SIZE] = "";
    struct context context;
    int code = begin(invocation, &context, &account.localpart);
    enum err e;

    if (code)
        goto out;
    code = COMMAND_FAILED;
    if (!may_create(&context, account.localpart, account.display_name))
        goto out;
    if (!invocation->given[OPTION_NO_PASSWORD]) {
        if (console_new_password(invocation, account.localpart, password))
            goto out;
        account.password = password;
    }
    e = homeserver_create_account(&context.homeserver, &account, NULL, context.arena, NULL);
    if (e) {
        context_failed(&context, words, e);
        goto out;
    }
    printf("@%s:%s\n", account.localpart, context.config->server_name);
    code = console_finish(invocation);
out:
    explicit_bzero(password, sizeof password);
    context_close(&context);
    return code;
}

int command_account_password(const struct invocation *invocation)
{
    char password[CONSOLE_PASSWORD_SIZE] = "";
    const char *localpart;
    struct account account;
    struct context context;
    int code = begin(invocation, &context, &localpart);
    enum err e;

    if (code)
        goto out;
    code = COMMAND_FAILED;
    /* Nobody should think of a password for a user that does not exist. */
    e = accounts_find(context.db, localpart, context.config->server_name, context.arena, &account);
    if (!e && account.deactivated)
        e = ERR_DEACTIVATED;
    if (!e && console_new_password(invocation, localpart, password))
        goto out;
    if (!e)
        e = homeserver_set_password(&context.homeserver, localpart, password,
                                    invocation->given[OPTION_LOGOUT_DEVICES], NULL);
    code = e ? context_failed(&context, words, e) : COMMAND_OK;
out:
    explicit_bzero(password, sizeof password);
    context_close(&context);
    return code;
}

/* An act that takes a user and nothing else. */
static int act_on_user(const struct invocation *invocation,
                       enum err (*act)(struct homeserver *, const char *))
{
    const char *localpart;
    struct context context;
    int code = begin(invocation, &context, &localpart);

    if (!code) {
        enum err e = act(&context.homeserver, localpart);

        code = e ? context_failed(&context, words, e) : COMMAND_OK;
    }
    context_close(&context);
    return code;
}

/* Beside a Dendrite, what mxadmin goes by from now on is another thing than what Dendrite does. */
static enum err set_admin(struct homeserver *hs, const char *localpart, bool admin)
{
    bool waits = false;
    enum err e = homeserver_set_admin(hs, localpart, admin);

    if (!e)
        e = deferred_waits(hs->db, DEFERRED_SET_ADMIN, localpart, &waits);
    if (!e && waits)
        puts(
            "mxadmin goes by it from now on, and Dendrite itself after \"mxadmin apply\", while it is down.");
    return e;
}

static enum err promote(struct homeserver *hs, const char *localpart)
{
    return set_admin(hs, localpart, true);
}

static enum err demote(struct homeserver *hs, const char *localpart)
{
    return set_admin(hs, localpart, false);
}

int command_account_promote(const struct invocation *invocation)
{
    return act_on_user(invocation, promote);
}

int command_account_demote(const struct invocation *invocation)
{
    return act_on_user(invocation, demote);
}

int command_account_deactivate(const struct invocation *invocation)
{
    return act_on_user(invocation, homeserver_deactivate);
}

int command_account_token(const struct invocation *invocation)
{
    static const struct client client = {.display_name = SESSION_NAME, .address = "", .user_agent = ""};
    struct session session;
    const char *localpart;
    struct context context;
    int code = begin(invocation, &context, &localpart);

    enum err e;

    if (code)
        goto out;
    e = homeserver_begin_session(&context.homeserver, localpart, &client, context.arena, &session);
    if (e) {
        code = context_failed(&context, words, e);
        goto out;
    }
    code = console_secret(invocation, session.access_token);
    /* A session whose token nobody has seen would only be in the way. */
    if (code && homeserver_end_session(&context.homeserver, localpart, session.device_id))
        console_error(invocation, "the new session %s cannot be ended", session.device_id);
out:
    context_close(&context);
    return code;
}

static enum err list_as_json(const struct account *account, struct listing *listing)
{
    json_t *user_id = json_sprintf("@%s:%s", account->localpart, listing->server_name);
    json_t *entry =
        json_pack("{s:o, s:s, s:b, s:I}", "user_id", user_id, "type", type_name(account->type), "deactivated",
                  account->deactivated, "created_ts", (json_int_t)account->created_ts);

    return json_array_append_new(listing->array, entry) ? ERR_NOMEM : ERR_OK;
}

static enum err list_as_text(const struct account *account, const struct listing *listing)
{
    char when[CONSOLE_TIME_SIZE], safe[2 * ID_SIZE], user_id[2 * ID_SIZE];

    console_time(account->created_ts, when);
    snprintf(user_id, sizeof user_id, "@%s:%s", account->localpart, listing->server_name);
    console_safe(user_id, safe, sizeof safe);
    printf("%-40s %-10s %s%s\n", safe, type_name(account->type), when,
           account->deactivated ? " deactivated" : "");
    return ERR_OK;
}

static enum err list_one(const struct account *account, void *context)
{
    struct listing *listing = context;

    return listing->array ? list_as_json(account, listing) : list_as_text(account, listing);
}

static enum err list_all(struct context *context, struct listing *listing, const void *what)
{
    (void)what;
    return accounts_list(context->db, listing->server_name, list_one, listing);
}

int command_account_list(const struct invocation *invocation)
{
    return listing_command(invocation, list_all, NULL);
}
