/* SPDX-License-Identifier: ISC */
#include "homeserver/standalone/standalone.h"

enum err standalone_add_registration_token(struct homeserver *hs, const struct registration_token *token)
{
    enum err e = db_begin(hs->db, DB_WRITE);

    return e ? e : db_end(hs->db, registration_tokens_insert(hs->db, token));
}

enum err standalone_set_registration_token(struct homeserver *hs, const struct registration_token *token)
{
    enum err e = db_begin(hs->db, DB_WRITE);

    return e ? e : db_end(hs->db, registration_tokens_update(hs->db, token));
}

enum err standalone_delete_registration_token(struct homeserver *hs, const char *token)
{
    enum err e = db_begin(hs->db, DB_WRITE);

    return e ? e : db_end(hs->db, registration_tokens_delete(hs->db, token));
}
