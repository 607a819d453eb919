# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# From the box to service: devices without a subscription, the eNBs, the MME, the HSS with its AUSF
# and the certificate site, all on this machine, over TLS where it is TLS in the field. Each device
# attaches for its subscription (procedure certattach), and attaches again with it. How many a second
# go when all come at once, what each costs whom, and 30,000 that are switched on within 10 s.

first_ports=(--port 3921 --tls-port 3922 --s1-port 36421 --repo-port 8921)

# A directory as `bindery up` makes it; what differs is written into it.
first_prepare() { # FOLDER
  "$BINDERY_BUILD/bindery" up -d -C "$1" "${first_ports[@]}" >"$work/up" 2>&1 ||
    die "$(tail -n 5 "$work/up")"
  "$BINDERY_BUILD/bindery" down -C "$1" >/dev/null
  sed -i 's/^  policy: learn.*/  policy: open/; s/^      approval: rule/&\n      pending_most: 1000000\n      per_hour: 1000000/
    s/^  authorities:/  queue: 4096\n  device_seconds: 0\n&/' "$1/hssd.yaml"
  sed -i '/^operators:/i limits: {bulk_seconds: 3600, bulk_rows: 1000000, requests_per_second: 1000000, burst: 1000000}' \
    "$1/repod.yaml"
  cat >>"$1/mmed.yaml" <<YAML
limits: {ues: 200000, attaching: 65536, hss_pending: 65536}
timers: {attach_seconds: 14, request_seconds: 13}
YAML
  printf 'limits: {send_buffer: 16777216}\n' >>"$1/hssd.yaml"
  printf 'log: {level: warning}\n' | tee -a "$1/hssd.yaml" "$1/mmed.yaml" >>"$1/repod.yaml"
}

first_start() { # FOLDER: sets repod, hssd and mmed
  local here=$PWD i
  cd "$1" || die "there is no $1"
  serve repod 8921 repod.log "$BINDERY_BUILD/bindery-repod" --config repod.yaml
  serve hssd 3922 hssd.log "$BINDERY_BUILD/bindery-hssd" --config hssd.yaml
  serve mmed 36421 mmed.log "$BINDERY_BUILD/bindery-mmed" --config mmed.yaml
  cd "$here" || die "there is no $here"
  for ((i = 0; i < 500; i++)); do
    curl --silent --unix-socket "$1/mme.sock" http://mme/v1/status | tr -d ' \n' |
      grep -qF '"connected":true' && return
    sleep 0.02
  done
  die "the MME does not find its HSS"
}

first_run() { # CASE LOT OPTION...
  local case=$1 lot=$2 before after i
  shift 2
  before=("$(ticks "$hssd")" "$(ticks "$mmed")" "$(ticks "$repod")")
  "$BINDERY_BUILD/bindery-ue" run --mme s1-tcp://127.0.0.1:36421 --identities "$lot" --enbs 4 \
    --allow-failures --json "$work/run.json" --timeout 120s --persist --keep "$@" >"$work/run" 2>&1 ||
    die "$case: $(tail -n 3 "$work/run")"
  after=("$(ticks "$hssd")" "$(ticks "$mmed")" "$(ticks "$repod")")
  jq -r '["registered", .registered], ["registered.per.second", .registered_per_s],
    ["failed", .failed], ["attach.p50.ms", .attach_ms.p50], ["attach.p99.ms", .attach_ms.p99],
    ["elapsed.s", .elapsed_s] | @tsv' "$work/run.json" | note_all 0 ours "$case"
  for i in 0 1 2; do
    note 0 ours "$case" "$(cut -d' ' -f$((i + 1)) <<<'hss.cpu.us mme.cpu.us repo.cpu.us')" \
      "$(awk -v t=$((after[i] - before[i])) -v hz="$(getconf CLK_TCK)" \
        -v n="$(jq .registered "$work/run.json")" \
        'BEGIN { printf "%.1f\n", (n > 0) ? t / hz * 1e6 / n : 0 }')"
  done
}

measure() {
  local folder=$work/first repod hssd mmed few=2000 storm=30000 lot
  [ "$subscribers" -ge 30000 ] || storm=$subscribers
  first_prepare "$folder"
  for lot in "few $few 35693804" "storm $storm 35693803"; do
    # shellcheck disable=SC2086 # three words
    set -- $lot
    "$BINDERY_BUILD/bindery" device make -C "$folder" --onboarding --count "$2" --tac "$3" \
      --out "$work/lot-$1" >/dev/null || die "no devices were made"
  done
  first_start "$folder"
  for lot in few storm; do
    "$BINDERY_BUILD/bindery" binding publish -C "$folder" "$work/lot-$lot/bindings.ndjson" \
      >"$work/published" 2>&1 || die "not published: $(tail -n 2 "$work/published")"
  done
  first_run "as many as go ($few at once)" "$work/lot-few" --at-once
  first_run "storm: $storm in 10 s, Beta(3,4)" "$work/lot-storm" --storm 10s
  stop "$mmed"
  stop "$hssd"
  stop "$repod"
  rm -rf "$folder"
}
