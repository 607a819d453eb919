# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what the others set, and what is set for the tests
# The parties of a first attach with a discovery IMSI, each a process of this script, as `bindery up` makes them for
# an operator `op`. After common.sh, attach.sh and certattach.sh, whose operator, daemon and halt it goes on with.

declare -A file_of=([arpfd]=arpf/arpfd.yaml [dausfd]=discovery/dausfd.yaml [rsmfd]=rsmf/rsmfd.yaml)
# party WHAT [OPTION...]: starts it and returns when it serves.
party_up() {
  local what=$1 id=op-$1
  shift
  : >"$work/$id.now" # what one before said there is not its word
  (cd "$work/op" && exec "$BINDERY_BUILD/bindery-$what" --config "${file_of[$what]}" "$@") \
    2>"$work/$id.now" >>"$work/$id.out" &
  pid_of[$id]=$!
  pids+=("$!")
  if ! wait_for 20 grep -q '"event":"ready"' "$work/$id.now" || ! kill -0 "${pid_of[$id]}" 2>/dev/null; then
    echo "Bail out! $id did not start"
    tail -n 20 "$work/$id.now" | sed 's/^/# /'
    exit 1
  fi
}
# everyone: all six, with traces if TRACE is set.
everyone() {
  party_up arpfd
  party_up dausfd ${TRACE:+--trace "$work/op-dausfd.pcapng" --trace-secrets}
  party_up rsmfd
  daemon op hssd ${TRACE:+--trace "$work/op-hssd.pcapng" --trace-secrets}
  daemon op mmed ${TRACE:+--trace "$work/op-mmed.pcapng" --trace-secrets}
  wait_for 20 served_by_both
}
# served_by_both: the MME has the HSS and the discovery AUSF.
served_by_both() {
  [ "$(mme_ask op-mmed /v1/status | tr -d ' \n' | grep -o '"connected":true' | wc -l)" -ge 2 ]
}
# quick: what waits, waits shorter; the RSMF is looked at each second.
quick() { sed -i 's/^dimsi:$/&\n  poll_seconds: 1/' "$work/op/hssd.yaml"; }

sp() { cli sp "$@" --dir "$work/op"; }
arpf_link() { sp links arpf; }
offers_link() { sp links offers; }
rsmf_at() { sed -n '/^devices:/,$s#.*https://\(127.0.0.1:[0-9]*\).*#\1#p' "$work/op/rsmf/rsmfd.yaml" | head -1; }
push_link() { sed -n '/^push:/,$s#.*listen: https://127.0.0.1:\([0-9]*\).*#https://localhost:\1#p' "$work/op/discovery/dausfd.yaml" | head -1; }
# made FIRST COUNT: as many devices, in the folder `made`.
made() { cli device se --count "$2" --tac 35693805 --first "$1" --out "$work/made" --dir "$work/op"; }
# ordered: they have dIMSIs and slots, and the service provider has their SE CREDENTIALS.
ordered() {
  rm -rf "$work/orders" "$work/credentials"
  sp order --arpf arpf.example.org --dimsis 901700000000001-901700000009999 --devices "$work/${1:-made}" --out "$work/orders" &&
    "$BINDERY_BUILD/bindery-ue" se accept --devices "$work/${1:-made}" --orders "$work/orders" --credentials "$work/credentials" &&
    sp collect "$work/credentials"
}
offered() { sp offer --to 001-01 --link "$(offers_link)" "${@:---all}"; }

# of_row DIMSI MEMBER: at the operator
of_row() { hss_ask "/v1/dimsi/$1" | tr -d ' \n' | grep -oP "\"$2\":\"\\K[^\"]+"; }
is_phase() { [ "$(of_row "$1" phase)" = "$2" ]; }
becomes() { wait_for "${3:-20}" is_phase "$1" "$2"; }
dimsi_of() { grep -oP '"dimsi": *"\K[0-9]+' "$work/made/$1.json" | head -1; }
# What a device has: `none`, `temporary` or `own`.
has() {
  local imsi
  imsi=$(perl -0777 -ne 's/"secure_element": *\{.*?\n  \}//s; print $1 if /"imsi": *"([0-9]+)"/' "$work/made/$1.json")
  case $imsi in
  0010100007*) echo temporary ;;
  0010100008*) echo own ;;
  '') echo none ;;
  *) echo "$imsi" ;;
  esac
}
# switched_on STATUS PART IMEI [OPTION...]
switched_on() {
  local status=$1 part=$2 imei=$3
  shift 3
  ue "$status" "$part" attach --mme "$(s1_of op)" --device "$work/made/$imei.json" --rsmf "$(rsmf_at)" "$@"
}
entry() { curl --silent --max-time 60 --unix-socket "$work/op/discovery/discovery.sock" "http://dausf/v1/entries?limit=1000" | tr -d ' \n' | grep -oE "\{[^{}]*\"dimsi\":\"$1\"[^{}]*\}" | grep -oP "\"$2\":\"?\\K[^\",}]+"; }
release() { curl --silent --max-time 60 --unix-socket "$work/op/arpf/arpf.sock" "http://arpf/v1/releases?limit=1000" | tr -d ' \n' | grep -oE "\{[^{}]*\"dimsi\":\"$1\"[^{}]*\}" | grep -oP "\"$2\":\"?\\K[^\",}]+"; }
delivered() { curl --silent --max-time 60 --unix-socket "$work/op/rsmf/rsm.sock" "http://rsmf/v1/deliveries?limit=1000" | tr -d ' \n' | grep -o "\"phase\":\"$1\"" | wc -l; }
