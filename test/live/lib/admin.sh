# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what is set here is for the tests that source it; work is common.sh's, roles repod.sh's
# What the live tests of administration over HTTPS share: certificates, good and not, the part of a
# configuration that says who may do what, each operation of an OpenAPI document asked by curl as each
# of them, the client that knows nothing but the document (test/client), and the command `bindery`.
# Source it after common.sh and repod.sh, in $work, with umask 077.
documents=$(cd "$live_here/../../docs/openapi" && pwd)
admin_role=9

# client_ready: in $work/client, with what it stands on.
client_ready() {
  local pause
  cp -r "$live_here/../client" "$work/client"
  for pause in 5 10 20 0; do # npm repeats single fetches, and not what a registry refuses for a while
    (cd "$work/client" && rm -rf node_modules && npm ci --no-audit --no-fund >../npm.log 2>&1) && return 0
    sleep "$pause"
  done
  echo "Bail out! npm ci failed"
  sed 's/^/# /' "$work/npm.log"
  exit 1
}

# ---- certificates ------------------------------------------------------------------------------

# A server's; ops, clerk, watch and narrow, whom the configuration names; and those whom nobody lets in. It names
# keeper too, whose certificate no one makes here.
admin_certificates() {
  ca ca
  ca stranger
  leaf server ca 'keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost' -days 20
  for name in ops clerk watch narrow unlisted; do client "$name" "$admin_role"; done
  client foreign "$admin_role" ops.example stranger
  client operator 1 ops.example # the name, under another role
  leaf expired ca "keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,$roles.$admin_role\nsubjectAltName=DNS:ops.example" -days -1
  client revoked "$admin_role" ops.example
  printf '[ca]\ndefault_ca = it\n[it]\ndatabase = index.txt\ndefault_md = sha256\ndefault_crl_days = 10\n' >ca.cnf
  : >index.txt
  openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -revoke revoked.crt 2>/dev/null
  openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -gencrl -out ca.crl 2>/dev/null
}
https_of() { # KEY PORT CERTIFICATE
  cat <<C
$1:
  listen: https://127.0.0.1:$2
  certificate: $work/$3.crt
  key: $work/$3.key
  ca: $work/ca.crt
  crl: $work/ca.crl
  limits: {header_seconds: 8, body_seconds: 6, answer_seconds: 10, connections_per_address: 20, connections_per_client: 4,
           requests_per_second: 100000, burst: 100000}
  users:
    - {name: ops.example, role: administrator}
    - {name: clerk.example, role: provisioner}
    - {name: watch.example, role: reader}
    - {name: keeper.example, role: reader}
    - {name: narrow.example, role: administrator, imsi_ranges: ["001010000000100-001010000000199"]}
C
}

# ---- each operation of a document, at $url ---------------------------------------------------------

# answers PROBLEM SENTENCE STATUS CLIENT ARGUMENT... : also its type.
answers() {
  local problem=$1 sentence=$2 wanted=$3
  shift 3
  as "$@"
  if [ "$status" = "$wanted" ] && { [ "$problem" = - ] || grep -qF "\"urn:bindery:problem:$problem\"" said; }; then
    passed "$sentence"
  else
    missed "$sentence" "status $status" "$(head -c 1000 said)"
  fi
}
operations_of() { # DOCUMENT
  node client/list.mjs "$documents/$1" >operations
}
# ask_operations CLIENT: all of $operations, by one curl; the status of each goes to ${statuses[N]}, and what is
# said to asked/N. N counts from 0.
ask_operations() {
  local method target role type body n=0
  rm -rf asked
  mkdir asked
  while IFS=$'\t' read -r method target role type body; do
    [ "$n" -eq 0 ] || echo next
    printf '%s\n' silent path-as-is 'max-time = 60' "cacert = ca.crt" "url = \"$url$target\"" "request = $method" \
      "output = asked/$n" 'write-out = "%{http_code}\n"' ${1:+"cert = $1.crt" "key = $1.key"}
    [ "$type" = - ] || {
      printf '%s' "$body" >"asked/$n.body"
      printf '%s\n' "header = \"Content-Type: $type\"" "data-binary = @asked/$n.body"
    }
    n=$((n + 1))
  done <operations >asked/curl
  mapfile -t statuses < <(curl --config asked/curl || true)
}
# told N PROBLEM: was the N-th refused with 403 and this?
told() { [ "${statuses[$1]:-}" = 403 ] && grep -qsF "\"urn:bindery:problem:$2\"" "asked/$1"; }
# none_may SENTENCE PROBLEM CLIENT: every path is refused so.
none_may() {
  local method target bad=() n=0
  ask_operations "$3"
  while read -r method target _; do
    told "$n" "$2" || bad+=("$method $target: ${statuses[n]:-} $(head -c 200 "asked/$n")")
    n=$((n + 1))
  done <operations
  if [ "$n" -gt 0 ] && [ "${#bad[@]}" -eq 0 ]; then passed "$1 ($2)"; else missed "$1 ($2)" "${bad[@]:0:5}"; fi
}
# nobody_else_may: who has no good certificate.
nobody_else_may() {
  none_may 'without a certificate every path is refused' no-certificate ''
  none_may 'and with one of another CA' client-untrusted foreign
  none_may 'and with one that has expired' client-expired expired
  none_may 'and with one that was revoked' client-revoked revoked
  none_may 'and with one of another role, whatever its name' client-refused operator
  none_may 'and with one that the configuration does not name' not-allowed unlisted
}
# role_may CLIENT ROLE... : exactly the operations of these roles.
role_may() {
  local who=$1 method target role bad=() may=" ${*:2} " n=0
  ask_operations "$who"
  while IFS=$'\t' read -r method target role _; do
    if [[ $may == *" $role "* ]]; then
      [[ ${statuses[n]:-} =~ ^(2..|40[^3]|4[1-9].|503)$ ]] || bad+=("$method $target ($role): $(head -c 200 "asked/$n")")
    else
      told "$n" not-allowed || bad+=("$method $target ($role): ${statuses[n]:-}")
    fi
    n=$((n + 1))
  done <operations
  if [ "$n" -gt 0 ] && [ "${#bad[@]}" -eq 0 ]; then
    passed "$who may do what is for ${may:1:-1}, and nothing else"
  else
    missed "$who may do what is for ${may:1:-1}, and nothing else" "${bad[@]:0:5}"
  fi
}

# ---- the client that knows the document ------------------------------------------------------------

independent() { # DOCUMENT UNMET WAY...
  local document=$1 without=$2
  shift 2
  party node client/client.mjs --document "$documents/$document" --unmet "${without%,}" "$@"
}
over_https() { printf '%s\n' --server "$url" --certificate "$1.crt" --key "$1.key" --ca "${2:-ca}.crt"; }

# ---- the command -----------------------------------------------------------------------------------

# says SENTENCE EXIT WORDS COMMAND... : on standard output or standard error.
says() {
  local sentence=$1 wanted=$2 words=$3 rc=0
  shift 3
  "$@" >out 2>&1 || rc=$?
  if [ "$rc" = "$wanted" ] && grep -qF -- "$words" out; then
    passed "$sentence"
  else
    missed "$sentence" "exit $rc" "$(head -c 1000 out)"
  fi
}
