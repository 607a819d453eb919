#!/usr/bin/env bash
# The Debian packages (cmake/package.cmake, packaging/): built, installed by dpkg into a root folder of their
# own, run as the user that they bring, two instances at once, removed, and purged with and without KEEP. The
# units are read by systemd-analyze.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
tree=$(cd "$live_here/../.." && pwd)
functions=(hssd mmed repod arpfd dausfd rsmfd)
root=$work/root

# ---- made ------------------------------------------------------------------------------------

build_folder=$(cd "$BINDERY_BUILD" && pwd)
made() {
  cmake -S "$tree" -B "$build_folder" -DBINDERY_PACKAGE=ON &&
    cmake --build "$build_folder" --target package_files &&
    (cd "$build_folder" && cpack -G DEB -B "$work/packages")
}
#= test op-package
holds "the packages are made" made
cd "$work/packages"
for name in bindery-{hssd,mmed,repod,arpfd,dausfd,rsmfd,common,tools,ue} libbindery-ue-dev; do
  holds "there is a package $name" test -s "$(echo "${name}"_*.deb)"
done
man_pages() { # PACKAGE PAGE...
  local deb=$1 page
  shift
  dpkg-deb -c "$deb"_*.deb >"$work/content"
  for page in "$@"; do grep -q "/$page.gz$" "$work/content" || return 1; done
}
holds "each daemon has its man pages" man_pages bindery-hssd bindery-hssd.8 hssd.yaml.5
holds "so has the command" man_pages bindery-tools bindery.1 bindery-eir.1 bindery-load.1
holds "and the library" man_pages libbindery-ue-dev libbindery-ue.3
holds "a daemon depends on the libraries that it is linked with" \
  grep -q "libssl3.*libuv1" <(dpkg-deb -f bindery-hssd_*.deb Depends)

if [ "$(id -u)" -ne 0 ]; then
  echo "# not root: what installs and runs as another user was left out"
  finish
  exit
fi

# ---- installed ---------------------------------------------------------------------------------

let_others_pass
mkdir -p "$root"/{etc,run,var/lib/dpkg/{info,updates},usr/share,tmp}
chmod 755 "$root" "$root"/*
: >"$root/var/lib/dpkg/status"
: >"$root/etc/passwd"
: >"$root/etc/group"
: >"$root/etc/shadow"
: >"$root/etc/gshadow"
in_root() { dpkg --root="$root" --force-depends --force-script-chrootless "$@"; }
holds "dpkg installs them all" in_root --install ./*.deb
user_of() { sed -n "s/^$1:[^:]*:\([0-9]*\):.*/\1/p" "$root/etc/passwd"; }
for f in "${functions[@]}"; do
  holds "bindery-$f has a user, who is not root" test "$(user_of "bindery-$f")" -gt 0
  same "and a folder for configurations that nobody else reads" "750 bindery-$f" \
    "$(stat -c %a "$root/etc/bindery/$f") $(awk -F: -v g="$(stat -c %g "$root/etc/bindery/$f")" '$3 == g { print $1 }' "$root/etc/group")"
done
holds "nothing else was made in etc" test "$(find "$root/etc/bindery" -type f | wc -l)" -eq 0

# ---- units -----------------------------------------------------------------------------------

mkdir -p "$work/units"
for f in "${functions[@]}"; do
  sed "s|=/usr/sbin|=$root/usr/sbin|" "$root/usr/lib/systemd/system/bindery-$f@.service" \
    >"$work/units/bindery-$f@.service"
  holds "systemd-analyze verify finds nothing in bindery-$f@.service" bash -c \
    "out=\$(systemd-analyze verify --man=no '$work/units/bindery-$f@.service' 2>&1) && [ -z \"\$out\" ] || { echo \"\$out\"; false; }"
  holds "and its exposure is 2.0 at most" \
    systemd-analyze security --offline=yes --threshold=20 "$work/units/bindery-$f@.service"
done

# ---- instances ---------------------------------------------------------------------------------

port_a='' port_b=''
free_port port_a
free_port port_b
instance() { ROOT=$root "$root/usr/sbin/bindery-instance" "$@"; }
holds "an instance is made" instance new hssd main --port "$port_a"
holds "and a second one" instance new hssd test --port "$port_b"
same "with a folder for the store, which --check looks at before the first start" "700 $(user_of bindery-hssd)" \
  "$(stat -c '%a %u' "$root/var/lib/bindery-hssd/main")"
refused() { ! "$@"; }
holds "one that is there is left alone" refused instance new hssd main
holds "a name that leads elsewhere is refused" refused instance new hssd ../main
holds "both are listed" test "$(instance list | grep -c "hssd.*yaml")" -eq 2
for f in "${functions[@]}"; do
  [ "$f" = hssd ] || instance new "$f" main >/dev/null
  holds "the template of $f has all it keeps in the instance's folders" refused grep -nE \
    '^[^#]*(path|store|key_file|kek|audit|socket|admin): +[a-z]' "$root/etc/bindery/$f/main.yaml"
