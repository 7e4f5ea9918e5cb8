#!/bin/sh
# What your install.sh and uninstall.sh run; it breaks neither of them, and always exits with 0.
#
#   exitpoll.sh installed [--was-in-use] [--unattended]
#   exitpoll.sh removed [--unattended]    asks, tells, and deletes the folder that it lies in
#
# --was-in-use: the product was there before, without the agent. --unattended: nobody is to be asked.

# Three seconds and no more; not every system has `timeout`.
agent() {
  "$here/exitpoll-agent" "$@" < /dev/null > "$told" 2> /dev/null &
  running=$!
  { sleep 3; kill -KILL "$running"; } > /dev/null 2>&1 &
  watching=$!
  wait "$running" 2> /dev/null
  kill "$watching" 2> /dev/null
  wait "$watching" 2> /dev/null
}

somebody_is_there() {
  [ -z "$unattended" ] && [ -t 0 ] && [ -t 1 ]
}

# Leaves in `answer` the number that was typed, of 1 to $1; 0 for the Enter key alone.
choose() {
  while :; do
    printf '> '
    read -r answer || { answer=0; echo; }
    case ${answer:-0} in
    *[!0-9]* | ?????*) ;;
    *) [ "${answer:-0}" -gt "$1" ] || { answer=$((${answer:-0} + 0)); return; } ;;
    esac
  done
}

# -- at install ------------------------------------------------------------------------------

installed() {
  if [ -d "$here/exitpoll_agent" ]; then
    python3 -m compileall -q "$here/exitpoll_agent" > /dev/null 2>&1
  fi
  agent install $was_in_use
  [ "$consent" = ask ] || return
  # Whoever chose before is not asked again, and nobody's choice is made for them.
  told=$(mktemp) || told=/dev/null
  agent consent
  decided=$(cat "$told")
  [ "$told" = /dev/null ] || rm -f "$told"
  told=/dev/null
  case $decided in *"person "*) return ;; esac
  if somebody_is_there; then
    printf '\n%s\n%s\n  1  %s\n  0  %s\n' "$consent_title" "$consent_text" "$consent_yes" "$skip"
    choose 1
  else
    answer=0
  fi
  if [ "$answer" = 1 ]; then agent consent full; else agent consent exit; fi
}

# -- at uninstall ----------------------------------------------------------------------------

removed() {
  said=$(mktemp) || said=/dev/null
  if ! somebody_is_there; then
    agent uninstall --finish --unattended
  elif [ "$survey" = open ]; then
    agent uninstall --finish --open-survey
  elif [ "$survey" = ask ]; then
    ask
    # Somebody answered, so this is no updater.
    if [ "$reason" = "(browser)" ]; then
      agent uninstall --finish --context remove --open-survey
    else
      agent uninstall --finish --context remove --reason "$reason" --comment-file "$said"
    fi
  else
    agent uninstall --finish
  fi
  [ "$said" = /dev/null ] || rm -f "$said"
  cd / && rm -rf "$here"
}

# Leaves in `reason` the id of what was chosen, and what was written in the file `said`.
ask() {
  printf '\n%s\n' "$question"
  shown=$reasons
  if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || [ "$(uname)" = Darwin ]; then
    shown="$reasons
(browser) $in_browser"
  fi
  count=0
  while IFS= read -r line; do
    count=$((count + 1))
    printf ' %2d  %s\n' "$count" "${line#* }"
  done << END
$shown
END
  printf '  0  %s\n' "$skip"
  choose "$count"
  reason=
  [ "$answer" != 0 ] || return
  reason=$(printf '%s\n' "$shown" | sed -n "${answer}p")
  reason=${reason%% *}
  [ "$reason" != "(browser)" ] || return
  printf '\n%s\n> ' "$comment"
  read -r line && printf '%s' "$line" > "$said" || echo
}

# Whole before anything runs: the last command deletes this file.
main() {
  here=$(cd "$(dirname "$0")" && pwd -P)
  . "$here/exitpoll-settings.sh"
  language=${LANGUAGE:-${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}}
  words "${language%%[_.@:-]*}"
  was_in_use= unattended= told=/dev/null
  command=$1
  shift
  for option in "$@"; do
    case $option in
    --was-in-use) was_in_use=$option ;;
    --unattended) unattended=$option ;;
    esac
  done
  case $command in
  installed) installed ;;
  removed) removed ;;
  esac
  exit 0
}
main "$@"
