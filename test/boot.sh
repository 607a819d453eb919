#!/usr/bin/env bash
# test/boot.sh PACKAGES: the Debian packages of this folder on a Debian that has booted: systemd as process 1 of
# namespaces of its own, in a root folder that is made for it and goes again. Installed with apt, every unit
# started, reloaded, killed and upgraded; what a unit may do is tried from inside one; then all is purged.
# Run it as ./dev package --boot. Needs root, namespaces, a cgroup2 hierarchy and a Debian mirror ($MIRROR), so
# the stages of ./dev test are without it. Mounts and processes of the machine around it are left alone.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/live/lib/common.sh"
[ $# -eq 1 ] && [ -d "$1" ] || { echo "usage: test/boot.sh PACKAGES" >&2; exit 2; }
packages=$(cd "$1" && pwd)
[ "$(id -u)" = 0 ] || { echo "Bail out! only root may boot a machine in namespaces"; exit 1; }
root=$work/root
functions=(hssd mmed repod arpfd dausfd rsmfd)
let_others_pass

# ---- the machine -------------------------------------------------------------------------------

# What our packages depend on is there beforehand: the machine has no network.
depends() {
  local deb
  for deb in "$packages"/*.deb; do
    dpkg-deb -f "$deb" Depends
  done | tr ',' '\n' | sed -E 's/\(.*//; s/[ |].*//2; s/ //g' | grep -v '^bindery\|^$' | sort -u | paste -sd,
}
made() {
  unshare --mount --propagation private mmdebstrap --mode=root --variant=minbase --quiet \
    --include="systemd-sysv,dbus,$(depends)" bookworm "$root" "${MIRROR:-http://deb.debian.org/debian}"
  : >"$root/etc/fstab"
  mkdir -p "$root/srv/packages" "$root/srv/tries"
  cp "$packages"/*.deb "$root/srv/packages"
}
# Runs in the new namespaces, up to where systemd takes over. /proc/sys and /sys are for reading, and what would
# reach the machine around it (clock, modules, kernel log) it has no capability for.
# shellcheck disable=SC2016
first='set -eu
root=$1
hostname bindery-boot
mount --bind "$root" "$root"
mount -t proc -o nosuid,noexec,nodev proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro,nosuid,noexec,nodev sysfs "$root/sys"
mount -t cgroup2 -o nosuid,noexec,nodev cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
for d in null zero full random urandom tty; do
  : >"$root/dev/$d"
  mount --bind "/dev/$d" "$root/dev/$d"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir "$root/.before"
cd "$root"
pivot_root . .before
exec chroot . /bin/sh -c "umount -l /.before && rmdir /.before &&
  exec setpriv --bounding-set=-sys_module,-sys_time,-sys_rawio,-syslog,-wake_alarm \
    env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd"'
# A process that keeps the machine: told to end, it ends the machine and removes its cgroups.
keep_machine() {
  local outer cgroups
  trap '' INT
  cgroups=$(findmnt -rnt cgroup2 -o TARGET | head -n 1)$(sed -n 's/^0:://p' /proc/self/cgroup)/bindery-boot.$BASHPID
  mkdir "$cgroups"
  trap 'pkill -KILL -P "$outer" || true; wait "$outer" 2>/dev/null || true
    find "$cgroups" -depth -type d -exec rmdir {} +; exit 0' TERM
  # shellcheck disable=SC2016
  setsid bash -c 'echo $$ >"$1/cgroup.procs" && exec unshare --mount --uts --ipc --net --pid --cgroup --fork \
    --kill-child --propagation private bash -c "$2" bash "$3"' bash "$cgroups" "$first" "$root" \
    </dev/null >"$work/machine.log" 2>&1 &
  outer=$!
  echo "$outer" >"$work/outer"
  wait "$outer" || true
  # ended by itself: wait to be told
  while :; do sleep 1; done
}
# in_machine COMMAND... : as root of the machine.
in_machine() {
  nsenter -t "$machine" -m -u -i -n -p -C -r -w env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "$@"
}
is_started() { machine=$(pgrep -P "$(cat "$work/outer")") && in_machine systemctl is-system-running; }
boot() {
  keep_machine &
  pids+=("$!")
  wait_for 60 is_started || { cat "$work/machine.log"; [ -z "$machine" ] || in_machine systemctl --failed; return 1; }
}
machine=''
made >"$work/made.log" 2>&1 || { echo "Bail out! no Debian was made"; tail -n 20 "$work/made.log"; exit 1; }
holds "a Debian boots" boot
[ -n "$machine" ] || { finish; exit 1; }

# ---- installed ---------------------------------------------------------------------------------

install() { # NAME...
  local names=("${@/#//srv/packages/}")
  in_machine sh -c "apt-get install -y $(printf '%s_*.deb ' "${names[@]}")"
}
holds "apt installs the HSS, its documents and the command" install bindery-hssd bindery-common bindery-tools
holds "nothing runs yet" test -z "$(in_machine systemctl list-units --all --plain --no-legend 'bindery-*.service')"
holds "apt installs the others" install bindery-{mmed,repod,arpfd,dausfd,rsmfd,ue} libbindery-ue-dev

# ---- an HSS ------------------------------------------------------------------------------------

refused() { ! "$@"; }
sed_in() { in_machine sed -i "$1" "$2"; }
is() { [ "$(in_machine systemctl is-active "$1" || true)" = "$2" ]; }
main_pid() { in_machine systemctl show -P MainPID "$1"; }
# logged INSTANCE EVENT [HOW_OFTEN]
logged() {
  [ "$(in_machine journalctl -u "$1" -o cat --no-pager | grep -c "\"event\":\"$2\"")" -ge "${3:-1}" ]
}
status() { # FUNCTION INSTANCE SOCKET
  in_machine runuser -u "bindery-$1" -- bindery status --socket "/run/bindery-$1/$2/$3"
}
a=bindery-hssd@main b=bindery-hssd@test
configuration=/etc/bindery/hssd/main.yaml
holds "bindery-instance makes a configuration" in_machine bindery-instance new hssd main
holds "which is good" in_machine bindery-hssd --config $configuration --check
holds "it is started, and systemd hears that it is ready" in_machine systemctl enable --now $a
holds "it is active" is $a active
holds "its user asks it for its status" status hssd main admin.sock
holds "the journal has its lines" logged $a ready
in_machine journalctl -u $a -o cat --no-pager | grep '"event":"ready"' >"$work/line"
same "one JSON object each, with its fields" '["event","level","program","time"]' "$(jq -c keys "$work/line")"
holds "and their level as priority" in_machine sh -c \
  "! journalctl -p warning -u $a -o cat --no-pager | grep '\"event\":\"ready\"'"
backup() { in_machine runuser -u bindery-hssd -- bindery backup create night --socket "/run/bindery-hssd/$1/admin.sock"; }
sed_in 's|^  key_file: .*|&\n  backup_folder: /var/lib/bindery-hssd/main/backups|' $configuration
in_machine runuser -u bindery-hssd -- mkdir -m 700 /var/lib/bindery-hssd/main/backups
holds "it is restarted with a folder for backups" in_machine systemctl restart $a
holds "and makes one there" backup main
holds "what runs can be checked by root" in_machine bindery-hssd --config $configuration --check

sed_in 's/qci: 9/qci: 8/' $configuration
holds "a changed configuration is read again" in_machine systemctl reload $a
holds "and the journal says what changed" wait_for 10 in_machine sh -c \
  "journalctl -u $a -o cat | grep -q 'configuration-reloaded.*default_bearer\|configuration-reloaded.*qci'"
pid=$(main_pid $a)
sed_in 's/qci: 8/qci: 888/' $configuration
holds "a wrong one is refused by systemctl reload" refused in_machine systemctl reload $a
same "and the HSS goes on as it was" "$pid active" "$(main_pid $a) $(in_machine systemctl is-active $a)"
in_machine kill -HUP "$pid"
holds "told to read it all the same it says so, as an error" wait_for 10 in_machine sh -c \
  "journalctl -p err -u $a -o cat --no-pager | grep -q '^{.*\"event\":\"configuration-refused\"'"
same "and goes on" "$pid active" "$(main_pid $a) $(in_machine systemctl is-active $a)"
sed_in 's/qci: 888/qci: 9/' $configuration

in_machine kill -KILL "$pid"
again() { [ "$(main_pid $a)" != "$pid" ] && is $a active; }
holds "killed, it is started again" wait_for 30 again
holds "and has its store" in_machine test -s /var/lib/bindery-hssd/main/hss.db
holds "systemctl restart restarts it" in_machine systemctl restart $a
holds "a second instance is made" in_machine bindery-instance new hssd test --port 3968
holds "and runs beside it" in_machine systemctl enable --now $b
holds "both are listed as active" test "$(in_machine bindery-instance list | grep -c 'hssd .* active ')" -eq 2
drop_in=/etc/systemd/system/$b.service.d
in_machine mkdir "$drop_in"
# docs/install.md: below port 1024
printf '[Service]\nAmbientCapabilities=CAP_NET_BIND_SERVICE\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\nPrivateUsers=no\n' |
  in_machine tee "$drop_in/port.conf" >/dev/null
sed_in 's/:3968/:868/' /etc/bindery/hssd/test.yaml
printf 'ReadWritePaths=/srv/backups\n' | in_machine tee -a "$drop_in/port.conf" >/dev/null
in_machine install -d -m 700 -o bindery-hssd -g bindery-hssd /srv/backups
sed_in 's|^  key_file: .*|&\n  backup_folder: /srv/backups|' /etc/bindery/hssd/test.yaml
in_machine systemctl daemon-reload
holds "with the drop-in of the documents it listens below 1024" in_machine systemctl restart $b
holds "and makes its backups elsewhere" backup test

# ---- an MME and the others --------------------------------------------------------------------

in_machine bindery-instance new mmed main >/dev/null
holds "an MME starts beside it" in_machine systemctl enable --now bindery-mmed@main
connected() { status mmed main mme.sock | grep -q '^hss1.* yes '; }
holds "and has the HSS, as both templates say" wait_for 20 connected

# The others want certificates: those of a demonstration, under the names that the templates have.
in_machine sh -ec 'cd /tmp && bindery up --dir made --port 0 --tls-port 0 --s1-port 0 --repo-port 0 --detach &&
  bindery down --dir made' >"$work/up" 2>&1 || true
holds "bindery up works with what is installed" in_machine test -s /tmp/made/rsmf/devices.key
put() { # FUNCTION FROM TO...
  local function=$1
  shift
  while [ $# -gt 0 ]; do
    in_machine install -m 400 -o "bindery-$function" -g "bindery-$function" "/tmp/made/$1" "/etc/bindery/$function/$2"
    shift 2
  done
}
put repod pki/repo.crt repod.crt pki/repo.key repod.key pki/ca.crt clients-ca.crt records.key records.key
put arpfd arpf/tls.crt arpfd.crt arpf/tls.key arpfd.key pki/ca.crt clients-ca.crt arpf/agreement.crt arpf-ecka.crt \
  arpf/agreement.key arpf-ecka.key arpf/endorsement.crt arpf-ecdsa.crt arpf/endorsement.key arpf-ecdsa.key \
  ci/ci.crt ci.crt pki/ca.crt sp-ca.crt
put dausfd discovery/tls.crt dausf.pem discovery/tls.key dausf.key.pem pki/ca.crt ausf-ca.pem ci/ci.crt ci.pem
put rsmfd rsmf/tls.crt rsmfd.crt rsmf/tls.key rsmfd.key pki/ca.crt operators-ca.crt rsmf/devices.crt rsmfd-devices.crt \
  rsmf/devices.key rsmfd-devices.key ci/ci.crt ci.crt
for f in repod arpfd dausfd rsmfd; do
  in_machine bindery-instance new "$f" main >/dev/null
  holds "the template of $f is good where its certificates are there" \
    in_machine "bindery-$f" --config "/etc/bindery/$f/main.yaml" --check
  holds "and bindery-$f starts with it" in_machine systemctl enable --now "bindery-$f@main"
done

# ---- what a unit may ---------------------------------------------------------------------------

# A program in the place of the daemon, in an instance of the same unit: what it tries, and how that ended.
cat >"$root/srv/tries/probe" <<'P'
#!/bin/sh
try() { what=$1; shift; if "$@" >/dev/null 2>&1; then echo "may $what"; else echo "not $what"; fi; }
socket_of() { perl -e 'socket(my $s, shift, shift, shift) or exit 1' "$@"; }
try state touch "/var/lib/$1/probe/x"
try runtime touch "/run/$1/probe/x"
try tmp touch /tmp/x
try tcp socket_of 2 1 0
try configuration touch "/etc/bindery/$2/x"
try etc touch /etc/x
try usr touch /usr/bin/x
try var touch /var/x
try home ls /root /home/.
try others ls "/var/lib/$1/main/."
try 'make setuid' sh -c "cp /bin/true /var/lib/$1/probe/t && chmod u+s /var/lib/$1/probe/t"
try namespace unshare --user true
try mount mount -t tmpfs tmpfs /tmp
try packet socket_of 17 3 0
try netlink socket_of 16 3 0
try personality setarch linux32 true
try priority nice -n -5 sh -c '[ "$(nice)" -lt 0 ]'
try 'core file' sh -c 'ulimit -c 1'
try processes test -d /proc/1
try devices test -e /dev/kmsg
try keys cat /etc/shadow
try hostname hostname x
P
chmod 755 "$root/srv/tries/probe"
expected='may state
may runtime
may tmp
may tcp
not configuration
not etc
not usr
not var
not home
not others
not make setuid
not namespace
not mount
not packet
not netlink
not personality
not priority
not core file
not processes
not devices
not keys
not hostname'
for f in "${functions[@]}"; do
  in_machine mkdir -p "/etc/systemd/system/bindery-$f@probe.service.d"
  in_machine tee "/etc/systemd/system/bindery-$f@probe.service.d/probe.conf" >/dev/null <<C
[Service]
Type=oneshot
Restart=no
ExecStartPre=
ExecStart=
ExecStart=/bin/sh /srv/tries/probe bindery-$f $f
C
done
in_machine systemctl daemon-reload
for f in "${functions[@]}"; do
  in_machine systemctl start "bindery-$f@probe" || true
  same "what bindery-$f@.service may do is its own folders and TCP" "$expected" \
    "$(in_machine journalctl -u "bindery-$f@probe" -o cat --no-pager | grep '^may \|^not ')"
  process=/proc/$(main_pid "bindery-$f@main")
  same "its daemon has no capability, a filter of system calls, and no core file" "0000000000000000 1 2 0" \
    "$(in_machine cat "$process/status" | awk '/^CapBnd|^NoNewPrivs|^Seccomp:/ { printf "%s ", $2 }')$(
      in_machine awk '/^Max core/ { print $6 }' "$process/limits")"
done

# ---- upgraded, removed, purged -----------------------------------------------------------------

pid=$(main_pid $a)
holds "apt installs the HSS again" in_machine sh -c 'apt-get install -y --reinstall /srv/packages/bindery-hssd_*.deb'
holds "and what ran was restarted" again
holds "with its second instance" is $b active
pid=$(main_pid bindery-mmed@main)
holds "apt removes the MME" in_machine apt-get remove -y bindery-mmed
holds "which has ended" refused in_machine test -d "/proc/$pid"
holds "and left its configuration" in_machine test -s /etc/bindery/mmed/main.yaml
in_machine touch /etc/bindery/hssd/KEEP
holds "apt purges all" in_machine apt-get purge -y 'bindery-*' libbindery-ue-dev
holds "what was to be kept is there" in_machine test -s /var/lib/bindery-hssd/main/hss.key -a -s $configuration
in_machine sh -c 'rm -rf /etc/systemd/system/bindery-*.service.d'
same "and of the others nothing" "" "$(in_machine find /etc /var/lib /usr /run -path '*bindery*' -not -path '*hssd*' \
  -not -path /etc/bindery -not -path '/var/lib/systemd/*')"
same "nor their users" bindery-hssd "$(in_machine cut -d: -f1 /etc/passwd | grep bindery)"
same "no process is left" "" "$(in_machine ps -eo comm= | grep bindery || true)"
same "and no unit that failed" "" "$(in_machine systemctl list-units --failed --plain --no-legend)"
holds "the machine runs as before" in_machine systemctl is-system-running
finish
