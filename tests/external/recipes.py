"""The recipes of the documentation: every YAML block is YAML, those for CI servers satisfy the servers' own schemas,
scripts are valid shell, the options they use exist, and the recipes for GitHub and GitLab do what they say when their
steps are run one after the other.

    recipes.py PATH_TO_LOADPLAN FOLDER
"""

import glob
import json
import os
import re
import subprocess
import sys

import yaml

LOADPLAN, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
ROOT = os.getcwd()
os.makedirs(WORK, exist_ok=True)


def blocks(path):
    """(heading, language, text) of each fenced block."""
    heading, language, lines = "", None, []
    for line in open(path, encoding="utf-8").read().split("\n"):
        fence = re.match(r"\s*```(\w*)", line)
        if fence and language is None:
            language, lines = fence[1], []
        elif fence:
            yield heading, language, "\n".join(lines) + "\n"
            language = None
        elif language is not None:
            lines.append(line)
        elif line.startswith("## "):
            heading = line[3:]


class Strict(yaml.SafeLoader):
    """Refuses keys that are written twice, which YAML forbids and PyYAML takes."""


def unique(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    assert len(keys) == len(set(map(str, keys))), f"a key is written twice: {keys}"
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, unique)


def schema(name, text):
    server, variant = name.split(".")[0], []
    if server == "azure-pipelines":
        # To its schema numbers are text, and its patterns are not those of the flag `u`.
        text = re.sub(r": (\d+)( +#.*)?$", r": '\1'", text, flags=re.MULTILINE)
        variant = ["--regex-variant", "nonunicode"]
    path = f"{WORK}/{name}.yml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    subprocess.run(["check-jsonschema", *variant, "--builtin-schema", f"vendor.{server}", path], check=True)
    return path


def shell(text):
    # What a server puts in before the shell sees it.
    text = re.sub(r"\$\{\{.*?\}\}|\$\((?=[A-Z])[\w.]+\)", "x", text)
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)


def scripts(value):
    """Every script in a recipe."""
    if isinstance(value, list):
        for one in value:
            yield from scripts(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key in ("run", "script", "before_script"):
                yield "\n".join(one) if isinstance(one, list) else one
            else:
                yield from scripts(one)


HELP = subprocess.run([LOADPLAN, "run", "--help"], capture_output=True, text=True, check=True).stdout
OPTIONS = set(re.findall(r"--[a-z][a-z-]*", HELP))


def options(text):
    joined = text.replace("\\\n", " ")
    for command in re.findall(r"loadplan run ([^\n|;&]*)", joined):
        for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", command):
            assert option in OPTIONS, f"there is no option {option}: {command}"


pages = sorted(glob.glob("docs/*.md")) + ["README.md"]
counts = dict(yaml=0, workflows=0, gitlab=0, azure=0, sh=0)
recipes = {"workflows": [], "gitlab": [], "azure": []}
for page in pages:
    for heading, language, text in blocks(page):
        options(text)
        if language == "sh":
            shell(text)
            counts["sh"] += 1
        if language != "yaml":
            continue
        try:
            read = yaml.load(text, Strict)
        except (yaml.YAMLError, AssertionError) as error:
            sys.exit(f"{page}, {heading}: {error}\n{text}")
        counts["yaml"] += 1
        if page == "docs/ci.md" and heading == "GitHub Actions":
            if isinstance(read, list):
                head = "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n"
                text = head + text
            recipes["workflows"].append(text)
        elif page == "docs/ci.md" and heading == "GitLab":
            recipes["gitlab"].append(text)
        elif page == "docs/ci.md" and heading == "Azure Pipelines":
            recipes["azure"].append(text)

files = [schema(f"github-workflows.{at}", text) for at, text in enumerate(recipes["workflows"])]
subprocess.run(["node", f"{ROOT}/tests/external/actionlint.mjs", *files], check=True)
for at, text in enumerate(recipes["gitlab"]):
    schema(f"gitlab-ci.{at}", text)
for at, text in enumerate(recipes["azure"]):
    schema(f"azure-pipelines.{at}", text)
for kind, texts in recipes.items():
    assert texts, f"docs/ci.md has lost its recipes for {kind}"
    counts[kind] = len(texts)
    for text in texts:
        for script in scripts(yaml.safe_load(text)):
            shell(script)

# The recipes themselves, with a plan of ours and without what only the servers have.
PLAN = """
name: Trading
services: { api: { demo: trading } }
http: { base_url: "${services.api.url}" }
secrets: { password: "${env.TRADER_PASSWORD}" }
thread_groups:
  users: { iterations: 60, steps: [ { get: /api/market-data } ] }
thresholds: [ error_rate < 1% ]
profiles: { smoke: { thread_groups: { users: { iterations: 40 } } } }
"""
os.makedirs(f"{WORK}/bin")
os.symlink(LOADPLAN, f"{WORK}/bin/loadplan")
with open(f"{WORK}/bin/pip", "w", encoding="utf-8") as file:
    file.write("#!/bin/sh\nexit 0\n")
os.chmod(f"{WORK}/bin/pip", 0o755)


def project(name):
    os.makedirs(f"{WORK}/{name}/plans")
    for plan in ("trading", "shop"):
        with open(f"{WORK}/{name}/plans/{plan}.yaml", "w", encoding="utf-8") as file:
            file.write(PLAN.replace("Trading", plan.title()))
    return f"{WORK}/{name}"


def run(script, folder, environment):
    path = f"{WORK}/bin:{os.environ['PATH']}"
    # Comparing is looked at elsewhere: on a busy machine two runs of a second may differ.
    lenient = {"LOADPLAN_TOLERANCE": "99%", "LOADPLAN_FLOOR": "1h"}
    environment = {"PATH": path, "HOME": folder, "CI": "true", **lenient, **environment}
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120,
    )
    return ran.returncode, ran.stdout + ran.stderr


