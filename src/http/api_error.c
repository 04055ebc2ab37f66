/* SPDX-License-Identifier: ISC */
#include "http/api_error.h"

/* The texts need no escape in JSON: reply_write() may have to write them without a serialiser. */
static const struct {
    int status;
    const char *code;
    const char *text;
} errors[] = {
    [API_UNRECOGNIZED] = {404, "M_UNRECOGNIZED", "Unrecognized request"},
    [API_METHOD] = {405, "M_UNRECOGNIZED", "Unrecognized request"},
    [API_MISSING_TOKEN] = {401, "M_MISSING_TOKEN", "Missing access token"},
    [API_UNKNOWN_TOKEN] = {401, "M_UNKNOWN_TOKEN", "Unrecognised access token"},
    [API_USER_LOCKED] = {401, "M_USER_LOCKED", "User account has been locked"},
    [API_FORBIDDEN] = {403, "M_FORBIDDEN", "You are not allowed to do this"},
    [API_GUEST] = {403, "M_GUEST_ACCESS_FORBIDDEN", "Guest access not allowed"},
    [API_USER_SUSPENDED] = {403, "M_USER_SUSPENDED", "Not allowed while the account is suspended"},
    [API_USER_DEACTIVATED] = {403, "M_USER_DEACTIVATED", "This account has been deactivated"},
    [API_WRONG_MAC] = {403, "M_UNKNOWN", "HMAC incorrect"},
    [API_NOT_FOUND] = {404, "M_NOT_FOUND", "Not found"},
    [API_NO_SUCH_USER] = {404, "M_UNKNOWN", "User does not exist"},
    [API_NO_SERVERS] = {404, "M_UNKNOWN",
                        "Can't join remote room because no servers that are in the room have been provided."},
    [API_BAD_REQUEST] = {400, "M_UNKNOWN", "Bad request"},
    [API_NOT_JSON] = {400, "M_NOT_JSON", "Content not JSON."},
    [API_BAD_JSON] = {400, "M_BAD_JSON", "Content must be a JSON object."},
    [API_MISSING_PARAM] = {400, "M_MISSING_PARAM", "Missing parameter"},
    [API_INVALID_PARAM] = {400, "M_INVALID_PARAM", "Invalid parameter"},
    [API_PARAM_TOO_LARGE] = {400, "M_TOO_LARGE", "Parameter too large"},
    [API_INVALID_USERNAME] = {400, "M_INVALID_USERNAME", "Invalid username"},
    [API_USER_IN_USE] = {400, "M_USER_IN_USE", "User ID already taken."},
    [API_WEAK_PASSWORD] = {400, "M_WEAK_PASSWORD", "password too weak: min 8 characters"},
    [API_KEPT_BY_SERVER] = {405, "M_BAD_JSON", "Account data of this type is not set here"},
    [API_TIMEOUT] = {408, "M_UNKNOWN", "The request did not arrive in time"},
    [API_IN_USE] = {409, "M_UNKNOWN", "Already in use"},
    [API_CONFLICT] = {409, "M_INVALID_PARAM", "Already exists"},
    [API_TOO_LARGE] = {413, "M_TOO_LARGE", "Request body too large"},
    [API_LIMIT_EXCEEDED] = {429, "M_LIMIT_EXCEEDED", "Too many failures, try again later"},
    [API_HEADERS_TOO_LARGE] = {431, "M_TOO_LARGE", "Request headers too large"},
    [API_INTERNAL] = {500, "M_UNKNOWN", "Internal server error"},
    [API_BAD_GATEWAY] = {502, "M_UNKNOWN", "The homeserver gave an answer that is not understood"},
    [API_UNAVAILABLE] = {503, "M_UNKNOWN", "The database is busy, try again"},
    [API_HOMESERVER_DOWN] = {503, "M_UNKNOWN", "The homeserver does not answer, try again"},
    [API_STORAGE_FULL] = {507, "M_UNKNOWN", "The server's disk is full"},
};
_Static_assert(sizeof errors / sizeof *errors == API_ERROR__MAX, "every error has its row");

int api_error_status(enum api_error error)
{
    return errors[error].status;
}

const char *api_error_code(enum api_error error)
{
    return errors[error].code;
}

const char *api_error_text(enum api_error error)
{
    return errors[error].text;
}
