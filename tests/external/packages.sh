#!/usr/bin/env bash
# Builds every package from a binary, installs them as users do, without cargo, and checks the scripts that publish
# them: pip, pipx, npm and npx as those who install, shellcheck, zizmor and check-jsonschema as those who read.
#   packages.sh PATH_TO_LOADPLAN
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/packages" && pwd)
root=$(cd "$here/../../.." && pwd)
loadplan=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"

say() { printf '== %s\n' "$*"; }

say "workflows and scripts are well formed"
check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
zizmor --offline --no-progress --quiet .github/workflows/release.yml
shellcheck packaging/install.sh docker-entrypoint .ci/run tests/external/packages.sh
python3 "$here/workflows.py" .github/workflows/*.yml action.yml
node --check packaging/npm/loadplan.js

say "the plan on the pages of PyPI and npm is valid"
awk '/^```yaml$/ { on = 1; next } /^```$/ { on = 0 } on' packaging/description.md > "$work/plan.yaml"
"$loadplan" check "$work/plan.yaml"

say "a release has what it should"
python3 "$here/contents.py"

say "the install script installs what it has verified, and nothing else"
python3 "$here/install_script.py"

say "the packages of this binary work in empty folders without cargo"
# Symbols would make everything below slower.
if command -v strip > /dev/null; then strip -o "$work/loadplan" "$loadplan"; else cp "$loadplan" "$work/loadplan"; fi
notices=()
if command -v cargo > /dev/null; then
  python3 packaging/build/notices.py > "$work/notices"
  grep -q '^hyper 1\..* (MIT), ' "$work/notices"
  notices=(--notices "$work/notices")
fi
python3 packaging/build --out "$work/dist" "${notices[@]}" "$work/loadplan"
python3 "$here/install.py" "$work/dist"

say "all packages work"
