#!/usr/bin/env bash
# The catalogue on the command line: the table, a vendor in full, JSON, and what is explained of a name.
t=$B/telltale
TMP=${TMP:?}
export XDG_CONFIG_HOME=$TMP/config XDG_DATA_HOME=$TMP/data HOME=$TMP
mkdir -p "$TMP/vendors"
S='source: {title: Ports, url: "https://docs.example/", checked: 2026-11-22}'
cat > "$TMP/vendors/acme.yaml" << Y
vendor: acme
name: Acme Security
seat: SE
asn: [64500]
networks: [198.51.100.0/24]
products:
  - {id: desktop, name: Acme Desktop}
signals:
  - {id: brand, purpose: web, strength: weak, host: acme.example, $S}
  - {id: updates, product: desktop, purpose: update, strength: strong, host: upd.acme.example, note: "Not of the phone.", $S}
  - {id: forum, purpose: web, strength: weak, means: not, host: forum.acme.example, note: "People write there.", $S}
  - {id: browser, purpose: web, strength: weak, means: not, http_agent: '^AcmeBrowser/', $S}
  - {id: old, purpose: update, strength: strong, host: old.acme.example, enabled: false, reason: "long gone", $S}
  - {id: files, purpose: update, strength: proof, means: engine, http_path: '^/acme-defs-', version: ['acme-defs-{}.bin'], $S}
  - {id: store, purpose: download, strength: strong, host: upd.acme.example, http_path: '^/get', $S}
  - {id: agent, purpose: update, strength: strong, http_agent: '^AcmeUpdater/', $S}
  - {id: token, purpose: license, strength: strong, http_header: '^x-acme-token: ', $S}
  - {id: record, purpose: update, strength: proof, host: db.acme.example, dns_txt: '^[0-9]+:', $S}
  - {id: push, purpose: telemetry, strength: proof, protocol: acme-push, $S}
  - {id: lan, purpose: management, strength: weak, port: 13000, transport: tcp, $S}
Y
cat > "$TMP/vendors/bcme.yaml" << Y
vendor: bcme
name: Bcme Names
seat: NO
category: software
signals:
  - {id: doh, purpose: web, strength: medium, means: resolver, host_exact: dns.bcme.example, $S}
  - {id: ech, purpose: web, strength: medium, means: outer-name, host_exact: ech.bcme.example, $S}
