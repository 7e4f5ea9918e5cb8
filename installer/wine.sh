#!/bin/sh
# Runs a Windows program under Wine, in this tree's own prefix: wine.sh PROGRAM ARGUMENT…
# Its streams must be pipes or /dev/null: under Wine, Python fails on a plain file.
tree=$(cd "$(dirname "$0")/.." && pwd)
export WINEPREFIX="$tree/build/windows/prefix" WINEARCH=win64 WINEDEBUG=-all HOME="${HOME:-/}"
# Without Mono and Gecko, which Wine would offer to download, without menus on this desktop, and
# without a debugger: a program that crashes ends.
export WINEDLLOVERRIDES='mscoree=;mshtml=;winemenubuilder.exe=;winedbg.exe='
# No window is needed, so neither is an X server.
unset DISPLAY WAYLAND_DISPLAY
exec "${WINE:-wine}" "$@"
