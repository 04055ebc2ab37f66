# SPDX-License-Identifier: ISC
"""The worker pool, spoken to in FastCGI directly: connections, signals, deaths, limits."""
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

import fcgi
from pool import PASSWORD
from service import MXADMIN

WHOIS = "/_matrix/client/v3/admin/whois/%40user:example.org"
RESET = "/_dendrite/admin/resetPassword/user"
TOKENS = "/_synapse/admin/v1/registration_tokens"


def start_load(pool, count):
    """`count` clients that ask without pause, each on a kept connection; stop() returns all statuses."""
    stopping, statuses = threading.Event(), []

    def client():
        connection = None
        while not stopping.is_set():
            try:
                connection = connection or fcgi.Connection(pool.address)
                statuses.append(connection.ask(WHOIS, token=pool.admin)[0])
            except OSError as error:
                statuses.append(error)
                connection = None
        if connection:
            connection.close()
    threads = [threading.Thread(target=client) for _ in range(count)]
    for thread in threads:
        thread.start()

    def stop():
        stopping.set()
        for thread in threads:
            thread.join()
        return statuses
    return stop


def is_closed(connection):
    try:
        return connection.socket.recv(1) == b""
    except ConnectionResetError:
        return True


def test_idle_connections_starve_nobody(pool):
    kept = [fcgi.Connection(pool.address) for _ in range(200)]
    for connection in kept:
        assert connection.ask(WHOIS, token=pool.admin)[0] == 200
    assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200
    for connection in kept:  # and each of them is still good
        assert connection.ask(WHOIS, token=pool.admin)[0] == 200


def test_connections_without_a_byte_starve_nobody(pool):
    silent = [fcgi.Connection(pool.address) for _ in range(200)]
    assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200
    assert len(silent) == 200


def test_connections_of_one_request(pool):
    """They go from worker to worker, and end while the one that gave a connection away still has it."""
    def client():
        for _ in range(4000):
            statuses.append(fcgi.ask(pool.address, WHOIS, token=pool.admin)[0])
    workers, statuses = pool.workers(), []
    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == 16000 and set(statuses) == {200}
    assert pool.workers() == workers


def test_half_a_request_starves_nobody(pool):
    half = [fcgi.Connection(pool.address) for _ in range(50)]
    data = fcgi.request(WHOIS, token=pool.admin)
    for connection in half:
        connection.send(data[:40])
    assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200
    for connection in half:  # the rest of it comes, and it is answered
        connection.send(data[40:])
        assert connection.answer()[0] == 200


def test_request_in_single_bytes(pool):
    connection = fcgi.Connection(pool.address)
    for byte in fcgi.request(WHOIS, token=pool.admin):
        connection.send(bytes([byte]))
    assert connection.answer()[0] == 200
    assert connection.ask(WHOIS, token=pool.admin)[0] == 200


def test_body_in_pieces(pool):
    data = fcgi.request(RESET, "POST", pool.admin, {"password": PASSWORD})
    connection = fcgi.Connection(pool.address)
    for i in range(0, len(data), 7):
        connection.send(data[i:i + 7])
    assert connection.answer()[::2] == (200, {"password_updated": True})


def test_late_request_is_dropped(make_pool):
    pool = make_pool(request_timeout=1).start()
    connection = fcgi.Connection(pool.address)
    connection.send(fcgi.request(WHOIS, token=pool.admin)[:40])
    assert is_closed(connection)


def test_late_body_is_answered_408(make_pool):
    pool = make_pool(request_timeout=1).start()
    connection = fcgi.Connection(pool.address)
    connection.send(fcgi.request(RESET, "POST", pool.admin, {"password": PASSWORD})[:-20])
    status, _, body = connection.answer()
    assert (status, body["errcode"]) == (408, "M_UNKNOWN")
    assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200


def test_parameters_beyond_the_limit(pool):
    connection = fcgi.Connection(pool.address)
    status, _, body = connection.ask(WHOIS, variables={"HTTP_X": "x" * 70000})
    assert (status, body["errcode"]) == (431, "M_TOO_LARGE")
    assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200


def test_parameters_within_the_limit(pool):
    status, _, _ = fcgi.ask(pool.address, WHOIS, token=pool.admin, variables={"HTTP_X": "x" * 60000})
    assert status == 200