Y
c="--catalog $TMP/vendors -C /dev/null"
# name, wanted exit code, words wanted in stdout+stderr (extended regular expressions, one a line), command...
expect() {
	local name=$1 code=$2 words=$3 rc w; shift 3
	"$@" > "$TMP/catalog.out" 2>&1 < /dev/null
	rc=$?
	while IFS= read -r w; do
		[ $rc -eq "$code" ] && grep -qE -- "$w" "$TMP/catalog.out" && continue
		head -n 20 "$TMP/catalog.out"
		echo "FAIL catalog $name: exit $rc, wanted $code with /$w/"
		return
	done <<< "$words"
	echo "ok catalog $name"
}
# The same, of words that must not be there.
without() {
	if grep -qE -- "$2" "$TMP/catalog.out"; then echo "FAIL catalog $1: /$2/ is there"; else echo "ok catalog $1"; fi
}
expect "table" 0 '^acme +SE +security +1 +11 +1 .* Acme Security; engine 1, not 2$
^bcme +NO +software +0 +2 +0 .* Bcme Names; resolver 1, outer-name 1$
^2 vendors +1 +13 +1 .* total; engine 1, not 2, resolver 1, outer-name 1$' "$t" catalog $c
expect "one category" 0 '^bcme
^1 vendor ' "$t" catalog $c --category software
without "other categories are left out" '^acme'
expect "unknown category" 2 '--category games: expected security, os or software' "$t" catalog $c --category games
expect "a vendor in full" 0 '^acme: Acme Security$
network +AS64500
network +198.51.100.0/24
product +desktop: Acme Desktop, security
signals +11 on, 1 off
^update \(5\)$
acme/old  \(off\)
off +long gone
acme/forum  \(not\)
version +acme-defs-\{\}.bin
asks for +protocol: acme-push
asks for +port: 13000
asks for +transport: tcp
source +Ports https://docs.example/ \(checked 2026-11-22\)
note +Not of the phone.
written in .*/acme.yaml:10' "$t" catalog $c acme
expect "by its name" 0 '^acme: ' "$t" catalog $c 'acme security'
expect "unknown vendor" 2 "no vendor 'acne'; near it: acme" "$t" catalog $c acne
expect "beginning of a vendor" 2 "no vendor 'bc'; near it: bcme" "$t" catalog $c bc
expect "nothing near" 2 "no vendor 'a.x1B.31m'.*'telltale catalog' lists them" "$t" catalog $c $'a\e[31m'
expect "one known, one not" 2 "no vendor 'acne'
^bcme: Bcme Names" "$t" catalog $c acne bcme
expect "a missing catalogue" 2 "/nowhere" "$t" catalog -C /dev/null --catalog /nowhere
expect "unknown option" 2 "--frobnicate: unknown option" "$t" catalog --frobnicate
expect "help" 0 "usage: telltale catalog" "$t" help catalog
expect "full disk" 1 "not everything was written" sh -c "$t catalog $c > /dev/full"
"$t" catalog $c --json > "$TMP/1.json" 2>&1
cp -r "$TMP/vendors" "$TMP/elsewhere"
"$t" catalog -C /dev/null --catalog "$TMP/elsewhere" --json > "$TMP/2.json" 2>&1
if cmp -s "$TMP/1.json" "$TMP/2.json"; then echo "ok catalog JSON is the same anywhere"; else echo "FAIL catalog JSON is the same anywhere"; fi
python3 - "$TMP/1.json" "$TMP/vendors" << 'P' && echo "ok catalog JSON" || echo "FAIL catalog JSON"
import glob, hashlib, json, os, sys
d = json.load(open(sys.argv[1]))
lines = ""
for f in sorted(glob.glob(sys.argv[2] + "/*.yaml")):
    lines += hashlib.sha256(open(f, "rb").read()).hexdigest() + "  " + os.path.basename(f) + "\n"
assert d["digest"] == hashlib.sha256(lines.encode()).hexdigest()
assert [v["vendor"] for v in d["vendors"]] == ["acme", "bcme"]
a = {s["id"]: s for s in d["vendors"][0]["signals"]}
assert list(a) == ["brand", "updates", "forum", "browser", "old", "files", "store", "agent", "token", "record", "push", "lan"]
assert a["old"]["enabled"] is False and a["old"]["reason"] == "long gone"
assert a["forum"]["means"] == "not" and a["files"]["version"] == ["acme-defs-{}.bin"]
assert a["lan"]["port"] == 13000 and a["lan"]["transport"] == "tcp" and a["lan"]["file"] == "acme.yaml"
assert a["updates"]["sources"] == [{"title": "Ports", "url": "https://docs.example/", "checked": "2026-11-22"}]
P
# The catalogue that is carried, whatever it holds.
expect "the own catalogue" 0 '^[0-9]+ vendors ' "$t" catalog -C /dev/null
"$t" catalog -C /dev/null --json | python3 -c '
import json, sys
d = json.load(sys.stdin)
assert len(d["vendors"]) >= 12 and all(s["sources"] for v in d["vendors"] for s in v["signals"])' \
    && echo "ok catalog the own one as JSON" || echo "FAIL catalog the own one as JSON"

