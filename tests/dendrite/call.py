# SPDX-License-Identifier: ISC
"""A request to the stand-in, and who makes it."""
import re

import answers
from database import local_id
from folder import SERVER_NAME

USER, GUEST, ADMIN, APPSERVICE = 1, 2, 3, 4
LOCALPART = re.compile(r"[0-9a-z_\-+=./]+")


class Caller:
    def __init__(self, user_id, device_id, account_type, token, session_id=0):
        self.user_id, self.device_id, self.account_type = user_id, device_id, account_type
        self.token, self.session_id = token, session_id

    @property
    def localpart(self):
        return self.user_id[1:].partition(":")[0]


class Call:
    """`memory` is what the server remembers without a database, `query` the first of each name, `address` and
    `user_agent` those of who asks. With `keep`, what was written stays although the request is refused."""

    def __init__(self, database, memory, method, path, query, token, body, address, user_agent):
        self.database, self.memory = database, memory
        self.method, self.path, self.query, self.token, self.body = method, path, query, token, body
        self.address, self.user_agent = address, user_agent
        self.variables, self.caller, self.keep = {}, None, False


def split_id(text, sigil="@"):
    """Localpart and server, or a fault in Dendrite's words."""
    if not text.startswith(sigil):
        raise ValueError(f"gomatrixserverlib: invalid ID \"{text}\" doesn't start with '{sigil}'")
    if ":" not in text:
        raise ValueError(f"gomatrixserverlib: invalid ID \"{text}\" missing ':'")
    return text[1:].split(":", 1)


def local_user(text):
    """The localpart of what somebody gave as a user: an id, or a localpart."""
    if not text.startswith("@"):
        return text.lower()
    try:
        localpart, server = split_id(text)
    except ValueError:
        raise ValueError("invalid username") from None
    if server != SERVER_NAME:
        raise ValueError("user ID does not belong to this server")
    return localpart


def account(database, localpart):
    """Type and whether it is deactivated; None for no account."""
    return database.row("SELECT account_type, is_deactivated, appservice_id FROM userapi_accounts WHERE localpart = ?"
                        " AND server_name = ?", localpart, SERVER_NAME)


def as_service(call, user_id):
    """The application service in somebody's place; it needs no device of theirs."""
    try:
        localpart = local_user(user_id)
    except ValueError:
        raise answers.error(401, "M_UNKNOWN_TOKEN", "Unknown token") from None
    found = account(call.database, localpart) or account(call.database, localpart.lower())
    if not found or not (found[2] == "mxadmin" or re.fullmatch(r"@.*:example\.org", user_id)):
        raise answers.forbidden("Forbidden: appservice has not registered this user")
    return Caller(user_id, "AS_Device", APPSERVICE, call.token)


def identify(call):
    """Who is behind the token; whether the account is deactivated is not looked at."""
    if call.token is None:
        raise answers.error(401, "M_MISSING_TOKEN", "missing access token")
    if call.query.get("user_id") and call.token == call.memory.as_token:
        return as_service(call, call.query["user_id"])
    row = call.database.row("SELECT localpart, device_id, session_id FROM userapi_devices WHERE access_token = ?",
                            call.token)
    if not row:
        raise answers.error(401, "M_UNKNOWN_TOKEN", "Unknown token")
    localpart, device_id, session_id = row
    found = account(call.database, localpart)
    if not found:
        raise answers.internal()
    return Caller(local_id(localpart), device_id, found[0], call.token, session_id)


def need_user(call):
    call.caller = identify(call)


def need_admin(call):
    need_user(call)
    if call.caller.account_type != ADMIN:
        raise answers.forbidden("This API can only be used by admin users.")
