/* SPDX-License-Identifier: ISC */
#ifndef HANDLER_REGISTER_H
#define HANDLER_REGISTER_H

#include <stdbool.h>

#include "handler/call.h"

/* The body of POST /_synapse/admin/v1/register; texts are borrowed from call->json, NULL: absent. */
struct registration {
    const char *nonce;
    const char *username; /* as sent: the MAC is over that */
    const char *password;
    const char *mac;
    const char *user_type;
    const char *display_name; /* "": none */
    const char *device_id;
    const char *device_display_name;
    json_t *refresh_token; /* of any type: what is wrong with it is said after the MAC */
    bool admin;
    bool inhibit_login;
};

/*
 * The two halves of the decoding, between which the nonce is looked up: it is what an unknown caller must
 * have before anything else of the body is talked about. False after the answer has become an error.
 */
MUST_CHECK bool registration_decode_nonce(struct call *call, struct registration *registration);
MUST_CHECK bool registration_decode(struct call *call, struct registration *registration);

#endif
