# SPDX-License-Identifier: ISC
"""The recorded requests asked through mxadmin, where nginx gives the rest of a homeserver's paths to Dendrite: each has
the same success as from Dendrite, or a better error."""
import pytest

from attached import Beside
from exchanges import WITH_SERVICE, Replay, of_fixture, shape

ONCE = "a nonce is used once, by which a registration that was overheard cannot be repeated"
NO_ERRCODE = "every error has an errcode"
# Where mxadmin's answer is another than Dendrite's: its status, its errcode (None: of a success), and why.
BETTER = {
    "register, same nonce again": (400, "M_UNKNOWN", ONCE),
    "register, bad mac": (400, "M_UNKNOWN", ONCE),
    "register, taken": (400, "M_UNKNOWN", ONCE),
    "register, unknown nonce": (400, "M_UNKNOWN", "the caller's fault, not the server's"),
    "register, not JSON": (400, "M_NOT_JSON", "M_BAD_JSON is for JSON that lacks something"),
    "reset password, localpart only": (200, None, "scripts name users in both ways"),
    "notice, no content": (400, "M_MISSING_PARAM", "it says which parameter is missing"),
    "reports": (200, None, "Dendrite fails where two reports of a page are of one event"),
    "report missing": (404, "M_NOT_FOUND", "not the server's fault"),
    "invalid tokens": (200, None, "a list is never null"),
    "new token, taken": (409, "M_INVALID_PARAM", NO_ERRCODE),
    "new token, bad chars": (400, "M_BAD_JSON", "no client could register with it"),
    "update token": (200, None, "Dendrite says that it has, and changes nothing"),
    "delete missing": (404, "M_NOT_FOUND", "there was nothing to delete"),
    "downloadState": (502, "M_UNKNOWN", NO_ERRCODE + ", and what has failed is not mxadmin"),
    "evacuate unknown user": (404, "M_NOT_FOUND", "a misspelt name is not a success"),
    "evacuate remote user": (400, "M_INVALID_PARAM", NO_ERRCODE),
    "evacuate bad id": (400, "M_INVALID_PARAM", NO_ERRCODE),
    "evacuate with GET": (200, None, "earlier Dendrites took it, and scripts have kept to it"),
    "unknown synapse path": (200, None, "mxadmin has it"),
    "purge unknown": (404, "M_NOT_FOUND", "not the server's fault"),
    "purge not evacuated": (400, "M_UNKNOWN", "its members would go on seeing a room that is not there"),
}
# So that the exchanges after it find what they found.
MORE_PATH = {"evacuate with GET": "?dry_run=true"}


def covers(wanted, have):
    """Whether an answer is another or more."""
    if isinstance(wanted, dict):
        return isinstance(have, dict) and all(key in have and covers(wanted[key], have[key]) for key in wanted)
    if isinstance(wanted, list):
        return isinstance(have, list) and len(wanted) == len(have) and all(map(covers, wanted, have))
    return wanted == have


def is_same(exchange, recorded, status, body):
    if status != exchange.status:
        return False
    if status < 400:
        return covers(shape(recorded), shape(body))
    return body.get("errcode") == recorded.get("errcode") and isinstance(body.get("error"), str)


def is_better(exchange, status, body):
    errcode = body.get("errcode") if isinstance(body, dict) else None
    return (status, errcode) == BETTER[exchange.name][:2] and (status < 400 or isinstance(body["error"], str))


@pytest.mark.parametrize("files, journal", [("one", "delete"), ("split", "wal")])
def test_exchanges(make_homeserver, files, journal):
    homeserver = make_homeserver(files=files, journal=journal)
    wrong, same = [], set()
    with Beside(homeserver, whole=True) as beside:
        replay = Replay(beside)
        for exchange in of_fixture():
            exchange.path += MORE_PATH.get(exchange.name, "")
            status, body = replay.ask(exchange)
            recorded = replay.translate(WITH_SERVICE.get(exchange.name, exchange.response))
            if is_same(exchange, recorded, status, body):
                same.add(exchange.name)
            elif exchange.name not in BETTER or not is_better(exchange, status, body):
                wrong.append((exchange.name, exchange.status, recorded, status, body))
    assert wrong == []
    assert same & set(BETTER) == set(), "they need no reason"
    assert set(BETTER) <= {exchange.name for exchange in of_fixture()}
