#!/bin/bash
# Runs a command in the root that inno_root.py made: in_root.sh COMMAND ARGUMENT…
# What is mounted there goes with it; the network is this machine's, and this tree is where it is here.
tree=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck disable=SC2016
exec unshare --mount --propagation private bash -c '
root=$1 tree=$2
shift 2
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mkdir -p "$root$tree"
mount --bind "$tree" "$root$tree"
# A build server is no person; and by the locale Wine knows which language the person reads.
exec chroot "$root" /usr/bin/env --ignore-environment PATH=/usr/local/bin:/usr/bin:/bin HOME=/root \
  DISPLAY="$DISPLAY" LC_ALL="${WINE_LOCALE:-C.UTF-8}" \
  WINEPREFIX=/wine WINEARCH=win64 WINEDEBUG=-all \
  WINEDLLOVERRIDES="mscoree=;mshtml=;winemenubuilder.exe=;winedbg.exe=" "$@"
' - "$tree/build/inno/root" "$tree" "$@"
