"""The manifests of Homebrew, Scoop and winget, the install script and the checksums, from a folder of archives."""

import hashlib

from archives import zip_file
from project import PACKAGING
from targets import PUBLISHED

WINGET = ["loadplan.yaml", "loadplan.installer.yaml", "loadplan.locale.en-US.yaml"]


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def manifests(folder, project):
    """Fills the templates; all archives of a release must be there."""
    sums = {f"SHA256_{key(target)}": sha256(folder / target.archive) for target in PUBLISHED}

    def filled(name):
        return project.fill((PACKAGING / name).read_text(encoding="utf-8"), **sums)

    for name in ("homebrew/loadplan.rb", "scoop/loadplan.json"):
        (folder / name.split("/")[1]).write_text(filled(name), encoding="utf-8")
    # winget asks for names that begin with the package's.
    identifier = project.fill("@OWNER@.loadplan")
    entries = {f"{identifier}{name.removeprefix('loadplan')}": filled(f"winget/{name}") for name in WINGET}
    zip_file(folder / "loadplan-winget.zip", {name: (text.encode(), False) for name, text in entries.items()})


def key(target):
    """`LINUX_X64`, as templates name a checksum."""
    return f"{target.npm_os}_{target.npm_cpu}".upper()


def install_script(folder, project):
    """Writes install.sh for this repository's releases."""
    text = project.fill((PACKAGING / "install.sh").read_text(encoding="utf-8"))
    (folder / "install.sh").write_text(text, encoding="utf-8", newline="\n")


def checksums(folder):
    """Writes SHA256SUMS over everything in the folder, in the form of `sha256sum`."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    text = "".join(f"{sha256(folder / name)}  {name}\n" for name in names)
    (folder / "SHA256SUMS").write_text(text, encoding="utf-8", newline="\n")
