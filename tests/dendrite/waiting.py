# SPDX-License-Identifier: ISC
"""Waiting for what comes about by itself."""
import time

SECONDS = 60  # only ends a test that has failed


def wait_until(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
