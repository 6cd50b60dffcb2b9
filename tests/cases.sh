# Cases of a shell test, each counted. Source it, then:
#
#   test_a_stopped_machine_is_refused() { ... }    # fails by a non-zero status; prints why
#   run_cases                                      # runs every function test_*, in order of definition
#
# Each case runs in a subshell with `set -e`. The result stands in $XML_OUTPUT_FILE, if set, and in the exit status.
# shellcheck shell=bash

run_cases() {
  local name status passed=0 failed=0 rows="" log started
  log=$(mktemp)
  shopt -s extdebug
  for name in $(declare -F | awk '$3 ~ /^test_/ {print $3}' | while read -r name; do declare -F "$name"; done |
      sort -k2,2n | awk '{print $1}'); do
    started=$SECONDS
    # Not in a condition: bash would switch `set -e` off inside.
    set +e
    (set -e; "$name") > "$log" 2>&1
    status=$?
    set -e
    if [ "$status" = 0 ]; then
      passed=$((passed + 1))
      echo "ok $name ($((SECONDS - started)) s)"
      rows+="<testcase name=\"$name\" classname=\"sh\"/>"
    else
      failed=$((failed + 1))
      echo "FAILED $name: status $status"
      sed 's/^/  /' "$log"
      rows+="<testcase name=\"$name\" classname=\"sh\"><failure message=\"status $status\"/></testcase>"
    fi
  done
  shopt -u extdebug
  rm -f "$log"
  if [ -n "${XML_OUTPUT_FILE:-}" ]; then
    echo "<testsuites><testsuite name=\"sh\" tests=\"$((passed + failed))\" failures=\"$failed\">$rows</testsuite></testsuites>" \
      > "$XML_OUTPUT_FILE"
  fi
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