def compared(folder):
    regression = json.load(open(f"{folder}/loadplan-results/results.json", encoding="utf-8"))["regression"]
    return 0 if regression is None else len(regression["baseline"])


def expressions(text, values):
    return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda found: values[found[1]], text)


def github(folder, number):
    """The job of the first recipe; its exit code, and whether the baseline is saved."""
    job = yaml.safe_load(recipes["workflows"][0])["jobs"]["load-test"]
    values = {"secrets.TRADER_PASSWORD": "s3cret-word", "github.run_id": str(number)}
    environment = {"GITHUB_RUN_ID": str(number), **{key: str(value) for key, value in job["env"].items()}}
    failed = 0
    for step in job["steps"]:
        if "run" in step and (not failed or "always" in step.get("if", "")):
            own = {key: expressions(value, values) for key, value in step.get("env", {}).items()}
            code, log = run(expressions(step["run"], values), folder, {**environment, **own})
            failed = failed or code
            if code:
                print(log)
    return failed


folder = project("github")
for number in range(1, 13):
    assert github(folder, number) == 0
    # The first has nothing to compare with; then there are as many as were kept, of which five are taken.
    assert compared(folder) == min(number - 1, 5), (number, compared(folder))
kept = sorted(os.listdir(f"{folder}/baseline"), key=lambda name: int(name.split(".")[0]))
assert kept == [f"{number}.json" for number in range(3, 13)], kept

folder = project("gitlab")
job = yaml.safe_load(recipes["gitlab"][0])["load-test"]
variables = {key: str(value) for key, value in job["variables"].items()}
variables |= {"LAST_GREEN": "http://127.0.0.1:9/artifacts", "CI_JOB_TOKEN": "token", "TRADER_PASSWORD": "s3cret-word"}
script = "\n".join(job["before_script"] + job["script"])
code, log = run(script, folder, variables)
assert code == 0 and "no baseline yet" in log, log
assert compared(folder) == 0 and os.path.exists(f"{folder}/load-performance.json")
# The artifact that the next job would have fetched.
os.replace(f"{folder}/loadplan-results/results.json", f"{folder}/baseline/results.json")
code, log = run(script, folder, variables)
assert code == 0 and compared(folder) == 1, log
code, log = run(script, folder, {**variables, "TRADER_PASSWORD": ""})
assert code == 2 and "TRADER_PASSWORD" in log, log

# The loop that tries again: once more after 3, never after another code.
loop = next(text for _, language, text in blocks("docs/ci.md") if language == "sh" and "for attempt" in text)
for first, times in ((0, 1), (1, 1), (2, 1), (3, 2)):
    fake = loop.replace("loadplan run", f"tried() {{ echo tried; return {first}; }}; tried")
    code, log = run(fake, folder, {})
    assert (code, log.count("tried")) == (first, times), (code, log)
print(", ".join(f"{count} {kind}" for kind, count in counts.items()), "checked")
