#!/bin/sh
# Runs a script of this folder with the pinned Node and the development packages: behind `npm test`, `npm run check`.
case $0 in /*) here=${0%/*} ;; *) here=./${0%/*} ;; esac
sh "$here/pcoder-install" --dev || exit
for node in "$here"/../node_modules/node-*/bin/node; do
  [ -x "$node" ] && break
done
# Programs of packages start with `env node`: they get this one too.
PATH=$(cd -- "${node%/*}" && pwd):$PATH
export PATH NODE_USE_ENV_PROXY=1
exec "$node" --no-warnings --use-system-ca "$@"
