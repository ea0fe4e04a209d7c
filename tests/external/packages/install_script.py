"""packaging/install.sh against a made-up release on a loopback server.

    install_script.py
"""

import functools
import hashlib
import http.server
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "packaging/install.sh"
sys.path.insert(0, str(ROOT / "packaging/build"))

import archives  # noqa: E402
import manifests  # noqa: E402
import targets  # noqa: E402
from project import Project  # noqa: E402

TOOLS = ("uname", "mktemp", "tar", "gzip", "awk", "cut", "cp", "chmod", "mv", "mkdir", "rm", "cat", "env")
WORK = pathlib.Path(tempfile.mkdtemp(prefix="loadplan install "))


def made_up(folder, version):
    """A release of a program that says its version and platform."""
    folder.mkdir(parents=True)
    for target in targets.PUBLISHED:
        program = f"#!/bin/sh\necho loadplan {version} for {target.triple}\n"
        archives.release(folder, Project.read(), target, program.encode())
    manifests.checksums(folder)


def bare(name, *programs):
    """A folder with these programs alone, to be the PATH."""
    folder = WORK / "paths" / name
    folder.mkdir(parents=True)
    for program in (*TOOLS, *programs):
        found = shutil.which(program)
        assert found, f"{program} is needed for this test"
        (folder / program).symlink_to(found)
    return folder


def fake(folder, name, script):
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


class Case:
    """A home to install into."""

    count = 0

    def __init__(self, path, releases, shell=("sh",), home=True):
        Case.count += 1
        self.home = WORK / f"home {Case.count}"
        self.home.mkdir()
        self.shell = [shutil.which(shell[0]), *shell[1:]]
        self.environment = {"PATH": str(path), "LOADPLAN_RELEASES": releases, "TMPDIR": str(WORK)}
        if home:
            self.environment["HOME"] = str(self.home)

    def run(self, *arguments, code=0, text=None, told=()):
        command = [*self.shell, "-s" if text else str(SCRIPT), *(("--",) if text and arguments else ()), *arguments]
        ran = subprocess.run(command, env=self.environment, input=text, capture_output=True, text=True, timeout=60)
        output = ran.stdout + ran.stderr
        assert ran.returncode == code, f"expected exit code {code}, got {ran.returncode}: {arguments}\n{output}"
        for words in told:
            assert words in output, f"expected {words!r} in {output}"
        return output

    @property
    def binary(self):
        return self.home / ".local/bin/loadplan"

    def says(self):
        return subprocess.run([self.binary], capture_output=True, text=True, check=True).stdout

    def is_untouched(self):
        left = list(self.home.rglob("*"))
        assert not left, left


