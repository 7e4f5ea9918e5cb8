#!/bin/bash
# Runs a Windows program under Wine, in this tree's own prefix: wine.sh PROGRAM ARGUMENT…
tree=$(cd "$(dirname "$0")/.." && pwd)
export WINEPREFIX="$tree/build/windows/prefix" WINEARCH=win64 WINEDEBUG=-all HOME="${HOME:-/}"
# Without Mono and Gecko, which Wine would offer to download, without menus on this desktop, and
# without a debugger: a program that crashes ends.
export WINEDLLOVERRIDES='mscoree=;mshtml=;winemenubuilder.exe=;winedbg.exe='
# By the locale Wine reads names; with C alone it understands none beyond ASCII.
export LC_ALL=C.UTF-8
# No window is needed, so neither is an X server. With another TMPDIR, Debian's Wine would not find
# the server that is running, and start a second one on the same prefix.
unset DISPLAY WAYLAND_DISPLAY TMPDIR
# Under Wine, Python does not start with a plain file for a stream: that one goes through a pipe.
[ -f /dev/stdout ] && exec > >(exec cat)
[ -f /dev/stderr ] && exec 2> >(exec cat >&2)
exec wine "$@"
