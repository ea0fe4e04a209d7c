"""The shell scripts inside workflows and the action, each given to shellcheck as the runner would start it.

    workflows.py FILE…
"""

import re
import subprocess
import sys

import yaml


def steps(document):
    jobs = document.get("jobs") or {"action": document["runs"]}
    for name, job in jobs.items():
        for step in job.get("steps", []):
            yield name, step


count = 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    for job, step in steps(document):
        if "run" not in step:
            assert "uses" in step, (path, job, step)
            # What can publish takes only actions whose code is named.
            if "release" in path:
                assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"]), (path, step["uses"])
            continue
        assert "${{" not in step["run"], f"{path}: an expression in a script of {job}; pass it through env"
        # SC2153: variables in capitals come from the step's `env`.
        checked = subprocess.run(
            ["shellcheck", "--shell=bash", "--severity=info", "--exclude=SC2153", "-"], input=step["run"], capture_output=True, text=True)
        assert checked.returncode == 0, f"{path}, job {job}:\n{checked.stdout}"
        count += 1
print(f"   {count} scripts in workflows: no complaints")
