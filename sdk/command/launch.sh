# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# With which of Deno's permissions each command of `pam-deno` is started. What only looks may not write; what installs holds them
# all, since it runs as root, starts other programs, and asks at /dev/tty, which Deno opens for nobody else.
#
# usage: . own_permissions.sh; . launch.sh; launch_flags DENO LIB_DIR [words of the command line]
# Prints the flags, a line each.

# The command among the words: the first that is neither an option nor the value of one.
launch_command() {
  while [ $# -gt 0 ]; do
    case $1 in
      --*-dir) [ $# -gt 1 ] && shift ;;
      -*) ;;
      *) printf '%s\n' "$1" && return ;;
    esac
    shift
  done
}

# What the commands that only look may read: the layout's folders, those of PAM, and what tells what runs.
launch_readable() {
  launch_lib=$1
  shift
  launch_folders=$launch_lib
  for launch_place in config-dir=/etc/pam-deno runtime-dir=/run/pam-deno state-dir=/var/lib/pam-deno \
    keep-dir=/var/lib/pam-deno-state cache-dir=/var/cache/pam-deno unit-dir=/etc/systemd/system; do
    launch_folder=$(own_permissions_argument "${launch_place%%=*}" "${launch_place#*=}" "$@") || return 1
    launch_folders=$launch_folders,$launch_folder
  done
  printf '%s\n' "$launch_folders"
}

launch_libc() {
  own_permissions_first "/lib/$(uname -m)-linux-gnu/libc.so.6" /lib64/libc.so.6 /usr/lib64/libc.so.6 \
    /lib/libc.so.6 /usr/lib/libc.so.6
}

# The sockets of modules, each behind the text of its first argument and with commas between them: whoever only looks knocks at
# them. To connect is to write, and permissions for sockets are given one by one.
launch_sockets() {
  launch_before=$1
  shift
  launch_runtime=$(own_permissions_argument runtime-dir /run/pam-deno "$@") || return 1
  launch_found=
  for launch_socket in $(set +f && cd "$launch_runtime" 2>/dev/null && echo *.sock); do
    [ -S "$launch_runtime/$launch_socket" ] || continue
    launch_found=$launch_found${launch_found:+,}$launch_before$launch_runtime/$launch_socket
  done
  printf '%s\n' "$launch_found"
}

launch_flags() {
  launch_deno=$1 launch_lib_dir=$2
  shift 2
  case $(launch_command "$@") in
    serve) own_permissions "$launch_deno" "$launch_lib_dir" serve "$@" ;;
    # needs starts an author's tests, which hold them all themselves, and as root puts a file system together for them, as add does.
    add | remove | rollback | reload | needs) echo --allow-all ;;
    check)
      # It asks modules what they declare and what they say of the options of pam.d lines, in processes that may do nothing.
      launch_run=$launch_deno,$launch_lib_dir/deno,$launch_lib_dir/esbuild,/bin/systemctl
      for launch_program in systemctl setpriv unshare prlimit getent test true; do
        launch_run=$launch_run,$(own_permissions_first "/usr/bin/$launch_program" "/bin/$launch_program")
      done
      launch_write=$(launch_sockets "" "$@") || return 1
      launch_write=${TMPDIR:-/tmp}${launch_write:+,}$launch_write
      launch_net=$(launch_sockets unix: "$@") || return 1
      printf '%s\n' --allow-read "--allow-write=$launch_write" ${launch_net:+"--allow-net=$launch_net"} --allow-env \
        --allow-sys=uid,gid "--allow-run=$launch_run" "--allow-ffi=$(launch_libc)"
      ;;
    try)
      # It serves a module in a private folder, and starts what bundles, checks, runs and asks it.
      launch_run=$launch_deno,$launch_lib_dir/deno,$launch_lib_dir/try_application
      for launch_program in setpriv unshare prlimit getent true; do
        launch_run=$launch_run,$(own_permissions_first "/usr/bin/$launch_program" "/bin/$launch_program")
      done
      printf '%s\n' --allow-read "--allow-write=${TMPDIR:-/tmp}" --allow-env --allow-sys "--allow-run=$launch_run" \
        "--allow-ffi=$(launch_libc)"
      ;;
    status)
      # /proc is read through libc, since Deno reads it for nobody who does not hold all permissions.
      launch_run=/usr/bin/systemctl,/bin/systemctl
      launch_write=$(launch_sockets "" "$@") || return 1
      launch_net=$(launch_sockets unix: "$@") || return 1
      printf '%s\n' --allow-read ${launch_write:+"--allow-write=$launch_write"} ${launch_net:+"--allow-net=$launch_net"} \
        --allow-env --allow-sys=uid,gid "--allow-run=$launch_run" "--allow-ffi=$(launch_libc)"
      ;;
    new)
      # It makes one folder where it is called.
      launch_read=$(launch_readable "$launch_lib_dir" "$@") || return 1
      printf '%s\n' "--allow-read=$launch_read,." --allow-write=. --allow-env --allow-sys=uid
      ;;
    simulate)
      # The module runs in a process that may do what it declares. This one bundles it, has its types checked, and writes the page.
      launch_run=$launch_deno,$launch_lib_dir/deno,$launch_lib_dir/esbuild
      for launch_program in setpriv unshare prlimit getent id test true; do
        launch_run=$launch_run,$(own_permissions_first "/usr/bin/$launch_program" "/bin/$launch_program")
      done
      launch_page=$(own_permissions_argument html "${TMPDIR:-/tmp}" "$@") || return 1
      printf '%s\n' --allow-read "--allow-write=${TMPDIR:-/tmp},$launch_page" --allow-env --allow-sys=uid,gid \
        "--allow-run=$launch_run" "--allow-ffi=$(launch_libc)"
      ;;
    explain)
      # The pages are beside the SDK: below the program's folder, or in the checkout that `build` is a folder of.
      printf '%s\n' "--allow-read=$launch_lib_dir,${launch_lib_dir%/*}/docs/errors" --allow-env --allow-sys=uid
      ;;
    *)
      launch_read=$(launch_readable "$launch_lib_dir" "$@") || return 1
      printf '%s\n' "--allow-read=$launch_read" --allow-env --allow-sys=uid
      ;;
  esac
}
