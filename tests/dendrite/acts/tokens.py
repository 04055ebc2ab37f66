# SPDX-License-Identifier: ISC
"""Registration tokens."""
import answers
import body
from database import now, random_string

COLUMNS = ("token", "pending", "completed", "uses_allowed", "expiry_time")
NEW = {"token": str, "uses_allowed": "int32", "expiry_time": "int64", "length": "int32"}
CHANGED = {"uses_allowed": "int64", "expiry_time": "int64"}


def undecoded(fault):
    return answers.bad_json("Failed to decode request body: " + fault)


def check_limits(given):
    if given.get("uses_allowed") is not None and given["uses_allowed"] < 0:
        raise answers.bad_json("uses_allowed must be a non-negative integer or null")
    if given.get("expiry_time") is not None and given["expiry_time"] < now():
        raise answers.bad_json("expiry_time must not be in the past")


def new(call):
    if not call.database.config["client_api"]["registration_requires_token"]:
        raise answers.forbidden("Registration via tokens is not enabled on this homeserver")
    given = body.read(call.body, NEW, "", undecoded, streamed=True)
    token = given.get("token") or random_token(given.get("length") or 16)
    if len(token.encode()) > 64:
        raise answers.bad_json("token must not be longer than 64")
    if not token.isascii():  # anything else that its message does not allow, it takes
        raise answers.bad_json("token must consist only of characters matched by the regex [A-Za-z0-9-_]")
    check_limits(given)
    if row_of(call, token):
        raise answers.Refused(409, {"error": f"token: {token} already exists"})
    call.database.write("INSERT INTO userapi_registration_tokens VALUES (?, 0, 0, ?, ?)", token,
                        given.get("uses_allowed"), given.get("expiry_time"))
    return dict(zip(COLUMNS, row_of(call, token)))


def random_token(length):
    if not 0 < length <= 64:
        raise answers.bad_json("length must be greater than zero and not greater than 64")
    return random_string(length)


def row_of(call, token):
    return call.database.row("SELECT * FROM userapi_registration_tokens WHERE token = ?", token)


def every(call):
    condition = {
        None: "TRUE",
        True: "(uses_allowed > pending + completed OR uses_allowed IS NULL)"
              " AND (expiry_time > :now OR expiry_time IS NULL)",
        False: "(uses_allowed <= pending + completed OR expiry_time <= :now)",
    }[valid_in(call.query)]
    rows = call.database.connection.execute("SELECT * FROM userapi_registration_tokens WHERE " + condition,
                                            {"now": now()}).fetchall()
    if any(is_broken(row) for row in rows):
        raise answers.Refused(500, "M_UNKNOWN")
    return {"registration_tokens": [dict(zip(COLUMNS, row)) for row in rows] or None}


def valid_in(query):
    if "valid" not in query:
        return None
    if query["valid"] not in ("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"):
        raise answers.bad_json("invalid 'valid' query parameter")
    return query["valid"][0] in "1tT"


def is_broken(row):
    """Whether it has a text where a number belongs."""
    return any(isinstance(value, str) for value in row[1:])


def one(call):
    row = row_of(call, call.variables["token"])
    if not row or is_broken(row):
        raise answers.not_found(f"token: {call.variables['token']} not found")
    return dict(zip(COLUMNS, row))


def change(call):
    """
    Dendrite numbers the parameters of its statements in an order that SQLite does not: the first one given is the first
    that occurs. So the change is not made, and where there is a token that is called like the new number, that one is
    broken.
    """
    given = body.read(call.body, CHANGED, "", undecoded, streamed=True)
    check_limits(given)
    token = call.variables["token"]
    if "uses_allowed" in given and "expiry_time" in given:
        call.database.write("UPDATE userapi_registration_tokens SET uses_allowed = ?, expiry_time = ? WHERE token = ?",
                            token, given["uses_allowed"], given["expiry_time"])
    elif "uses_allowed" in given:
        call.database.write("UPDATE userapi_registration_tokens SET uses_allowed = ? WHERE token = ?", token,
                            given["uses_allowed"])
    elif "expiry_time" in given:
        call.database.write("UPDATE userapi_registration_tokens SET expiry_time = ? WHERE token = ?", token,
                            given["expiry_time"])
    return one(call)


def delete(call):
    call.database.write("DELETE FROM userapi_registration_tokens WHERE token = ?", call.variables["token"])
    return {}
