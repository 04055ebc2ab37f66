# SPDX-License-Identifier: ISC
"""Every API case through every way to run mxadmin behind a web server, and the answers of all of them compared."""
import os

import pytest

import cases
from checks import CORS, check_always, check_wanted, headers_of
from fronts import FRONTS
from service import Service

FILES = cases.load()
CHOSEN = os.environ.get("FRONTS", ",".join(FRONTS)).split(",")

COMPARED_HEADERS = {"content-type", "allow", "cache-control", "content-disposition", "etag", *CORS}
# Different in every run of the same case; address and agent of a device are noted once a minute, after the answer.
VOLATILE = {"access_token", "device_id", "nonce", "last_seen", "last_seen_ts", "creation_ts", "retry_after_ms",
            "base_url", "ip", "user_agent", "last_seen_ip", "last_seen_user_agent", "event_id", "token", "ts",
            "request_id", "finished_ts", "age", "content_uri", "created_ts", "redact_id", "purge_id",
            "delete_id", "new_room_id", "valid_until_ts", "signatures", "verify_keys", "received_ts"}

AUDIT_TABLES = {"mxadmin_audit", "sqlite_sequence"}

# Objects whose keys are ids: of devices in whois, of rooms elsewhere.
KEYED_BY_ID = {"devices", "memberships", "rooms"}

answers = {}  # (file, name) -> {front: what is compared}


class Stage:
    """The one service that runs at a time, and what the cases of its file have saved."""

    def __init__(self):
        self.key = self.front = None

    def get(self, front, file):
        if self.key != (front, file):
            self.clear()
            head = FILES[file][0]
            self.service = Service(head.get("config"), head.get("accounts"), head.get("rooms"))
            self.variables = {**self.service.tokens, **self.service.rooms}
            if head.get("media"):
                self.service.unpack_media()
            self.service.run(cases.fill(head.get("sql", []), self.variables))
            self.front = FRONTS[front](self.service).start()
            self.key = (front, file)
        return self

    def clear(self):
        if self.front:
            self.front.stop()
            self.service.close()
        self.key = self.front = None


@pytest.fixture(scope="session")
def stage():
    stage = Stage()
    yield stage
    stage.clear()


def stable(value, names):
    """An answer without what differs from run to run; a text that was saved is the name of the variable."""
    if isinstance(value, list):
        return [stable(item, names) for item in value]
    if isinstance(value, dict):
        return {key: (sorted(repr(stable(of, names)) for of in item.values())
                      if key in KEYED_BY_ID and isinstance(item, dict)
                      else None if key in VOLATILE else stable(item, names)) for key, item in value.items()}
    return names.get(value, value) if isinstance(value, str) else value


def secrets(case, answer):
    """What of a request and its answer is nobody else's to know."""
    sent = cases.registration(case["register_mac"]) if "register_mac" in case else case.get("json")
    told = [body for body in (sent, answer.json()) if isinstance(body, dict)]
    return [body[name] for body in told for name in ("password", "mac", "nonce", "access_token") if body.get(name)]


def check_audit(case, answer, stage, before, last):
    """What has changed has left one row, which agrees with the answer; what has not, none."""
    rows, after = stage.service.audit(last), stage.service.dump()
    changed = any(after[table] != before[table] for table in after if table not in AUDIT_TABLES)
    assert len(rows) == changed
    if changed:
        who = case.get("as", "none")
        want = {"admin": "@%s:example.org" % who if who in stage.service.tokens else "re:", "address": "re:.",
                "method": case["method"], "outcome": answer.status, "request_id": answer.headers["x-request-id"]}
        assert cases.matches(want, rows[0]), rows
        assert not [secret for secret in secrets(case, answer) if secret in repr(rows)]
    if "audit" in case and not cases.matches(case["audit"], rows[0] if rows else None):
        pytest.fail("%r does not have %r" % (rows, case["audit"]))


def remember(file, name, front, answer, plain, variables):
    headers = {key: value for key, value in answer.headers.items() if key in COMPARED_HEADERS}
    names = {value: "${%s}" % variable for variable, value in variables.items()}
    body = None if not answer.body else answer.body if plain else stable(answer.json(), names)
    answers.setdefault((file, name), {})[front] = (answer.status, headers, body)


@pytest.mark.parametrize("front, file, case", [
    pytest.param(front, file, case, id="%s-%s-%s" % (front, file, case["name"]))
    for front in CHOSEN for file in FILES for case in FILES[file][1]])
def test_case(stage, front, file, case):
    stage = stage.get(front, file)
    case = cases.fill(case, stage.variables)
    before, last = stage.service.dump(), stage.service.last_audit()
    answer = stage.front.client.ask(case["method"], case["path"], headers_of(case, stage.service.tokens),
                                    cases.body_of(case))
    print(answer)
    check_always(case, answer)
    check_wanted(case, answer)
    if case.get("unchanged", case["status"] >= 400):
        assert stage.service.dump() == before, "the database has changed"
    check_audit(case, answer, stage, before, last)
    for path, size in case.get("files", {}).items():
        assert stage.service.media_size(path) == size, path
    for variable, path in case.get("save", {}).items():
        stage.variables[variable] = cases.pick(answer.json(), path)
    remember(file, case["name"], front, answer, cases.is_plain(case), stage.variables)


if len(CHOSEN) > 1:
    @pytest.mark.parametrize("file", FILES)
    def test_fronts_agree(file):
        for name in (case["name"] for case in FILES[file][1]):
            have = answers.get((file, name), {})
            assert set(have) == set(CHOSEN), "%s: an answer is missing" % name
            first = have[CHOSEN[0]]
            assert all(other == first for other in have.values()), "%s: %r" % (name, have)


def test_there_are_cases():
    assert FILES
