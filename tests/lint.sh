#!/usr/bin/env bash
# lint - rules of docs/HACKING.md that a tool can check: who includes whom, one foreign library a file,
# sizes, headers that stand alone, no vendor in C, the catalogue.
set -u
fails=0
bad() { printf '%s\n' "$1"; fails=$((fails + 1)); }
sources=$(git ls-files --cached --others --exclude-standard '*.c' '*.h' | grep -v '^tests/' || true)

# Who may include whom (docs/HACKING.md).
allowed() {
	case $1 in
	core) echo core ;;
	capture) echo core capture ;;
	flow) echo core capture flow ;;
	dissectors) echo core dissectors ;;
	geo) echo core geo ;;
	catalog) echo core dissectors catalog ;;
	output) echo core flow dissectors geo catalog output ;;
	app) echo app capture flow dissectors geo catalog output core ;;
	*) echo "" ;;
	esac
}
for f in $sources; do
	dir=${f%%/*}
	may=$(allowed "$dir")
	while IFS=: read -r line include; do
		[ -n "$include" ] || continue
		other=${include%%/*}
		case " $may " in *" $other "*) ;; *) bad "$f:$line: $dir/ may not include $other/" ;; esac
	done < <(grep -nE '^#include "' "$f" | sed -E 's/^([0-9]+):#include "([^"]+)".*/\1:\2/')
done

# One foreign library, one file (jansson where documents are made, libcyaml where a schema stands).
one() {
	local pattern=$1; shift
	local f
	for f in $(grep -lE "#include <$pattern" $sources); do
		case " $* " in *" $f "*) ;; *) bad "$f: includes <$pattern...>, which belongs to: $*" ;; esac
	done
}
one pcap capture/source.c
one ndpi dissectors/ndpi.c
one maxminddb geo/geo.c
one 'hs/' catalog/patterns.c
one openssl core/crypto.c
one seccomp app/sandbox.c
one jansson output/json.h
one cyaml catalog/load.c app/config.c
one yaml.h catalog/places.c

# Sizes.
for f in $sources; do
	n=$(wc -l < "$f")
	[ "$n" -le 600 ] || bad "$f: $n lines; a file has at most 600"
done
while read -r n place; do
	bad "$place: a function of $n lines; at most 80"
done < <(awk 'FNR==1{open=0} /^\{/{open=1;start=FNR;next} /^\}/&&open{n=FNR-start;if(n>80)print n, FILENAME":"start;open=0}' \
	$(printf '%s\n' $sources | grep '\.c$'))

# Every header compiles alone.
for f in $(printf '%s\n' $sources | grep '\.h$'); do
	$CC $FLAGS -Wno-unused-function -fsyntax-only -x c "$f" 2> /dev/null || bad "$f: does not compile on its own"
done

# No vendor's name in C: ids and first words of names of the catalogue.
for id in $(grep -LE '^category: *(os|software)' catalog/vendors/*.yaml | sed 's|.*/||; s|\.yaml$||'); do
	# First words that are common words, or names of protocols that several products speak, say nothing.
	case $id in microsoft) word=defender ;; group-ib) word=group-ib ;; *) word=${id%%-*} ;; esac
	for f in $(grep -liwE "$word" $sources); do
		# The command line's own examples name a public address or host, never decide by it.
		[ "$f" = app/cmd_help.c ] && continue
		bad "$f: names a vendor ($word); vendors live in catalog/vendors/"
	done
done

# A row of the dissector table has a unit test, a fuzz target and seeds.
for d in $(sed -n 's/^\t&\([a-z]*\)[a-z_]*_dissector,.*/\1/p' dissectors/dissectors.c | sort -u); do
	[ -f "tests/unit/test_$d.c" ] || bad "dissectors/$d.c: no tests/unit/test_$d.c"
	[ -f "tests/fuzz/fuzz_$d.c" ] || bad "dissectors/$d.c: no tests/fuzz/fuzz_$d.c"
done
for t in tests/fuzz/fuzz_*.c; do
	name=$(basename "$t" .c)
	[ -n "$(ls "tests/fuzz/corpus/${name#fuzz_}" 2> /dev/null)" ] || bad "$t: no seeds in tests/fuzz/corpus/${name#fuzz_}"
done

# The catalogue loads, and the manuals are well-formed where mandoc is at hand.
"$B/telltale" check -C /dev/null > /dev/null || bad "telltale check: the catalogue or its data is refused"
if command -v mandoc > /dev/null; then
	for m in docs/*.[1-9]; do mandoc -Tlint -W warning "$m" || bad "$m: mandoc complains"; done
else
	echo "skip: mandoc is not installed; manuals were not checked"
fi
python3 tools/events_doc.py --check || bad "docs/telltale-events.5 is out of date: python3 tools/events_doc.py"
if command -v cppcheck > /dev/null; then
	cppcheck --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr --suppress=missingInclude \
	    --suppress=unknownMacro \
	    --suppress=uninitvar --suppress=ctuuninitvar -I. -D_GNU_SOURCE $(printf '%s\n' $sources | grep '\.c$') || bad "cppcheck complains"
else
	echo "skip: cppcheck is not installed"
fi
[ $fails -eq 0 ] && echo "lint: nothing found" || { echo "lint: $fails found"; exit 1; }
