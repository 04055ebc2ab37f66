# SPDX-License-Identifier: ISC
"""What can be read off the sources and the program without running it: the rules that keep the layers apart, the
form of the files, documents that must agree with the code, and how the program was linked."""
import os
import re
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MXADMIN = os.path.abspath(os.environ.get("MXADMIN", os.path.join(ROOT, "build/mxadmin")))
PACKAGES = ["fcgi", "jansson", "sqlite3", "libcrypto", "libcrypt", "libcurl", "yaml-0.1"]

BELOW_HTTP = {"base", "crypto"}
BELOW_HANDLER = BELOW_HTTP | {"matrix", "store", "homeserver", "http"}
# Each layer, and what of ours it may include beside itself.
LAYERS = {
    "base": set(),
    "crypto": {"base"},
    "http": BELOW_HTTP,
    "matrix": {"base", "crypto"},
    "store": {"base", "crypto", "matrix"},
    "homeserver": {"base", "crypto", "matrix", "store"},
    "command": {"base", "crypto", "matrix", "store", "homeserver"},
    "handler": BELOW_HANDLER,
    "route": BELOW_HANDLER | {"handler"},
    "process": BELOW_HANDLER | {"handler", "route"},
    "cgi-bin": {"command", "process"},
}
# Each library's headers, and the only places that may include them.
LIBRARIES = {
    r"sqlite3\.h": {"src/store"},
    r"jansson\.h": {"src/handler", "src/homeserver", "src/matrix", "src/http", "src/command"},  # the last prints it
    r"(fcgi\w*|fastcgi)\.h": {"src/process", "src/http"},
    r"openssl/.*": {"src/crypto"},
    r"libscrypt\.h": {"src/crypto"},
    r"crypt\.h": {"src/crypto"},
    r"yaml\.h": {"src/base/config"},
    r"curl/.*": {"src/homeserver/dendrite"},
    r"systemd/.*": {"src/process"},
}
SQL = re.compile(r'"\s*(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+'
                 r'(TABLE|INDEX|UNIQUE|TRIGGER)\s|PRAGMA\s|BEGIN\s|ATTACH\s)')
LINES_MAX = 500


def files(*suffixes, below=""):
    """Paths, relative to the root, of the project's own files that end in one of the suffixes."""
    found = []
    for folder, folders, names in os.walk(os.path.join(ROOT, below)):
        folders[:] = sorted(name for name in folders if name not in (".git", "build", "run", "__pycache__", "fixture"))
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in sorted(names)
                  if name.endswith(suffixes)]
    return found


def read(path):
    with open(os.path.join(ROOT, path), errors="replace") as file:
        return file.read()


def output(*command, **options):
    result = subprocess.run(command, cwd=ROOT, stdin=options.pop("stdin", subprocess.DEVNULL), stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, **options)
    assert result.returncode == 0, result.stdout
    return result.stdout


SOURCES = files(".c", ".h", below="src") + files(".c", below="cgi-bin")
HEADERS = [path for path in SOURCES if path.endswith(".h")]
C_FILES = SOURCES + files(".c", ".h", below="tests")
SCRIPTS = [path for path in files("") if read(path).startswith("#!/bin/sh")]


def test_there_is_something_to_look_at():
    assert HEADERS and SCRIPTS and len(SOURCES) > len(HEADERS)


