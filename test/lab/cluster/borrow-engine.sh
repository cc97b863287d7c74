#!/bin/sh
# Gives a Debian tree the llama-server and the RPC worker of another, with every library that they load and that tree's own
# dynamic loader: this tree's are too old. The router starts its children from /proc/self/exe, so the program itself names
# the loader and the place of its libraries; a wrapper that calls the loader would be what /proc/self/exe shows.
# usage: borrow-engine.sh TREE FROM
#   TREE has patchelf.
set -eu
tree=$1 from=$2
place=/opt/llama
mkdir -p "$tree$place"

# ggml loads the backends itself, from where they lie in Debian.
backends=$(cd "$from" && echo usr/lib/*/ggml/backends*)
mkdir -p "$tree/${backends%/*}"
cp -a "$from/$backends" "$tree/${backends%/*}/"

worker=$(cd "$from" && echo usr/libexec/*/llama/bin/ggml-rpc-server)
mkdir -p "$tree/${worker%/*}"
programs="/usr/bin/llama-server /$worker"
for program in $programs; do cp "$from$program" "$tree$program"; done
(cd "$from" && echo "$backends"/*.so) | xargs chroot "$from" ldd $programs |
  sed -n 's/^\s*\(.* => \)\?\(\/[^: ]*\) (0x.*/\2/p' | sort -u |
  while read -r library; do cp --dereference "$from$library" "$tree$place/"; done

loader=$place/$(basename "$(chroot "$tree" patchelf --print-interpreter /usr/bin/llama-server)")
for program in $programs; do
  chroot "$tree" patchelf --set-interpreter "$loader" --force-rpath --set-rpath "$place" "$program"
done
# A library with a run path of its own does not look where the program says.
for library in "$tree$place"/libllama* "$tree$place"/libmtmd*; do
  chroot "$tree" patchelf --set-rpath "$place" "$place/$(basename "$library")"
done
chroot "$tree" llama-server --version
