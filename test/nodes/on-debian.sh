#!/bin/sh
# Runs a command in a Debian tree, as the first process of fresh mount and PID namespaces. What it writes lies in memory; what
# is bound is this machine's own.
# usage: on-debian.sh TREE LAYER install PACKAGE…               keeps what apt installs in LAYER, an empty directory
#        on-debian.sh TREE LAYER run BOUND… -- DIRECTORY COMMAND…   with LAYER over the tree
set -eu
tree=$1 layer=$2 what=$3
shift 3

stage=$(mktemp -d)
mount -t tmpfs -o mode=0755 stage "$stage"
cd "$stage"
mkdir lower layer upper work root
mount --bind "$tree" lower
mount --bind "$layer" layer
if [ "$what" = install ]; then
  mkdir layer/upper layer/work
  mount -t overlay -o lowerdir=lower,upperdir=layer/upper,workdir=layer/work debian root
else
  mount -t overlay -o lowerdir=layer/upper:lower,upperdir=upper,workdir=work debian root
fi
mount -t proc proc root/proc
mount --rbind /dev root/dev
cp --dereference /etc/resolv.conf root/etc/resolv.conf

if [ "$what" = install ]; then
  export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
  chroot root apt-get update
  chroot root apt-get install --yes --no-install-recommends "$@"
  chroot root apt-get clean
  exit
fi

while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mkdir -p "root$1"; else mkdir -p "root$(dirname "$1")" && touch "root$1"; fi
  mount --bind "$1" "root$1"
  shift
done
shift
exec chroot root env --chdir="$@"
