#!/bin/bash
# Shows what a program says on a processor that lacks what it was built for: one sentence on standard error, exit code 2, no crash.
# Not part of `swift test`: it needs an emulator (Debian: apt-get install qemu-user) and a release build with processor flags.
#
#   swift build -c release && Tests/Scripts/other_processor.sh [program]
set -u
program=${1:-.build/release/credence}
emulator=${QEMU:-qemu-x86_64}
command -v "$emulator" >/dev/null || { echo "other_processor: $emulator is not installed"; exit 2; }
expected="credence: this program was built for another processor and uses an instruction that this one lacks: build it here, or with CREDENCE_CPU=generic."
failures=0
try() {  # processor, arguments of the program…
  local processor=$1
  shift
  local message
  message=$(SWIFT_BACKTRACE=enable=no QEMU_CPU=$processor "$emulator" "$program" "$@" 2>&1 >/dev/null)
  local code=$?
  if [ "$code" = 2 ] && [ "$message" = "$expected" ]; then
    echo "ok    $processor: $*"
  else
    echo "FAIL  $processor: $*: exit $code, said: $message"
    failures=$((failures + 1))
  fi
}
# SSE4.2 only, and AVX2 without AVX-512: at the start, in a fit, in a mistake of the command line.
for processor in Nehalem max; do
  try "$processor" models
  try "$processor" infer eight-schools --quiet
  try "$processor" no-such-command
done
exit $((failures > 0))
