#!/usr/bin/env bash
# The story of ./dev demo, told without a terminal: each of its scenes checks itself, and ends as it must.
#
# Runs alone: its daemons are at ports that the kernel chose, and want the same ones when they start again.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
tree=$live_here/../..

rc=0
TMPDIR=$work BINDERY_BUILD=$BINDERY_BUILD "$tree/demo/demo.sh" >"$work/told" 2>"$work/complaint" || rc=$?
ended=$(($(grep -cE '^[0-9]+\. ' "$work/told") - (rc != 0))) # the one that failed has its title too
mapfile -t titles < <(grep -oE '^[0-9]+\. .*' "$work/told" | head -n "$ended")
for title in "${titles[@]}"; do passed "scene $title"; done
same "the story comes to its end" "0 " "$rc $(cat "$work/complaint")"
holds "and says how many scenes it had" grep -qx "All ${#titles[@]} scenes ended as they must. Now yours:" "$work/told"
holds "without a terminal it has no colours" bash -c "! grep -q $'\\033' '$work/told'"
holds "and leaves nothing behind" bash -c "! ls -d '$work'/bindery-demo.* 2>/dev/null"
finish
