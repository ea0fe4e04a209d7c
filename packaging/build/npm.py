"""npm packages: one for each platform with the binary, and `loadplan`, whose launcher starts the one that npm chose.

npm installs of the optional dependencies only those whose `os` and `cpu` fit. No script runs at installation.
"""

import json

from archives import tar_gz
from project import PACKAGING
from targets import PUBLISHED


def file_name(package, version):
    """What `npm pack` would call it."""
    return f"{package.removeprefix('@').replace('/', '-')}-{version}.tgz"


def platform_package(folder, project, target, binary):
    """Writes the package that holds a target's binary."""
    package = about(project, target.npm_package, f"The binary of loadplan for {target.npm_os} on {target.npm_cpu}")
    # Yarn keeps packages zipped, from where no program can be started.
    package |= {"os": [target.npm_os], "cpu": [target.npm_cpu], "preferUnplugged": True}
    readme = f"The binary of loadplan for {target.npm_os} on {target.npm_cpu}. Install `loadplan` instead: {project.url}\n"
    write(folder, project, package, readme, {f"bin/{target.program}": binary})


def main_package(folder, project):
    """Writes `loadplan` itself."""
    package = about(project, "loadplan", project.description)
    package |= {
        "keywords": project.keywords,
        "bin": {"loadplan": "bin/loadplan.js"},
        "engines": {"node": ">=16"},
        "optionalDependencies": {target.npm_package: project.version for target in PUBLISHED},
    }
    launcher = project.fill((PACKAGING / "npm/loadplan.js").read_text(encoding="utf-8"))
    write(folder, project, package, project.readme, {"bin/loadplan.js": launcher.encode()})


def about(project, name, description):
    package = {"name": name, "version": project.version, "description": description, "license": project.license}
    if project.repository:
        # npm compares this with the repository that the provenance names.
        package["repository"] = {"type": "git", "url": f"git+{project.url}.git"}
        package["homepage"] = f"{project.url}#readme"
        package["bugs"] = f"{project.url}/issues"
    return package


def write(folder, project, package, readme, programs):
    entries = {"package/package.json": (json.dumps(package, indent=2).encode() + b"\n", False)}
    entries["package/README.md"] = (readme.encode(), False)
    entries |= {f"package/{name}": (text, False) for name, text in project.texts.items()}
    entries |= {f"package/{name}": (content, True) for name, content in programs.items()}
    tar_gz(folder / file_name(package["name"], package["version"]), entries)
