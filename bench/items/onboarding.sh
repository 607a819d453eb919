# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# Onboardings of procedure certattach per second and core, against the sum of the public-key
# operations that they need, each as quick as openssl speed finds it in the same run:
#   the device's record (1 verification), its certificate (1), the secret (1 key agreement and its
#   ephemeral key, which costs what a signature costs; with RSA an encryption), the operator's
#   signature (1); with a proof of the IMEI the binding's record and the proof (2 verifications).

onboarding_roles=1.3.6.1.4.1.32473.1.1

onboarding_request() { # NAME ALGORITHM...: a key and a request
  local name=$1
  shift
  openssl req -newkey "$@" -noenc -subj "/O=bench/CN=$name" -keyout "$name.key" -out "$name.csr"
}
onboarding_certificate() { # NAME USAGE KEY-USAGE [EXTENSION...]
  local name=$1 usage=$2 key=$3
  shift 3
  openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -days 2 -out "$name.pem" \
    -extfile <(printf '%s\n' "extendedKeyUsage=$onboarding_roles.$usage" "keyUsage=critical,$key" \
      "basicConstraints=critical,CA:FALSE" "$@")
  openssl x509 -in "$name.pem" -outform DER -out "$name.der"
}
onboarding_pki() { # FOLDER KEY-USAGE ALGORITHM...
  local folder=$1 usage=$2 i
  local p256=(ec -pkeyopt ec_paramgen_curve:P-256)
  shift 2
  mkdir -p "$folder"
  (
    umask 077
    cd "$folder"
    openssl req -x509 -newkey "${p256[@]}" -noenc -days 2 -subj "/CN=bench CA" \
      -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" \
      -keyout ca.key -out ca.pem
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out records.key
    openssl pkey -in records.key -pubout -out records.pub
    onboarding_request operator "${p256[@]}"
    onboarding_certificate operator 7 digitalSignature "subjectAltName=DNS:epc.mnc001.mcc001.3gppnetwork.org"
    for ((i = 0; i < 24; i++)); do
      onboarding_request "device-$i" "$@"
      onboarding_certificate "device-$i" 5 "$usage"
    done
  ) 2>"$folder.log" || {
    cat "$folder.log" >&2
    die "the certificates could not be made"
  }
}

# onboarding_limit CASE: what the operations allow, from the lines of openssl speed -mr in $work/speed.
onboarding_limit() {
  awk -F : -v case="$1" '
    $1 == "+F4" && $3 == 256 { sign = 1 / $4; verify = 1 / $5 } # ecdsap256: operations a second
    $1 == "+F5" && $3 == 256 { agree = 1 / $4 }
    $1 == "+F2" && $3 == 2048 { encrypt = 1 / $5 } # rsa2048, public
    END {
      all = 2 * verify + sign
      all += (case ~ /RSA/) ? encrypt : sign + agree
      if (case ~ /proof/) all += 2 * verify
      printf "%.1f\n", 1 / all
    }' "$work/speed"
}

measure() {
  local round case folder
  mkdir -p "$work/onboarding"
  onboarding_pki "$work/onboarding/P-256" keyAgreement ec -pkeyopt ec_paramgen_curve:P-256
  onboarding_pki "$work/onboarding/RSA-2048" keyEncipherment rsa:2048
  for ((round = 0; round < rounds; round++)); do
    openssl speed -mr -seconds "$seconds" ecdsap256 ecdhp256 rsa2048 >"$work/speed" 2>/dev/null
    for case in P-256 P-256-proof RSA-2048; do
      folder=$work/onboarding/${case%-proof}
      "$BINDERY_BUILD/bench_onboarding" "$folder" "$case" "$seconds" >"$work/run"
      note_all "$round" ours "$case" <"$work/run"
      note "$round" limit "$case" onboardings.per.second "$(onboarding_limit "$case")"
    done
  done
}
