#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""
Asks a real Dendrite on a copy of the fixture what is in requests.yaml, and records its answers:

    DENDRITE_BIN=DENDRITE record_exchanges.py > tests/dendrite/recorded.json
"""
import json

from exchanges import Replay, requests
from folder import Folder
from real import Dendrite


def main():
    dendrite = Dendrite(Folder())
    try:
        replay = Replay(dendrite.start())
        answers = {exchange.name: replay.ask(exchange) for exchange in requests()}
    finally:
        dendrite.close()
    lines = [f"{json.dumps(name)}: {json.dumps(answer)}" for name, answer in answers.items()]
    print("{" + ",\n".join(lines) + "}")


if __name__ == "__main__":
    main()
