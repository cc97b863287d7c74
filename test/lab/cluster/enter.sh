#!/bin/sh
# Runs as the first process of fresh mount, PID, network, UTS and IPC namespaces: puts a copy-on-write layer over the
# tree, makes it the root and becomes tini, which reaps what daemons leave behind and gives a terminal to the program.
# usage: enter.sh TREE STAGE REPOSITORY NODE CGROUP COMMAND…
#   STAGE is an empty directory beside the tree, CGROUP a freezer cgroup of ours, or empty.
set -eu
umask 022
tree=$1 stage=$2 repository=$3 node=$4 cgroup=$5

# A new cgroup namespace shows the cgroup of the process that makes it as the root, so: go there first.
if [ -n "$cgroup" ] && [ -z "${LAB_HAS_CGROUP:-}" ]; then
  echo 0 >"$cgroup/cgroup.procs"
  LAB_HAS_CGROUP=1 exec unshare --cgroup -- "$0" "$@"
fi
unset LAB_HAS_CGROUP
shift 5

# Everything that the lab writes lies in memory and is gone with the namespace.
mount -t tmpfs -o mode=0755 lab "$stage"
mkdir "$stage/lower" "$stage/upper" "$stage/work" "$stage/root"
mount --bind "$tree" "$stage/lower"
cd "$stage"
# Relative, so that no comma or colon in the cache's path is taken for mount's own.
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work lab root
cd root

mount -t proc proc proc
mount --rbind /sys sys
if [ -n "$cgroup" ]; then
  umount sys/fs/cgroup/freezer
  mount -t cgroup -o freezer lab sys/fs/cgroup/freezer
fi
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 lab dev/shm
mount -t tmpfs -o mode=0755 lab run

mkdir -p ".$repository"
mount --rbind "$repository" ".$repository"
# The users of the cluster read the repository too, wherever it lies. Only the layer's own directories change here.
parent=$(dirname "$repository")
while [ "$parent" != / ]; do
  chmod o+x ".$parent"
  parent=$(dirname "$parent")
done
touch usr/local/bin/node
mount --bind "$node" usr/local/bin/node

pivot_root . .
umount --lazy .
cd "$repository"
exec chroot / tini -- env --chdir="$repository" "$@"