expect "explain a name" 0 '=> Acme Security \(SE\), Acme Desktop, update, contact, confidence 75
acme/updates$
met by +tls.sni
acme/brand  \(overshadowed\)
because +acme/updates is more specific
asked for together with more by
acme/store, download, strong, with http_path: \^/get' "$t" explain $c a.upd.acme.example
expect "explain what is off" 0 'acme/old  \(off\)
off +long gone
=> Acme Security \(SE\), web, contact' "$t" explain $c old.acme.example
expect "explain a denial" 0 'nothing follows from it
acme/forum  \(not evidence\)
not evidence: People write there.
acme/brand  \(overshadowed\)' "$t" explain $c www.forum.acme.example
without "a denial concludes nothing" '=>'
expect "explain what a denial takes away" 0 'acme/updates  \(suppressed\)
because +acme/browser says that this is not the vendor.s product
suppresses acme/updates' "$t" explain $c --agent "AcmeBrowser/7 (x)" upd.acme.example
without "what is taken away concludes nothing" '=>'
expect "explain a proof in spite of a denial" 0 '=> .*update, present' "$t" explain $c --agent AcmeBrowser/7 http://192.0.2.1/acme-defs-7.bin
expect "explain a user agent" 0 '=> .*update, contact, confidence 75
met by +http.agent' "$t" explain $c "AcmeUpdater/7 (Windows)"
expect "explain an agent by option" 0 'acme/agent$' "$t" explain $c --agent AcmeUpdater/7
expect "explain a header" 0 'acme/token$' "$t" explain $c --header "X-Acme-Token: 7"
expect "explain no header" 2 'expected "name: value"' "$t" explain $c --header token
expect "explain a TXT answer" 0 'acme/record$
met by +dns.txt' "$t" explain $c --txt 12:34 db.acme.example
expect "explain a port" 0 'acme/lan  \(a port alone\)
so +believed only of a client or server that is known for more of acme' "$t" explain $c 192.0.2.7:13000
without "a port alone concludes nothing" '=>'
expect "explain a port by option" 0 'acme/lan' "$t" explain $c --port 13000
expect "explain another transport" 0 'not in the catalogue' "$t" explain $c --port 13000 --transport udp
expect "explain no port" 2 '--port 70000: expected 1 to 65535' "$t" explain $c --port 70000
expect "explain no transport" 2 '--transport sctp: expected tcp or udp' "$t" explain $c --transport sctp
expect "explain a resolver" 0 'bcme/doh  \(resolver\)
so +no contact is reported' "$t" explain $c dns.bcme.example
expect "explain an outer name" 0 'bcme/ech  \(outer name\)
stays hidden in the encrypted hello' "$t" explain $c ech.bcme.example
expect "explain an address" 0 'a network of Acme Security' "$t" explain $c 198.51.100.7
expect "explain a glued name" 0 'notacme.example is not below acme.example
not in the catalogue' "$t" explain $c notacme.example
expect "explain a name in front of another" 0 'acme.example.evil.example: ends in evil.example
not in the catalogue' "$t" explain $c acme.example.evil.example
expect "explain a name below an exact one" 0 'which bcme asks for exactly' "$t" explain $c x.dns.bcme.example
expect "explain punycode" 0 'xn--acm-dma is punycode' "$t" explain $c xn--acm-dma.example
expect "explain odd bytes" 0 '^a.x1B.31m.xFF.acme.example$
anything but visible ASCII meets nothing' "$t" explain $c $'a\e[31m\xff.acme.example'
without "odd bytes are not printed" $'\e'
expect "explain one right, one wrong" 2 "'foo bar' is no host name
acme/brand" "$t" explain $c "foo bar" acme.example
"$t" explain $c --json a.upd.acme.example "AcmeBrowser/7 (x)" 198.51.100.7 notacme.example $'a\e\xff.acme.example' > "$TMP/x.ndjson"
python3 - "$TMP/x.ndjson" << 'P' && echo "ok catalog explain as JSON" || echo "FAIL catalog explain as JSON"
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
assert [l["kind"] for l in lines] == ["host", "agent", "address", "host", "host"]
host, agent, address, glued, odd = lines
assert host["conclusions"][0]["vendor"] == {"id": "acme", "name": "Acme Security", "country_iso_code": "SE"}
assert host["conclusions"][0]["purpose"] == "update" and host["conclusions"][0]["presence"] == "contact"
assert [(h["signal"]["id"], h["status"]) for h in host["hits"]] == [("updates", "evidence"), ("brand", "overshadowed")]
assert host["hits"][1]["by"] == {"vendor": "acme", "signal": "updates"}
assert [m["signal"]["id"] for m in host["asks_more"]] == ["store"]
assert agent["conclusions"] == [] and agent["hits"][0]["status"] == "not-evidence"
assert address["address"]["network_of"] == ["acme"]
assert glued["hits"] == [] and "is not below" in glued["notes"][0]
assert odd["question"] == "a\\x1B\\xFF.acme.example"
P