@pytest.mark.parametrize("data", [
    b"GET / HTTP/1.1\r\n\r\n",
    fcgi.record(fcgi.STDIN, b"x"),
    fcgi.record(fcgi.BEGIN, b"\0\1"),
    fcgi.record(fcgi.BEGIN, b"\0\1\1\0\0\0\0\0") + fcgi.record(fcgi.ABORT),
    fcgi.record(fcgi.BEGIN, b"\0\1\1\0\0\0\0\0") + fcgi.record(fcgi.PARAMS, b"", 2),
    # A value that claims 16 MB, and ends at once.
    fcgi.record(fcgi.BEGIN, b"\0\1\1\0\0\0\0\0") + fcgi.stream(fcgi.PARAMS, b"\1\x80\0\xff\xffA") + fcgi.stream(5, b""),
    # A role that nobody has.
    fcgi.record(fcgi.BEGIN, b"\0\7\1\0\0\0\0\0") + fcgi.stream(fcgi.PARAMS, b"") + fcgi.stream(fcgi.STDIN, b""),
])
def test_foreign_bytes_end_their_connection_only(pool, data):
    before = pool.workers()
    connection = fcgi.Connection(pool.address)
    connection.send(data)
    assert is_closed(connection)
    assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200
    assert pool.workers() == before


def test_a_claim_of_gigabytes(pool):
    connection = fcgi.Connection(pool.address)
    connection.send(fcgi.record(fcgi.BEGIN, b"\0\1\1\0\0\0\0\0") +
                    fcgi.record(fcgi.PARAMS, b"\xff\xff\xff\xf0\xff\xff\xff\xf0" + b"x" * 100))
    assert connection.answer()[0] == 431


def test_body_beyond_the_limit_then_another_request(pool):
    connection = fcgi.Connection(pool.address)
    status, _, body = connection.ask(RESET, "POST", pool.admin, b'"' + b"x" * 200000 + b'"')
    assert (status, body["errcode"]) == (413, "M_TOO_LARGE")
    assert connection.ask(WHOIS, token=pool.admin)[0] == 200


def test_peer_goes_away(pool):
    before = pool.workers()
    for cut in range(0, 200, 10):
        connection = fcgi.Connection(pool.address)
        connection.send(fcgi.request(WHOIS, token=pool.admin)[:cut])
        connection.close()
    assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200
    assert pool.workers() == before


def test_nothing_is_left_of_the_last_request(make_pool):
    """One worker: what one request brought (token, body, user agent) must not serve the next."""
    pool = make_pool(workers=1).start()
    connection = fcgi.Connection(pool.address)
    assert connection.ask(WHOIS, token=pool.admin)[0] == 200
    assert connection.ask(WHOIS)[0] == 401
    assert connection.ask(RESET, "POST", pool.admin, {"password": PASSWORD})[0] == 200
    assert connection.ask(RESET, "POST", pool.admin)[2]["errcode"] == "M_NOT_JSON"


def keeps_what_is_freed():
    """AddressSanitizer does, to find who uses it all the same."""
    with open(MXADMIN, "rb") as file:
        return b"__asan_init" in file.read()


@pytest.mark.skipif(keeps_what_is_freed(), reason="AddressSanitizer keeps what is freed")
def test_a_large_answer_leaves_no_memory_behind(make_pool):
    pool = make_pool(workers=1)
    pool.service.run("INSERT INTO userapi_registration_tokens (token, pending, completed)"
                     " VALUES ('a-token-among-many-others-%d', 0, 0)" % i for i in range(30000))
    worker = pool.start().workers()[0]

    def resident():
        with open("/proc/%d/status" % worker) as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))
    connection = fcgi.Connection(pool.address)
    assert connection.ask(TOKENS, token=pool.admin)[0] == 200
    # The next answer on the connection comes after all of the last one has been put away.
    assert connection.ask(WHOIS, token=pool.admin)[0] == 200
    assert resident() < 16 * 1024


def test_hashing_leaves_the_pool_to_others(make_pool):
    """Many more sign-ins at once than workers, and hashing one at a time: other requests do not queue behind."""
    pool = make_pool(hash_concurrency=1).start()
    resets = [fcgi.Connection(pool.address) for _ in range(40)]
    kept = [fcgi.Connection(pool.address) for _ in range(20)]
    for connection in kept:
        assert connection.ask(WHOIS, token=pool.admin)[0] == 200
    for connection in resets:
        connection.send(fcgi.request(RESET, "POST", pool.admin, {"password": PASSWORD}))
    for connection in kept:
        assert connection.ask(WHOIS, token=pool.admin)[0] == 200
    last = resets[0].socket
    waiting = 0
    for connection in resets:
        connection.socket.setblocking(False)
        try:
            waiting += connection.socket.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            waiting += 1
        connection.socket.settimeout(60)
    assert waiting > 0, "all the hashing was done before the other requests were answered"
    assert [connection.answer()[0] for connection in resets] == [200] * 40
    assert last.fileno() >= 0


