# SPDX-License-Identifier: ISC
# What the scripts that run tests have in common; they source it in the project's folder, and set LOG.

# The system's Python, to which the packages belong.
PYTHON=/usr/bin/python3
PATH=$PATH:/usr/sbin:/sbin
export PYTHONDONTWRITEBYTECODE=1
unset MXADMIN_CONFIG MAKEFLAGS

# record NAME COMMAND...: runs a command and keeps what it says and how it ends, for tests/summary.
record()
{
    name=$1
    shift
    begin=$(date +%s)
    status=0
    "$@" >"$LOG/$name.log" 2>&1 </dev/null || status=$?
    echo "$status $(($(date +%s) - begin))" >"$LOG/$name.status"
    [ $status = 0 ] && echo "ok      $name" || echo "FAILED  $name (see $LOG/$name.log)"
    return $status
}
