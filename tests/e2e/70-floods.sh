#!/usr/bin/env bash
# A flood of SYNs: the table stays capped, evictions are counted, and the update flow in the middle is reported.
case ${SAN:-} in "") n=2000000 ;; *) n=100000 ;; esac
"$B/tests/bench/gen" -m synflood -n $n -o "$TMP/flood.pcap" > /dev/null 2>&1 || { echo "FAIL floods: no workload"; exit 0; }
"$B/telltale" -r "$TMP/flood.pcap" tests/golden/office/in.pcap "$TMP/flood.pcap" -C /dev/null -q --max-flows 50000 \
    > "$TMP/flood.ndjson" 2> /dev/null
rm -f "$TMP/flood.pcap"
got=$(grep -c '"telltale.contact"' "$TMP/flood.ndjson")
want=$(grep -c '"telltale.contact"' tests/golden/office/want.ndjson)
evicted=$(sed -n 's/.*"evicted_without_payload":\([0-9]*\).*/\1/p' "$TMP/flood.ndjson")
peak=$(sed -n 's/.*"active_peak":\([0-9]*\).*/\1/p' "$TMP/flood.ndjson")
if [ "$got" = "$want" ] && [ "${evicted:-0}" -gt $((n - 50000)) ] && [ "${peak:-99999999}" -le 50000 ]; then
	echo "ok floods: $got contacts among $((2 * n)) SYNs, $evicted flows evicted"
else
	echo "FAIL floods: $got contacts, wanted $want; $evicted evicted, peak $peak"
fi
