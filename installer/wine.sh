#!/bin/bash
# Runs a Windows program under Wine, in this tree's own prefix: wine.sh PROGRAM ARGUMENT…
# EXITPOLL_SCREEN=:N shows its windows there, from a prefix of their own: what Wine draws on is chosen
# when its first process starts. EXITPOLL_WINE_LOCALE is the person's language.
tree=$(cd "$(dirname "$0")/.." && pwd)
prefix=${EXITPOLL_SCREEN:+desktop}
export WINEPREFIX="$tree/build/windows/${prefix:-prefix}" WINEARCH=win64 WINEDEBUG=-all HOME="${HOME:-/}"
# Without Mono and Gecko, which Wine would offer to download, without menus on this desktop, and
# without a debugger: a program that crashes ends.
export WINEDLLOVERRIDES='mscoree=;mshtml=;winemenubuilder.exe=;winedbg.exe='
# By the locale Wine reads names; with C alone it understands none beyond ASCII.
export LC_ALL=${EXITPOLL_WINE_LOCALE:-C.UTF-8}
# Where no window is needed, neither is an X server. With another TMPDIR, Debian's Wine would not find
# the server that is running, and start a second one on the same prefix.
unset DISPLAY WAYLAND_DISPLAY TMPDIR
[ -z "$EXITPOLL_SCREEN" ] || export DISPLAY="$EXITPOLL_SCREEN"
# Under Wine, Python does not start with a plain file for a stream: that one goes through a pipe.
[ -f /dev/stdout ] && exec > >(exec cat)
[ -f /dev/stderr ] && exec 2> >(exec cat >&2)
exec wine "$@"
