/* SPDX-License-Identifier: ISC */
/* Registration tokens whose time is over. There are never so many that it would take more than one look. */
#include "homeserver/policy_walks.h"

struct search {
    struct walk *walk;
    struct list *found;
};

static bool is_expired(const struct walk *walk, const struct registration_token *token)
{
    return token->expiry_ts >= 0 && token->expiry_ts < walk->before_ts;
}

static enum err add(const struct registration_token *token, void *context)
{
    struct search *search = context;
    struct found *one;

    if (!is_expired(search->walk, token))
        return ERR_OK;
    one = list_add(search->found);
    if (one)
        one->id = arena_strdup(search->walk->slice, token->token);
    return one && one->id ? ERR_OK : ERR_NOMEM;
}

enum err policy_tokens_find(struct walk *walk, struct list *found, bool *over)
{
    struct search search = {.walk = walk, .found = found};

    *over = true;
    return registration_tokens_list(walk->hs->db, add, &search);
}

/* One that has been given more time since it was found is left alone. */
static enum err delete_one(struct walk *walk, struct job_item *item)
{
    struct registration_token token;
    enum err e = registration_tokens_find(walk->hs->db, item->item, walk->arena, &token);

    if (!e && !is_expired(walk, &token)) {
        item->outcome = WALK_SPARED;
        return ERR_OK;
    }
    if (!e) {
        walk->hs->reason = NULL;
        e = homeserver_delete_registration_token(walk->hs, item->item);
    }
    return walk_judge(walk, item, e == ERR_NOT_FOUND ? ERR_OK : e, POLICY_TOKENS_DELETED);
}

enum err policy_tokens_act(struct walk *walk, struct job_item *items, size_t count)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < count; i++)
        e = delete_one(walk, &items[i]);
    return e;
}
