/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "matrix/field.h"
#include "matrix/id.h"
#include "matrix/power_holders.h"

static int compare(const void *a, const void *b)
{
    const struct power_holder *first = a, *second = b;

    if (first->level != second->level)
        return first->level > second->level ? -1 : 1;
    return strcmp(first->user_id, second->user_id);
}

static enum err add(struct list *list, const struct power_levels *levels, const char *user_id,
                    const char *server_name)
{
    struct power_holder *holder;
    struct user_id user;

    if (!user_id || !user_id_parse(user_id, &user) || strcmp(user.server_name, server_name) != 0)
        return ERR_OK;
    holder = list_add(list);
    if (!holder)
        return ERR_NOMEM;
    *holder = (struct power_holder){user_id, power_levels_of_user(levels, user_id)};
    return ERR_OK;
}

enum err power_holders(const struct power_levels *levels, const char *server_name, struct arena *arena,
                       struct power_holder **holders, size_t *count)
{
    struct list list = {.arena = arena, .item_size = sizeof **holders};
    enum err e = ERR_OK;
    const char *user_id;
    json_t *level;

    if (!levels->content || levels->version->creators_privileged)
        e = add(&list, levels, levels->creator, server_name);
    for (size_t i = 0; !e && i < json_array_size(levels->more_creators); i++)
        e = add(&list, levels, json_string_value(json_array_get(levels->more_creators, i)), server_name);
    json_object_foreach(field_object(levels->content, "users"), user_id, level) if (!e) e =
        add(&list, levels, user_id, server_name);
    *holders = list.items;
    *count = list.count;
    if (list.count > 1)
        qsort(list.items, list.count, list.item_size, compare);
    return e;
}

/* Sets a user's level in `content`. */
static bool set(json_t *content, const char *user_id, int64_t level)
{
    json_t *users = field_object(content, "users");

    if (!users) {
        users = json_object();
        if (json_object_set_new(content, "users", users) < 0)
            return false;
    }
    return json_object_set_new(users, user_id, json_integer(level)) == 0;
}

json_t *power_levels_granting(const struct power_levels *levels, const char *user_id, int64_t level)
{
    json_t *content = levels->content ? json_deep_copy(levels->content) : json_object();
    bool done = content != NULL;

    if (done && !levels->content && levels->creator && !levels->version->creators_privileged)
        done = set(content, levels->creator, power_levels_of_user(levels, levels->creator));
    if (done && set(content, user_id, level))
        return content;
    json_decref(content);
    return NULL;
}
