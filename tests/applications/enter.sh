#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The first steps in the namespaces of a stage: puts its folders over those of the machine, gives it a /dev of its own, and becomes
# its first process.
# usage: unshare --mount --pid --fork --mount-proc enter.sh FOLDER PLACE…
set -euo pipefail

folder=$1
shift
for place; do
  if [ -d "/$place" ]; then mount --bind "$folder/$place" "/$place"; fi
done

# device NAME MAJOR MINOR
device() {
  mknod -m 0666 "$folder/dev/$1" c "$2" "$3"
}
mount -t tmpfs -o mode=0755 stage-dev "$folder/dev"
device null 1 3
device zero 1 5
device full 1 7
device random 1 8
device urandom 1 9
device tty 5 0
mkdir "$folder/dev/pts" "$folder/dev/shm"
ln -s pts/ptmx "$folder/dev/ptmx"
ln -s /proc/self/fd "$folder/dev/fd"
ln -s /proc/self/fd/0 "$folder/dev/stdin"
ln -s /proc/self/fd/1 "$folder/dev/stdout"
ln -s /proc/self/fd/2 "$folder/dev/stderr"
mount --bind "$folder/dev" /dev
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 stage-pts /dev/pts
mount -t tmpfs -o mode=1777 stage-shm /dev/shm

exec "$folder/bin/init" "$folder/syslog"
