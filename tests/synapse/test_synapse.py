# SPDX-License-Identifier: ISC
"""
The requests of cases/*.yaml to a real Synapse and to mxadmin, in their order on like data (sides.py), and the answers
compared (compare.py): status, errcode, keys, types, the headers that browsers go by, and values where they do not
depend on the server or the moment. A request is written as in tests/api, without what is expected of it. What may
differ, and why, is in differences.yaml:

    - reason: why they differ
      differ:
        file/name of the request: ["where: Synapse's, mxadmin's"]
        file/beginning of names*: [...]

With `ends: true` a request is made again until the long act that it asks about is over.

A difference that is not listed fails, and so does a listed one that is not found; one listed for many is to be found in
one of them.
"""
import os
import time

import pytest
import yaml

import cases
import compare
from sides import MxadminSide, SynapseSide

FOLDER = os.path.dirname(os.path.abspath(__file__))
FILES = cases.load(os.path.join(FOLDER, "cases"), set(),
                   {"name", "method", "path", "as", "headers", "json", "body", "register_mac", "save",
                    "ends"})
SECONDS = 120  # for a long act; Synapse begins it within a minute
REQUESTS = [("%s/%s" % (file, case["name"]), case) for file in FILES for case in FILES[file][1]]
if not os.environ.get("SYNAPSE_PYTHON"):
    pytest.skip("SYNAPSE_PYTHON is not set", allow_module_level=True)


def listed():
    """The differences, by request, and by the beginnings of names."""
    with open(os.path.join(FOLDER, "differences.yaml")) as file:
        items = yaml.safe_load(file)
    one, many = {}, {}
    for item in items:
        assert item["reason"] and set(item) == {"reason", "differ"}, item
        for name, differences in item["differ"].items():
            (many if name.endswith("*") else one).setdefault(name.rstrip("*"), set()).update(differences)
    return one, many


ONE, MANY = listed()
seen = set()  # what of MANY was found, as (beginning, difference)


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    synapse = SynapseSide(tmp_path_factory.mktemp("synapse"))
    try:
        mxadmin = MxadminSide()
        yield synapse, mxadmin
        mxadmin.stop()
    finally:
        synapse.stop()


def send(side, case):
    case = cases.fill(case, side.variables)
    headers = {"User-Agent": "tests", **case.get("headers", {})}
    who = case.get("as", "none")
    if who != "none":
        headers["Authorization"] = "Bearer " + side.variables.get(who, who)
    answer = side.client.ask(case["method"], case["path"], headers, cases.body_of(case))
    end = time.monotonic() + SECONDS
    while case.get("ends") and answer.status == 200 and answer.json()["status"] in ("scheduled", "active"):
        assert time.monotonic() < end
        time.sleep(0.1)
        answer = side.client.ask(case["method"], case["path"], headers, cases.body_of(case))
    for variable, path in case.get("save", {}).items():
        if answer.status < 300:
            side.variables[variable] = str(cases.pick(answer.json(), path))
    return answer, {value: name for name, value in side.variables.items()
                    if value[0] in "!@$" or name.startswith("media_")}


@pytest.mark.parametrize("name, case", [pytest.param(name, case, id=name) for name, case in REQUESTS])
def test_answers_agree(sides, name, case):
    theirs, ours = (send(side, case) for side in sides)
    print("Synapse:", theirs[0].status, theirs[0].body)
    print("mxadmin:", ours[0].status, ours[0].body)
    found, known = compare.answers(theirs, ours), ONE.get(name, set())
    for beginning, differences in MANY.items():
        if name.startswith(beginning):
            seen.update((beginning, difference) for difference in differences & found)
            found -= differences
    if found != known:
        pytest.fail("not listed: %s; listed, and not found: %s" % (sorted(found - known), sorted(known - found)))


def test_every_listed_difference_is_found():
    assert not set(ONE) - {name for name, _ in REQUESTS}
    assert {(beginning, item) for beginning, items in MANY.items() for item in items} == seen
