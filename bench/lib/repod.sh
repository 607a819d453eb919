# shellcheck shell=bash
# shellcheck disable=SC2154 # work and the functions used are run.sh's and servers.sh's
# A repository of the bench: certificates with roles, a configuration, rows to publish.

repod_port=8443
repod_roles=1.3.6.1.4.1.32473.1.1

repod_certificate() { # NAME USAGE HOST
  local dir=$work/repod
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/O=bench" \
    -keyout "$dir/$1.key" -out "$dir/$1.csr"
  openssl x509 -req -in "$dir/$1.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -days 2 \
    -out "$dir/$1.pem" -extfile <(printf '%s\n' "subjectAltName=DNS:$3" "extendedKeyUsage=$2" \
      "keyUsage=critical,digitalSignature" "basicConstraints=critical,CA:FALSE")
}
repod_pki() {
  local dir=$work/repod
  [ ! -e "$dir/ready" ] || return 0
  mkdir -p "$dir"
  (
    umask 077
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 \
      -subj "/CN=bench CA" -addext "basicConstraints=critical,CA:TRUE" \
      -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout "$dir/ca.key" -out "$dir/ca.pem"
    repod_certificate server serverAuth localhost
    repod_certificate maker "clientAuth,$repod_roles.2" maker.bench
    repod_certificate operator "clientAuth,$repod_roles.1" operator.bench
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/records.key"
  ) 2>"$dir/log" || {
    cat "$dir/log" >&2
    die "the certificates could not be made"
  }
  touch "$dir/ready"
}

# repod_start VARIABLE: with the store that is in the folder.
repod_start() {
  local dir=$work/repod
  cat >"$dir/repod.yaml" <<YAML
listener: {address: "https://127.0.0.1:$repod_port", certificate: server.pem, key: server.key, ca: ca.pem}
signing_key: records.key
store: repod.db
audit: audit.log
manufacturers:
  - {name: maker.bench, ranges: ["35693800000000-35693899999999"]}
operators:
  - {name: operator.bench}
limits: {bulk_seconds: 3600, bulk_rows: 10000000, answer_seconds: 600, requests_per_second: 1000000, burst: 1000000}
log: {level: warning}
YAML
  serve "$1" "$repod_port" "$dir/repod.log" "$BINDERY_BUILD/bindery-repod" --config "$dir/repod.yaml"
}

repod_rows() { # COUNT: made whole or not at all, so that --resume can rely on it
  [ -e "$work/bindings-$1.ndjson" ] || {
    "$BINDERY_BUILD/bench_bindings" rows "$1" >"$work/bindings.part"
    mv "$work/bindings.part" "$work/bindings-$1.ndjson"
  }
}

# repod_publish COUNT: all of them in one bulk, each of them added.
repod_publish() {
  local dir=$work/repod
  curl --silent --show-error --cacert "$dir/ca.pem" --cert "$dir/maker.pem" --key "$dir/maker.key" \
    --request POST --upload-file "$work/bindings-$1.ndjson" --output "$dir/report" \
    "https://localhost:$repod_port/v1/bulk" || die "the bulk failed (see above)"
  [ "$(tail -n 1 "$dir/report")" = "{\"report\":{\"rows\":$1,\"added\":$1,\"replaced\":0,\"revoked\":0,\"unchanged\":0,\"refused\":0}}" ] ||
    die "the bulk was not taken: $(tail -n 1 "$dir/report")"
}
