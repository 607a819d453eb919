#!/usr/bin/env bash
# test/soak.sh [KILLS]: kills bindery-hssd under load so many times (100) and looks each time for SQNs
# that went back and for changes that were acknowledged and lost. Run it as ./dev soak.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/live/lib/common.sh"
# shellcheck source=test/live/lib/raw.sh
. "$(dirname "$0")/live/lib/raw.sh"
# shellcheck source=test/live/lib/crash.sh
. "$(dirname "$0")/live/lib/crash.sh"

kills=${1:-100}
[[ $kills =~ ^[1-9][0-9]{0,5}$ ]] || { echo "usage: test/soak.sh [KILLS]" >&2; exit 2; }
crash_run "$kills"
finish
