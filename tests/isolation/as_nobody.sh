#!/bin/bash
# Runs a test program as user nobody if we are root, else as we are. Its single cases are reported as its own.
set -eu
program=$1
if [ "$(id -u)" != 0 ]; then
  exec "$program"
fi
place=$(mktemp -d /tmp/flyd-rootless-XXXXXX)
trap 'rm -rf "$place"' EXIT
# The build's folders may be closed to others.
cp -L "$program" "$place/program"
cp -L flyd/init/init "$place/init"
cp -L tests/isolation/search.py "$place/search.py"
chmod -R a+rX "$place"
chown nobody "$place"
export INIT_BINARY=$place/init SEARCH_SCRIPT=$place/search.py TEST_TMPDIR=$place
export GTEST_OUTPUT=xml:$place/report.xml
report=${XML_OUTPUT_FILE:-}
# Files of the test runner that nobody may not write.
unset XML_OUTPUT_FILE TEST_PREMATURE_EXIT_FILE TEST_WARNINGS_OUTPUT_FILE
cd "$place"
code=0
setpriv --reuid=nobody --regid=nogroup --clear-groups "$place/program" || code=$?
[ -z "$report" ] || cp "$place/report.xml" "$report" || true
exit "$code"
