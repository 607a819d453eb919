#!/usr/bin/env bash
# The octets of test/vectors/s1ap_samples.txt against the ASN.1 compiler of Erlang/OTP: S1AP.asn1 is
# compiled for aligned PER (-bper: -per would quietly give BER), and every sample is read by it and
# written again.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"

samples=$live_here/../vectors/s1ap_samples.txt
build() {
  mkdir -p "$work/ebin"
  cp "$live_here/erlang/S1AP.asn1" "$work/ebin"
  (cd "$work/ebin" && erlc -bper S1AP.asn1) &&
    erlc -Wall -Werror -o "$work/ebin" "$live_here/erlang/s1ap_test.erl"
}

holds "the S1AP module compiles for aligned PER" build
holds "there is a sample of each message, and more" test "$(grep -vc '^#' "$samples")" -ge 20
party erl -noinput -pa "$work/ebin" -eval 's1ap_test:main(["'"$samples"'"])'
finish
