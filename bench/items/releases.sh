# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# Releases of eK per second and core (procedure dimsi, step 0-e), against the sum of the public-key
# operations that one needs, each as quick as openssl speed finds it in the same run. Counted as an
# operation:
#   verifications (ecdsap256, verify): the service provider's certificate and its delegation; CERT.SE,
#     CERT.PN and the token; CERT.AUSF.ECKA: 6. Where revocation lists are configured, those of the
#     part number's CA and of the CI, which OpenSSL verifies with each chain: 8
#   key agreements (ecdhp256): eK, and the box to the AUSF: 2
#   signatures (ecdsap256, sign): the endorsement, and the box's ephemeral key, which costs what a
#     signature costs: 2
# Reading a certificate, a digest, a KDF, AES and HMAC are not counted, though they are done.

releases_ports=(--port 3931 --tls-port 3932 --s1-port 36431 --repo-port 8931)
releases_devices=24 # more than certificates are remembered (net/verify_seen.h): each comes anew

# What a service provider and its secure elements bring, in a directory of `bindery up`.
releases_bindery() { "$BINDERY_BUILD/bindery" "$@" -C op; }
releases_bring() { # FOLDER
  cd "$1" &&
    releases_bindery up -d "${releases_ports[@]}" &&
    releases_bindery device se --count "$releases_devices" --tac 35693806 --out made &&
    releases_bindery sp arpf "$(releases_bindery sp links arpf)" &&
    releases_bindery sp order --arpf arpf.example.org --dimsis 901700000000001-901700000009999 --devices made --out orders &&
    "$BINDERY_BUILD/bindery-ue" se accept --devices made --orders orders --credentials credentials
}
releases_prepare() { # FOLDER
  local rc=0
  (releases_bring "$1") >"$1/log" 2>&1 || rc=$?
  (cd "$1" && releases_bindery down) >"$1/log.down" 2>&1 || true # it may not have come up
  [ "$rc" -eq 0 ] || die "$(tail -n 5 "$1/log")"
  sed 's/^ci: .*/ci: {roots: ..\/ci\/ci.crt}/' "$1/op/arpf/arpfd.yaml" >"$1/op/arpf/without.yaml"
}

# releases_limit VERIFICATIONS: from the lines of openssl speed -mr in $work/speed.
releases_limit() {
  awk -F : -v verifications="$1" '
    $1 == "+F4" && $3 == 256 { sign = 1 / $4; verify = 1 / $5 } # operations a second
    $1 == "+F5" && $3 == 256 { agree = 1 / $4 }
    END { printf "%.1f\n", 1 / (verifications * verify + 2 * agree + 2 * sign) }' "$work/speed"
}

releases_run() { # ROUND CASE FILE VERIFICATIONS
  "$BINDERY_BUILD/bench_releases" "$work/releases/op" "$work/releases/op/arpf/$3" \
    "$work"/releases/credentials/*.json --seconds "$seconds" >"$work/run"
  note_all "$1" ours "$2" <"$work/run"
  note "$1" limit "$2" releases.per.second "$(releases_limit "$4")"
}

measure() {
  local round
  rm -rf "$work/releases"
  mkdir -p "$work/releases"
  releases_prepare "$work/releases"
  for ((round = 0; round < rounds; round++)); do
    openssl speed -mr -seconds "$seconds" ecdsap256 ecdhp256 >"$work/speed" 2>/dev/null
    releases_run "$round" "chains alone" without.yaml 6
    releases_run "$round" "with revocation lists" arpfd.yaml 8
  done
  rm -rf "$work/releases"
}
