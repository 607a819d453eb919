# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# What the device library needs on a Cortex-M3 without an operating system.

measure() {
  command -v arm-none-eabi-gcc >/dev/null || die "the package gcc-arm-none-eabi is needed"
  tools/device-size "$BINDERY_BUILD/arm" >"$work/device"
  sed -n 's/^Cortex-M3, -Os: text \([0-9]*\), data \([0-9]*\), bss \([0-9]*\) octets; a context \([0-9]*\) octets/text.octets\t\1\ndata.octets\t\2\nbss.octets\t\3\ncontext.octets\t\4/p
    s/^deepest stack \([0-9]*\) octets.*/stack.octets\t\1/p' "$work/device" |
    note_all 0 ours "libbindery-ue, Cortex-M3, -Os"
}
