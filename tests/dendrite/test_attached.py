# SPDX-License-Identifier: ISC
"""
The cases under cases/*.yaml, asked of mxadmin beside a homeserver: the stand-in, and a real Dendrite. Beyond the keys
of tests/api/cases.py a case may have

    - asked: [GET /_matrix/client/v3/x]   # what mxadmin asks the homeserver meanwhile: regular expressions, in order
      fault: {kind: refuse, path: x}      # what goes wrong there; Fault's arguments
      down: true                          # it does not run
      only: stand-in                      # or real; where it is no case for the other
      locked: user20                      # was locked before the homeserver was this one

of which the first two are looked at with the stand-in only, and a case with a fault is for it only. A head may have
{homeserver: {option: value}} for the homeserver's folder, and {attach: true} where mxadmin is to have an account of its
own there. Users are the fixture's, rooms its ${lobby} and so on.
"""
import os
import re

import pytest

import cases
from attached import Beside
from checks import check_always, check_wanted, headers_of
from conftest import HOMESERVERS
from exchanges import ROOMS
from folder import Folder
from stand_in import Fault

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases")
FILES = cases.load(FOLDER, {"attach", "config", "homeserver"}, cases.KEYS | {"asked", "fault", "down", "only", "locked"})


def is_for(kind, case):
    return case.get("only", kind) == kind and (kind == "stand-in" or "fault" not in case)


class Stage:
    """The one service that runs at a time, and what the cases of its file have saved."""

    def __init__(self):
        self.key = self.beside = None

    def get(self, kind, file):
        if self.key != (kind, file):
            self.clear()
            head = FILES[file][0]
            self.homeserver = HOMESERVERS[kind](Folder(**head.get("homeserver", {}))).start()
            self.beside = Beside(self.homeserver, head.get("config")).__enter__()
            if head.get("attach"):
                self.beside.service.command("attach", "--config", str(self.homeserver.folder.config_file))
            self.variables = {**ROOMS, **self.beside.service.tokens}
            self.key = (kind, file)
        return self

    def clear(self):
        if self.beside:
            self.beside.__exit__()
            self.homeserver.close()
        self.key = self.beside = None


@pytest.fixture(scope="session")
def stage():
    stage = Stage()
    yield stage
    stage.clear()


def without_audit(tables):
    """What was tried and has failed is noted."""
    return {table: rows for table, rows in tables.items() if table not in ("mxadmin_audit", "sqlite_sequence")}


def check_asked(wanted, requests):
    have = [f"{request.method} {request.path}" for request in requests]
    assert len(have) == len(wanted) and all(map(re.fullmatch, wanted, have)), have


def check_audit(case, answer, rows, changed):
    """What was changed has left one row, what was refused none; where it broke off, there may be one."""
    assert len(rows) <= 1 and (rows or not changed), rows
    if rows:
        who = case.get("as", "none")
        want = {"method": case["method"], "outcome": answer.status, "request_id": answer.headers["x-request-id"],
                "admin": "@%s:example.org" % who if who in ("admin", "user") else "re:"}
        assert cases.matches(want, rows[0]), rows
        assert changed or answer.status >= 502 or answer.status == 200


@pytest.mark.parametrize("kind, file, case", [
    pytest.param(kind, file, case, id=f"{kind}-{file}-{case['name']}", marks=[pytest.mark.real] * (kind == "real"))
    for kind in HOMESERVERS for file in FILES for case in FILES[file][1] if is_for(kind, case)])
def test_case(stage, kind, file, case):
    stage = stage.get(kind, file)
    case = cases.fill(case, stage.variables)
    homeserver, service = stage.homeserver, stage.beside.service
    if case.get("down") and homeserver.is_running():
        homeserver.stop()
    elif not case.get("down") and not homeserver.is_running():
        homeserver.start()
    if "locked" in case:
        service.run(["INSERT OR REPLACE INTO mxadmin_user_states (localpart, locked, suspended, erased)"
                     f" VALUES ('{case['locked']}', TRUE, FALSE, FALSE)"])
    before, last = without_audit(service.dump()), service.last_audit()
    if kind == "stand-in":
        homeserver.requests.clear()
        homeserver.faults = [Fault(**case["fault"])] if "fault" in case else []
    answer = stage.beside.client.ask(case["method"], case["path"], headers_of(case, service.tokens),
                                     cases.body_of(case))
    print(answer)
    check_always(case, answer)
    check_wanted(case, answer)
    if kind == "stand-in" and "asked" in case:
        check_asked(case["asked"], homeserver.requests)
    # Parts of the real one go on writing after its answer.
    if kind == "stand-in" and case.get("unchanged", case["status"] >= 400):
        assert without_audit(service.dump()) == before, "a database has changed"
    if kind == "stand-in":
        check_audit(case, answer, service.audit(last), without_audit(service.dump()) != before)
    for variable, path in case.get("save", {}).items():
        stage.variables[variable] = cases.pick(answer.json(), path)
