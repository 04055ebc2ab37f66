/* SPDX-License-Identifier: ISC */
#include <jansson.h>

#include "homeserver/token_bounds.h"
#include "matrix/field.h"

/* A number, or what stands for none; NULL: memory is gone. */
static json_t *number(int64_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

char *token_bounds_text(const struct registration_token *token)
{
    json_t *object = json_pack("{s:o, s:o}", "uses_allowed", number(token->uses_allowed), "expiry_time",
                               number(token->expiry_ts));
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    return text;
}

static bool read_bound(const json_t *object, const char *name, int64_t *bound)
{
    json_int_t value = -1;

    if (!json_is_null(json_object_get(object, name)) && (!field_integer(object, name, &value) || value < 0))
        return false;
    *bound = value;
    return true;
}

bool token_bounds_read(const char *text, struct registration_token *token)
{
    json_t *object = json_loads(text, 0, NULL);
    int64_t uses_allowed, expiry_ts;
    bool valid =
        read_bound(object, "uses_allowed", &uses_allowed) && read_bound(object, "expiry_time", &expiry_ts);

    if (valid) {
        token->uses_allowed = uses_allowed;
        token->expiry_ts = expiry_ts;
    }
    json_decref(object);
    return valid;
}

enum err token_bounds_waiting(struct db *db, struct arena *arena, struct registration_token *token,
                              bool *waits)
{
    const char *parameters = NULL;
    enum err e = deferred_find(db, DEFERRED_SET_REGISTRATION_TOKEN, token->token, arena, &parameters);

    *waits = !e && token_bounds_read(parameters, token);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}