done

uid=$(user_of bindery-hssd)
# what systemd does before it starts an instance, and then as whom
unprivileged=(setpriv "--reuid=$uid" "--regid=$uid" --clear-groups --bounding-set=-all --no-new-privs)
as_user() { "${unprivileged[@]}" "$@"; }
run_instance() { # NAME
  local state=$root/var/lib/bindery-hssd/$1 run=$root/run/bindery-hssd/$1 config=$root/etc/bindery/hssd/$1.yaml
  install -d -m 755 -o "$uid" -g "$uid" "$root/run/bindery-hssd"
  install -d -m 700 -o "$uid" -g "$uid" "$state" "$run"
  sed -i -e "s|/var/lib/bindery-hssd|$root&|" -e "s|/run/bindery-hssd|$root&|" "$config"
  as_user "$root/usr/sbin/bindery-hssd" --config "$config" --check || return 1
  "${unprivileged[@]}" "$root/usr/sbin/bindery-hssd" --config "$config" 2>"$work/$1.log" >"$work/$1.out" &
  pids+=("$!")
  wait_for 60 status "$1" || { cat "$work/$1.log"; return 1; }
}
status() { as_user "$root/usr/bin/bindery" status --socket "$root/run/bindery-hssd/$1/admin.sock"; }
group_may_pass() { chmod 755 "$root/etc/bindery" "$root/var" "$root/var/lib" "$root/run"; }
group_may_pass
holds "the unprivileged user runs an instance" run_instance main
holds "and a second one beside it" run_instance test
same "the store is its own, and nobody else reads it" "600 $uid" \
  "$(stat -c '%a %u' "$root/var/lib/bindery-hssd/main/hss.db")"
same "so is the key-encryption key" "600 $uid" "$(stat -c '%a %u' "$root/var/lib/bindery-hssd/main/hss.key")"
same "so is the socket" "600 $uid" "$(stat -c '%a %u' "$root/run/bindery-hssd/main/admin.sock")"
holds "the two have different keys" refused cmp -s "$root"/var/lib/bindery-hssd/{main,test}/hss.key
holds "it cannot write its own configuration" refused as_user touch "$root/etc/bindery/hssd/main.yaml"
same "the process has no capabilities" "0000000000000000" "$(awk '/^CapEff/ { print $2 }' "/proc/${pids[0]}/status")"

# ---- the library -----------------------------------------------------------------------------

triplet=$(basename "$(dirname "$(find "$root/usr/lib" -name libbindery-ue.a)")")
library() {
  export PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/usr/lib/$triplet/pkgconfig
  local examples=$root/usr/share/doc/libbindery-ue-dev/examples
  # shellcheck disable=SC2046 # options
  cc $(pkg-config --cflags bindery-ue) "$examples"/*.c "$root/usr/lib/$triplet/libbindery-ue.a" \
    -lcrypto -o "$work/modem" && pkg-config --libs bindery-ue | grep -q -- -lbindery-ue
}
holds "the examples are built with the installed header, library and pkg-config alone" library

# ---- removed, purged ---------------------------------------------------------------------------

for pid in "${pids[@]}"; do
  kill -TERM "$pid"
  wait "$pid" || true
done
pids=()
touch "$root/etc/bindery/hssd/KEEP"
daemons=("${functions[@]/#/bindery-}")
holds "they are removed" in_root --remove "${daemons[@]}" bindery-common bindery-tools bindery-ue libbindery-ue-dev
holds "removal keeps stores and configurations" test -s "$root/var/lib/bindery-hssd/main/hss.db" -a \
  -s "$root/etc/bindery/mmed/main.yaml"
in_root --purge "${daemons[@]}" bindery-common bindery-tools bindery-ue libbindery-ue-dev >"$work/purged" 2>&1
holds "purge says what it keeps" grep -q 'bindery-hssd: kept' "$work/purged"
holds "what the operator asked to keep is there" test -s "$root/var/lib/bindery-hssd/main/hss.key" -a \
  -s "$root/etc/bindery/hssd/test.yaml"
same "and of all others nothing" "" "$(cd "$root" && find etc var/lib usr -path '*bindery*' \
  -not -type d -not -path '*hssd*' 2>/dev/null)"
same "their users are gone" "bindery-hssd" "$(cut -d: -f1 "$root/etc/passwd")"
rm "$root/etc/bindery/hssd/KEEP"
in_root --install "$work"/packages/bindery-hssd_*.deb >/dev/null 2>&1
holds "installed again it finds its store" test -s "$root/var/lib/bindery-hssd/main/hss.db"
holds "purged without KEEP" in_root --purge bindery-hssd
same "nothing is left" "" "$(cd "$root" && find etc var/lib usr -path '*bindery*' 2>/dev/null)"
same "nor is the user" "" "$(cut -d: -f1 "$root/etc/passwd")"
finish
