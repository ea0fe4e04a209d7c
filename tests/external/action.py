"""The shell steps of action.yml, run as a runner of GitHub Actions does: each script in bash with its
environment and the files for outputs and the path, expressions put in by us.

    action.py PATH_TO_LOADPLAN FOLDER
"""

import os
import re
import subprocess
import sys

import yaml

LOADPLAN, WORK = sys.argv[1:]
ROOT = os.getcwd()
with open("action.yml", encoding="utf-8") as file:
    ACTION = yaml.safe_load(file)
STEPS = ACTION["runs"]["steps"]

for step in STEPS:
    assert "${{" not in step.get("run", ""), f"an expression in the script of {step['name']}"
    assert "uses" not in step or re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]), step
upload = next(step for step in STEPS if step.get("uses", "").startswith("actions/upload-artifact@"))
assert upload["if"].startswith("always()"), upload

# A runner has these programs; whether it has loadplan or cargo is what is tried.
BARE = f"{WORK}/bare"
os.makedirs(BARE, exist_ok=True)
for name in ("bash", "find", "sort", "xargs", "git", "env", "mkdir", "cp", "chmod", "cat"):
    path = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout.strip()
    if not os.path.exists(f"{BARE}/{name}"):
        os.symlink(path, f"{BARE}/{name}")


class Job:
    """One use of the action."""

    def __init__(self, name, path, **inputs):
        self.folder = f"{WORK}/action-{name}"
        os.makedirs(f"{self.folder}/files")
        os.makedirs(f"{self.folder}/temp")
        self.inputs = {key: str(value.get("default", "")) for key, value in ACTION["inputs"].items()}
        self.inputs.update({key.replace("_", "-"): value for key, value in inputs.items()})
        self.path, self.outputs, self.log = path, {}, ""

    def value(self, text):
        def found(match):
            place = match[1].strip()
            if place.startswith("inputs."):
                return self.inputs[place.removeprefix("inputs.")]
            if place == "github.action_path":
                return ROOT
            step, name = re.fullmatch(r"steps\.(\w+)\.outputs\.(\w+)", place).groups()
            return self.outputs.get(step, {}).get(name, "")

        return re.sub(r"\$\{\{(.*?)\}\}", found, text)

    def step(self, name):
        """Runs the step of this name; its exit code."""
        step = next(step for step in STEPS if step["name"] == name)
        files = {key: f"{self.folder}/files/{key}-{len(self.log)}-{name.replace(' ', '')}" for key in ("output", "path", "summary")}
        for path in files.values():
            open(path, "w").close()
        environment = {key: self.value(value) for key, value in step["env"].items()}
        environment |= {
            "PATH": self.path, "HOME": self.folder, "RUNNER_TEMP": f"{self.folder}/temp", "GITHUB_ACTIONS": "true", "CI": "true",
            "GITHUB_OUTPUT": files["output"], "GITHUB_PATH": files["path"], "GITHUB_STEP_SUMMARY": files["summary"],
        }
        script = f"{self.folder}/script.sh"
        with open(script, "w", encoding="utf-8") as file:
            file.write(step["run"])
        folder = os.path.join(self.folder, self.value(step.get("working-directory", ".")))
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=120,
        )
        self.log += ran.stdout + ran.stderr
        self.outputs[step.get("id", name)] = outputs(open(files["output"], encoding="utf-8").read())
        added = open(files["path"], encoding="utf-8").read().split()
        self.path = ":".join(added + [self.path])
        self.summary = open(files["summary"], encoding="utf-8").read()
        return ran.returncode

    def result(self, name):
        """An output of the action."""
        return self.value(ACTION["outputs"][name]["value"])


def outputs(text):
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, _, value = line.partition("=")
        if "<<" in name:
            name, _, end = line.partition("<<")
            value = "\n".join(iter(lambda: next(lines), end))
        found[name] = value
    return found


# loadplan is there: nothing is built, a plan and a pattern are run, and the outputs are set.
installed = f"{WORK}/installed"
os.makedirs(installed, exist_ok=True)
if not os.path.exists(f"{installed}/loadplan"):
    os.symlink(os.path.abspath(LOADPLAN), f"{installed}/loadplan")
