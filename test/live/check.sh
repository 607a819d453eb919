#!/usr/bin/env bash
# `--check` of every daemon, in the folder of `bindery up`: for each file with which a daemon does not start it
# says so, with the place in the configuration; beside a daemon that serves it disturbs nothing, and it writes
# nothing.
#
# What is checked is src/nf/common/start_check.c and the check.c of each: src/nf/hssd/check.c, src/nf/mmed/check.c,
# src/nf/repod/check.c, src/nf/arpfd/check.c, src/nf/dausfd/check.c, src/nf/rsmfd/check.c, over src/store/store_check.c.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
umask 077
cd "$work"
tcp_port=0 tls_port=0 s1_port=0 repo_port=0
free_port tcp_port
free_port tls_port
free_port s1_port
free_port repo_port
"$BINDERY_BUILD/bindery" up --dir made --port "$tcp_port" --tls-port "$tls_port" --s1-port "$s1_port" \
  --repo-port "$repo_port" --detach >up.out 2>&1 || { cat up.out; exit 1; }
up_pid=$("$BINDERY_BUILD/bindery" up --dir made --detach 2>&1 | sed -n 's/.*(process \([0-9]*\)).*/\1/p') || true
pids+=("$up_pid")

functions=(hssd mmed repod arpfd dausfd rsmfd)
declare -A file=([hssd]=hssd.yaml [mmed]=mmed.yaml [repod]=repod.yaml [arpfd]=arpf/arpfd.yaml
  [dausfd]=discovery/dausfd.yaml [rsmfd]=rsmf/rsmfd.yaml)
