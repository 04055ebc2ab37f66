# SPDX-License-Identifier: ISC
"""Signing in and out, devices, and who has signed in from where."""
import secrets

import answers
import body
import passwords
from call import ADMIN, local_user, split_id
from database import local_id, now
from folder import SERVER_NAME

WRONG = "The username or password was incorrect or the account does not exist."
READ = {"say": lambda fault: answers.bad_json("Reading request body failed: " + fault)}


def flows(call):
    services = [{"type": "m.login.application_service"}] if call.memory.as_token else []
    return {"flows": [{"type": "m.login.password"}, *services]}


def sign_in(call):
    given = body.read(call.body, **READ)
    if given.get("type") == "m.login.password":
        localpart = by_password(call, given)
    elif given.get("type") == "m.login.application_service":
        localpart = by_service(call, given)
    else:
        raise answers.invalid(f"unhandled login type: {given.get('type', '')}")
    token, device_id = begin(call, localpart, given.get("device_id"), given.get("initial_device_display_name"))
    return {"user_id": local_id(localpart), "access_token": token, "device_id": device_id}


def name_in(given):
    identifier = given.get("identifier") or {}
    return identifier.get("user", "") if identifier.get("type") == "m.id.user" else given.get("user", "")


def by_password(call, given):
    name, password = name_in(given), given.get("password", "")
    if not name:
        raise answers.bad_json("A username must be supplied.", 401)
    if not password:
        raise answers.bad_json("A password must be supplied.", 401)
    try:
        localpart = local_user(name)
    except ValueError as fault:
        raise answers.error(401, "M_INVALID_USERNAME", str(fault)) from None
    for spelling in (localpart.lower(), localpart):
        if is_password(call.database, spelling, password):
            return spelling
    raise answers.forbidden(WRONG)


def is_password(database, localpart, password):
    stored = database.value("SELECT password_hash FROM userapi_accounts WHERE localpart = ? AND server_name = ?"
                            " AND NOT is_deactivated", localpart, SERVER_NAME)
    return bool(stored) and passwords.matches(password, stored)


def by_service(call, given):
    """Whether there is such an account, or it is deactivated, is not looked at."""
    if call.token is None:
        raise answers.error(403, "M_MISSING_TOKEN", "missing access token")
    if call.token != call.memory.as_token:
        raise answers.error(401, "M_UNKNOWN_TOKEN",
                            "Supplied access_token does not match any known application service")
    try:
        return local_user(name_in(given))
    except ValueError as fault:
        raise answers.error(401, "M_INVALID_USERNAME", str(fault)) from None


def begin(call, localpart, device_id=None, display_name=None):
    """A session; a device that is known gets a new token."""
    token, device_id = secrets.token_urlsafe(32), device_id or secrets.token_urlsafe(6)
    add_device(call.database, token, device_id, localpart, display_name, call.address, call.user_agent)
    return token, device_id


def add_device(database, token, device_id, localpart, display_name, address="", user_agent=""):
    database.write("DELETE FROM userapi_devices WHERE localpart = ? AND server_name = ? AND device_id = ?", localpart,
                   SERVER_NAME, device_id)
    session_id = database.value("SELECT MAX(session_id) + 1 FROM userapi_devices")
    database.write("INSERT INTO userapi_devices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", token, session_id, device_id,
                   localpart, SERVER_NAME, now(), display_name, now(), address, user_agent)


def sign_out(call):
    call.database.write("DELETE FROM userapi_devices WHERE localpart = ? AND device_id = ?", call.caller.localpart,
                        call.caller.device_id)
    return {}


def sign_out_everywhere(call):
    end_all(call.database, call.caller.localpart)
    return {}


def end_all(database, localpart):
    database.write("DELETE FROM userapi_devices WHERE localpart = ? AND server_name = ?", localpart, SERVER_NAME)


def whoami(call):
    return {"user_id": call.caller.user_id, "device_id": call.caller.device_id, "is_guest": False}


def whois(call):
    user_id = call.variables["user"]
    if call.caller.account_type != ADMIN and user_id != call.caller.user_id:
        raise answers.forbidden("userID does not match the current user")
    try:
        localpart, server = split_id(user_id)
    except ValueError:
        raise answers.internal() from None
    if server != SERVER_NAME:
        raise answers.internal()
    rows = call.database.rows("SELECT device_id, ip, last_seen_ts, user_agent FROM userapi_devices"
                              " WHERE localpart = ? AND server_name = ? ORDER BY last_seen_ts DESC", localpart, server)
    return {"user_id": user_id, "devices": {
        device: {"sessions": [{"connections": [{"ip": ip, "last_seen": seen, "user_agent": agent}]}]}
        for device, ip, seen, agent in rows}}


def device_rows(call, device_id=None):
    rows = call.database.rows("SELECT device_id, display_name, ip, last_seen_ts FROM userapi_devices"
                              " WHERE localpart = ? AND server_name = ? AND (? IS NULL OR device_id = ?)",
                              call.caller.localpart, SERVER_NAME, device_id, device_id)
    return [{"device_id": device, "display_name": name, "last_seen_ip": ip.partition(":")[0], "last_seen_ts": seen}
            for device, name, ip, seen in rows]


def devices(call):
    return {"devices": device_rows(call)}


def device(call):
    found = device_rows(call, call.variables["device"])
    if not found:
        raise answers.not_found("Unknown device")
    return found[0]


def name_device(call):
    if not device_rows(call, call.variables["device"]):
        raise answers.error(404, "M_FORBIDDEN", "device does not exist")
    given = body.read(call.body, {"display_name": str})
    call.database.write("UPDATE userapi_devices SET display_name = ? WHERE localpart = ? AND server_name = ?"
                        " AND device_id = ?", given.get("display_name"), call.caller.localpart, SERVER_NAME,
                        call.variables["device"])
    return {}


def challenge(call, session, **more):
    return answers.Refused(401, {"completed": [], "flows": [{"stages": ["m.login.password"]}], "session": session,
                                 "params": {}, **more})


def confirm(call, given):
    """Whose password is in the `auth` of a request that asks for one; the application service has none."""
    auth = given.get("auth")
    if not auth:
        raise challenge(call, secrets.token_urlsafe(32))
    localpart = local_user(name_in(auth))
    if not is_password(call.database, localpart, auth.get("password", "")):
        raise challenge(call, auth.get("session", ""), completed=None, errcode="M_FORBIDDEN", error=WRONG)
    return localpart


def delete_devices(call):
    given = body.read(call.body, {"devices": list})
    localpart = confirm(call, given)
    for device_id in [call.variables["device"]] if "device" in call.variables else given["devices"]:
        call.database.write("DELETE FROM userapi_devices WHERE localpart = ? AND server_name = ? AND device_id = ?",
                            localpart, SERVER_NAME, device_id)
    return {}


def pushers(call):
    rows = call.database.rows("SELECT app_id, pushkey, kind, app_display_name, device_display_name, profile_tag, lang"
                              " FROM userapi_pushers WHERE localpart = ? AND server_name = ?", call.caller.localpart,
                              SERVER_NAME)
    names = ("app_id", "pushkey", "kind", "app_display_name", "device_display_name", "profile_tag", "lang")
    return {"pushers": [dict(zip(names, row)) for row in rows]}
