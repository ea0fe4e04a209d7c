"""What is in the packages of a whole release, made from stand-ins for the binaries of all platforms.

    contents.py
"""

import hashlib
import importlib.util
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile

import yaml
from packaging.metadata import Metadata
from packaging.utils import parse_wheel_filename

from npm_registry import Registry

ROOT = pathlib.Path(__file__).resolve().parents[3]
WORK = pathlib.Path(tempfile.mkdtemp(prefix="loadplan contents "))
REPOSITORY = "example/loadplan"
VERSION = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE)[1]


def elf(machine, *segments):
    """ELF-64 Object File Format: the header is 64 bytes, a program header 56, its first word the type."""
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    return head + b"".join(struct.pack("<I", kind) + bytes(52) for kind in segments)


def mach_o(cpu):
    """mach-o/loader.h: the magic number of 64-bit files, then the processor."""
    return struct.pack("<II", 0xFEEDFACF, cpu) + bytes(24)


def pe(machine):
    """PE Format: at 0x3c is the place of `PE\\0\\0`, which the machine follows."""
    return b"MZ" + bytes(0x3A) + struct.pack("<I", 0x80) + bytes(0x40) + b"PE\0\0" + struct.pack("<H", machine)


# EM_X86_64 62, EM_AARCH64 183; PT_LOAD 1, PT_DYNAMIC 2 (a static-pie has it), PT_INTERP 3;
# CPU_TYPE_X86_64 0x01000007, CPU_TYPE_ARM64 0x0100000c; IMAGE_FILE_MACHINE_AMD64 0x8664.
BINARIES = {
    "x86_64-unknown-linux-musl": elf(62, 1, 2),
    "aarch64-unknown-linux-musl": elf(183, 1),
    "x86_64-apple-darwin": mach_o(0x01000007),
    "aarch64-apple-darwin": mach_o(0x0100000C),
    "x86_64-pc-windows-msvc": pe(0x8664),
}
# What pip and npm call a platform, and the binary that must come.
PIP = {
    "manylinux_2_17_x86_64": "x86_64-unknown-linux-musl",
    "manylinux2014_aarch64": "aarch64-unknown-linux-musl",
    "musllinux_1_1_x86_64": "x86_64-unknown-linux-musl",
    "musllinux_1_1_aarch64": "aarch64-unknown-linux-musl",
    "macosx_15_0_x86_64": "x86_64-apple-darwin",
    "macosx_15_0_arm64": "aarch64-apple-darwin",
    "win_amd64": "x86_64-pc-windows-msvc",
}
NPM = {
    ("linux", "x64"): "x86_64-unknown-linux-musl",
    ("linux", "arm64"): "aarch64-unknown-linux-musl",
    ("darwin", "x64"): "x86_64-apple-darwin",
    ("darwin", "arm64"): "aarch64-apple-darwin",
    ("win32", "x64"): "x86_64-pc-windows-msvc",
}
LICENCES = {"LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-LICENSES.txt"}


