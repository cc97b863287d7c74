#!/bin/sh
# Makes a directory that apptainer takes for an image, of what this tree has: llama-server under a name that only the image
# knows, a shell and env, and every library that they load.
# usage: make-image.sh DIRECTORY PROGRAM
#   PROGRAM is the absolute path that llama-server gets in the image.
set -eu
image=$1 program=$2
for directory in dev etc home proc root run scratch sys tmp usr/bin usr/lib usr/lib64 var/tmp "${program%/*}"; do
  mkdir -p "$image/$directory"
done
for name in bin lib lib64; do ln -s "usr/$name" "$image/$name"; done
for name in group hosts localtime passwd resolv.conf; do touch "$image/etc/$name"; done

backends=$(echo /usr/lib/*/ggml/backends*)
mkdir -p "$image${backends%/*}"
cp -a "$backends" "$image${backends%/*}/"
cp /usr/bin/llama-server "$image$program"
cp /usr/bin/dash "$image/usr/bin/sh"
cp /usr/bin/env "$image/usr/bin/"
ldd /usr/bin/llama-server /usr/bin/dash /usr/bin/env "$backends"/*.so |
  sed -n 's/^\s*\(.* => \)\?\(\/[^: ]*\) (0x.*/\2/p' | sort -u |
  while read -r library; do
    place=$image$(realpath "${library%/*}")
    mkdir -p "$place"
    cp --dereference "$library" "$place/"
  done
