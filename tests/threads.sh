#!/usr/bin/env bash
# threads - the main run and the tests of what has threads, under the thread sanitizer.
set -eu
cd "$(dirname "$0")/.."
B=build/thread
make -s SAN=thread $B/telltale $B/tests/unit/test_core $B/tests/unit/test_writer
# Libraries that were not built with it cannot be judged by it.
export TSAN_OPTIONS="suppressions=tests/tsan.supp halt_on_error=1"
$B/tests/unit/test_core
$B/tests/unit/test_writer
$B/telltale -r tests/golden/*/in.pcap -C /dev/null --all-flows > /dev/null
echo "threads: nothing found"