def build(*arguments, code=0):
    command = [sys.executable, str(ROOT / "packaging/build"), *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == code, f"expected exit code {code}, got {ran.returncode}: {arguments}\n{ran.stdout}{ran.stderr}"
    return ran.stdout + ran.stderr


def write(name, content):
    path = WORK / name
    path.write_bytes(content)
    return path


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def refused(binaries, notices):
    """What must not be published."""
    local = write("gnu", elf(62, 1, 3))
    release = ["--release", "--repository", REPOSITORY, "--notices", notices, "--out", WORK / "refused"]
    assert "a release needs static binaries" in build(*release, *binaries[1:], local, code=2)
    assert "no binary for x86_64-unknown-linux-musl" in build(*release, *binaries[1:], code=2)
    assert "are both for aarch64-unknown-linux-musl" in build(*release, binaries[1], binaries[1], code=2)
    assert "--release needs --repository and --notices" in build("--release", "--out", WORK / "refused", *binaries, code=2)
    for content in (b"", b"MZ", b"#!/bin/sh\n", elf(40, 1), mach_o(7), pe(0x14C)):
        assert "not a binary for one of" in build("--out", WORK / "refused", write("other", content), code=1), content
    assert not (WORK / "refused").exists()


def wheels(folder):
    assert len(list(folder.iterdir())) == len(BINARIES)
    for path in folder.iterdir():
        assert parse_wheel_filename(path.name)[0] == "loadplan"
        # It compares the digests of RECORD with the files.
        subprocess.run([sys.executable, "-m", "wheel", "unpack", "-d", WORK / "unpacked", path], check=True, capture_output=True)
        with zipfile.ZipFile(path) as wheel:
            (name,) = [name for name in wheel.namelist() if name.endswith("/METADATA")]
            about = Metadata.from_email(wheel.read(name))
            assert set(about.license_files) == LICENCES and about.license_expression == "MIT OR Apache-2.0"
            for licence in about.license_files:
                assert wheel.read(name.replace("METADATA", f"licenses/{licence}")), licence
        shutil.rmtree(WORK / "unpacked")
    for platform, triple in PIP.items():
        target = WORK / "pip" / platform
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--find-links", folder,
             "--platform", platform, "--only-binary=:all:", "--no-compile", "--target", target, "loadplan"], check=True)
        (program,) = (target / "bin").iterdir()
        assert program.read_bytes() == BINARIES[triple], platform


def npm_packages(folder):
    with Registry(folder) as registry:
        for (system, cpu), triple in NPM.items():
            place = WORK / f"npm-{system}-{cpu}"
            place.mkdir()
            subprocess.run(
                [shutil.which("npm"), "install", "--silent", f"--os={system}", f"--cpu={cpu}", "loadplan"], cwd=place, check=True,
                env=os.environ | registry.environment(WORK))
            (package,) = (place / "node_modules/@loadplan").iterdir()
            assert package.name == f"{system}-{cpu}"
            (program,) = (package / "bin").iterdir()
            assert program.read_bytes() == BINARIES[triple] and os.access(program, os.X_OK), package
            for installed in (package, place / "node_modules/loadplan"):
                assert LICENCES <= {path.name for path in installed.iterdir()}, installed
                about = json.loads((installed / "package.json").read_text())
                assert about["version"] == VERSION and about["repository"]["url"] == f"git+https://github.com/{REPOSITORY}.git"
    for path in folder.iterdir():
        with tarfile.open(path) as tar:
            assert all(name.startswith("package/") for name in tar.getnames())


