"""Makes the packages of loadplan from binaries that are built already.

    python3 packaging/build --out dist target/dist/loadplan

writes dist/pypi/ (wheels), dist/npm/ (npm packages) and dist/github/ (archives, install.sh, SHA256SUMS). With binaries for
all platforms, dist/github/ also gets the manifests of Homebrew, Scoop and winget; `--release` demands them. Which
platform a binary is for is read from the binary. Needs Python 3.11 and nothing else.
"""

import argparse
import pathlib

import archives
import manifests
import npm
import pypi
import targets
from project import Project


def main():
    parser = argparse.ArgumentParser(prog="packaging/build", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("binaries", nargs="+", type=pathlib.Path, metavar="BINARY")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the folder to write to")
    parser.add_argument("--repository", help="where releases are published on GitHub: OWNER/NAME")
    parser.add_argument("--notices", type=pathlib.Path, help="the licences of the crates, from packaging/build/notices.py")
    parser.add_argument("--release", action="store_true", help="refuse what must not be published")
    options = parser.parse_args()

    project = Project.read(options.repository, options.notices)
    binaries = {}
    for path in options.binaries:
        target = targets.of(path)
        if target in binaries:
            parser.error(f"{path} and {binaries[target]} are both for {target.triple}")
        binaries[target] = path
    missing = [target.triple for target in targets.PUBLISHED if target not in binaries]
    if options.release:
        local = [str(path) for target, path in binaries.items() if not target.published]
        if local:
            parser.error(f"{', '.join(local)}: a release needs static binaries; build for the musl target")
        if missing:
            parser.error(f"no binary for {', '.join(missing)}")
        if not options.repository or not options.notices:
            parser.error("--release needs --repository and --notices")

    folders = {name: options.out / name for name in ("github", "pypi", "npm")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    for target, path in binaries.items():
        binary = path.read_bytes()
        archives.release(folders["github"], project, target, binary)
        pypi.wheel(folders["pypi"], project, target, binary)
        npm.platform_package(folders["npm"], project, target, binary)
    npm.main_package(folders["npm"], project)
    manifests.install_script(folders["github"], project)
    if not missing:
        manifests.manifests(folders["github"], project)
    manifests.checksums(folders["github"])
    for path in sorted(path for folder in folders.values() for path in folder.iterdir()):
        print(path)


main()
