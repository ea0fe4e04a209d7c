"""Installs the packages as users do, each into an empty folder and without cargo on the PATH, and runs plans with them.

    install.py DIST

DIST is what packaging/build wrote; it must hold the packages of this platform. Runs on Linux, macOS and Windows.
OTHER_NODES names further versions of Node.js for the launcher.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from npm_registry import Registry

DIST = pathlib.Path(sys.argv[1]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[3]
IS_WINDOWS = os.name == "nt"
PLANS = ("quickstart.yaml", "failing-on-purpose.yaml")
VERSION = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE)[1]

# The machines of developers and CI have cargo; those of users do not.
PATH = os.pathsep.join(
    folder for folder in os.environ["PATH"].split(os.pathsep) if not shutil.which("cargo", path=folder)
)
for program in ("cargo", "rustc"):
    assert shutil.which(program, path=PATH) is None, f"{program} is on the PATH: {PATH}"
NPM, NPX, NODE = (shutil.which(program, path=PATH) for program in ("npm", "npx", "node"))
assert NPM and NPX and NODE, f"npm is needed on the PATH, in a folder without cargo: {PATH}"
# What a job is told about itself would change what is printed.
JOB = ("GITHUB_", "TF_BUILD", "npm_config_", "NODE_OPTIONS", "PIP_", "PIPX_", "UV_", "VIRTUAL_ENV", "PYTHONPATH")


class Place:
    """An empty folder with an environment of its own."""

    def __init__(self, work, name, **more):
        self.folder = work / name
        self.folder.mkdir()
        for plan in PLANS:
            shutil.copy(ROOT / "plans" / plan, self.folder)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(JOB)}
        self.environment = kept | {"PATH": PATH} | more

    def run(self, *command, code=0):
        """What the command prints; it must end with this code."""
        ran = subprocess.run(
            [str(part) for part in command], cwd=self.folder, env=self.environment, capture_output=True, text=True,
            encoding="utf-8", errors="replace", timeout=300,
        )
        text = ran.stdout + ran.stderr
        assert ran.returncode == code, f"expected exit code {code}, got {ran.returncode}: {command}\n{text}"
        return text

    def start(self, *command):
        """A run that goes on for a minute, once it has begun; in a session of its own, as a terminal's."""
        child = subprocess.Popen(
            [*command, "run", "quickstart.yaml", "--duration", "60s"], cwd=self.folder, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, start_new_session=True,
        )
        out = self.folder / "loadplan-results"
        shutil.rmtree(out, ignore_errors=True)
        until = time.monotonic() + 120
        # While a run goes on, its reports are temporary files.
        while not (out.is_dir() and any(path.suffix == ".tmp" for path in out.iterdir())):
            assert child.poll() is None and time.monotonic() < until, child.communicate()[0]
            time.sleep(0.05)
        return child

    def judges(self, *loadplan):
        """The quickstart passes, and exit codes other than 0 come through."""
        assert f"loadplan {VERSION}\n" in self.run(*loadplan, "--version")
        told = self.run(*loadplan, "run", "quickstart.yaml")
        assert "PASSED (exit 0)" in told, told
        results = json.loads((self.folder / "loadplan-results/results.json").read_text(encoding="utf-8"))
        assert results["verdict"]["exit_code"] == 0 and results["totals"]["count"] > 0, results["verdict"]
        told = self.run(*loadplan, "run", "failing-on-purpose.yaml", code=1)
        assert "FAILED (exit 1)" in told, told
        self.run(*loadplan, "check", "no-such-plan.yaml", code=2)


def say(text):
    print(f"   {text}", flush=True)


def licensed(folder):
    names = {path.name for path in folder.iterdir()}
    assert {"LICENSE-MIT", "LICENSE-APACHE"} <= names, (folder, names)


