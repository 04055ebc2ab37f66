# SPDX-License-Identifier: ISC
"""Making accounts, their passwords, their end."""
import hashlib
import hmac

import answers
import body
import passwords
from acts import members, sessions
from call import ADMIN, APPSERVICE, LOCALPART, USER, account, split_id
from database import local_id, now, random_string
from folder import SERVER_NAME

FIELDS = {"username": str, "password": str, "nonce": str, "mac": str, "admin": bool, "displayname": str}


def nonce(call):
    made = random_string(16)
    call.memory.nonces.add(made)
    return {"nonce": made}


def malformed(fault):
    return answers.bad_json("malformed json: " + fault)


def register(call):
    """With the shared secret. A nonce can be used again and again."""
    given = body.read(call.body, FIELDS, "SharedSecretRegistrationRequest", malformed, streamed=True)
    name, password = given.get("username", ""), given.get("password", "")
    mac = mac_in(given)
    if given.get("nonce", "") not in call.memory.nonces:
        raise answers.message(500, f"incorrect or expired nonce: {given.get('nonce', '')}")
    text = "\0".join([given["nonce"], name, password, "admin" if given.get("admin") else "notadmin"])
    secret = call.database.config["client_api"]["registration_shared_secret"]
    if not hmac.compare_digest(mac, hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()):
        raise answers.forbidden("bad mac")
    check_name(name.lower())
    passwords.check(password)
    return complete(call, name.lower(), password, ADMIN if given.get("admin") else USER,
                    "shared_secret_registration", name.lower(), given.get("displayname"))


def mac_in(given):
    text = given.get("mac", "")
    for letter in text:
        if letter not in "0123456789abcdefABCDEF":
            raise malformed(f"encoding/hex: invalid byte: U+{ord(letter):04X} '{letter}'")
    if len(text) % 2:
        raise malformed("encoding/hex: odd length hex string")
    return bytes.fromhex(text)


def check_name(localpart):
    if len(local_id(localpart)) > 254:
        raise answers.bad_json("username exceeds the maximum length of 254 characters")
    if not LOCALPART.fullmatch(localpart):
        raise answers.error(400, "M_INVALID_USERNAME", "username can only contain characters a-z, 0-9, or '_+-./='")
    if localpart.startswith("_"):
        raise answers.error(400, "M_INVALID_USERNAME", "username cannot start with a '_'")


def register_as_client(call):
    given = body.read(call.body, {"username": str, "password": str, "type": str})
    if given.get("type") != "m.login.application_service":
        raise answers.forbidden(f'Registration is disabled on "{SERVER_NAME}"')
    if call.token != call.memory.as_token:
        raise answers.error(401, "M_UNKNOWN_TOKEN",
                            "Supplied access_token does not match any known application service")
    check_name("x" + given["username"].lower())
    return complete(call, given["username"].lower(), "", APPSERVICE, given.get("device_id"), None, None, "mxadmin")


def complete(call, localpart, password, kind, device_id, device_name, display_name, service=""):
    if not password and not service:
        raise answers.error(400, "M_MISSING_PARAM", "Missing password")
    if account(call.database, localpart):
        raise answers.error(400, "M_USER_IN_USE", "Desired user ID is already taken.")
    add(call.database, localpart, password, kind, service, display_name)
    token, device_id = sessions.begin(call, localpart, device_id, device_name)
    return {"user_id": local_id(localpart), "access_token": token, "device_id": device_id}


def add(database, localpart, password, kind, service="", display_name=None):
    database.write("INSERT INTO userapi_accounts VALUES (?, ?, ?, ?, ?, 0, ?)", localpart, SERVER_NAME, now(),
                   passwords.make(password), service or None, kind)
    database.write("INSERT INTO userapi_profiles VALUES (?, ?, ?, '')", localpart, SERVER_NAME,
                   display_name or localpart)
    database.save_account_data(local_id(localpart), "", "m.push_rules", members.push_rules(database, localpart))


def reset_password(call):
    user_id = call.variables["user"]
    try:
        localpart, server = split_id(user_id)
    except ValueError as fault:
        raise answers.invalid(str(fault)) from None
    if server != SERVER_NAME:
        raise answers.invalid(f'server name "{server}" not known')
    if not account(call.database, localpart):
        raise answers.unknown("User does not exist", 404)
    given = body.read(call.body, {"password": str, "logout_devices": bool}, "",
                      lambda fault: answers.unknown("Failed to decode request body: " + fault), streamed=True)
    if not given.get("password"):
        raise answers.error(400, "M_MISSING_PARAM", "Expecting non-empty password.")
    passwords.check(given["password"])
    call.database.write("UPDATE userapi_accounts SET password_hash = ? WHERE localpart = ? AND server_name = ?",
                        passwords.make(given["password"]), localpart, server)
    if given.get("logout_devices"):
        sessions.end_all(call.database, localpart)
    return {"password_updated": True}


def deactivate(call):
    localpart = sessions.confirm(call, body.read(call.body))
    try:
        members.leave_all(call.database, local_id(localpart))
    except answers.Refused:
        pass  # it is deactivated all the same
    sessions.end_all(call.database, localpart)
    call.database.write("UPDATE userapi_accounts SET is_deactivated = 1 WHERE localpart = ? AND server_name = ?",
                        localpart, SERVER_NAME)
    return {}
