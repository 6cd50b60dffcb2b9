#!/bin/bash
# A program linked with STATIC_LINKOPTS needs no library of the machine it runs on.
set -euo pipefail
. tests/cases.sh

PROGRAM=tests/toolchain/static_server

test_it_has_no_interpreter_and_needs_no_library() {
  local headers
  headers=$(readelf --program-headers --dynamic "$PROGRAM")
  ! grep -E 'INTERP|NEEDED' <<< "$headers"
}

test_it_runs_in_an_empty_environment() {
  [ "$(env -i "$PROGRAM")" = "boot 7" ]
}

run_cases
