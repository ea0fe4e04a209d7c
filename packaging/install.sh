#!/bin/sh
# Installs loadplan from a release: downloads the archive for this platform, verifies its checksum, and puts the
# binary into ~/.local/bin. Changes nothing else, and needs neither root nor Rust.
#
#   curl -fsSL https://github.com/@REPOSITORY@/releases/latest/download/install.sh | sh
#   sh install.sh --version 0.1.0 --to /opt/bin
set -eu

usage() {
  cat << 'END'
Installs loadplan from a release.

Usage: install.sh [--version VERSION] [--to FOLDER]

  --version VERSION  the version to install, such as 0.1.0 (the latest if omitted)
  --to FOLDER        the folder for the binary (~/.local/bin if omitted)
  --help             print this text

LOADPLAN_RELEASES is the address that releases are downloaded from, for mirrors.
END
}

fail() {
  printf 'error: %s\n' "$1" >&2
  exit 1
}

has() { command -v "$1" > /dev/null 2>&1; }

# The name that releases have for this platform.
platform() {
  system=$(uname -s)
  machine=$(uname -m)
  # A shell that runs under Rosetta says x86_64 on Apple's processors.
  if [ "$system" = Darwin ] && [ "$(sysctl -n sysctl.proc_translated 2> /dev/null || true)" = 1 ]; then
    machine=arm64
  fi
  case $machine in
    x86_64 | amd64) machine=x86_64 ;;
    aarch64 | arm64) machine=aarch64 ;;
    *) fail "there is no loadplan for $system on $machine. Build it from source: https://github.com/@REPOSITORY@" ;;
  esac
  case $system in
    # The binary is static: it runs with every C library.
    Linux) echo "$machine-unknown-linux-musl" ;;
    Darwin) echo "$machine-apple-darwin" ;;
    MINGW* | MSYS* | CYGWIN*) fail "on Windows use pip, npm, Scoop or winget: https://github.com/@REPOSITORY@/blob/main/docs/install.md" ;;
    *) fail "there is no loadplan for $system on $machine. Build it from source: https://github.com/@REPOSITORY@" ;;
  esac
}

download() { # ADDRESS FILE
  if has curl; then
    case $1 in
      # A redirect must not lead away from TLS.
      https:*) curl --proto '=https' --tlsv1.2 --fail --silent --show-error --location --retry 3 --output "$2" "$1" ;;
      *) curl --fail --silent --show-error --location --output "$2" "$1" ;;
    esac
  elif has wget; then
    wget -q -O "$2" "$1"
  else
    fail "curl or wget is needed to download"
  fi || fail "cannot download $1"
}

checksum() { # FILE
  if has sha256sum; then
    sha256sum "$1" | cut -d ' ' -f 1
  elif has shasum; then
    shasum -a 256 "$1" | cut -d ' ' -f 1
  elif has openssl; then
    openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1
  else
    fail "sha256sum, shasum or openssl is needed to verify the download"
  fi
}

# In a function that is called on the last line, so that a script that was cut off while it came does nothing.
main() {
  version=
  folder=
  while [ $# -gt 0 ]; do
    case $1 in
      --version | --to)
        [ $# -ge 2 ] && [ -n "$2" ] || fail "$1 needs a value"
        if [ "$1" = --version ]; then version=${2#v}; else folder=$2; fi
        shift 2
        ;;
      --version=?*) version=${1#--version=} version=${version#v} && shift ;;
      --to=?*) folder=${1#--to=} && shift ;;
      --help | -h) usage && exit 0 ;;
      *) fail "unknown argument $1 (see --help)" ;;
    esac
  done
  if [ -z "$folder" ]; then
    [ -n "${HOME-}" ] || fail "HOME is not set; name a folder with --to"
    folder=$HOME/.local/bin
  fi

  name=loadplan-$(platform)
  releases=${LOADPLAN_RELEASES:-https://github.com/@REPOSITORY@/releases}
  case $releases in
    https://github.com/@*) fail "this is a template. Use the install.sh of a release, or set LOADPLAN_RELEASES" ;;
  esac
  if [ -n "$version" ]; then from=$releases/download/v$version; else from=$releases/latest/download; fi

  work=$(mktemp -d)
  new=
  trap 'rm -rf "$work" ${new:+"$new"}' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  echo "downloading $from/$name.tar.gz"
  download "$from/SHA256SUMS" "$work/SHA256SUMS"
  download "$from/$name.tar.gz" "$work/$name.tar.gz"

  wanted=$(awk -v name="$name.tar.gz" '$2 == name { print $1 }' "$work/SHA256SUMS")
  [ -n "$wanted" ] || fail "$from/SHA256SUMS has no checksum of $name.tar.gz"
  got=$(checksum "$work/$name.tar.gz")
  [ "$got" = "$wanted" ] || fail "the checksum of $name.tar.gz is wrong, so nothing was installed
  expected $wanted
  got      $got"

  tar -xzf "$work/$name.tar.gz" -C "$work"
  mkdir -p "$folder" || fail "cannot create $folder; name another folder with --to"
  # Renamed into place: a loadplan that is running there goes on with the old file.
  new=$(mktemp "$folder/.loadplan.XXXXXX") || fail "cannot write to $folder; name another folder with --to"
  cp "$work/$name/loadplan" "$new"
  chmod 755 "$new"
  installed=$("$new" --version) || fail "the binary does not start from $folder"
  mv -f "$new" "$folder/loadplan"
  new=

  echo "installed $installed: $folder/loadplan"
  case :$PATH: in
    *:"$folder":*) ;;
    *) echo "$folder is not on your PATH. Add this line to your shell's profile:
  export PATH=\"$folder:\$PATH\"" ;;
  esac
}

main "$@"
