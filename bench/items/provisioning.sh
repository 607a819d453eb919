# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# What others feel while fresh devices get their KMEs (procedure kme): AIRs at a steady rate, alone and
# beside provisionings that keep half a core of the pool busy. And how many provisionings a second a
# whole HSS does with one thread for them, AIR and ULR and both writes included.

# shellcheck source=bench/lib/repod.sh
. bench/lib/repod.sh

provision_devices=120000 air_rate=2000 provision_seconds=8

provision_lot() { # BITS: N in hex in $modulus
  local dir=$work/provisioning/lot-$1
  [ -e "$dir/lot.lot.json" ] || {
    [ -e "$work/provisioning/recipient/recipient.pem" ] ||
      "$BINDERY_BUILD/bindery" lot recipient "$work/provisioning/recipient" >/dev/null
    "$BINDERY_BUILD/bindery" lot make --id lot --manufacturer bench --range 35693805 --bits "$1" \
      --to "$work/provisioning/recipient/recipient.pem" "$dir" >/dev/null || die "no lot was made"
  }
  modulus=$(tr -d ' \n' <"$dir/lot.lot.json" | sed 's/.*"modulus":"\([0-9a-f]*\)".*/\1/')
}

provision_hss() { # VARIABLE BITS
  local dir=$work/provisioning/hss
  rm -rf "$dir"
  new_store "$dir"
  {
    hssd_config "$dir" 3876
    cat <<YAML
repositories:
  - name: bench
    url: https://localhost:$repod_port
    certificate: $work/repod/operator.pem
    key: $work/repod/operator.key
    ca: $work/repod/ca.pem
    signers: [$work/repod/records.pub]
devid: {cache_seconds: 86400, changes_seconds: 3600, queue: 10000}
kme: {nonce_seconds: 600, threads: 1, queue: 4096}
YAML
  } >"$dir/hssd.yaml"
  serve "$1" 3876 "$dir/hssd.log" "$BINDERY_BUILD/bindery-hssd" --config "$dir/hssd.yaml"
  import "$dir" "$work/provisioning/subscribers.ndjson"
  rows_of 10000
  import "$dir" "$work/rows-10000.ndjson"
  "$BINDERY_BUILD/bindery" lot import --socket "$dir/admin" "$work/provisioning/lot-$2/lot.lot.cms" \
    --key "$work/provisioning/recipient/recipient-key.pem" \
    --certificate "$work/provisioning/recipient/recipient.pem" >/dev/null || die "the lot was not taken"
}

provision() { # RATE SECONDS WINDOW FIRST
  "$BINDERY_BUILD/bench_provision_client" run "$work/provisioning/device.key" lot "$modulus" "$1" \
    --to "$address:3876" --destination-realm "$realm" --connections 1 --window "$3" \
    --seconds "$2" --imsi "$4" --imsis "$provision_devices"
}

airs() { # ROUND CASE PORT
  "$BINDERY_BUILD/bindery" load --imsi-from 001010000000001 --count 10000 --order random \
    --origin-host polite%d.visited.bench --realm visited.bench --yes-this-is-mine --allow-failures \
    --peers 2 --rate "$air_rate" --duration "${provision_seconds}s" --json "$work/airs.json" \
    "tcp://$address:3876" >"$work/airs.out" 2>&1 || die "AIRs: $(tail -n 3 "$work/airs.out")"
  bench/lib/load.pl kinds "$work/airs.json" | note_all "$1" ours "$2"
}

measure() {
  local round bits pid repod_pid modulus half client
  mkdir -p "$work/provisioning"
  repod_pki
  openssl pkey -in "$work/repod/records.key" -pubout -out "$work/repod/records.pub"
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/provisioning/device.key"
  "$BINDERY_BUILD/bench_provision_client" subscribers "$provision_devices" \
    >"$work/provisioning/subscribers.ndjson"
  "$BINDERY_BUILD/bench_provision_client" bindings "$work/provisioning/device.key" "$provision_devices" \
    >"$work/bindings-$provision_devices.ndjson"
  rm -f "$work/repod"/repod.db*
  repod_start repod_pid
  repod_publish "$provision_devices"
  for bits in 2048 3072 4096; do
    provision_lot "$bits"
    for ((round = 0; round < (rounds > 3 ? 3 : rounds); round++)); do
      provision_hss pid "$bits"
      airs "$round" "$bits bits, AIRs alone"
      provision 1000000 "$seconds" 16 001010500000001 >"$work/run"
      note_all "$round" ours "$bits bits, whole HSS" <"$work/run"
      half=$(awk -F '\t' '$1 == "answers.per.second" { print int($2 / 2) }' "$work/run")
      provision "$half" "$provision_seconds" 4 001010500060001 >"$work/run" &
      client=$!
      sleep 1
      airs "$round" "$bits bits, AIRs beside half a core of provisionings"
      wait "$client" || die "no provisionings"
      note_all "$round" ours "$bits bits, half a core" <"$work/run"
      stop "$pid"
    done
  done
  stop "$repod_pid"
}
