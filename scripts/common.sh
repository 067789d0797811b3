# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: MIT
# What the scripts in this folder share. Sourced, never run.

# The Deno that setup fetches, the least that is good enough on PATH, and what npm must say of the former.
DENO_VERSION=2.9.6
DENO_LEAST=2.9
declare -A DENO_INTEGRITY=(
  [x64]=sha512-3md4TKLCuzsLDmfOoC5KN7NAZaxSVkMgm64vg6foD00JBADCpYS2/5QqXfzgnP5ZQz3iLP9vBQJtEgc116OAoQ==
)

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS=$ROOT/build/tools

say() { printf '%s\n' "$*"; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# good_deno PATH: whether this Deno is DENO_LEAST or later.
good_deno() {
  local found
  found=$("$1" -V 2>/dev/null) || return 1
  printf '%s\n%s\n' "$DENO_LEAST" "${found#deno }" | sort -CV
}

# find_deno: prints the Deno to use, ours before those of PATH; fails if there is none. The scripts themselves may be on PATH.
find_deno() {
  local deno
  if [ -x "$TOOLS/deno" ]; then
    say "$TOOLS/deno"
    return
  fi
  while IFS= read -r deno; do
    if [ ! "$deno" -ef "$ROOT/scripts/deno" ] && good_deno "$deno"; then
      say "$deno"
      return
    fi
  done < <(type -aP deno)
  return 1
}