def test_killed_workers_are_replaced(pool):
    stop = start_load(pool, 8)
    end = time.monotonic() + 5
    while time.monotonic() < end:
        for worker in pool.workers()[:1]:
            os.kill(worker, signal.SIGKILL)
        time.sleep(0.1)
    pool.wait_until(lambda: len(pool.workers()) == 4)
    statuses = stop()
    # A request whose worker died is broken off; all others are answered, and well.
    assert all(status == 200 or isinstance(status, OSError) for status in statuses)
    assert statuses.count(200) > 0
    assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200
    assert pool.stop() == 0


def test_workers_that_cannot_start_back_off(make_pool):
    pool = make_pool(workers=2).start()
    os.rename(pool.database, pool.database + ".away")
    for worker in pool.workers():
        os.kill(worker, signal.SIGKILL)
    pool.wait_until(lambda: "replaced after a while" in pool.log())
    os.rename(pool.database + ".away", pool.database)
    pool.wait_until(lambda: pool.health() == 200)


def test_reload_costs_no_request(pool):
    stop = start_load(pool, 8)
    for _ in range(5):
        before = pool.workers()
        pool.signal(signal.SIGHUP)
        pool.wait_until(lambda: not set(before) & set(pool.workers()))
    statuses = stop()
    assert set(statuses) == {200}


def test_reload_takes_the_new_configuration(pool):
    assert fcgi.ask(pool.address, "/_synapse/admin/v1/server_version")[2] != {"server_version": "changed"}
    pool.configure(server_version="changed")
    before = pool.workers()
    pool.signal(signal.SIGHUP)
    pool.wait_until(lambda: not set(before) & set(pool.workers()))
    assert fcgi.ask(pool.address, "/_synapse/admin/v1/server_version")[2] == {"server_version": "changed"}


def test_reload_of_a_bad_file_keeps_the_old(pool):
    before = pool.workers()
    pool.configure(no_such_key=1)
    pool.signal(signal.SIGHUP)
    pool.wait_until(lambda: "no_such_key" in pool.log() and "stays as it was" in pool.log())
    assert pool.workers() == before
    assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200


def test_retirement_costs_no_request(make_pool):
    pool = make_pool(max_requests=50).start()
    before = set(pool.workers())
    stop = start_load(pool, 8)
    pool.wait_until(lambda: not before & set(pool.workers()))
    assert set(stop()) == {200}


def test_stop_answers_what_has_arrived(make_pool):
    """Connections that were never accepted, kept ones, and ones that wait for the gate, all with a request sent."""
    pool = make_pool(hash_concurrency=1).start()
    kept = [fcgi.Connection(pool.address) for _ in range(20)]
    for connection in kept:
        assert connection.ask(WHOIS, token=pool.admin)[0] == 200
    stopped = pool.workers()
    for worker in stopped:
        os.kill(worker, signal.SIGSTOP)
    fresh = [fcgi.Connection(pool.address) for _ in range(50)]
    for connection in kept + fresh[:40]:
        connection.send(fcgi.request(WHOIS, token=pool.admin))
    for connection in fresh[40:]:
        connection.send(fcgi.request(RESET, "POST", pool.admin, {"password": PASSWORD}))
    pool.signal(signal.SIGTERM)
    pool.wait_until(lambda: not os.path.exists(pool.address))
    for worker in stopped:
        os.kill(worker, signal.SIGCONT)
    assert [connection.answer()[0] for connection in kept + fresh] == [200] * 70
    assert pool.process.wait(60) == 0


def test_stop_under_load(pool):
    stop = start_load(pool, 8)
    pool.wait_until(lambda: True)
    time.sleep(0.3)
    assert pool.stop() == 0
    statuses = stop()
    # Once the pool is gone there is nobody to connect to; before that, every answer is a good one.
    assert all(status == 200 or isinstance(status, OSError) for status in statuses)
    assert not os.path.exists(pool.address)


def test_stop_ends_in_time_whatever_hangs(make_pool):
    pool = make_pool(stop_timeout=1, request_timeout=60).start()
    connection = fcgi.Connection(pool.address)
    connection.send(fcgi.request(WHOIS, token=pool.admin)[:40])
    for worker in pool.workers():
        os.kill(worker, signal.SIGSTOP)
    assert pool.stop() == 1
    assert "stop_timeout" in pool.log()


