#!/usr/bin/env bash
# The captures and ground truth of a folder outside of the repository, when it is there.
C=${CAPTURES:-../shared/pcaps}
if [ ! -f "$C/truth.jsonl" ]; then
	echo "skip truth: no $C/truth.jsonl (set CAPTURES to a folder with truth.jsonl and visible/)"
	exit 0
fi
if CAPTURES=$C bash tests/truth.sh; then echo "ok truth"; else echo "FAIL truth"; fi