@pytest.fixture(scope="module")
def flags():
    return output("pkg-config", "--cflags", *PACKAGES).split()


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("header", HEADERS)
def test_header_stands_alone(header, compiler, flags):
    include = '#include "%s"\n' % os.path.relpath(header, "src")
    result = subprocess.run([compiler, "-std=c11", "-D_GNU_SOURCE", "-Isrc", *flags, "-Wall", "-Wextra", "-Werror",
                             "-fsyntax-only", "-x", "c", "-"], cwd=ROOT, input=include * 2, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 0, result.stdout


def layer_of(path):
    return path.split("/")[1] if path.startswith("src/") else path.split("/")[0]


@pytest.mark.parametrize("path", SOURCES)
def test_includes_point_down(path):
    layer = layer_of(path)
    for included in re.findall(r'^\s*#\s*include\s+"([^"]+)"', read(path), re.M):
        other = included.split("/")[0]
        assert os.path.exists(os.path.join(ROOT, "src", included)), "%s is not relative to src" % included
        assert other == layer or other in LAYERS[layer], "%s must not include %s" % (layer, included)


@pytest.mark.parametrize("path", SOURCES)
def test_libraries_are_in_their_folders(path):
    for included in re.findall(r"^\s*#\s*include\s+<([^>]+)>", read(path), re.M):
        for pattern, places in LIBRARIES.items():
            if re.fullmatch(pattern, included):
                assert path.startswith(tuple(places)), "<%s> does not belong here" % included


def test_sql_is_in_the_store():
    for path in SOURCES:
        if not path.startswith("src/store/"):
            assert not SQL.search(read(path)), path


def test_sources_are_short():
    long = {path: lines for path in C_FILES if (lines := read(path).count("\n")) > LINES_MAX}
    assert not long


def test_exported_functions_are_declared():
    """Whatever is not static is in a header, where its contract is."""
    library = os.path.join(os.path.dirname(MXADMIN), "libmxadmin.a")
    symbols = {line.split()[2] for line in output("nm", "-g", "--defined-only", library).splitlines()
               if len(line.split()) == 3}
    declared = set(re.findall(r"\w+", "".join(map(read, HEADERS))))
    symbols = {symbol for symbol in symbols if not symbol.startswith("_")}  # those are a sanitizer's
    assert symbols
    assert not symbols - declared


def test_one_declaration_of_each_function():
    """A header guard names its file, so that no two are the same."""
    for header in HEADERS:
        guard = re.sub(r"\W", "_", os.path.relpath(header, "src")).upper()
        assert "#ifndef %s\n#define %s\n" % (guard, guard) in read(header), header


@pytest.mark.parametrize("path", C_FILES)
def test_format(path):
    output("clang-format", "--dry-run", "--Werror", path)


def test_licence_comes_first():
    """LICENSE says it for what has no comments, and for lists of packages."""
    marked = files(".c", ".h", ".py", ".sh", ".conf", ".service", ".socket", ".sysusers", ".yaml", ".1", ".5", "Makefile")
    for path in marked + SCRIPTS:
        lines = read(path).splitlines()
        line = lines[1] if lines[0].startswith("#!") else lines[0]
        assert "SPDX-License-Identifier: ISC" in line, path


def test_nothing_is_left_to_do():
    unfinished = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
    for path in files(".c", ".h", ".py", ".conf", ".yaml", ".md", ".1", ".5", "Makefile") + SCRIPTS:
        assert not unfinished.search(read(path)), path


@pytest.mark.parametrize("path", SCRIPTS)
def test_script_is_valid(path):
    output("sh", "-n", path)
    assert os.access(os.path.join(ROOT, path), os.X_OK), "not executable"


@pytest.mark.parametrize("path", files(".1", ".5", ".8", below="conf/man"))
def test_manual_page(path):
    output("mandoc", "-T", "lint", "-W", "error", path)


def test_sample_configuration_is_current():
    assert read("conf/mxadmin.yaml") == output(MXADMIN, "sample")


def options():
    """The names of all options and sections, from the sample, where most are commented out."""
    return set(re.findall(r"^ *#? *([a-z_0-9]+):(?: .*)?$", re.sub(r"^ *# .*$", "", read("conf/mxadmin.yaml"), flags=re.M),
                          re.M))


def test_manual_has_every_option():
    manual = read("conf/man/mxadmin.yaml.5").replace("\\-", "-").replace("\\_", "_")
    missing = {name for name in options() if not re.search(r"\b%s\b" % name, manual)}
    assert options() and not missing


def test_manual_has_every_command():
    synopsis = read("conf/man/mxadmin.1").split(".Sh DESCRIPTION")[0]
    have = set()
    for line in re.findall(r"^\.Cm (.*)$", synopsis, re.M):
        first, *others = line.split(" | ")
        have |= {first} | {" ".join([*first.split()[:-1], other]) for other in others}
    listed = set(re.findall(r"^  ([a-z-]+(?: [a-z-]+)?)  ", output(MXADMIN, "--help"), re.M))
    assert "room purge-history" in listed
    assert have == listed


def routes():
    """(method, pattern, who may call) of every row of the route table, its macros replaced."""
    source = read("src/route/routes.c")
    macros = {}

    def text(tokens):
        return "".join(token[1:-1] if token[0] == '"' else macros[token] for token in re.findall(r'"[^"]*"|\w+', tokens))
    for name, tokens in re.findall(r"^#define (\w+)\s+(.*)$", source, re.M):
        macros[name] = text(tokens)
    rows = re.findall(r'^\s*\{METHOD_(\w+),\s*((?:\w+\s+)?"[^"]*"),.*\.access = ACCESS_(\w+)', source, re.M)
    return [(method, text(tokens), access.lower()) for method, tokens, access in rows]


def spelled(pattern):
    """A route's pattern as the README writes it: "r0|v3" is "{r0,v3}" there."""
    return "/".join("{%s}" % part.replace("|", ",") if "|" in part else part for part in pattern.split("/"))


def test_readme_has_every_route():
    rows = set()
    for methods, path, who in re.findall(r"^\| ([A-Z, ]+) \| `(/[^`]*)` \| ([a-z, ]+) \|", read("README.md"), re.M):
        methods, who = methods.split(", "), who.split(", ")
        rows |= set(zip(methods, [path] * len(methods), who if len(who) > 1 else who * len(methods)))
    have = {(method, spelled(pattern), access) for method, pattern, access in routes()}
    assert len(have) == read("src/route/routes.c").count("{METHOD_")
    assert have == rows


@pytest.fixture(scope="module")
def program():
    return output("readelf", "-hldsW", "--dyn-syms", MXADMIN)


@pytest.mark.parametrize("what, pattern", [
    ("position independent", r"Type:\s+DYN"),
    ("relocations are read-only", r"GNU_RELRO"),
    ("all of them, before main", r"BIND_NOW|Flags:.*NOW"),
    ("the stack is not executable", r"GNU_STACK\s+(\S+\s+){5}RW\s"),
    ("the stack is guarded", r"__stack_chk_fail"),
    ("library calls are checked", r"__\w+_chk\b"),
])
def test_hardening(program, what, pattern):
    assert re.search(pattern, program)
