"""The licences of everything that is linked into the binary, as their terms ask of whoever hands it on.

    python3 packaging/build/notices.py > THIRD-PARTY-LICENSES.txt

Asks cargo which crates these are, on any platform, and reads the licence files in their sources.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LICENCE = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense)([-._].*)?$", re.IGNORECASE)
VENDORED = ROOT / "src/report/html/vendor"


def linked(metadata):
    """The crates that the binary is made of: neither tests, nor what only runs while it is compiled."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    seen, todo = {root}, [root]
    while todo:
        for dependency in nodes[todo.pop()]["deps"]:
            is_normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            kinds = [kind for target in packages[dependency["pkg"]]["targets"] for kind in target["kind"]]
            if is_normal and "proc-macro" not in kinds and dependency["pkg"] not in seen:
                seen.add(dependency["pkg"])
                todo.append(dependency["pkg"])
    return sorted((packages[id] for id in seen - {root}), key=lambda package: (package["name"], package["version"]))


def texts(folder):
    files = sorted(path for path in folder.iterdir() if path.is_file() and LICENCE.match(path.name))
    return [path.read_text(encoding="utf-8", errors="replace").strip() for path in files]


def main():
    command = ["cargo", "metadata", "--format-version=1", "--locked"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    users = {}
    heads = []
    for package in linked(metadata):
        name = f"{package['name']} {package['version']}"
        found = texts(pathlib.Path(package["manifest_path"]).parent)
        about = f"{name} ({package['license']}), {package['repository'] or 'by ' + ', '.join(package['authors'])}"
        heads.append(about if found else f"{about}; its sources hold no licence file")
        for text in found:
            users.setdefault(text, []).append(name)
    for path in sorted(VENDORED.rglob("LICENSE*")):
        heads.append(f"{path.parent.name} (in the report)")
        users.setdefault(path.read_text(encoding="utf-8").strip(), []).append(path.parent.name)
    line = "=" * 80
    print("loadplan contains these works:\n")
    print("\n".join(heads))
    for text, names in users.items():
        print(f"\n{line}\n{', '.join(names)}\n{line}\n\n{text}")


sys.stdout.reconfigure(encoding="utf-8", newline="\n")
main()
