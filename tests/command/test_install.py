# SPDX-License-Identifier: ISC
"""make install, the units and the man pages."""
import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest

from conftest import MXADMIN, ROOT, run

FILES = {
    "{prefix}/bin/mxadmin": 0o755,
    "{prefix}/lib/mxadmin/cgi-bin/mxadmin": 0o755,
    "{etc}/mxadmin/mxadmin.yaml.sample": 0o644,
    "{prefix}/lib/systemd/system/mxadmin.service": 0o644,
    "{prefix}/lib/systemd/system/mxadmin-work.service": 0o644,
    "{prefix}/lib/systemd/system/mxadmin.socket": 0o644,
    "{prefix}/lib/sysusers.d/mxadmin.conf": 0o644,
    "{prefix}/share/man/man1/mxadmin.1": 0o644,
    "{prefix}/share/man/man5/mxadmin.yaml.5": 0o644,
    "{prefix}/share/doc/mxadmin/LICENSE": 0o644,
    "{prefix}/share/mxadmin/systemd/dendrite-mxadmin.conf": 0o644,
    "{prefix}/share/mxadmin/nginx/mxadmin.conf": 0o644,
    "{prefix}/share/mxadmin/nginx/homeserver.conf": 0o644,
    "{prefix}/share/mxadmin/nginx/snippets/mxadmin-fastcgi.conf": 0o644,
    "{prefix}/share/mxadmin/nginx/snippets/mxadmin-attached.conf": 0o644,
    "{prefix}/share/mxadmin/apache/mxadmin-fcgid.conf": 0o644,
    "{prefix}/share/mxadmin/apache/mxadmin-cgi.conf": 0o644,
    "{prefix}/share/mxadmin/apache/mxadmin-attached.conf": 0o644,
}


def install(destination, **variables):
    """Installs the program under test as it is: nothing is built, because others may be using it."""
    subprocess.run(["make", "-s", "-C", str(ROOT), "-o", "all", "install", f"BUILD={pathlib.Path(MXADMIN).parent}",
                    f"DESTDIR={destination}", *(f"{name}={value}" for name, value in variables.items())],
                   check=True, stdout=subprocess.DEVNULL, timeout=120)


def plain_files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("variables, prefix, etc", [
    ({}, "usr/local", "etc"),
    ({"PREFIX": "/usr"}, "usr", "etc"),
    ({"PREFIX": "/opt/mxadmin", "SYSCONFDIR": "/opt/mxadmin/etc"}, "opt/mxadmin", "opt/mxadmin/etc"),
])
def test_install(tmp_path, variables, prefix, etc):
    install(tmp_path, **variables)
    for name, mode in FILES.items():
        path = tmp_path / name.format(prefix=prefix, etc=etc)
        assert stat.S_IMODE(path.stat().st_mode) == mode, path
    assert not [name for name in plain_files(tmp_path) if name.endswith(".new")]
    service = (tmp_path / prefix / "lib/systemd/system/mxadmin.service").read_text()
    assert f"ExecStart=/{prefix}/bin/mxadmin -c /{etc}/mxadmin/mxadmin.yaml serve" in service
    fcgid = (tmp_path / prefix / "share/mxadmin/apache/mxadmin-fcgid.conf").read_text()
    assert f"/{prefix}/lib/mxadmin/cgi-bin" in fcgid and f"/{etc}/mxadmin/mxadmin.yaml" in fcgid
    installed = subprocess.run([str(tmp_path / prefix / "lib/mxadmin/cgi-bin/mxadmin"), "--version"], check=True,
                               stdout=subprocess.PIPE)
    assert installed.stdout == run("--version").stdout


def test_again_keeps_what_was_edited(tmp_path):
    config = tmp_path / "etc/mxadmin/mxadmin.yaml"
    config.parent.mkdir(parents=True)
    config.write_text("server_name: example.org\n")
    install(tmp_path)
    first = plain_files(tmp_path)
    install(tmp_path)
    assert plain_files(tmp_path) == first
    assert config.read_text() == "server_name: example.org\n"


def test_umask_of_the_installer_does_not_matter(tmp_path):
    before = os.umask(0o077)
    try:
        install(tmp_path / "root")
    finally:
        os.umask(before)
    for name, mode in FILES.items():
        path = tmp_path / "root" / name.format(prefix="usr/local", etc="etc")
        assert stat.S_IMODE(path.stat().st_mode) == mode, path
    folders = [path for path in (tmp_path / "root").rglob("*") if path.is_dir()]
    assert folders and {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o755}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")
@pytest.mark.parametrize("unit", ["mxadmin.service", "mxadmin.socket", "mxadmin-work.service"])
def test_units(tmp_path, unit):
    for name in ("mxadmin.service", "mxadmin.socket", "mxadmin-work.service"):
        text = (ROOT / "conf/systemd" / name).read_text()
        (tmp_path / name).write_text(text.replace("/usr/local/bin/mxadmin", MXADMIN))
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", str(tmp_path / unit)], check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert unit not in result.stdout.decode(), result.stdout.decode()
    assert result.returncode == 0


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")
def test_drop_in(tmp_path):
    """The unit of a Dendrite with it is valid, and nothing of it can keep Dendrite from starting."""
    (tmp_path / "dendrite.service.d").mkdir()
    (tmp_path / "dendrite.service").write_text(f"[Service]\nUser=daemon\nExecStart={MXADMIN}\n")
    text = (ROOT / "conf/systemd/dendrite-mxadmin.conf").read_text().replace("/usr/local/bin/mxadmin", MXADMIN)
    (tmp_path / "dendrite.service.d/mxadmin.conf").write_text(text)
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", str(tmp_path / "dendrite.service")], check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert "dendrite.service" not in result.stdout.decode(), result.stdout.decode()
    assert re.findall("^Exec.*", text, re.M) == [f"ExecStartPre=-+{MXADMIN} -c /etc/mxadmin/mxadmin.yaml apply"]


def option_names(sample):
    """The options of the sample, "a.b" for a key of a mapping; those that are left at their default are comments."""
    names, mapping = [], ""
    for line in sample.splitlines():
        match = re.fullmatch(r"( *)#?([a-z][a-z0-9_]*):( .*)?", line)
        if not match:
            continue
        indent, name, value = match.groups()
        if indent:
            names.append(f"{mapping}.{name}")
        elif value:
            names.append(name)
        else:
            mapping = name
    return names


def test_manual_names_every_option():
    names = option_names(run("sample").stdout.decode())
    manual = (ROOT / "conf/man/mxadmin.yaml.5").read_text()
    headings = re.findall(r"^\.It (Cm .*)$", manual, re.M)
    documented = [name for heading in headings for name in re.findall(r"Cm ([a-z0-9_.]+)", heading)]
    assert len(names) > 20
    assert sorted(documented) == sorted(names)
