#!/usr/bin/env bash
# Every capture at hand, cut at 20 seeded places each, and snapped to 64, 96 and 128 bytes: read to the end
# or to the cut, never more; exit status 0, 1 or 3; every event is valid.  Meant for SAN=address,undefined too.
C=${CAPTURES:-../shared/pcaps}
files=(tests/golden/*/in.pcap*)
[ -d "$C/visible" ] && files+=("$C"/visible/*) || echo "skip robust: no $C/visible; only the repository's own captures are used"
if python3 tests/robust.py "$B/telltale" "$TMP" "${files[@]}"; then echo "ok robust"; else echo "FAIL robust"; fi