def is_gone(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def kill_supervisor(pool):
    """Kills it, and waits until its workers have ended for that."""
    workers = pool.workers()
    pool.process.kill()
    pool.process.wait()
    pool.process = None
    pool.wait_until(lambda: all(is_gone(worker) for worker in workers))


def test_workers_end_with_their_supervisor(pool):
    kill_supervisor(pool)
    with pytest.raises(ConnectionRefusedError):
        fcgi.Connection(pool.address)


def test_dead_socket_is_replaced_and_a_live_one_is_not(pool):
    second = subprocess.run([MXADMIN, "-c", pool.config_file, "serve"], stderr=subprocess.PIPE, text=True)
    assert second.returncode == 1 and "another process serves" in second.stderr
    assert pool.health() == 200
    kill_supervisor(pool)
    assert os.path.exists(pool.address)
    pool.start()


def test_socket_mode(pool):
    assert os.stat(pool.address).st_mode & 0o777 == 0o660
    pool.stop()
    pool.start(["env", "MXADMIN_LISTEN_MODE=0600", MXADMIN, "-c", pool.config_file, "serve"])
    assert os.stat(pool.address).st_mode & 0o777 == 0o600


def test_tcp(make_pool):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pool = make_pool(listen="127.0.0.1:%d" % port)
    pool.address = ("127.0.0.1", port)
    pool.start()
    assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200


def test_systemd_socket(make_pool):
    """As systemd does: the listening socket is descriptor 3, LISTEN_PID and LISTEN_FDS say so; READY=1 comes back."""
    pool = make_pool(listen="systemd")
    path = os.path.join(pool.sockets.name, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified, socket.socket(socket.AF_UNIX) as listener:
        notified.bind(path)
        notified.settimeout(30)
        listener.bind(pool.address)
        listener.listen(10)
        script = 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$0" -c "$1" serve 3<&%d' % listener.fileno()
        pool.spawn(["/bin/bash", "-c", script, MXADMIN, pool.config_file], pass_fds=[listener.fileno()],
                   env=dict(os.environ, NOTIFY_SOCKET=path))
        assert notified.recv(100) == b"READY=1"
        assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200
        pool.process.terminate()
        assert notified.recv(100) == b"STOPPING=1"
        assert pool.process.wait(60) == 0
        pool.process = None


@pytest.mark.skipif(not os.path.exists("/usr/bin/spawn-fcgi"), reason="spawn-fcgi is not installed")
def test_spawn_fcgi(make_pool):
    """Workers without a supervisor, on descriptor 0."""
    pool = make_pool()
    pids = os.path.join(pool.service.folder, "pids")
    subprocess.run(["spawn-fcgi", "-s", pool.address, "-F", "2", "-P", pids, "--", MXADMIN], check=True,
                   env=dict(os.environ, MXADMIN_CONFIG=pool.config_file), stdout=subprocess.DEVNULL)
    with open(pids) as file:
        workers = [int(pid) for pid in file.read().split()]
    try:
        kept = [fcgi.Connection(pool.address) for _ in range(20)]
        for connection in kept:
            assert connection.ask(WHOIS, token=pool.admin)[0] == 200
        assert fcgi.ask(pool.address, RESET, "POST", pool.admin, {"password": PASSWORD})[0] == 200
        for connection in kept:
            connection.send(fcgi.request(WHOIS, token=pool.admin))
    finally:
        for worker in workers:
            os.kill(worker, signal.SIGTERM)
    assert [connection.answer()[0] for connection in kept] == [200] * 20


def test_descriptors_are_settled(make_pool):
    """Started with 0 to 2 closed: nothing of ours may get their numbers."""
    pool = make_pool()
    pool.start(["/bin/sh", "-c", 'exec "$0" -c "$1" serve <&- >&- 2>&-', MXADMIN, pool.config_file])
    for worker in pool.workers():
        for fd in range(3):
            assert os.readlink("/proc/%d/fd/%d" % (worker, fd)) == "/dev/null"


def test_one_nonce_fifty_clients(pool):
    import hashlib
    import hmac
    nonce = fcgi.ask(pool.address, "/_synapse/admin/v1/register")[2]["nonce"]
    answers = []

    def client(number):
        name = "new%d" % number
        text = "\0".join([nonce, name, PASSWORD, "notadmin"]).encode()
        mac = hmac.new(b"fixture-secret", text, hashlib.sha1).hexdigest()
        answers.append(fcgi.ask(pool.address, "/_synapse/admin/v1/register", "POST", body={
            "nonce": nonce, "username": name, "password": PASSWORD, "admin": False, "mac": mac}))
    threads = [threading.Thread(target=client, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _, _ in answers) == [200] + [400] * 49
    names = pool.command("account", "list").split()
    assert sum(name.startswith(("new", "@new")) for name in names) == 1


def test_descriptor_limit_leaves_a_serving_pool(make_pool):
    """More connections than descriptors: those beyond wait, and are served when others have gone."""
    pool = make_pool(workers=1)
    pool.start(["/bin/sh", "-c", 'ulimit -n 64; exec "$0" -c "$1" serve', MXADMIN, pool.config_file])
    kept = [fcgi.Connection(pool.address) for _ in range(100)]
    for connection in kept:
        connection.send(fcgi.request(WHOIS, token=pool.admin))
    for connection in kept:
        assert connection.answer()[0] == 200
        connection.close()
    assert pool.health() == 200
