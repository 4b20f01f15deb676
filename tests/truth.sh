#!/usr/bin/env bash
# truth - recall and precision of attributions over captures whose content is known; fails below 100 % precision.
#
#   B=build/release CAPTURES=../shared/pcaps bash tests/truth.sh
set -u
cd "$(dirname "$0")/.." || exit 1
exec python3 tests/truth.py "${B:-build/release}/telltale" "${CAPTURES:-../shared/pcaps}"
