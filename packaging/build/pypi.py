"""A wheel: the binary goes into the environment's folder of scripts, no Python is left between it and the shell.

The format: https://packaging.python.org/specifications/binary-distribution-format/
"""

import base64
import hashlib
import re

from archives import zip_file


def python_version(version):
    """A version of Cargo's as PEP 440 spells it: `1.0.0-rc.1` is `1.0.0rc1`."""
    match = re.fullmatch(r"(\d+\.\d+\.\d+)(?:-(alpha|beta|rc)\.(\d+))?", version)
    if not match:
        raise SystemExit(f"version {version}: PyPI has no such form; use 1.2.3 or 1.2.3-alpha.1, -beta.1, -rc.1")
    release, stage, number = match.groups()
    return release if stage is None else f"{release}{dict(alpha='a', beta='b', rc='rc')[stage]}{number}"


def wheel(folder, project, target, binary):
    """Writes the wheel of a target."""
    version = python_version(project.version)
    info = f"loadplan-{version}.dist-info"
    entries = {f"loadplan-{version}.data/scripts/{target.program}": (binary, True)}
    entries |= {f"{info}/licenses/{name}": (text, False) for name, text in project.texts.items()}
    entries[f"{info}/METADATA"] = (metadata(project, version).encode(), False)
    entries[f"{info}/WHEEL"] = (about(target).encode(), False)
    record = [f"{name},{digest(content)},{len(content)}\n" for name, (content, _) in entries.items()]
    entries[f"{info}/RECORD"] = ("".join([*record, f"{info}/RECORD,,\n"]).encode(), False)
    zip_file(folder / f"loadplan-{version}-py3-none-{target.wheel_platform}.whl", entries)


def metadata(project, version):
    lines = [
        "Metadata-Version: 2.4",
        "Name: loadplan",
        f"Version: {version}",
        f"Summary: {project.description}",
        f"License-Expression: {project.license}",
        *[f"License-File: {name}" for name in project.texts],
        f"Keywords: {','.join(project.keywords)}",
        "Classifier: Environment :: Console",
        "Classifier: Programming Language :: Rust",
        "Classifier: Topic :: Software Development :: Testing :: Traffic Generation",
        "Requires-Python: >=3.8",
        "Description-Content-Type: text/markdown; charset=UTF-8; variant=GFM",
    ]
    if project.repository:
        lines += [
            f"Project-URL: Source, {project.url}",
            f"Project-URL: Documentation, {project.url}#readme",
            f"Project-URL: Changelog, {project.url}/blob/main/CHANGELOG.md",
        ]
    return "\n".join(lines) + "\n\n" + project.readme


def about(target):
    tags = [f"Tag: py3-none-{platform}" for platform in target.wheel_platform.split(".")]
    return "\n".join(["Wheel-Version: 1.0", "Generator: loadplan-packaging", "Root-Is-Purelib: false", *tags]) + "\n"


def digest(content):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