def wheel(work):
    index = {f"{tool}_{name}": value for tool in ("PIP", "UV") for name, value in (("NO_INDEX", "1"), ("FIND_LINKS", str(DIST / "pypi")))}
    place = Place(work, "wheel", **index, PIP_DISABLE_PIP_VERSION_CHECK="1")
    place.run(sys.executable, "-m", "venv", "env")
    programs = place.folder / "env" / ("Scripts" if IS_WINDOWS else "bin")
    place.run(programs / "python", "-m", "pip", "install", "loadplan")
    place.judges(programs / "loadplan")
    (info,) = place.folder.glob("env/**/loadplan-*.dist-info")
    licensed(info / "licenses")
    place.run(programs / "python", "-m", "pip", "uninstall", "--yes", "loadplan")
    assert not any(path.name.startswith("loadplan") for path in programs.iterdir()), list(programs.iterdir())
    say("pip install loadplan: quickstart passed, exit codes 1 and 2 come through")

    # Without uv, pipx fetches a newer pip from PyPI first, and here there is no PyPI.
    pipx = shutil.which("uv", path=PATH) and shutil.which("pipx", path=PATH)
    if pipx:
        place.environment |= {"PIPX_HOME": str(place.folder / "pipx"), "PIPX_BIN_DIR": str(place.folder / "pipx-bin")}
        assert f"loadplan {VERSION}" in place.run(pipx, "run", "loadplan", "--version")
        place.run(pipx, "run", "loadplan", "check", "no-such-plan.yaml", code=2)
        say("pipx run loadplan")


def npx(work, registry):
    place = Place(work, "npx", **registry.environment(work))
    place.judges(NPX, "--yes", "loadplan")
    suffix = {"win32": "win32", "darwin": "darwin"}.get(sys.platform, "linux")
    others = [name for name in registry.fetched if name != "loadplan" and not name.startswith(f"@loadplan/{suffix}-")]
    assert len(set(registry.fetched)) == 2 and not others, registry.fetched
    say("npx loadplan: quickstart passed, exit codes 1 and 2 come through, one platform package was fetched")
    if not IS_WINDOWS:
        # Ctrl-C reaches npm, the launcher and the binary, and npm passes it on: all that is one Ctrl-C.
        child = place.start(NPX, "--yes", "loadplan")
        os.killpg(child.pid, signal.SIGINT)
        # npm ends by the signal itself, which a shell shows as 130.
        ends(place, child, 130, -signal.SIGINT)
        say("npx loadplan: Ctrl-C stops the run once, with reports")


def ends(place, child, *codes, reports=True):
    child.wait(timeout=60)
    is_written = (place.folder / "loadplan-results/junit.xml").exists()
    told = child.communicate(timeout=60)[0]
    assert child.returncode in codes, f"expected {codes}, got {child.returncode}: {told}"
    if reports:
        assert is_written and "ended at once" not in told, told


def launcher(work, registry, node):
    """The launcher under one version of Node.js."""
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    place = Place(work, f"npm-{version}", **registry.environment(work))
    place.run(NPM, "install", "loadplan")
    packages = place.folder / "node_modules"
    licensed(packages / "loadplan")
    (binary,) = (packages / "@loadplan").iterdir()
    licensed(binary)
    script = packages / "loadplan/bin/loadplan.js"
    place.judges(node, script)
    if not IS_WINDOWS:
        for sent, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 143)):
            child = place.start(node, script)
            child.send_signal(sent)
            ends(place, child, code)
        child = place.start(node, script)
        # Either the launcher has become the binary, or the binary is its child.
        children = subprocess.run(["pgrep", "-P", str(child.pid)], capture_output=True, text=True).stdout.split()
        os.kill(int(children[0]) if children else child.pid, signal.SIGKILL)
        ends(place, child, -signal.SIGKILL, reports=False)
        how = "beside" if children else "in place of"
        say(f"Node.js {version}: the binary runs {how} the launcher; exit codes and signals come through")

    unknown = f"Object.defineProperty(process, 'platform', {{ value: 'sunos' }}); require({json.dumps(str(script))})"
    told = place.run(node, "-e", unknown, code=4)
    assert "no binary for sunos-" in told and "only for linux-x64, linux-arm64, darwin-x64" in told and "docs/install.md" in told, told

    place = Place(work, f"npm-omit-{version}", **registry.environment(work))
    place.run(NPM, "install", "--omit=optional", "loadplan")
    told = place.run(node, place.folder / "node_modules/loadplan/bin/loadplan.js", code=4)
    assert "which holds the binary, is not installed" in told and "--omit=optional" in told, told
    say(f"Node.js {version}: a missing binary is told, exit code 4")


def main():
    # A path with a space, as many home folders on Windows and macOS have.
    work = pathlib.Path(tempfile.mkdtemp(prefix="loadplan packages "))
    try:
        wheel(work)
        with Registry(DIST / "npm") as registry:
            npx(work, registry)
            for node in [NODE, *filter(None, os.environ.get("OTHER_NODES", "").split(os.pathsep))]:
                launcher(work, registry, node)
    finally:
        shutil.rmtree(work, ignore_errors=True)


main()
