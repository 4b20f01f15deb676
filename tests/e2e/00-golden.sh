#!/usr/bin/env bash
bash tests/golden.sh
if "$B/tests/mkoffice" "$TMP/office.pcap" && cmp -s "$TMP/office.pcap" tests/golden/office/in.pcap; then
	echo "ok the office capture is what its generator makes"
else
	echo "FAIL tests/golden/office/in.pcap is not what mkoffice makes"
fi