def archives(folder):
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
    listed = {line.split()[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    assert listed == {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    for triple, binary in BINARIES.items():
        root = f"loadplan-{triple}"
        if "windows" in triple:
            with zipfile.ZipFile(folder / f"{root}.zip") as archive:
                assert archive.read(f"{root}/loadplan.exe") == binary
                names = archive.namelist()
        else:
            with tarfile.open(folder / f"{root}.tar.gz") as archive:
                assert archive.extractfile(f"{root}/loadplan").read() == binary
                assert archive.getmember(f"{root}/loadplan").mode == 0o755
                names = archive.getnames()
        assert {f"{root}/{licence}" for licence in LICENCES} <= set(names), names


def package_managers(folder):
    """Each address is that of an archive, with its checksum beside it."""
    sums = dict(reversed(line.split()) for line in (folder / "SHA256SUMS").read_text().splitlines())
    release = f"https://github.com/{REPOSITORY}/releases/download/v{VERSION}/"

    formula = (folder / "loadplan.rb").read_text()
    pairs = re.findall(r'url "(.*)"\n\s+sha256 "(.*)"', formula)
    assert {(url.removeprefix(release), digest) for url, digest in pairs} == {
        (name, digest) for name, digest in sums.items() if name.endswith(".tar.gz")
    }
    if shutil.which("ruby"):
        subprocess.run(["ruby", "-c", folder / "loadplan.rb"], check=True, stdout=subprocess.DEVNULL)

    windows = "loadplan-x86_64-pc-windows-msvc.zip"
    scoop = json.loads((folder / "loadplan.json").read_text())
    archive = scoop["architecture"]["64bit"]
    assert (scoop["version"], archive["url"], archive["hash"]) == (VERSION, release + windows, sums[windows])
    assert archive["url"].replace(VERSION, "$version") == scoop["autoupdate"]["architecture"]["64bit"]["url"]

    with zipfile.ZipFile(folder / windows) as archive, zipfile.ZipFile(folder / "loadplan-winget.zip") as manifests:
        winget = {name: yaml.safe_load(manifests.read(name)) for name in manifests.namelist()}
        assert set(winget) == {"example.loadplan.yaml", "example.loadplan.installer.yaml", "example.loadplan.locale.en-US.yaml"}
        assert f'{scoop["architecture"]["64bit"]["extract_dir"]}/{scoop["bin"]}' in archive.namelist()
        installer = winget["example.loadplan.installer.yaml"]
        (file,) = installer["NestedInstallerFiles"]
        assert file["RelativeFilePath"].replace("\\", "/") in archive.namelist()
    (download,) = installer["Installers"]
    assert (download["InstallerUrl"], download["InstallerSha256"]) == (release + windows, sums[windows])
    # What winget's schemas 1.6.0 demand of each kind of manifest.
    required = {
        "version": ["DefaultLocale"],
        "installer": ["Installers"],
        "defaultLocale": ["PackageLocale", "Publisher", "PackageName", "License", "ShortDescription"],
    }
    for manifest in winget.values():
        for key in ["PackageIdentifier", "PackageVersion", "ManifestVersion", *required[manifest["ManifestType"]]]:
            assert manifest[key], (manifest["ManifestType"], key)
        assert str(manifest["PackageVersion"]) == VERSION and manifest["PackageIdentifier"] == "example.loadplan"
        assert 3 <= len(manifest.get("ShortDescription", "xxx")) <= 256


def filled(out):
    """No placeholder is left in what people download."""
    for path in (out / "github").iterdir():
        if path.suffix in (".sh", ".rb", ".json"):
            assert not re.search(r"@[A-Z]|OWNER", path.read_text()), path
    with tarfile.open(out / f"npm/loadplan-{VERSION}.tgz") as tar:
        for name in ("bin/loadplan.js", "README.md", "package.json"):
            assert not re.search(r"@[A-Z]|OWNER", tar.extractfile(f"package/{name}").read().decode()), name


def versions():
    """Cargo's versions as PEP 440 spells them."""
    sys.path.insert(0, str(ROOT / "packaging/build"))
    pypi = importlib.import_module("pypi")
    for cargo, python in (("1.20.3", "1.20.3"), ("1.0.0-alpha.2", "1.0.0a2"), ("1.0.0-beta.10", "1.0.0b10"), ("2.0.0-rc.1", "2.0.0rc1")):
        assert pypi.python_version(cargo) == python
    for other in ("1.0", "1.0.0-rc", "1.0.0-nightly.1", "1.0.0+build"):
        try:
            pypi.python_version(other)
        except SystemExit as refusal:
            assert "PyPI has no such form" in str(refusal)
        else:
            raise AssertionError(other)


try:
    paths = [write(triple, content) for triple, content in BINARIES.items()]
    texts = write("notices", b"the licences of others\n")
    refused(paths, texts)
    for again in ("first", "second"):
        build("--release", "--repository", REPOSITORY, "--notices", texts, "--out", WORK / again, *paths)
    whole = WORK / "first"
    files = [path.relative_to(whole) for path in whole.rglob("*") if path.is_file()]
    assert [sha256(whole / path) for path in files] == [sha256(WORK / "second" / path) for path in files], "not reproducible"
    wheels(whole / "pypi")
    npm_packages(whole / "npm")
    archives(whole / "github")
    package_managers(whole / "github")
    filled(whole)
    versions()
    print(f"   {len(files)} files for {len(BINARIES)} platforms: names, contents, licences and checksums as they should be")
finally:
    shutil.rmtree(WORK, ignore_errors=True)
