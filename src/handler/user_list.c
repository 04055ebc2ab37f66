/* SPDX-License-Identifier: ISC */
/* Synapse's lists of users, v2 and v3, with the filters that Synapse passes over and UIs send. */
#include <string.h>

#include "handler/handlers.h"
#include "handler/parameters.h"
#include "homeserver/upkeep.h"
#include "store/user_list.h"
#include "store/users.h"

/* The words for an order; the second list is of what Awesome synapse-admin sends, columns of its own tables.
 */
static const struct {
    const char *word;
    enum user_order order;
} orders[] = {
    {"name", USER_ORDER_NAME},
    {"displayname", USER_ORDER_DISPLAY_NAME},
    {"is_guest", USER_ORDER_GUEST},
    {"admin", USER_ORDER_ADMIN},
    {"deactivated", USER_ORDER_DEACTIVATED},
    {"user_type", USER_ORDER_USER_TYPE},
    {"avatar_url", USER_ORDER_AVATAR_URL},
    {"shadow_banned", USER_ORDER_SHADOW_BANNED},
    {"creation_ts", USER_ORDER_CREATED},
    {"last_seen_ts", USER_ORDER_LAST_SEEN},
    {"locked", USER_ORDER_LOCKED},
    {"suspended", USER_ORDER_SUSPENDED},
    {"erased", USER_ORDER_ERASED},
    {"id", USER_ORDER_NAME},
    {"avatar_src", USER_ORDER_AVATAR_URL},
};
#define ORDER_WORDS                                                                                          \
    "['name', 'is_guest', 'admin', 'user_type', 'deactivated', 'shadow_banned', 'displayname', "             \
    "'avatar_url', 'creation_ts', 'last_seen_ts', 'locked', 'suspended', 'erased']"

#define LIMIT_DEFAULT 100
#define NO_NEXT       (-1)

/* What was asked for. */
struct asked {
    struct user_filter filter;
    struct user_page page;
};

static bool read_order(struct call *call, struct user_page *page)
{
    const char *word = query_get(&call->request.query, "order_by");

    if (!word)
        return true;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        if (strcmp(orders[i].word, word) != 0)
            continue;
        page->order = orders[i].order;
        return true;
    }
    call_fail(call, API_INVALID_PARAM, "Query parameter 'order_by' must be one of " ORDER_WORDS);
    return false;
}

/* A text that is blank is none. */
static const char *text_of(const struct call *call, const char *name)
{
    const char *text = query_get(&call->request.query, name);

    return text && *text ? text : NULL;
}

/* not_user_type may be given often; "" is the ordinary user. */
static bool read_types(struct call *call, struct user_filter *filter)
{
    const struct query *query = &call->request.query;
    size_t count = 0;

    for (size_t i = 0; i < query->count; i++) {
        const char *value = query->parameters[i].value;

        if (strcmp(query->parameters[i].name, "not_user_type") != 0)
            continue;
        if (!*value) {
            filter->no_ordinary = true;
        } else if (count < USER_TYPES_MAX) {
            filter->not_types[count++] = value;
        } else {
            call_fail(call, API_INVALID_PARAM, "Too many of query parameter not_user_type");
            return false;
        }
    }
    return true;
}

/* A flag of three states: absent, all; else those who have it, or have it not. */
static bool read_tristate(struct call *call, const char *name, enum user_flag *flag)
{
    bool value = false;

    if (!query_get(&call->request.query, name))
        return true;
    if (!parameter_boolean(call, name, &value))
        return false;
    *flag = value ? USER_FLAG_SET : USER_FLAG_CLEAR;
    return true;
}

/* A flag that, where it is false, leaves out those who have it; `shown` is what counts where it is absent. */
static bool read_hiding(struct call *call, const char *name, bool shown, enum user_flag *flag)
{
    if (!parameter_boolean(call, name, &shown))
        return false;
    *flag = shown ? USER_FLAG_ANY : USER_FLAG_CLEAR;
    return true;
}

/* UIs send "false" for "whatever": only "true" is a wish. */
static bool read_wish(struct call *call, const char *name, enum user_flag *flag)
{
    bool wished = false;

    if (!parameter_boolean(call, name, &wished))
        return false;
    *flag = wished ? USER_FLAG_SET : USER_FLAG_ANY;
    return true;
}

