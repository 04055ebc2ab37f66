# SPDX-License-Identifier: ISC
"""
The cases under cases/*.yaml. A file is a list of cases, run in its order against one service with a fresh database:

    - name: sign in
      method: POST
      path: /_matrix/client/v3/login    # sent as it stands; every text may hold ${var}
      as: admin                         # admin, user, guest, deactivated, none (the default), or a token
      headers: {X-Request-Id: abc}      # null leaves a header out that would be sent
      remote: 192.0.2.7                 # X-Forwarded-For
      json: {user: admin}               # or body: "text", or body_size: N, an object with a string of N x, or
                                        # content: {size: N, of: "x"}, N bytes that are no JSON
      register_mac: {nonce: "${nonce}", username: a, password: b}   # the body of a registration, with its MAC
      status: 200
      want: {user_id: "re:^@"}          # part of the answer; "re:" begins a regular expression; lists are whole
      exact: {}                         # the whole answer, instead
      want_text: "abc"                  # an answer that is no JSON; or want_content: {size: N, of: "x"}, or a hash
      want_headers: {Allow: "re:GET"}
      save: {token: access_token}       # ${token} from here on
      unchanged: true                   # the database; always true where the status is 400 or more
      audit: {target: "@user:example.org"}  # part of the one row of mxadmin_audit that a change leaves
      files: {b/r/DN/file: 350}         # of the media store, after the answer: the size, or null for none

The first item may be {config: {option: value}, accounts: {name: {password, type, deactivated}}}, which adds to the
configuration and the accounts of service.py, have {rooms: {name: {of: user, joined: [user]}}}, rooms whose ids are
${name}, public unless {private: true}, and {sql: [statement]}, what no request and no command can make. {media: true} unpacks the media store
of tests/fixture/.
"""
import glob
import hashlib
import hmac
import json
import os
import re

import yaml

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases")
SECRET = "fixture-secret"
HEADS = {"config", "accounts", "rooms", "sql", "media"}
KEYS = {"name", "method", "path", "as", "headers", "remote", "json", "body", "body_size", "register_mac", "status",
        "content", "want", "exact", "want_text", "want_content", "want_headers", "save", "unchanged", "audit", "files"}


def load(folder=FOLDER, heads=HEADS, keys=KEYS):
    """All files by their names, each as (head, cases)."""
    files = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.yaml"))):
        with open(path) as file:
            items = yaml.safe_load(file)
        head = items.pop(0) if "name" not in items[0] else {}
        assert set(head) <= heads, path
        for case in items:
            case["name"] = str(case["name"])  # YAML reads "null" as none
            assert set(case) <= keys, "%s: %s: unknown key %s" % (path, case["name"], set(case) - keys)
        names = [case["name"] for case in items]
        assert len(names) == len(set(names)), "%s: a name occurs twice" % path
        files[os.path.splitext(os.path.basename(path))[0]] = (head, items)
    return files


def fill(value, variables):
    """`value` with every ${var} in its texts replaced."""
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)\}", lambda match: str(variables[match.group(1)]), value)
    if isinstance(value, list):
        return [fill(item, variables) for item in value]
    if isinstance(value, dict):
        return {fill(key, variables): fill(item, variables) for key, item in value.items()}
    return value


def registration(fields):
    """The body of a shared-secret registration. `mac` in the fields stands for the right one; null leaves it out."""
    parts = [fields["nonce"], fields["username"], fields["password"], "admin" if fields.get("admin") else "notadmin"]
    if fields.get("user_type") is not None:
        parts.append(fields["user_type"])
    mac = hmac.new(SECRET.encode(), "\0".join(parts).encode(), hashlib.sha1).hexdigest()
    body = {**fields, "mac": fields.get("mac", mac)}
    return {key: value for key, value in body.items() if key != "mac" or value is not None}


def body_of(case):
    """The bytes of the request's body; None for none."""
    if "json" in case:
        return json.dumps(case["json"]).encode()
    if "register_mac" in case:
        return json.dumps(registration(case["register_mac"])).encode()
    if "body_size" in case:
        return json.dumps({"x": "x" * case["body_size"]}).encode()
    if "content" in case:
        return content_of(case["content"])
    return case["body"].encode() if "body" in case else None


def content_of(content):
    """The bytes that {size: N, of: "text"} stands for: the text again and again."""
    return (content["of"].encode() * (content["size"] // len(content["of"]) + 1))[:content["size"]]


def is_plain(case):
    """Whether the answer is to be something else than JSON."""
    return "want_text" in case or "want_content" in case


def matches(want, have):
    """Whether `have` is `want` or more: objects may have further keys, lists may not have further items."""
    if isinstance(want, str) and want.startswith("re:"):
        return isinstance(have, str) and re.search(want[3:], have) is not None
    if isinstance(want, dict):
        return isinstance(have, dict) and all(key in have and matches(want[key], have[key]) for key in want)
    if isinstance(want, list):
        return isinstance(have, list) and len(want) == len(have) and all(map(matches, want, have))
    return type(want) is type(have) and want == have


def matches_exactly(want, have):
    if isinstance(want, dict):
        return (isinstance(have, dict) and want.keys() == have.keys()
                and all(matches_exactly(want[key], have[key]) for key in want))
    if isinstance(want, list):
        return isinstance(have, list) and len(want) == len(have) and all(map(matches_exactly, want, have))
    return matches(want, have)


def pick(value, path):
    """What a dotted path leads to; a number in it is of a list, or of the parts of a text between slashes."""
    for key in path.split("."):
        if isinstance(value, str):
            value = value.split("/")
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value
