# SPDX-License-Identifier: ISC
"""Requests whose answers a real Dendrite has given: asked again of any homeserver, and compared."""
import hashlib
import hmac
import json
import pathlib
import re

import yaml

from shared import FIXTURE  # and with it the folders of what is shared with other tests

from cases import SECRET, fill, pick

FOLDER = pathlib.Path(__file__).parent
ROOMS = {
    "lobby": "!VaNppTgZjfEEpSW9:example.org",
    "staff": "!jDGqmoLRC06s6WLY:example.org",
    "direct": "!2HzDK8pg0MiXfWQM:example.org",
    "space": "!gqOv0Z8FZEsRQVjX:example.org",
    "eleven": "!RgmP5YoUtC9tVNAj:example.org",
    "abandoned": "!C2FStgDZDif6DRxR:example.org",
    "strict": "!TA8PPQcZWhWAOXZX:example.org",
    "notices": "!ZqDCNU7H1TbQdYwY:example.org",
    "message": "$vKH_GFJyQjrxCiS1u3vpXkP9LFFYoZ2xG--v7LwAsKk",
    "long": "x" * 600,
    "huge": "x" * 70000,
}
# Of another value whenever it is asked for; an id as a key is one of the devices in whois.
VOLATILE = {"access_token", "device_id", "nonce", "event_id", "room_id", "session", "token", "received_ts", "last_seen",
            "last_seen_ts", "ip", "last_seen_ip", "last_seen_user_agent", "user_agent", "creation_ts", "next_batch",
            "origin_server_ts"}
# The fixture's exchanges were recorded without an application service.
WITH_SERVICE = {"login flows": {"flows": [{"type": "m.login.password"}, {"type": "m.login.application_service"}]}}


class Exchange:
    def __init__(self, name, caller, method, path, body, save, status=None, response=None):
        self.name, self.caller, self.method, self.path, self.body, self.save = name, caller, method, path, body, save
        self.status, self.response = status, response


def of_fixture():
    """Those of exchanges.json."""
    return [Exchange(row["note"], None if row["caller"] == "none" else row["caller"], row["method"], row["path"],
                     row["body"], {}, row["status"], row["response"])
            for row in json.loads((FIXTURE / "exchanges.json").read_text())]


def requests():
    """Those of requests.yaml, without answers."""
    rows = yaml.safe_load((FOLDER / "requests.yaml").read_text())
    return [Exchange(row["name"], row.get("as"), row["method"], row["path"],
                     {"mac": row["mac"]} if "mac" in row else row.get("json", row.get("body")), row.get("save", {}))
            for row in rows]


def recorded():
    """The same, with the answers."""
    answers = json.loads((FOLDER / "recorded.json").read_text())
    exchanges = requests()
    assert [exchange.name for exchange in exchanges] == list(answers), "requests.yaml has changed; record it again"
    for exchange in exchanges:
        exchange.status, exchange.response = answers[exchange.name]
    return exchanges


def with_mac(fields, nonce):
    """The body of a registration."""
    fields = {"nonce": nonce, "admin": False, **fields}
    text = [fields["nonce"], fields["username"], fields["password"], "admin" if fields["admin"] else "notadmin"]
    return {**fields, "mac": hmac.new(SECRET.encode(), "\0".join(text).encode(), hashlib.sha1).hexdigest()}


class Replay:
    """Asks one exchange after the other. A value that the recorded answer had, in a later request, stands for the one
    that was answered now."""

    def __init__(self, homeserver):
        self.homeserver = homeserver
        self.variables = {**ROOMS, **homeserver.folder.tokens}
        self.now = {}

    def translate(self, value):
        if isinstance(value, str):
            return re.sub(r"[\w$!-]{16,}(:[a-z.]+)?", lambda match: self.now.get(match[0], match[0]), value)
        if isinstance(value, dict):
            return {key: self.translate(member) for key, member in value.items()}
        return [self.translate(member) for member in value] if isinstance(value, list) else value

    def body(self, exchange):
        body = exchange.body
        if isinstance(body, dict):
            if "mac" in body and len(body) == 1:
                return with_mac(fill(body["mac"], self.variables), self.variables["nonce"])
            was_right = "mac" in body and body == with_mac({key: body[key] for key in body if key != "mac"}, None)
            body = self.translate(fill(body, self.variables))
            return with_mac({key: body[key] for key in body if key != "mac"}, None) if was_right else body
        return body.encode() if isinstance(body, str) else body

    def caller(self, name):
        if name and name.endswith(" (minted)"):
            if name not in self.variables:
                self.variables[name] = self.homeserver.sign_in(name.split()[0])
            return self.variables[name]
        return fill(name, self.variables)

    def ask(self, exchange):
        """The status and the body of the answer, parsed where it is JSON."""
        if "/purgeRoom/" in exchange.path:
            self.homeserver.settle()
        path = self.translate(fill(exchange.path, self.variables))
        answer = self.homeserver.ask(exchange.method, path, self.caller(exchange.caller), self.body(exchange))
        try:
            response = answer.json()
        except ValueError:
            response = answer.body.decode()
        for variable, where in exchange.save.items():
            self.variables[variable] = pick(response, where)
        if isinstance(response, dict) and isinstance(exchange.response, dict):
            self.now.update((exchange.response[key], response[key]) for key in VOLATILE & set(response)
                            if isinstance(exchange.response.get(key), str))
        return answer.status, response

    def compare(self, exchange):
        """Asks, and returns what is wrong with the answer: (name, status and body that it has to have, those it has)
        in what two answers to the same have in common; None: nothing."""
        status, body = self.ask(exchange)
        recorded = WITH_SERVICE.get(exchange.name, exchange.response)
        expected, have = (exchange.status, shape(self.translate(recorded))), (status, shape(body))
        return None if have == expected else (exchange.name, expected, have)


def shape(value, key=None):
    """What two answers to the same have in common."""
    if isinstance(value, dict):
        if key == "devices" and all(isinstance(device, dict) for device in value.values()):
            return sorted((shape(device) for device in value.values()), key=repr)
        return {name: shape(member, name) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(member, key) for member in value]
    if key in VOLATILE and value is not None:
        return type(value).__name__
    if key in ("error", "message"):
        return re.sub(r"(%21|[!$])[\w-]{16,}", "ID", value)
    return value