static bool read_asked(struct call *call, bool v3, struct asked *asked)
{
    struct user_filter *filter = &asked->filter;
    struct user_page *page = &asked->page;

    *asked = (struct asked){.page = {.limit = LIMIT_DEFAULT}};
    filter->name = text_of(call, "name");
    filter->id = filter->name ? NULL : text_of(call, "user_id");
    return parameter_integer(call, "from", &page->from) && parameter_integer(call, "limit", &page->limit) &&
           read_hiding(call, "guests", true, &filter->guest) &&
           (v3 ? read_tristate(call, "deactivated", &filter->deactivated)
               : read_hiding(call, "deactivated", false, &filter->deactivated)) &&
           read_hiding(call, "locked", false, &filter->locked) &&
           read_tristate(call, "admins", &filter->admin) &&
           read_wish(call, "suspended", &filter->suspended) &&
           read_wish(call, "shadow_banned", &filter->shadow_banned) && read_types(call, filter) &&
           read_order(call, page) && parameter_backwards(call, &page->backwards);
}

/* In lists, unlike elsewhere, the creation is told in ms. */
static json_t *row_of(const struct call *call, const struct user *user)
{
    return json_pack("{s:o, s:s?, s:b, s:b, s:b, s:b, s:s?, s:s?, s:I, s:b, s:o, s:b, s:b}", "name",
                     json_sprintf("@%s:%s", user->localpart, call->app->config->server_name), "user_type",
                     user->state.user_type, "is_guest", user->type == ACCOUNT_GUEST, "admin",
                     user->type == ACCOUNT_ADMIN, "deactivated", user->deactivated, "shadow_banned", 0,
                     "displayname", user->profile.display_name, "avatar_url", user->profile.avatar_url,
                     "creation_ts", (json_int_t)user->created_ts, "erased", user->state.erased,
                     "last_seen_ts",
                     user->last_seen_ts > 0 ? json_integer((json_int_t)user->last_seen_ts) : json_null(),
                     "locked", user->state.locked, "suspended", user->state.suspended);
}

/* The page's users as they are now; who has gone since the list was made is left out. */
static enum err add_users(struct call *call, const char *const *localparts, size_t count, json_t *rows)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < count; i++) {
        struct user user;

        e = users_find(call->app->db, localparts[i], call->app->config->server_name, call->arena, &user);
        if (e == ERR_NOT_FOUND)
            e = ERR_OK;
        else if (!e && json_array_append_new(rows, row_of(call, &user)) < 0)
            e = ERR_NOMEM;
    }
    return e;
}

static enum err read_page(struct call *call, const struct asked *asked, json_t *rows, int64_t *next,
                          int64_t *total)
{
    const struct user_page *page = &asked->page;
    const char **localparts;
    size_t count = 0;
    enum err e = db_begin(call->app->db, DB_READ);

    if (e)
        return e;
    e = user_list_page(call->app->db, call->app->config->server_name, &asked->filter, page, call->arena,
                       &localparts, &count, total);
    if (!e)
        e = add_users(call, localparts, count, rows);
    *next = page->limit < *total - page->from ? page->from + (int64_t)count : NO_NEXT;
    return db_end(call->app->db, e);
}

static json_t *list_users(struct call *call, bool v3)
{
    struct asked asked;
    int64_t next = NO_NEXT, total = 0;
    json_t *rows, *answer;
    enum err e;

    if (!read_asked(call, v3, &asked))
        return NULL;
    rows = json_array();
    answer = json_pack("{s:o}", "users", rows);
    e = answer ? upkeep_users(&call->homeserver) : ERR_NOMEM;
    if (!e)
        e = read_page(call, &asked, rows, &next, &total);
    if (!e && (json_object_set_new(answer, "total", json_integer((json_int_t)total)) < 0 ||
               (next != NO_NEXT &&
                json_object_set_new(answer, "next_token", json_sprintf("%lld", (long long)next)) < 0)))
        e = ERR_NOMEM;
    if (!e)
        return answer;
    json_decref(answer);
    return call_fail_err(call, e);
}

json_t *users_v2_get(struct call *call)
{
    return list_users(call, false);
}

json_t *users_v3_get(struct call *call)
{
    return list_users(call, true);
}
