#!/usr/bin/env bash
# bench - telltale against the bare pcap_next_ex loop on the same file, turn by turn; median ratio of wall times.
#
# Full size needs about 9 GB of disk and three minutes; SCALE=10 makes every workload a tenth, of which the start is
# then a good part: read its ratios as upper bounds.  A workload without a goal is shown for comparison.
# RUNS=3 pairs a workload.  PCAP_DIR: small real captures that mix and tls are made of; without one those two
# are left out.  KEEP=folder keeps the workloads for the next run.
# ONLY=mix runs one.
set -u
SCALE=${SCALE:-1} RUNS=${RUNS:-3} PCAP_DIR=${PCAP_DIR:-../shared/pcaps/visible}
work=${KEEP:-$(mktemp -d)}
mkdir -p "$work"
[ -n "${KEEP:-}" ] || trap 'rm -rf "$work"' EXIT
gen=$B/tests/bench/gen loop=$B/tests/bench/limits telltale=$B/telltale
"$B/tests/mkmmdb" "$work" > /dev/null
now() { date +%s%N; }
make_load() {
	local name=$1; shift
	[ -z "${ONLY:-}" ] || [ "$ONLY" = "$name" ] || return 1
	[ -s "$work/$name-$SCALE.pcap" ] || "$gen" "$@" -o "$work/$name-$SCALE.pcap" > /dev/null 2>&1 || return 1
}
median() { printf '%s\n' "$@" | sort -n | awk '{v[NR]=$1} END {print v[int((NR + 1) / 2)]}'; }
fail=0
printf '%-10s %10s %9s %12s %7s %6s %9s\n' workload packets contacts packets/s ratio goal 'peak MiB'
one() {
	local name=$1 goal=$2 f=$work/$1-$SCALE.pcap ratios=() rates=() peak=0 n=0 contacts=0
	cat "$f" > /dev/null
	for _ in $(seq "$RUNS"); do
		local a b c kib
		a=$(now); n=$("$loop" loop "$f" | sed 's/.*"packets":\([0-9]*\).*/\1/'); b=$(now)
		kib=$( { /usr/bin/env time -f %M "$telltale" -r "$f" -q -C /dev/null -o "$work/events" --geo-country "$work/country.mmdb" \
		    --geo-asn "$work/asn.mmdb" > /dev/null; } 2>&1 | tail -n 1)
		c=$(now)
		ratios+=("$(awk "BEGIN {printf \"%.2f\", ($c - $b) / ($b - $a)}")")
		rates+=("$(awk "BEGIN {printf \"%.0f\", $n / (($c - $b) / 1e9)}")")
		[ "$kib" -gt "$peak" ] && peak=$kib
		contacts=$(grep -c '"telltale.contact"' "$work/events")
	done
	r=$(median "${ratios[@]}")
	printf '%-10s %10s %9s %12s %7s %6s %9s\n' "$name" "$n" "$contacts" "$(median "${rates[@]}")" "$r" "$goal" $((peak / 1024))
	[ "$goal" = - ] && goal=1000
	awk "BEGIN {exit !($r > $goal || $peak > 256 * 1024)}" && { echo "  over its goal"; fail=1; }
	rm -f "$work/events"
}
num() { echo $(($1 / SCALE)); }
make_load elephants -m elephants -n 48 -b $((3072 / SCALE))M && one elephants 1.5
make_load synflood -m synflood -n "$(num 5000000)" && one synflood 4
make_load dns -m dns -n "$(num 1000000)" && one dns -
if [ -d "$PCAP_DIR" ]; then
	make_load mix -m mix -n "$(num 220000)" -b $((2048 / SCALE))M "$PCAP_DIR" && one mix 4
	make_load tls -m web -n "$(num 600000)" "$PCAP_DIR" && one tls -
else
	echo "skip: mix and tls need PCAP_DIR, a folder of small real captures"
fi
exit $fail
