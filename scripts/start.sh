#!/bin/sh
# `npm start`, also of a fresh checkout, whose Node may be too old for scripts/start.ts: npm ci brings the one that is not.
set -e
if [ ! -x node_modules/.bin/node ] || [ ! -e node_modules/.package-lock.json ]; then
  echo 'Fetching what Sluice is built with, and its Node, into node_modules: npm ci (a minute)'
  npm ci --no-audit --no-fund --loglevel=error
fi
exec node scripts/start.ts "$@"
