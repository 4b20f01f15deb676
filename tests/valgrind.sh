#!/usr/bin/env bash
# valgrind - the main run leaves nothing behind and reads nothing it should not.
set -eu
cd "$(dirname "$0")/.."
command -v valgrind > /dev/null || { echo "skip: valgrind is not installed"; exit 0; }
make -s build/release/telltale
valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
    build/release/telltale -r tests/golden/*/in.pcap -C /dev/null --no-sandbox > /dev/null
echo "valgrind: nothing found"
