#!/usr/bin/env bash
# check - every test; each program's own result is shown, and the last line counts them all.
# Nothing is left behind: all work happens in one temporary folder that is removed.
set -u
cd "$(dirname "$0")/.." || exit 1
export B LC_ALL=C.UTF-8 TZ=UTC
TMP=$(mktemp -d)
export TMP TMPDIR="$TMP"
OUT=$(mktemp)
trap 'rm -rf "$TMP" "$OUT"' EXIT
passed=0 failed=0

# A cmocka program: as many tests as it says.
for u in $UNIT; do
	name=$(basename "$u")
	"$u" > "$OUT" 2>&1
	rc=$?
	ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$OUT" | tail -n 1)
	no=$(sed -n 's/^ *\([0-9]*\) FAILED TEST(S)$/\1/p' "$OUT" | tail -n 1)
	if [ $rc -ne 0 ]; then
		cat "$OUT"
		[ "${no:-0}" -gt 0 ] || no=1
	fi
	echo "unit $name: ${ok:-0} passed, ${no:-0} failed"
	passed=$((passed + ${ok:-0})) failed=$((failed + ${no:-0}))
done
for t in $TARGETS; do
	if "$B/tests/fuzz/replay_$t" "tests/fuzz/corpus/$t" > "$OUT" 2>&1; then
		passed=$((passed + 1))
		tail -n 1 "$OUT"
	else
		failed=$((failed + 1))
		cat "$OUT"
		echo "FAIL fuzz corpus $t"
	fi
done
# A script prints "ok NAME", "FAIL NAME" or "skip REASON" for each of its cases.
for s in tests/e2e/*.sh; do
	bash "$s" > "$OUT" 2>&1
	rc=$?
	cat "$OUT"
	ok=$(grep -c '^ok ' "$OUT") no=$(grep -c '^FAIL ' "$OUT")
	[ $rc -ne 0 ] && [ "$no" -eq 0 ] && { no=1; echo "FAIL $s: exit status $rc"; }
	passed=$((passed + ok)) failed=$((failed + no))
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
