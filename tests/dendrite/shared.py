# SPDX-License-Identifier: ISC
"""Where the project is, and the folders of what is shared with other tests."""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests/fixture"
# The program of a real Dendrite; nothing that builds one is in the project.
DENDRITE_BIN = os.environ.get("DENDRITE_BIN", "")

for name in ("web", "api", "fault", "matrix", "rooms"):
    path = str(ROOT / "tests" / name)
    if path not in sys.path:
        sys.path.append(path)
