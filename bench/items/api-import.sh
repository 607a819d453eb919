# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# Bulk provisioning over HTTPS with a client's certificate, as a provisioning system would do it (curl, one
# connection, requests of 1000 rows), against `bindery import` of the same rows over the socket; each into a
# new store.

# shellcheck source=bench/lib/repod.sh
. bench/lib/repod.sh

api_port=9443

api_hss() { # VARIABLE FOLDER
  hssd_config "$2" 3870 | sed "/^admin: /d" >"$2/hssd.yaml"
  cat >>"$2/hssd.yaml" <<YAML
admin:
  socket: $2/admin
  https:
    listen: https://127.0.0.1:$api_port
    certificate: $work/repod/server.pem
    key: $work/repod/server.key
    ca: $work/repod/ca.pem
    limits: {requests_per_second: 100000, burst: 100000}
    users:
      - {name: admin.bench, role: provisioner}
YAML
  serve "$1" 3870 "$2/hssd.log" "$BINDERY_BUILD/bindery-hssd" --config "$2/hssd.yaml"
}

# The requests of a file of rows, as a configuration of curl: one after the other on one connection.
requests() { # ROWS
  local part first=1
  rm -rf "$work/parts"
  mkdir "$work/parts"
  split -l 1000 -a 5 "$1" "$work/parts/"
  for part in "$work"/parts/*; do
    [ "$first" = 1 ] || echo next
    first=0
    cat <<CURL
url = "https://localhost:$api_port/v1/import"
cert = "$work/repod/admin.pem"
key = "$work/repod/admin.key"
cacert = "$work/repod/ca.pem"
resolve = "localhost:$api_port:127.0.0.1"
header = "Content-Type: application/x-ndjson"
data-binary = "@$part"
output = "$work/answers"
write-out = "%{http_code}\n"
silent
CURL
  done >"$work/requests"
}

measure() {
  local round ms pid store=$work/api-import case="$subscribers rows"
  repod_pki
  (umask 077 && repod_certificate admin "clientAuth,$repod_roles.9" admin.bench) 2>>"$work/repod/log"
  rows_of "$subscribers"
  requests "$work/rows-$subscribers.ndjson"
  for ((round = 0; round < (rounds > 3 ? 3 : rounds); round++)); do
    new_store "$store"
    api_hss pid "$store"
    ms=$(milliseconds)
    import "$store" "$work/rows-$subscribers.ndjson"
    note "$round" limit "$case" rows.per.second "$((subscribers * 1000 / ($(milliseconds) - ms + 1)))"
    stop "$pid"
    new_store "$store"
    api_hss pid "$store"
    ms=$(milliseconds)
    curl --config "$work/requests" >"$work/statuses" || die "curl ended with $?"
    ms=$(($(milliseconds) - ms))
    stop "$pid"
    [ "$(sort -u "$work/statuses")" = 200 ] || die "an import was refused: $(sort "$work/statuses" | uniq -c | tr '\n' ' ')"
    note "$round" ours "$case" rows.per.second "$((subscribers * 1000 / (ms + 1)))"
  done
  rm -rf "$store" "$work/parts"
}
