# SPDX-License-Identifier: ISC
"""A service behind a web server: the configuration that is shipped, with the paths and the port of the test."""
import os
import signal
import socket
import subprocess
import tempfile
import time

from client import Client
from service import MXADMIN, ROOT

MODULES = "/usr/lib/apache2/modules"
SBIN = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def shipped(path, *replacements):
    """A shipped configuration file in which each of the texts is replaced."""
    with open(os.path.join(ROOT, path)) as file:
        text = file.read()
    for old, new in replacements:
        assert old in text, "%s has no %r" % (path, old)
        text = text.replace(old, new)
    return text


class Front:
    """The parts that all have in common; a child writes the configuration and names the commands."""

    user = None  # whose the data is to be
    probe = "/_mxadmin/health"

    def __init__(self, service):
        self.service = service
        self.folder = os.path.join(service.folder, "web")
        self.processes = []
        os.mkdir(self.folder)
        service.give_to(self.user)

    def start(self):
        # Another program may take the port between our look and the web server's.
        for _ in range(5):
            self.port = free_port()
            self.client = Client(self.port)
            self.configure()
            self.processes = [self.spawn(command) for command in self.commands()]
            if self.answers():
                return self
            self.stop()
        raise AssertionError("%s did not start; log:\n%s" % (type(self).__name__, self.log()))

    def spawn(self, command):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=SBIN,
                                    start_new_session=True)

    def answers(self):
        """Waits until the service answers; False when a process has ended instead."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if any(process.poll() is not None for process in self.processes):
                return False
            try:
                if self.client.ask("GET", self.probe).status == 200:
                    return True
            except OSError:
                pass
            time.sleep(0.02)
        return False

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(60)
        self.processes = []

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    def log(self):
        with open(os.path.join(self.folder, "log"), errors="replace") as file:
            return file.read()


class Nginx(Front):
    """`mxadmin serve` behind nginx."""

    site = "mxadmin.conf"

    def __init__(self, service):
        super().__init__(service)
        self.sockets = tempfile.TemporaryDirectory(prefix="mxadmin-")  # for its short name
        self.socket = os.path.join(self.sockets.name, "mxadmin.sock")

    def replacements(self):
        """By the name of a snippet, what an operator would change in it."""
        return {"mxadmin-upstream.conf": [("unix:/run/mxadmin/mxadmin.sock", "unix:" + self.socket)]}

    def configure(self):
        for name in os.listdir(os.path.join(ROOT, "nginx/snippets")):
            self.write("snippets/" + name, shipped("nginx/snippets/" + name, *self.replacements().get(name, [])))
        self.write("mxadmin.conf", shipped("nginx/" + self.site,
                                           ("listen 127.0.0.1:8480;", "listen 127.0.0.1:%d;" % self.port)))
        self.config_file = self.write("nginx.conf", """
            %s
            daemon off;
            worker_processes 1;
            pid nginx.pid;
            error_log stderr;
            events { }
            http {
                access_log off;
                client_body_temp_path body;
                fastcgi_temp_path fastcgi;
                proxy_temp_path proxy;
                scgi_temp_path scgi;
                uwsgi_temp_path uwsgi;
                include mxadmin.conf;
            }
            """ % ("user root;" if os.geteuid() == 0 else ""))

    def nginx(self, *options):
        return ["nginx", "-p", self.folder, "-c", self.config_file, *options]

    def commands(self):
        serve = ["env", "MXADMIN_LISTEN=unix:" + self.socket, MXADMIN, "-c", self.service.config_file, "serve"]
        return [serve, self.nginx()]

    def check_command(self):
        return self.nginx("-t")


class Apache(Front):
    user = "www-data" if os.geteuid() == 0 else None
    modules = ["mpm_event", "authz_core", "alias", "env", "headers"]

    def parts(self):
        """The configuration of the virtual host."""
        return ["Include conf-available/mxadmin.conf"]

    def configure(self):
        paths = [('"/usr/local/lib/mxadmin/cgi-bin/mxadmin/"', '"%s/"' % self.service.program),
                 ('"/usr/local/lib/mxadmin/cgi-bin"', '"%s"' % os.path.dirname(self.service.program)),
                 ("/etc/mxadmin/mxadmin.yaml", self.service.config_file)]
        os.chmod(self.folder, 0o755)
        self.write("conf-available/mxadmin-common.conf", shipped("conf/apache/mxadmin-common.conf"))
        self.write("conf-available/mxadmin.conf", shipped("conf/apache/" + self.shipped, *paths))
        self.config_file = self.write("apache2.conf", "\n".join([
            "ServerRoot " + self.folder, "DefaultRuntimeDir " + self.folder, "PidFile pid", "ErrorLog error.log",
            "Mutex file:%s default" % self.folder, "Listen 127.0.0.1:%d" % self.port, "ServerName localhost",
            *(["User " + self.user, "Group " + self.user] if self.user else []),
            *("LoadModule %s_module %s/mod_%s.so" % (name, MODULES, name) for name in [*self.modules, self.module]),
            # The fewest processes that do: the machine is small.
            "StartServers 1", "ServerLimit 1", "MinSpareThreads 1", "MaxSpareThreads 16", "ThreadsPerChild 16",
            "MaxRequestWorkers 16", *self.settings(),
            "<VirtualHost *:%d>" % self.port, *self.parts(), "</VirtualHost>", ""]))

    def commands(self):
        return [["apache2", "-D", "FOREGROUND", "-f", self.config_file]]

    def check_command(self):
        return ["apache2", "-t", "-f", self.config_file]

    def log(self):
        try:
            with open(os.path.join(self.folder, "error.log"), errors="replace") as file:
                return super().log() + file.read()
        except FileNotFoundError:
            return super().log()


class Fcgid(Apache):
    """Apache with mod_fcgid, which starts the workers itself."""

    shipped = "mxadmin-fcgid.conf"
    module = "fcgid"

    def settings(self):
        return ["FcgidIPCDir %s/fcgid" % self.folder, "FcgidProcessTableFile %s/fcgid_shm" % self.folder]


class Cgi(Apache):
    """Apache with plain CGI, one process a request."""

    shipped = "mxadmin-cgi.conf"
    module = "cgid"

    def settings(self):
        return ["ScriptSock cgid.sock"]


class HomeserverNginx(Nginx):
    """The host of a homeserver: Dendrite, which `dendrite` listens in place of, and mxadmin beside it."""

    site = "homeserver.conf"

    def __init__(self, service, dendrite, *attached):
        """`dendrite` is a port, `attached` replacements in the file of what is mxadmin's."""
        super().__init__(service)
        self.dendrite, self.attached = dendrite, attached

    def replacements(self):
        return {**super().replacements(), "mxadmin-attached.conf": self.attached,
                "mxadmin-dendrite.conf": [("server 127.0.0.1:8008;", "server 127.0.0.1:%d;" % self.dendrite)]}


class HomeserverApache:
    """Adds Dendrite to one of the two ways to run mxadmin in Apache."""

    modules = [*Apache.modules, "proxy", "proxy_http", "setenvif", "authz_host"]

    def __init__(self, service, dendrite, *attached):
        super().__init__(service)
        self.dendrite, self.attached = dendrite, attached

    def parts(self):
        self.write("conf-available/mxadmin-attached.conf", shipped(
            "conf/apache/mxadmin-attached.conf", *self.attached,
            ("http://127.0.0.1:8008/", "http://127.0.0.1:%d/" % self.dendrite)))
        return super().parts() + ["Include conf-available/mxadmin-attached.conf"]


class HomeserverFcgid(HomeserverApache, Fcgid):
    pass


class HomeserverCgi(HomeserverApache, Cgi):
    pass


FRONTS = {"nginx": Nginx, "fcgid": Fcgid, "cgi": Cgi}
HOMESERVER_FRONTS = {"nginx": HomeserverNginx, "fcgid": HomeserverFcgid, "cgi": HomeserverCgi}
