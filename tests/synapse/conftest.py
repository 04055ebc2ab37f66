# SPDX-License-Identifier: ISC
import os
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[1:1] = [os.path.join(TESTS, "web"), os.path.join(TESTS, "api")]
