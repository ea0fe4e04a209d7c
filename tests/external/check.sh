#!/usr/bin/env bash
# Checks against programs nobody here wrote: nginx as the target, junitparser and xunit-viewer as
# readers of JUnit, check-jsonschema as the validator of plans and results, Prometheus' and
# OpenTelemetry's Python packages as readers of live metrics, markdown-it-py and marked as renderers of
# Markdown, PyPI's websockets and npm's ws as WebSocket servers, the shells of a CI server for its action and the
# image, actionlint and the schemas of CI servers for the recipes of the documentation.
#   check.sh PATH_TO_LOADPLAN
set -euo pipefail
# What fails here on purpose is no finding of the job these checks run in.
unset GITHUB_ACTIONS TF_BUILD
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
loadplan=$1
work=$(mktemp -d)
stop() {
  if [[ -s "$work/nginx.pid" ]]; then kill "$(cat "$work/nginx.pid")" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap stop EXIT
cd "$root"

say() { printf '== %s\n' "$*"; }
expect() { # CODE COMMAND…
  local wanted=$1 code=0
  shift
  "$@" || code=$?
  if [[ $code != "$wanted" ]]; then
    echo "expected exit code $wanted, got $code: $*" >&2
    exit 1
  fi
}

say "the recipes of the documentation are what CI servers read, and do what they say"
python3 tests/external/recipes.py "$loadplan" "$work/recipes"

say "plans validate against the published schema"
check-jsonschema --schemafile schemas/plan.schema.json plans/*.yaml

say "an editor offers and underlines what the schema says"
timeout 60 python3 "$here/editor.py" "$NODE_TOOLS/node_modules/yaml-language-server/bin/yaml-language-server" \
  schemas/plan.schema.json

say "the trading plan, profile smoke, against nginx"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed -e "s#@WORK@#$work#g" -e "s#@PORT@#$port#g" "$here/nginx.conf.in" > "$work/nginx.conf"
nginx -p "$work" -c "$work/nginx.conf" -e "$work/error.log"
expect 0 "$loadplan" run plans/trading.yaml --profile smoke --base-url "http://127.0.0.1:$port" --out "$work/nginx"
python3 - "$work" <<'PY'
import json, sys
work = sys.argv[1]
results = json.load(open(f"{work}/nginx/results.json"))
lines = sum(1 for _ in open(f"{work}/access.log"))
# One request more than the load: setup looks whether the API is up.
counted = results["totals"]["count"] + 1
assert counted == lines, f"loadplan counted {counted} requests, nginx {lines}"
assert results["totals"]["failed"] == 0 and results["verdict"]["exit_code"] == 0
print(f"{lines} requests, counted alike by loadplan and nginx")
PY

say "the trading plan, profile smoke, against the demo"
expect 0 "$loadplan" run plans/trading.yaml --profile smoke --out "$work/demo" --quiet

say "JUnit and results are read by others as they were meant"
expect 1 "$loadplan" run plans/failing-on-purpose.yaml --out "$work/failing" --quiet
expect 1 "$loadplan" run plans/failing-on-purpose.yaml --out "$work/xunit" --junit-style xunit --quiet
for run in nginx demo failing xunit; do
  check-jsonschema --schemafile schemas/results.schema.json "$work/$run/results.json"
  xmllint --noout "$work/$run/junit.xml"
done
expect 0 junitparser verify "$work/nginx/junit.xml"
expect 0 junitparser verify "$work/demo/junit.xml"
expect 1 junitparser verify "$work/failing/junit.xml"
expect 1 junitparser verify "$work/xunit/junit.xml"
python3 - "$work" <<'PY'
import json, re, subprocess, sys
from junitparser import JUnitXml, Failure, Error
work = sys.argv[1]
for run in ("nginx", "failing"):
    xml = JUnitXml.fromfile(f"{work}/{run}/junit.xml")
    cases = [case for suite in xml for case in suite]
    red = [case for case in cases if any(isinstance(r, (Failure, Error)) for r in case.result)]
    exit_code = json.load(open(f"{work}/{run}/results.json"))["verdict"]["exit_code"]
    assert bool(red) == (exit_code != 0), (run, exit_code, red)
    assert xml.tests == len(cases) and xml.failures + xml.errors == len(red)
    out = subprocess.run(["xunit-viewer", "-r", f"{work}/{run}/junit.xml", "-o", f"{work}/{run}.html", "--console", "--no-color"],
                         capture_output=True, text=True, timeout=60).stdout
    out = re.sub(r"\x1b\[[0-9;]*m", "", out)
    failed = sum(int(n) for n in re.findall(r"(\d+) (?:failure|error)", out))
    passed = sum(int(n) for n in re.findall(r"(\d+) passed", out))
    assert (failed, failed + passed) == (len(red), len(cases)), out[-500:]
    print(f"{run}: {len(cases)} cases, {len(red)} red, in junitparser and xunit-viewer alike")
PY

say "live metrics are read by others as they were meant"
python3 "$here/live_metrics.py" "$loadplan" "$work"

say "WebSockets of other people's servers are spoken with as they saw it"
python3 "$here/websocket.py" "$loadplan" "$work"

say "Markdown of a hostile run is harmless when it is rendered"
python3 "$here/markdown.py" "$loadplan" "$work"

say "the action is valid and its scripts do what they should"
check-jsonschema --builtin-schema vendor.github-actions action.yml
python3 "$here/action.py" "$loadplan" "$work"

say "the image's entrypoint runs loadplan, or a program that is there"
sh "$here/entrypoint.sh" "$loadplan" "$work"

say "the report and the live page hold in a browser"
node "$here/browser.mjs" "$loadplan" "$work/browser"

say "all external checks passed"
