#!/bin/sh
# Runs a script of this folder as ./pcoder runs the program, with the development packages installed: behind `npm test`, `npm run check`.
case $0 in /*) here=${0%/*} ;; *) here=./${0%/*} ;; esac
sh "$here/pcoder-install" --dev || exit
export NODE_USE_ENV_PROXY=1
exec "$here/../node_modules/.bin/node" --no-warnings --use-system-ca "$@"