check() { "$BINDERY_BUILD/bindery-$1" --config "${file[$1]}" --check >"$work/said" 2>&1; }
# serving: what of it would be another after a restart or a reload
serving() {
  "$BINDERY_BUILD/bindery" status --dir made >"$work/status" || return 1
  cat made/pids
  grep -cE '"event":"(ready|stopping|configuration-reloaded|reloaded|configuration-refused)"' made/log/*.log
  find made -type f -not -name '*.log' -printf '%p %i %m %u\n' | sort
}
# state: all that is in the folder
state() {
  find . -not -name '*.log' -printf '%p %i %m %u %T@\n' | sort
  find . -type f -not -name '*.log' -print0 | sort -z | xargs -0 sha256sum
}

echo "# scene: beside daemons that serve"
before=$(serving)
cd made
for f in "${functions[@]}"; do
  holds "bindery-$f: the configuration of one that serves is good" check "$f"
  holds "bindery-$f: and that is said" grep -q 'the configuration is good' "$work/said"
done
cd ..
same "nothing was started, ended, read again or made" "$before" "$(serving)"
holds "they end in order" "$BINDERY_BUILD/bindery" down --dir made

# ---- agreement ---------------------------------------------------------------------------------

cd made
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out another.key 2>/dev/null
openssl rand -hex 32 >another.kek

# starts DAEMON: until it is ready; it is ended then.
starts() {
  local pid rc=0
  : >"$work/start.log"
  "$BINDERY_BUILD/bindery-$1" --config "${file[$1]}" >"$work/start.out" 2>"$work/start.log" &
  pid=$!
  pids+=("$pid")
  ended() { ! kill -0 "$pid" 2>/dev/null; }
  begun() { grep -q '"event":"ready"' "$work/start.log" || ended; }
  wait_for 20 begun || return 1
  grep -q '"event":"ready"' "$work/start.log" || rc=1
  kill -TERM "$pid" 2>/dev/null || true
  wait "$pid" || rc=1
  return "$rc"
}
# broken SENTENCE DAEMON PLACE: check and start agree that it does not start, and check names the place and writes
# nothing.
broken() {
  local rc=0 before after
  before=$(state)
  check "$2" || rc=$?
  after=$(state)
  if [ "$rc" -ne 2 ] || ! grep -qE ":[0-9]+:[0-9]+ \($3" "$work/said"; then
    missed "$1" "check ended with $rc" "$(cat "$work/said")"
  elif [ "$before" != "$after" ]; then
    missed "$1" "check changed the folder" "$(diff <(echo "$before") <(echo "$after"))"
  elif starts "$2"; then
    missed "$1" "it starts"
  else
    passed "$1"
  fi
}
# with FILE CONTENT-OF-FILE SENTENCE DAEMON PLACE ; CONTENT: a file, `open` (mode 0644), or `gone`
with() {
  cp -p "$1" "$work/kept"
  case $2 in
  open) chmod 644 "$1" ;;
  gone) rm "$1" ;;
  *) cat "$2" >"$1" ;;
  esac
  broken "${@:3}"
  rm -f "$1"
  cp -p "$work/kept" "$1"
}
# elsewhere DAEMON FROM TO SENTENCE PLACE: a line of the configuration is another
elsewhere() {
  cp -p "${file[$1]}" "$work/yaml"
  sed -i "s|$2|$3|" "${file[$1]}"
  broken "$4" "$1" "$5"
  cp -p "$work/yaml" "${file[$1]}"
}

echo "# scene: files with which a daemon does not start"
for f in "${functions[@]}"; do
  before=$(state)
  holds "bindery-$f: what stands is good" check "$f"
  same "bindery-$f: and nothing was written" "$before" "$(state)"
done
with pki/hss.key another.key "bindery-hssd: the key of a listener is another's" hssd 'listeners\[1\]'
with pki/hss.key open "bindery-hssd: the key of a listener is open to others" hssd 'listeners\[1\]'
with pki/api.key another.key "bindery-hssd: the key of admin.https is another's" hssd 'admin.https'
with pki/api.key open "bindery-hssd: the key of admin.https is open to others" hssd 'admin.https'
with kek another.kek "bindery-hssd: another key-encryption key" hssd store
with kek open "bindery-hssd: a key-encryption key that is open to others" hssd store
with kek gone "bindery-hssd: no key-encryption key" hssd store
with hss.db another.key "bindery-hssd: a store that is none" hssd store
elsewhere hssd 'path: hss.db' 'path: nowhere/hss.db' "bindery-hssd: no folder for the store" store
awk '/^listeners:/ { on = 1 } on && /ca: pki\/ca.crt/ { sub(/pki\/ca.crt/, "pki/hss.key"); on = 0 } { print }' \
  hssd.yaml >"$work/ca.yaml"
with hssd.yaml "$work/ca.yaml" "bindery-hssd: the CA of a listener is a key" hssd 'listeners\[1\]'

with pki/mme1.key another.key "bindery-mmed: the key for a peer is another's" mmed 'peers\[0\]'
with pki/mme1.key open "bindery-mmed: the key for a peer is open to others" mmed 'peers\[0\]'
with pki/api.key another.key "bindery-mmed: the key of admin.https is another's" mmed 'admin.https'

with pki/repo.key another.key "bindery-repod: the key of its listener is another's" repod listener
with records.key open "bindery-repod: the key of its records is open to others" repod signing_key
elsewhere repod 'store: repod.db' 'store: nowhere/repod.db' "bindery-repod: no folder for the store" store
elsewhere repod 'audit: repod-audit.log' 'audit: nowhere/audit.log' "bindery-repod: no folder for the audit log" audit
with repod.db another.key "bindery-repod: a store that is none" repod store

with arpf/tls.key another.key "bindery-arpfd: the key of its listener is another's" arpfd listen
with arpf/agreement.key another.key "bindery-arpfd: the key of agreements is another's" arpfd agreement
with arpf/endorsement.key open "bindery-arpfd: the key of endorsements is open to others" arpfd endorsement
with ci/ci.crt another.key "bindery-arpfd: the CI is a key" arpfd ci
elsewhere arpfd 'store: arpf.db' 'store: nowhere/arpf.db' "bindery-arpfd: no folder for the store" store

with discovery/s6a.key another.key "bindery-dausfd: the key of a listener is another's" dausfd 'listeners\[0\]'
with discovery/tls.key open "bindery-dausfd: the key of push is open to others" dausfd push
with discovery/kek another.kek "bindery-dausfd: another key-encryption key" dausfd store
elsewhere dausfd 'store: discovery.db' 'store: nowhere/d.db' "bindery-dausfd: no folder for the store" store

with rsmf/tls.key another.key "bindery-rsmfd: the key for operators is another's" rsmfd listen
with rsmf/devices.key open "bindery-rsmfd: the key for devices is open to others" rsmfd devices
with rsmf/kek another.kek "bindery-rsmfd: another key-encryption key" rsmfd store
with rsmf/kek open "bindery-rsmfd: a key-encryption key that is open to others" rsmfd store

echo "# scene: and all is well"
for f in "${functions[@]}"; do
  holds "bindery-$f: what stands is good" check "$f"
  holds "bindery-$f: and starts" starts "$f"
done
chmod 755 backups
holds "a folder of backups that others may read is a warning" check hssd
holds "which names it" grep -q 'warning: store.backup_folder: .*chmod 700' "$work/said"
holds "and holds up no start" starts hssd
finish
