# SPDX-License-Identifier: ISC
"""
The benchmarks. Speeds are ratios taken in one run against a named rival, A B A B …, so that they hold when the
machine's own speed drifts; nothing here passes or fails. Prints a table and writes bench.json.
"""
import glob
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import fcgi
import results
from fronts import free_port
from pool import PASSWORD, Pool

BUILD = sys.argv[1]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = int(os.environ.get("SECONDS", "4"))
CONNECTIONS = 4
WORKERS = 4

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.err warn; worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 1000000;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    upstream ours {{ server unix:{ours}; keepalive 32; keepalive_requests 1000000; }}
    upstream nothing {{ server unix:{nothing}; keepalive {workers}; keepalive_requests 1000000; }}
    upstream probe {{ server unix:{probe}; keepalive {workers}; keepalive_requests 1000000; }}
    server {{
        listen unix:{folder}/http.sock;
        listen 127.0.0.1:{port};
        include /etc/nginx/fastcgi_params;
        fastcgi_keep_conn on;
        location / {{ fastcgi_pass ours; }}
        location /nothing {{ fastcgi_pass nothing; }}
        location /probe {{ fastcgi_pass probe; }}
    }}
}}
"""


def pss_mb(pids):
    """Proportional set size: what the processes take together, shared pages counted once."""
    total = 0
    for pid in pids:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            total += int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M).group(1))
    return total / 1024


def wrk(url, token):
    """(requests a second, p50 ms, p99 ms, answers that were not 200)"""
    out = subprocess.run(["wrk", "-t1", "-c%d" % CONNECTIONS, "-d%ds" % SECONDS, "--latency", "-H",
                          "Authorization: Bearer " + token, url], stdout=subprocess.PIPE, text=True).stdout

    def ms(percent):
        value, unit = re.search(r"^\s+%d%%\s+([\d.]+)(us|ms|s)" % percent, out, re.M).groups()
        return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), ms(50), ms(99), int(bad.group(1)) if bad else 0


def resets(address, token, stopping, done):
    connection = fcgi.Connection(address)
    while not stopping.is_set():
        connection.ask("/_dendrite/admin/resetPassword/user", "POST", token, {"password": PASSWORD})
        done.append(1)
    connection.close()


def median_row(rows):
    return [statistics.median(column) for column in zip(*rows)]


def start_rival(name, path, arguments):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(511)
        os.chmod(path, 0o666)
        return subprocess.Popen(["%s/bench/%s" % (BUILD, name)] + arguments, stdin=listener.fileno(),
                                start_new_session=True)


def first_answer_ms(pool):
    """From starting the program to the first answer, on a database that is there."""
    begin = time.monotonic()
    pool.spawn()
    while True:
        try:
            if fcgi.ask(pool.address, "/_mxadmin/health")[0] == 200:
                return (time.monotonic() - begin) * 1000
        except OSError:
            time.sleep(0.001)


def main():
    folder = tempfile.mkdtemp(prefix="mxbench-")
    os.chmod(folder, 0o755)
    pool = Pool(workers=WORKERS)
    processes, result = [], {}
    try:
        starts = []
        for _ in range(5):
            starts.append(first_answer_ms(pool))
            pool.stop()
        result["start_to_first_answer_ms"] = statistics.median(starts)

        pool.configure(workers=8)
        first_answer_ms(pool)
        pool.wait_until(lambda: len(pool.workers()) == 8)
        time.sleep(1)
        result["idle_pss_mb_8_workers"] = pss_mb([pool.process.pid] + pool.workers())
        pool.stop()

        pool.configure(workers=WORKERS)
        first_answer_ms(pool)
        os.chmod(pool.sockets.name, 0o755)
        os.chmod(pool.address, 0o666)
        port = free_port()
        rivals = {"nothing": [str(WORKERS)], "probe": [pool.database, pool.admin, str(WORKERS)]}
        sockets = {name: "%s/%s.sock" % (folder, name) for name in rivals}
        for name, arguments in rivals.items():
            processes.append(start_rival(name, sockets[name], arguments))
        config = folder + "/nginx.conf"
        with open(config, "w") as file:
            file.write(NGINX.format(folder=folder, ours=pool.address, port=port, workers=WORKERS,
                                    **sockets))
        processes.append(subprocess.Popen(["nginx", "-c", config, "-p", folder], start_new_session=True,
                                          stderr=subprocess.DEVNULL))
        time.sleep(0.5)
        base = "http://127.0.0.1:%d" % port
        whois = base + "/_matrix/client/v3/admin/whois/%40user:example.org"
        rows = {"whois": [], "nothing": [], "probe": []}
        for _ in range(ROUNDS):
            for name in rows:
                rows[name].append(wrk(whois if name == "whois" else base + "/" + name, pool.admin))
        assert not any(row[3] for measured in rows.values() for row in measured), "not all answers were 200"
        for name, measured in rows.items():
            result[name + "_per_s"], result[name + "_p50_ms"], result[name + "_p99_ms"], _ = median_row(measured)
        for name in rivals:
            result["whois_over_" + name] = statistics.median(a[0] / b[0] for a, b in zip(rows["whois"], rows[name]))

        stopping, done, loaded = threading.Event(), [], []
        threads = [threading.Thread(target=resets, args=(pool.address, pool.admin, stopping, done)) for _ in range(4)]
        for thread in threads:
            thread.start()
        begin = time.monotonic()
        loaded = [wrk(whois, pool.admin) for _ in range(ROUNDS)]
        result["resets_per_s_meanwhile"] = len(done) / (time.monotonic() - begin)
        stopping.set()
        for thread in threads:
            thread.join()
        assert not any(row[3] for row in loaded), "not all answers were 200"
        result["whois_per_s_during_resets"], _, result["whois_p99_ms_during_resets"], _ = median_row(loaded)
        result["whois_p99_during_resets_over_idle"] = result["whois_p99_ms_during_resets"] / result["whois_p99_ms"]
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
        pool.close()
        shutil.rmtree(folder)
    results.add(BUILD, result)


if __name__ == "__main__":
    assert glob.glob(BUILD + "/bench/nothing")
    main()
