# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what common.sh and attach.sh set, and what is set for the tests
# A repository, and the manufacturer and the operator who use it: three parties, each with a folder of
# its own and only its own keys. After common.sh and attach.sh.

roles=1.3.6.1.4.1.32473.1.1
maker_dir=$work/maker repo_dir=$work/repo

# ca_of DIR NAME
ca_of() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$1/$2.key" \
    -out "$1/$2.crt" -days 30 -subj "/CN=$2" -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,keyCertSign,cRLSign 2>>"$work/openssl.log"
}
# issued CA FILE EXTENSIONS: FILE.crt for FILE.key, which is made if it is not there, P-256.
issued() {
  local ca=$1 file=$2
  [ -e "$file.key" ] ||
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$file.key" 2>>"$work/openssl.log"
  openssl req -new -key "$file.key" -subj "/CN=$(basename "$file")" -out "$file.csr"
  openssl x509 -req -in "$file.csr" -CA "$ca.crt" -CAkey "$ca.key" -days 20 \
    -set_serial "0x$(random_hex 8)" -extfile <(printf 'basicConstraints=critical,CA:FALSE\n%b\n' "$3") \
    -out "$file.crt" 2>>"$work/openssl.log"
}
# client CA FILE ROLE HOST
client() {
  issued "$1" "$2" "keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,$roles.$3\nsubjectAltName=DNS:$4"
}
der() { openssl x509 -in "$1" -outform DER | base64 -w0; }

# parties: the repository's CA and server, the manufacturer with its devices' CA, the operator.
parties() {
  (
    umask 077
    mkdir -p "$maker_dir" "$repo_dir" "$work/operator"
    ca_of "$repo_dir" ca
    issued "$repo_dir/ca" "$repo_dir/server" \
      "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost"
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$repo_dir/records.key" 2>>"$work/openssl.log"
    openssl pkey -in "$repo_dir/records.key" -pubout -out "$repo_dir/records.pub"
    client "$repo_dir/ca" "$maker_dir/maker" 2 maker.example
    client "$repo_dir/ca" "$maker_dir/other" 2 other.example
    client "$repo_dir/ca" "$work/operator/operator" 1 operator.example
    ca_of "$maker_dir" device-ca
    ca_of "$maker_dir" other-ca
    cp "$repo_dir/ca.crt" "$maker_dir/repo-ca.crt"
    cp "$repo_dir/ca.crt" "$work/operator/repo-ca.crt"
    cp "$repo_dir/records.pub" "$maker_dir/device-ca.crt" "$work/operator"
    crl
  )
}
# crl [CERTIFICATE...]: the list of what the devices' CA has revoked, for the operator.
# shellcheck disable=SC2120 # it is called with arguments by the test
crl() {
  local one
  : >"$maker_dir/index.txt"
  printf '[ca]\ndefault_ca=it\n[it]\ndatabase=%s/index.txt\ndefault_md=sha256\ndefault_crl_days=10\n' \
    "$maker_dir" >"$maker_dir/ca.cnf"
  for one in "$@"; do
    openssl ca -config "$maker_dir/ca.cnf" -cert "$maker_dir/device-ca.crt" \
      -keyfile "$maker_dir/device-ca.key" -revoke "$one" 2>>"$work/openssl.log"
  done
  openssl ca -config "$maker_dir/ca.cnf" -cert "$maker_dir/device-ca.crt" \
    -keyfile "$maker_dir/device-ca.key" -gencrl -out "$work/operator/device-ca.crl" 2>>"$work/openssl.log"
}

# ---- the repository ----------------------------------------------------------------------------

