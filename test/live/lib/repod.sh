# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what is set here is for the tests that source it; work is common.sh's
# What the live tests of bindery-repod share: certificates that the openssl command made, a repository,
# curl with a client's certificate, and records verified by the openssl command. Source it after
# common.sh, in $work, with umask 077.
roles=1.3.6.1.4.1.32473.1.1

# ---- certificates ------------------------------------------------------------------------------

ca() { # NAME
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.crt" \
    -days 30 -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}
# leaf NAME CA EXTENSIONS [OPTIONS OF x509...]
leaf() {
  local name=$1 by=$2 extensions=$3
  shift 3
  [ -e "$name.key" ] || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$name.key" 2>/dev/null
  openssl req -new -key "$name.key" -subj "/CN=$name" -out "$name.csr"
  printf 'basicConstraints=critical,CA:FALSE\n%b\n' "$extensions" >"$name.ext"
  openssl x509 -req -in "$name.csr" -CA "$by.crt" -CAkey "$by.key" -set_serial "0x$(openssl rand -hex 8)" \
    -extfile "$name.ext" -out "$name.crt" "$@" 2>/dev/null
}
client() { # NAME ROLE [HOST [CA]]
  leaf "$1" "${4:-ca}" "keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,$roles.$2\nsubjectAltName=DNS:${3:-$1.example}" -days 20
}
spki() { openssl pkey -in "$1" -pubout -outform DER 2>/dev/null | base64 -w0; }
der() { openssl x509 -in "$1" -outform DER | base64 -w0; }

# The CAs, a server, clients for each way to be refused, and devices.
repod_certificates() {
  ca ca
  ca stranger
  ca device-ca
  leaf server ca "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost" -days 20
  client maker 2
  client other-maker 2
  client operator 1
  client narrow 1
  client unlisted 1
  client spy 2 operator.example      # the operator's name under the manufacturer's role
  client foreign 1 operator.example stranger
  leaf expired ca "keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,$roles.1\nsubjectAltName=DNS:operator.example" -days -1
  leaf roleless ca "keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\nsubjectAltName=DNS:operator.example" -days 20
  leaf server-only ca "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,$roles.1\nsubjectAltName=DNS:operator.example" -days 20
  client revoked 1 operator.example
  for i in 1 2 3 4 5 6 7; do cat ca.crt; done | cat operator.crt - >long.crt
  cp operator.key long.key

  cat >ca.cnf <<'C'
[ca]
default_ca = it
[it]
database = index.txt
default_md = sha256
default_crl_days = 10
C
  : >index.txt
  openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -revoke revoked.crt 2>/dev/null
  openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -gencrl -out ca.crl 2>/dev/null

  for name in p256:P-256 p256b:P-256 p384:P-384 p521:P-521; do
    openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:${name#*:}" -out "${name%:*}.key" 2>/dev/null
  done
  openssl genpkey -algorithm ED25519 -out ed25519.key
  openssl genrsa -out rsa2048.key 2048 2>/dev/null
  openssl genrsa -out rsa1024.key 1024 2>/dev/null
  leaf device device-ca 'keyUsage=critical,digitalSignature' -days 20
  leaf device-kem device-ca 'keyUsage=critical,keyAgreement' -days 20
  leaf device-old device-ca 'keyUsage=critical,digitalSignature' -days -1
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out records.key 2>/dev/null
  openssl pkey -in records.key -pubout -out records.pub
}

# ---- the repository ----------------------------------------------------------------------------

# start: with repod.yaml. The address is url then, and that of the bindings b.
start() {
  "$BINDERY_BUILD/bindery-repod" --config repod.yaml 2>>log &
  repod=$!
  pids+=("$repod")
  wait_for 10 grep -q '"event":"ready"' log
  url=https://localhost:$(sed -n 's/.*"listener":"[^"]*:\([0-9]*\)".*/\1/p' log | tail -1)
  b=$url/v1/bindings
}
stop() {
  kill -TERM "$repod"
  wait "$repod" || true
  : >log
}
# as CLIENT ARGUMENT... : the answer goes to said, its status to $status.
as() {
  local who=$1
  shift
  status=$(curl -s -o said -w '%{http_code}' --max-time 60 --path-as-is --cacert ca.crt ${who:+--cert "$who.crt" --key "$who.key"} "$@") || true
}
# refuses SENTENCE STATUS CAUSE CLIENT ARGUMENT...
refuses() {
  local sentence=$1 wanted=$2 cause=$3
  shift 3
  as "$@"
  if [ "$status" = "$wanted" ] && grep -qF "\"/problems/$cause\"" said; then
    passed "$sentence ($cause)"
  else
    missed "$sentence ($cause)" "status $status" "$(cat said)"
  fi
}
# does SENTENCE STATUS PART CLIENT ARGUMENT...
does() {
  local sentence=$1 wanted=$2 part=$3
  shift 3
  as "$@"
  if [ "$status" = "$wanted" ] && grep -qF -- "$part" said; then
    passed "$sentence"
  else
    missed "$sentence" "status $status" "$(head -c 2000 said)"
  fi
}
member() { sed -n "s/.*\"$1\":\"\\{0,1\\}\\([^\",}]*\\).*/\\1/p" said | head -1; }

imei=35693803564380
key() { printf '{"public_key":"%s"%s}' "$(spki "$1.key")" "${2:-}"; }
chain() { printf '{"certificates":["%s","%s"]}' "$(der "$1.crt")" "$(der device-ca.crt)"; }

# ---- records -----------------------------------------------------------------------------------

# r and s as DER integers
half() { # FROM: a zero in front makes it positive; openssl takes no more of them
  local h
  h=$(tail -c +"$1" signature.raw | head -c 32 | od -An -v -tx1 | tr -d ' \n' | sed 's/^\(00\)*//')
  case $h in [89a-f]*) h=00$h ;; esac
  printf '02%02x%s' $((${#h} / 2)) "$h"
}
# record_of N: the N-th binding of what was said, as record and signature.der.
record_of() {
  local both
  grep -o '"record":"[^"]*"' said | sed -n "$1s/.*:\"\(.*\)\"/\1/p" | base64 -d >record
  grep -o '"signature":"[^"]*"' said | sed -n "$1s/.*:\"\(.*\)\"/\1/p" | base64 -d >signature.raw
  both=$(half 1)$(half 33)
  printf '30%02x%s' $((${#both} / 2)) "$both" | perl -ne 'print pack "H*", $_' >signature.der
}
# record_verifies SENTENCE: by openssl, with the key that the repository signs with.
record_verifies() {
  if openssl dgst -sha256 -verify records.pub -signature signature.der record >/dev/null 2>&1; then
    passed "$1"
  else
    missed "$1" "$(od -An -v -tx1 record)"
  fi
}
digest_of() { openssl dgst -sha256 -binary | od -An -v -tx1 | tr -d ' \n'; }
item() { # LENGTH HEX
  printf '%04x%s' "$1" "$2"
}
hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }
# record_names SENTENCE IMEI USE FORM DIGEST: what is signed begins with these.
record_names() {
  local wanted
  wanted=$(item 22 "$(hex 'bindery device binding')")$(item 1 01)$(item 14 "$(hex "$2")")$(item 1 "0$3")$(item 1 "0$4")$(item 32 "$5")
  same "$1" "$wanted" "$(od -An -v -tx1 record | tr -d ' \n' | head -c ${#wanted})"
}
