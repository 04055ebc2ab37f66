# SPDX-License-Identifier: ISC
"""What the stand-in does when it is asked: a function a request, each given the call and returning the body of the
answer, or raising Refused."""