job = Job("passes", f"{installed}:{BARE}", plan="plans/a b.yaml\n\n  \nplans/q*.yaml\r\n", args="--duration=1s\n\n--var=greeting=a b $(touch owned)\n", working_directory="sub dir")
os.makedirs(f"{job.folder}/sub dir/plans")
for name in ("a b.yaml", "q1.yaml"):
    with open("plans/quickstart.yaml", encoding="utf-8") as source, open(f"{job.folder}/sub dir/plans/{name}", "w", encoding="utf-8") as target:
        target.write(source.read().replace("http:\n", "variables: { greeting: hello }\nhttp:\n", 1))
assert job.step("Look for loadplan") == 0
assert job.outputs["find"] == {"installed": "true"}, job.outputs
assert job.step("Run the load test") == 0, job.log
assert (job.result("verdict"), job.result("exit-code")) == ("passed", "0"), job.outputs
assert float(job.result("p95-ms")) > 0 and float(job.result("error-rate")) == 0 and int(job.result("requests")) > 0
for name, file in (("results", "results.json"), ("junit", "junit.xml"), ("report", "report.html")):
    paths = job.result(name).split("\n")
    assert [os.path.basename(path) for path in paths] == [file] * 2 and all(map(os.path.isfile, paths)), paths
assert all(path.startswith(job.value(upload["with"]["path"])) for path in job.result("results").split("\n"))
assert job.summary.count("### ✅ PASSED") == 2
assert not os.path.exists(f"{job.folder}/sub dir/owned")

# It fails as the run does, and what is kept is known all the same.
job = Job("fails", f"{installed}:{BARE}", plan=f"{ROOT}/plans/failing-on-purpose.yaml", args="--quiet", out=f"{WORK}/action-kept")
assert job.step("Run the load test") == 1
assert (job.result("verdict"), job.result("exit-code")) == ("failed", "1")
assert job.value(upload["with"]["path"]) == f"{WORK}/action-kept" and os.path.isfile(f"{WORK}/action-kept/junit.xml")
assert "::error file=" in job.log

# Nothing in an input is run, and a plan is never taken for an option.
job = Job("hostile", f"{installed}:{BARE}", plan="--help\n$(touch owned)\n`touch owned`\"; touch owned; #", args="", out="out\nverdict=passed")
assert job.step("Run the load test") == 2, job.log
assert job.result("verdict") == "failed" and not os.path.exists(f"{job.folder}/owned"), job.outputs
assert job.outputs["run"]["folder"] == f"{job.folder}/out"

# loadplan is not there, but cargo is: it is built from the action's own checkout, once.
cargo = f"{WORK}/cargo"
os.makedirs(cargo)
with open(f"{cargo}/cargo", "w", encoding="utf-8") as file:
    file.write(f'#!/bin/sh\nset -e\nprintf "%s\\n" "$*" >> "{WORK}/cargo.log"\nwhile [ "$1" != --root ]; do shift; done\nmkdir -p "$2/bin"\ncp "{os.path.abspath(LOADPLAN)}" "$2/bin/loadplan"\n')
os.chmod(f"{cargo}/cargo", 0o755)
job = Job("builds", f"{cargo}:{BARE}", plan=f"{ROOT}/plans/quickstart.yaml", args="--duration=1s\n--quiet")
assert job.step("Look for loadplan") == 0, job.log
found = job.outputs["find"]
assert found["installed"] == "false" and re.fullmatch("[0-9a-f]{40}", found["key"]), found
assert job.step("Build loadplan") == 0 and job.step("Build loadplan") == 0, job.log
assert open(f"{WORK}/cargo.log").read() == f"install --path {ROOT} --locked --root {job.folder}/temp/loadplan\n"
assert job.step("Run the load test") == 0, job.log

# Neither is there.
job = Job("nothing", BARE, plan="plan.yaml")
assert job.step("Look for loadplan") == 0 and job.step("Build loadplan") == 1
assert "::error title=loadplan::cargo is needed" in job.log, job.log
print("the action's scripts: found, built, run, failed and attacked as they should be")
