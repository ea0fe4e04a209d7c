#!/bin/sh
# The image's entrypoint under the shells that are here.
#   entrypoint.sh PATH_TO_LOADPLAN FOLDER
set -eu
folder=$2/entrypoint
mkdir -p "$folder"
cp "$1" "$folder/loadplan"
# A program beside it, whose name is no command of loadplan's.
printf '#!/bin/sh\necho "a program with $# arguments: ${2-}"\n' > "$folder/program"
chmod +x "$folder/program"
PATH=$folder:$PATH

is() { # WANTED COMMAND…
  wanted=$1
  shift
  got=$("$@" 2>&1) || true
  case $got in
    *"$wanted"*) ;;
    *)
      echo "expected '$wanted' in '$got': $*" >&2
      exit 1
      ;;
  esac
}

for shell in sh dash bash 'busybox sh'; do
  command -v "${shell%% *}" > /dev/null || continue
  # Words are meant to be split here.
  start="$shell ./docker-entrypoint"
  is 'loadplan 0.' $start --version
  is 'loadplan 0.' $start loadplan --version
  is 'no mistakes found' $start check plans/quickstart.yaml
  is 'Usage: ' $start
  is 'Usage: ' $start ''
  # Words of the shell's own are no programs.
  is 'unrecognized subcommand' $start cd /
  is 'from a shell' $start sh -c 'echo "from a shell"'
  is 'a program with 2 arguments: b  c' $start program a 'b  c'
  is 'a program with 0' $start "$folder/program"
  # GitLab's runner pipes its script into a shell.
  is 'piped' sh -c "echo 'echo piped' | $start sh"
  code=0
  $start run no-such-plan.yaml > /dev/null 2>&1 || code=$?
  [ "$code" = 2 ] || { echo "expected exit code 2, got $code" >&2; exit 1; }
  echo "$shell: as it should be"
done
