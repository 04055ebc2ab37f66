/* SPDX-License-Identifier: ISC */
/*
 * The errors of the API: status, errcode and usual text stand in one table, so that a handler names an error
 * and cannot pair a status with the wrong errcode. Codes: Client-Server API, "Standard error response".
 */
#ifndef HTTP_API_ERROR_H
#define HTTP_API_ERROR_H

enum api_error {
    API_UNRECOGNIZED,      /* 404 M_UNRECOGNIZED: no such path, or not in this mode */
    API_METHOD,            /* 405 M_UNRECOGNIZED: the path is known, the method is not */
    API_MISSING_TOKEN,     /* 401 M_MISSING_TOKEN */
    API_UNKNOWN_TOKEN,     /* 401 M_UNKNOWN_TOKEN, with soft_logout false */
    API_USER_LOCKED,       /* 401 M_USER_LOCKED, with soft_logout true */
    API_FORBIDDEN,         /* 403 M_FORBIDDEN */
    API_GUEST,             /* 403 M_GUEST_ACCESS_FORBIDDEN */
    API_USER_SUSPENDED,    /* 403 M_USER_SUSPENDED */
    API_USER_DEACTIVATED,  /* 403 M_USER_DEACTIVATED */
    API_WRONG_MAC,         /* 403 M_UNKNOWN: Synapse's answer to a wrong registration MAC */
    API_NOT_FOUND,         /* 404 M_NOT_FOUND */
    API_NO_SUCH_USER,      /* 404 M_UNKNOWN: Dendrite's answer to a user that it does not know */
    API_NO_SERVERS,        /* 404 M_UNKNOWN: Synapse's answer to a room that it does not know, to be joined */
    API_BAD_REQUEST,       /* 400 M_UNKNOWN */
    API_NOT_JSON,          /* 400 M_NOT_JSON */
    API_BAD_JSON,          /* 400 M_BAD_JSON */
    API_MISSING_PARAM,     /* 400 M_MISSING_PARAM */
    API_INVALID_PARAM,     /* 400 M_INVALID_PARAM */
    API_PARAM_TOO_LARGE,   /* 400 M_TOO_LARGE: a value of the body */
    API_INVALID_USERNAME,  /* 400 M_INVALID_USERNAME */
    API_USER_IN_USE,       /* 400 M_USER_IN_USE */
    API_WEAK_PASSWORD,     /* 400 M_WEAK_PASSWORD */
    API_KEPT_BY_SERVER,    /* 405 M_BAD_JSON: account data of a type that is not set like that */
    API_TIMEOUT,           /* 408 M_UNKNOWN: the request did not arrive in time */
    API_IN_USE,            /* 409 M_UNKNOWN: Synapse's answer to what another user has */
    API_CONFLICT,          /* 409 M_INVALID_PARAM: Dendrite's answer to what is there already */
    API_TOO_LARGE,         /* 413 M_TOO_LARGE */
    API_LIMIT_EXCEEDED,    /* 429 M_LIMIT_EXCEEDED, with retry_after_ms */
    API_HEADERS_TOO_LARGE, /* 431 M_TOO_LARGE: the request's parameters */
    API_INTERNAL,          /* 500 M_UNKNOWN */
    API_BAD_GATEWAY,       /* 502 M_UNKNOWN: the homeserver's answer was none that we understand */
    API_UNAVAILABLE,       /* 503 M_UNKNOWN, with Retry-After: the database is locked or does not answer */
    API_HOMESERVER_DOWN,   /* 503 M_UNKNOWN, with Retry-After: the homeserver does not answer */
    API_STORAGE_FULL,      /* 507 M_UNKNOWN: the disk is full */
    API_ERROR__MAX
};

/* HTTP status code, errcode and usual text; the texts are never NULL and never to be freed. */
int api_error_status(enum api_error error);
const char *api_error_code(enum api_error error);
const char *api_error_text(enum api_error error);

#endif
