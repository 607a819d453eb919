# shellcheck shell=bash
# shellcheck disable=SC2154 # work, realm and the like are those of common.sh, sourced before this
# What the live tests with peers of test/live/raw_*.c share, on top of common.sh.

# raw_config TCP_PORT TLS_PORT: writes $work/hssd.yaml: three peers, one of which (mme-c) has an
# address of its own, a timer as short as a slow client of a slow machine can meet, and so few places that a flood
# fills them.
raw_config() {
  cat >"$work/hssd.yaml" <<YAML
origin_host: $hss_host
origin_realm: $realm
plmns: ["00101"]
instance: 3
store: {path: $work/hss.db, key_file: $work/kek}
admin: {socket: $work/admin}
listeners:
  - address: tcp://127.0.0.1:$1
  - address: tls://127.0.0.1:$2
    certificate: $work/pki/$hss_host.pem
    key: $work/pki/$hss_host.key
    ca: $work/pki/ca.pem
peers:
  - {origin_host: $mme_a, realm: $realm, visited_plmns: ["00101"], connections: 4}
  - {origin_host: $mme_b, realm: $realm, visited_plmns: ["00101"], connections: 4}
  - {origin_host: mme-c.$realm, realm: $realm, visited_plmns: ["00101"], addresses: [127.0.0.9]}
$(hss_profile)
alarms: {suspected_theft_after: 3, unconfirmed_vectors_after: 0}
limits: {threads: 1, connections: 128, handshakes: 64, message_size: 16384, recent_subscribers: 4096}
timers: {cer_seconds: 5}
log: {level: info}
YAML
}

# stranger_certificate: a certificate for mme-a of a CA that the HSS does not know, as
# $work/pki/stranger.pem and .key.
stranger_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 \
    -subj "/O=stranger" -addext "subjectAltName=DNS:$mme_a" \
    -keyout "$work/pki/stranger.key" -out "$work/pki/stranger.pem" 2>"$work/pki/log"
  chmod 600 "$work/pki/stranger.key"
}

# pool COUNT: as many open subscribers, imported; their keys are in $work/pool.sub as in
# common.sh. At most 1000.
pool() {
  random_hex $(($1 * 32)) | fold -w 64 | awk '{
    printf "00101%010d %s %s 49%010d - -\n", NR, substr($1, 1, 32), substr($1, 33), NR
  }' >"$work/pool.sub"
  awk '{ printf "{\"imsi\":\"%s\",\"k\":\"%s\",\"opc\":\"%s\",\"msisdn\":\"%s\"}\n", $1, $2, $3, $4 }' \
    "$work/pool.sub" |
    admin POST /v1/import --header 'Content-Type: application/x-ndjson' --data-binary @- \
      >"$work/import.json"
  same "$1 subscribers are imported" "$1" "$(grep -o '"added"' "$work/import.json" | wc -l)"
}

# raw PROGRAM SCENE: plays a scene and counts its lines.
raw() {
  party "$BINDERY_BUILD/live_raw_$1" "$2" "$work" "$realm" "$tcp_port" "$tls_port" "$hss_pid"
}

# events FILTER...: the events, one a line without spaces, in which every FILTER (a fixed string) is.
events() {
  local lines filter
  lines=$(admin GET "/v1/events?limit=1000&after=${event_mark:-0}" | tr -d ' \n' |
    grep -oE '\{"[^{}]*\}') || true
  for filter in "$@"; do
    lines=$(grep -F -- "$filter" <<<"$lines") || return 1
  done
  printf '%s\n' "$lines"
}

# told SENTENCE FILTER...: there is such an event, since mark_events. Events are written soon after
# what they tell, so this asks again for a while.
told() {
  local sentence=$1
  shift
  if wait_for 10 events "$@"; then
    passed "$sentence"
  else
    missed "$sentence" "no event since $event_mark has all of: $*" "$(events '"id"' | tail -n 5)"
  fi
}
# mark_events: from now on only what comes later counts. Events under way count as later.
mark_events() {
  local page
  event_mark=${event_mark:-0}
  while page=$(admin GET "/v1/events?limit=1000&after=$event_mark" | tr -d ' \n') &&
    [[ $page =~ \"next\":([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -gt "$event_mark" ]; do
    event_mark=${BASH_REMATCH[1]}
  done
}

# stops_in_order SENTENCE: not by holds, whose subshell cannot wait for this shell's children.
stops_in_order() {
  local rc=0
  hss_stop || rc=$?
  same "$1" 0 "$rc"
}
