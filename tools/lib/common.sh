# Sourced by ./dev and tools/run-stages: where builds go, what must be installed, how one builds.
# shellcheck shell=bash

# All builds and logs; another folder keeps two runs apart.
export BUILD_ROOT=${BUILD_ROOT:-build}
LOG=$BUILD_ROOT/log

say() { printf '%s\n' "$*" >&2; }
die() { say "dev: $*"; exit 1; }

# need LIST... : the packages of tools/packages/LIST.txt are installed, or we install them as root, or
# we say what to type. Asks the network nothing when all are there.
need() {
  local wanted missing
  command -v dpkg-query >/dev/null || {
    say "dev: no dpkg here; make sure of the packages in tools/packages: $*"
    return 0
  }
  wanted=$(for list in "$@"; do sed 's/#.*//' "tools/packages/$list.txt"; done | sort -u | xargs)
  # Also what another package provides, as one from elsewhere does for npm.
  missing=$({ dpkg-query -W -f '${Package} ${db:Status-Status} ${Provides}\n' 2>/dev/null || true; } |
    awk -v wanted="$wanted" '
      $2 == "installed" { have[$1] = 1; for (i = 3; i <= NF; i++) { sub(/,$/, "", $i); have[$i] = 1 } }
      END { n = split(wanted, w, " "); for (i = 1; i <= n; i++) if (!(w[i] in have)) printf "%s ", w[i] }')
  missing=${missing% }
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    say "dev: some Debian packages are missing. Run this, then the same ./dev command again:"
    say ""
    say "  sudo apt-get install -y --no-install-recommends $missing"
    say ""
    exit 1
  fi
  say "dev: installing $missing"
  mkdir -p "$LOG"
  # shellcheck disable=SC2086
  install_packages $missing >"$LOG/apt.log" 2>&1 </dev/null || {
    cat "$LOG/apt.log" >&2
    die "the packages could not be installed (see above): $missing"
  }
}

# A mirror that hiccups is asked again, and who holds dpkg's lock is waited for.
install_packages() {
  local pause apt=(apt-get -o Acquire::Retries=5 -o DPkg::Lock::Timeout=600)
  export DEBIAN_FRONTEND=noninteractive
  # tshark would ask whether other users may capture; nobody here needs to.
  case " $* " in
  *" tshark "*)
    echo 'wireshark-common wireshark-common/install-setuid boolean false' | debconf-set-selections
    ;;
  esac
  "${apt[@]}" install -y --no-install-recommends "$@" && return 0
  for pause in 0 15 60; do
    sleep "$pause"
    # The lock of the lists is not waited for by apt itself.
    "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "$@" && return 0
  done
  return 1
}

# build PRESET [TARGET...]: configured and built in $BUILD_ROOT/PRESET, all of it or these; says nothing
# but what went wrong.
build() {
  local preset=$1 log=$LOG/build-$1.log
  shift
  mkdir -p "$LOG"
  {
    cmake --preset "$preset" -B "$BUILD_ROOT/$preset" &&
      cmake --build "$BUILD_ROOT/$preset" ${1:+--target "$@"} -- -k 0
  } >"$log" 2>&1 </dev/null || {
    grep -vE '^(-- |\[[0-9]+/[0-9]+\] (Building|Linking|Generating))' "$log" >&2 || true
    say "dev: building '$preset' failed; all of it is in $log"
    return 1
  }
}
