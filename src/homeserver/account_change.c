/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "homeserver/account_change.h"

/* An id that nobody has is free, and so is the user's own. */
static enum err refuse_foreign(struct db *db, const char *localpart, const struct identity *identity,
                               struct arena *arena)
{
    const char *owner;
    enum err e = external_ids_owner(db, identity, arena, &owner);

    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    return !e && strcmp(owner, localpart) != 0 ? ERR_EXISTS : e;
}

enum err account_change_check(struct db *db, const char *localpart, enum account_type type,
                              const struct account_change *change)
{
    const struct identity_list *list = change->external_ids;
    struct arena *arena;
    enum err e = ERR_OK;

    if (change->admin == CHOICE_YES && type != ACCOUNT_USER && type != ACCOUNT_ADMIN)
        return ERR_INVALID;
    if (!list)
        return ERR_OK;
    arena = arena_new();
    if (!arena)
        return ERR_NOMEM;
    for (size_t i = 0; !e && i < list->count; i++)
        e = refuse_foreign(db, localpart, &list->identities[i], arena);
    arena_free(&arena);
    return e;
}

enum account_type account_change_type(enum account_type type, const struct account_change *change)
{
    if (change->admin == CHOICE_YES)
        return ACCOUNT_ADMIN;
    return change->admin == CHOICE_NO && type == ACCOUNT_ADMIN ? ACCOUNT_USER : type;
}
