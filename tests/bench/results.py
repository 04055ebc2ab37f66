# SPDX-License-Identifier: ISC
"""What was measured, as a table and in bench.json, to which each of the benchmarks adds its own."""
import json
import os


def add(build, result):
    for name, value in result.items():
        print("%-48s %12.3f" % (name, value))
    path = build + "/bench.json"
    both = {}
    if os.path.exists(path):
        with open(path) as file:
            both = json.load(file)
    with open(path, "w") as file:
        json.dump({**both, **result}, file, indent=1)
