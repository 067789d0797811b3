# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the supervisor itself may do, as Deno's flags: the one place where that is written. `scripts/pam-deno`, the installed
# `pam-deno` and the unit's ExecStart= (a test compares it) all start it with this, and never with --allow-all.
#
# FFI makes this no boundary against a supervisor that was taken over: whoever calls libc can do what its user can do. It is a
# boundary against our own mistakes, and it keeps what a dependency of ours could do by accident small. The boundary is the user
# and the unit's sandbox; against modules it is that they run in another process.
#
#   ffi    libc alone: sockets, /proc, signals, links (sdk/supervisor/libc.ts says why Deno does not suffice)
#   run    setpriv, which starts every worker; for `serve` also what gives workers a network and limits of their own, looks up
#          users, and Deno itself, which as another process with all permissions makes the throwaway user that bundles what was
#          not installed (sdk/install/throwaway.ts)
#   read   configuration, what is installed, the runtime; for `serve` everything, since a module's source may be anywhere
#          and so it is for `supervise-alone`, `supervise` without a socket that is handed over, which looks at the folders
#          above its own
#   write  the folder of the workers' files; for `serve` also sockets, hook links and what modules keep
#   env    what a service manager says, and the variables that modules are granted
#   sys    its own user and group id
#
# usage: . own_permissions.sh; own_permissions DENO LIB_DIR serve|supervise|supervise-alone [arguments of the command]
# Prints the flags, a line each. Paths must have no comma and no newline in them.

# An argument `--NAME VALUE` or `--NAME=VALUE` of a command, else a default.
own_permissions_argument() {
  own_name=$1 own_value=$2
  shift 2
  while [ $# -gt 0 ]; do
    case $1 in
      "--$own_name="*) own_value=${1#*=} ;;
      "--$own_name") [ $# -gt 1 ] && own_value=$2 && shift ;;
    esac
    shift
  done
  case $own_value in
    *,*) echo "pam-deno: --$own_name: a comma cannot be in a folder's name: $own_value" >&2 && return 1 ;;
    /*) printf '%s\n' "$own_value" ;;
    *) printf '%s\n' "$PWD/$own_value" ;;
  esac
}

# The first of some files that is there, or the first of all.
own_permissions_first() {
  own_default=$1
  for own_file; do
    [ -e "$own_file" ] && printf '%s\n' "$own_file" && return
  done
  printf '%s\n' "$own_default"
}

own_permissions() {
  own_deno=$1 own_lib=$2 own_command=$3
  shift 3
  own_config=$(own_permissions_argument config-dir /etc/pam-deno "$@") || return 1
  own_run=$(own_permissions_argument runtime-dir /run/pam-deno "$@") || return 1
  own_state=$(own_permissions_argument state-dir /var/lib/pam-deno "$@") || return 1
  own_keep=$(own_permissions_argument keep-dir /var/lib/pam-deno-state "$@") || return 1
  own_cache=$(own_permissions_argument cache-dir /var/cache/pam-deno "$@") || return 1
  own_arch=$(uname -m)
  own_libc=$(own_permissions_first "/lib/$own_arch-linux-gnu/libc.so.6" /lib64/libc.so.6 /usr/lib64/libc.so.6 \
    /lib/libc.so.6 /usr/lib/libc.so.6)
  own_setpriv=$(own_permissions_first /usr/bin/setpriv /bin/setpriv)
  printf '%s\n' "--allow-ffi=$own_libc" --allow-env --allow-sys=uid,gid
  case $own_command in
    supervise | supervise-alone)
      # One for each module, so what it may use is small too.
      printf '%s\n' --v8-flags=--max-old-space-size=64,--max-semi-space-size=1 "--allow-run=$own_setpriv"
      own_workers=$(own_permissions_argument workers-dir "${RUNTIME_DIRECTORY:-}" "$@") || return 1
      if [ "$own_command" = supervise ]; then
        printf '%s\n' "--allow-read=$own_config,$own_state,$own_cache,$own_lib,$own_workers,$own_deno,$own_setpriv" \
          "--allow-write=$own_workers"
      else
        printf '%s\n' --allow-read "--allow-write=$own_workers,$own_run"
      fi
      ;;
    serve)
      own_programs=$own_setpriv,$own_deno
      for own_program in unshare prlimit getent test true; do
        own_programs=$own_programs,$(own_permissions_first "/usr/bin/$own_program" "/bin/$own_program")
      done
      printf '%s\n' "--allow-run=$own_programs" --allow-read "--allow-write=$own_run,$own_config/hooks,$own_keep"
      ;;
    *) echo "pam-deno: own_permissions: there is no \`$own_command\`" >&2 && return 1 ;;
  esac
}