def serve(folder):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def check():
    site = WORK / "site"
    made_up(site / "latest/download", "2.0.0")
    made_up(site / "download/v1.5.0", "1.5.0")
    made_up(site / "bad/latest/download", "2.0.0")
    made_up(site / "unlisted/latest/download", "2.0.0")
    for archive in (site / "bad/latest/download").glob("*.tar.gz"):
        archive.write_bytes(archive.read_bytes() + b"\0")
    (site / "unlisted/latest/download/SHA256SUMS").write_text("")
    url = serve(site)
    full = bare("curl", "curl", "sha256sum")
    # What is running here, as this machine calls it.
    here = subprocess.run(["uname", "-s"], capture_output=True, text=True).stdout.strip()

    for shell in (("sh",), ("dash",), ("bash",), ("busybox", "sh")):
        if not shutil.which(shell[0]):
            continue
        case = Case(full, url, shell)
        case.run(told=["installed loadplan 2.0.0", "is not on your PATH"])
        assert case.says().startswith("loadplan 2.0.0 for "), case.says()
        # Piped into the shell, as the documentation has it, and over an older one.
        case.run("--version", "v1.5.0", text=SCRIPT.read_text(), told=["installed loadplan 1.5.0"])
        assert case.says().startswith("loadplan 1.5.0 for "), case.says()
        assert [path.name for path in case.binary.parent.iterdir()] == ["loadplan"]

        case = Case(full, f"{url}/bad", shell)
        case.run(code=1, told=["the checksum of", "is wrong, so nothing was installed"])
        case.is_untouched()
        print(f"   {' '.join(shell)}: installed, updated, and refused a wrong checksum")

    # Every program that can download and verify, and neither.
    wget = [("wget", "sha256sum")] if shutil.which("wget") else []
    for programs in [*wget, ("curl", "shasum"), ("curl", "openssl")]:
        path = bare("-".join(programs), *programs)
        if programs[1] == "shasum":
            (path / "perl").symlink_to(shutil.which("perl"))
        case = Case(path, url)
        case.run(told=["installed loadplan 2.0.0"])
        case = Case(path, f"{url}/bad")
        case.run(code=1, told=["nothing was installed"])
        case.is_untouched()
        case = Case(path, url)
        case.run("--version=7.7.7", code=1, told=[f"cannot download {url}/download/v7.7.7/"])
        case.is_untouched()
    Case(bare("nothing", "sha256sum"), url).run(code=1, told=["curl or wget is needed"])
    case = Case(bare("unverified", "curl"), url)
    case.run(code=1, told=["sha256sum, shasum or openssl is needed"])
    case.is_untouched()
    print("   curl, wget; sha256sum, shasum, openssl: as they should")

    case = Case(full, f"{url}/unlisted")
    case.run(code=1, told=["has no checksum of"])
    case.is_untouched()
    case = Case(full, url)
    case.run("--to", str(case.home / "my bin"), told=[f"{case.home}/my bin/loadplan"])
    case.environment["PATH"] = f"{full}:{case.home}/my bin"
    assert "PATH" not in case.run(f"--to={case.home}/my bin")
    (case.home / "file").write_text("")
    case.run("--to", f"{case.home}/file", code=1, told=["name another folder with --to"])
    Case(full, url, home=False).run(code=1, told=["HOME is not set; name a folder with --to"])
    Case(full, "").run(code=1, told=["this is a template"])
    Case(full, url).run("--help", told=["Usage: install.sh"])
    for arguments in (("--version",), ("--to", ""), ("--verbose",), ("1.5.0",)):
        case = Case(full, url)
        case.run(*arguments, code=1, told=["needs a value" if arguments[0] in ("--version", "--to") else "unknown argument"])
        case.is_untouched()

    # A script that was cut off while it came does nothing.
    text = SCRIPT.read_text()
    for length in range(0, len(text) - len('main "$@"\n'), 150):
        case = Case(full, url)
        ran = subprocess.run(case.shell, env=case.environment, input=text[:length], capture_output=True, text=True, timeout=60)
        assert "installed" not in ran.stdout, (length, ran)
        case.is_untouched()

    platforms = {
        ("Linux", "x86_64"): "x86_64-unknown-linux-musl",
        ("Linux", "amd64"): "x86_64-unknown-linux-musl",
        ("Linux", "aarch64"): "aarch64-unknown-linux-musl",
        ("Darwin", "x86_64"): "x86_64-apple-darwin",
        ("Darwin", "arm64"): "aarch64-apple-darwin",
    }
    for (system, machine), triple in platforms.items():
        path = bare(f"{system}-{machine}", "curl", "sha256sum")
        fake(path, "uname", f'[ "$1" = -s ] && echo {system} || echo {machine}')
        case = Case(path, url)
        case.run(told=["installed loadplan 2.0.0"])
        assert case.says() == f"loadplan 2.0.0 for {triple}\n", (system, machine, case.says())
    fake(path, "sysctl", '[ "$*" = "-n sysctl.proc_translated" ] && echo 1')
    fake(path, "uname", '[ "$1" = -s ] && echo Darwin || echo x86_64')
    case = Case(path, url)
    case.run()
    assert case.says() == "loadplan 2.0.0 for aarch64-apple-darwin\n", "under Rosetta"
    for system, machine, told in (
        ("Linux", "armv7l", "no loadplan for Linux on armv7l"),
        ("FreeBSD", "amd64", "no loadplan for FreeBSD on x86_64"),
        ("MINGW64_NT-10.0", "x86_64", "on Windows use"),
    ):
        fake(path, "uname", f'[ "$1" = -s ] && echo {system} || echo {machine}')
        case = Case(path, url)
        case.run(code=1, told=[told])
        case.is_untouched()
    left = [path.name for path in WORK.iterdir() if path.name not in ("site", "paths") and not path.name.startswith("home ")]
    assert not left, f"the script left {left}"
    print(f"   platforms, folders and mistakes: as they should (on {here})")


try:
    assert hashlib.sha256(b"").hexdigest().startswith("e3b0c442")
    check()
finally:
    shutil.rmtree(WORK, ignore_errors=True)
