#!/bin/sh
# Removes the sample product, as you would yours: sh uninstall.sh [--unattended]

# Whole before anything runs: this file is deleted too.
main() {
  folder=$(cd "$(dirname "$0")" && pwd -P)
  rm -f "$folder/inkwell" "$folder/uninstall.sh"
  # Last, once nothing can fail any more.
  [ ! -x "$folder/exitpoll/exitpoll.sh" ] || "$folder/exitpoll/exitpoll.sh" removed "$@" || true
  rm -rf "$folder/exitpoll"
  rmdir "$folder"
  exit
}
main "$@"
