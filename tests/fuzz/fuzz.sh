#!/usr/bin/env bash
# fuzz - runs fuzz targets one after another for SECONDS_EACH; new inputs stay in the build folder.
set -u
rc=0
for t in "$@"; do
	work=$F/corpus/$t
	mkdir -p "$work" "$F/findings"
	printf 'fuzz %s for %s s: ' "$t" "$SECONDS_EACH"
	if "$F/fuzz_$t" -max_total_time="$SECONDS_EACH" -max_len=16384 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
	    -artifact_prefix="$F/findings/$t-" "$work" "tests/fuzz/corpus/$t" > "$F/$t.log" 2>&1; then
		echo "$(sed -n 's/^stat::number_of_executed_units: *//p' "$F/$t.log") runs, no finding"
	else
		echo "FINDING; see $F/$t.log"
		rc=1
	fi
done
exit $rc
