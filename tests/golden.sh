#!/usr/bin/env bash
# golden - runs each case of tests/golden and compares its events with want.ndjson, byte for byte.
#
#   B=build/release bash tests/golden.sh [-u] [CASE...]      -u writes want.ndjson anew: review the diff
#
# The catalogue's digest and the program's version are taken out; nDPI is off, for its words change between versions.
set -u
cd "$(dirname "$0")/.." || exit 1
update=0
[ "${1:-}" = -u ] && { update=1; shift; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$B/tests/mkmmdb" "$work" > /dev/null || exit 1
# Case, then how the capture is read.
events() {
	local in=tests/golden/$1/in.pcap
	[ -f "$in" ] || in=tests/golden/${1%-all}/in.pcap
	set -- "$(cat "tests/golden/$1/args")" "$2"
	# shellcheck disable=SC2086  # args are words
	if [ "$2" = pipe ]; then set -- - "$1"; exec 3< "$in"; else set -- "$in" "$1"; exec 3< /dev/null; fi
	"$B/telltale" -r "$1" -q -C /dev/null --ndpi off --geo-country "$work/country.mmdb" --geo-country "$work/country2.mmdb" \
	    --geo-asn "$work/asn.mmdb" --set secrets.key_file=tests/golden/secret.key $2 <&3 2> "$work/stderr" |
	    sed -E 's/"digest":"[0-9a-f]{64}"/"digest":"'"$(printf '0%.0s' {1..64})"'"/; s/("product":"telltale","version":)"[0-9.]+"/\1"-"/'
}
rc=0
for dir in tests/golden/*/; do
	case=$(basename "$dir")
	[ $# -eq 0 ] || [[ " $* " == *" $case "* ]] || continue
	events "$case" file > "$work/got"
	if [ $update = 1 ]; then
		cp "$work/got" "$dir/want.ndjson"
		continue
	fi
	if cmp -s "$work/got" "$dir/want.ndjson"; then
		echo "ok golden $case"
	else
		diff "$work/got" "$dir/want.ndjson" | head -n 5
		cat "$work/stderr"
		echo "FAIL golden $case"
		rc=1
	fi
	events "$case" pipe > "$work/piped"
	if cmp -s "$work/got" "$work/piped"; then echo "ok golden $case from a pipe"; else echo "FAIL golden $case from a pipe"; rc=1; fi
	if python3 tests/validate.py "$work/got" > "$work/out" 2>&1; then
		echo "ok schema $case"
	else
		cat "$work/out"
		echo "FAIL schema $case"
		rc=1
	fi
done
exit $rc