repo_config() {
  cat >"$repo_dir/repod.yaml" <<YAML
listener: {address: "https://127.0.0.1:$repo_port", certificate: server.crt, key: server.key, ca: ca.crt}
signing_key: records.key
store: repod.db
audit: audit.log
manufacturers:
  - {name: maker.example, ranges: ["35693803"], device_ca: ../maker/device-ca.crt}
  - {name: other.example, ranges: ["35693804"]}
operators:
  - {name: operator.example}
limits: {requests_per_second: 100000, burst: 100000}
YAML
}
repo_start() {
  : >"$work/repo.log"
  "$BINDERY_BUILD/bindery-repod" --config "$repo_dir/repod.yaml" 2>>"$work/repo.log" &
  repo_pid=$!
  pids+=("$repo_pid")
  if ! wait_for 10 grep -q '"event":"ready"' "$work/repo.log"; then
    echo "Bail out! bindery-repod did not start"
    sed 's/^/# /' "$work/repo.log"
    exit 1
  fi
}
# maker NAME METHOD PATH [CURL OPTION...]: as that manufacturer.
maker() {
  local who=$1 method=$2 path=$3
  shift 3
  curl --silent --show-error --fail-with-body --max-time 60 --cacert "$maker_dir/repo-ca.crt" \
    --cert "$maker_dir/$who.crt" --key "$maker_dir/$who.key" --request "$method" \
    "https://localhost:$repo_port$path" "$@"
}
# publish_public IMEI PUBLIC-KEY; publish_chain IMEI CERTIFICATE: the repository has its CA.
publish_public() {
  maker maker PUT "/v1/bindings/$1/identity" \
    -d "{\"public_key\":\"$(openssl pkey -pubin -in "$2" -outform DER | base64 -w0)\"}"
}
publish_chain() { maker maker PUT "/v1/bindings/$1/identity" -d "{\"certificates\":[\"$(der "$2")\"]}"; }
revoke() { maker maker DELETE "/v1/bindings/$1/identity"; }

# ---- the operator ------------------------------------------------------------------------------

# hss_devid [KEY: VALUE...]: what hssd.yaml says more. mme-a alone is believed about proofs.
hss_devid() {
  sed -i "s/^  - origin_host: $mme_a\$/&\n    sends_device_proof: true/" "$work/hssd.yaml"
  {
    echo 'eir: {enabled: true, unknown: allow}'
    cat <<YAML
repositories:
  - name: maker
    url: https://localhost:$repo_port
    certificate: operator/operator.crt
    key: operator/operator.key
    ca: operator/repo-ca.crt
    signers: [operator/records.pub]
YAML
    echo "devid: {$1}"
  } >>"$work/hssd.yaml"
}
# subscription NAME IMSI IMEI POLICY: a subscriber of that proof policy, and a device without a key.
subscription() {
  subscriber "$1" "$2" open "$3"
  "$BINDERY_BUILD/bindery" subscriber set "$2" --proof "$4" --socket "$work/admin" >/dev/null
  device "$1" "$1"
}
policy() { "$BINDERY_BUILD/bindery" subscriber set "$1" --proof "$2" --socket "$work/admin"; }
# key NAME [ALGORITHM]: the device makes one; its public half goes to NAME.pub.
key() {
  "$BINDERY_BUILD/bindery-ue" key --device "$work/$1.json" --algorithm "${2:-ecdsa-p256}" --replace \
    >"$work/$1.pub"
}
# Events are written soon after what they tell: what looks for one asks again for a while.

# outcome NAME CAUSE IMSI: is this the HSS's newest event of that name about it?
outcome() { wait_for 5 outcome_now "$@"; }
outcome_now() {
  admin GET "/v1/events?name=$1&limit=1000" | tr -d ' \n' | grep -oE '\{"[^{}]*\}' |
    grep -F "\"imsi\":\"$3\"" | tail -1 | grep -qF "\"cause\":\"$2\""
}
# event_with CAUSE IMSI, event_of NAME IMEI: is there such an event?
event_with() { wait_for 5 event_with_now "$@"; }
event_with_now() {
  local all
  all=$(admin GET "/v1/events?limit=1000" | tr -d ' \n' | grep -oE '\{"[^{}]*\}' | grep -F "\"cause\":\"$1\"")
  grep -qF "\"imsi\":\"$2\"" <<<"$all"
}
event_of() {
  local all
  all=$(admin GET "/v1/events?name=$1&limit=1000" | tr -d ' \n' | grep -oE '\{"[^{}]*\}')
  grep -q "\"imei\":\"$2" <<<"$all"
}
# last IMSI MEMBER: of the last outcome, as `bindery subscriber show --json` tells it.
last() {
  admin GET "/v1/subscribers/$1" | tr -d ' \n' | grep -oE '"proof_last":\{[^}]*\}' |
    sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p"
}
# proven IMSI: by its last registration, and there is an event of it. One is written when the outcome is
# another than the last.
proven() { [ "$(last "$1" result)" = proven ] && wait_for 5 event device-proven "$1"; }
remembered() { admin GET "/v1/subscribers/$1" | tr -d ' \n' | grep -q '"proof_remembered":{"imei":"'"$2"; }
not_remembered() { ! remembered "$1" "$2"; }
