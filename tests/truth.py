#!/usr/bin/env python3
"""truth - compares the contacts of every capture in a folder with its ground truth.

usage: truth.py TELLTALE FOLDER

FOLDER holds truth.jsonl and visible/.  A row of class "av" must give a contact of its vendor between
the same two addresses, with the row's purpose where the row names one; a capture must give no contact of a
security vendor that it has no "av" row for.  Prints recall and precision; exits 1 below 100 % precision, or
when a row of a vendor that the catalogue holds is missed.
"""
import collections, concurrent.futures, json, os, subprocess, sys, tempfile

# Names of the ground truth that are not a vendor's name or id of the catalogue.
VENDORS = {'Microsoft Defender': 'microsoft', 'Microsoft Windows Update': 'microsoft', 'Microsoft SmartScreen': 'microsoft',
           'Google Safe Browsing': 'google', 'Valve Steam': 'steam', 'Dr.Web': 'drweb'}


def vendor_of(name, have):
    slug = VENDORS.get(name, name.lower().replace(' ', '-'))
    return slug if slug in have else slug.split('-')[0] if slug.split('-')[0] in have else None


def contacts(telltale, path, categories):
    cmd = [telltale, '-r', path, '--categories', categories, '-q', '-C', '/dev/null']
    run = subprocess.run(cmd, capture_output=True, timeout=300)
    events = [json.loads(line) for line in run.stdout.splitlines()]
    seen = [e for e in events if e['event']['dataset'] == 'telltale.contact']
    return run.returncode, seen, run.stderr.decode(), run.stdout


def key(e):
    return e['source']['ip'], e['destination']['ip'], e['telltale']['vendor']['id']


def main():
    telltale, folder = sys.argv[1:3]
    all_events = tempfile.NamedTemporaryFile(suffix='.ndjson')
    have = set(os.path.basename(f)[:-5] for f in os.listdir(os.path.join(os.path.dirname(__file__), '..', 'catalog', 'vendors')))
    rows = collections.defaultdict(list)
    for line in open(os.path.join(folder, 'truth.jsonl')):
        row = json.loads(line)
        rows[row['file']].append(row)
    found = missed = outside = purposes = false = reads = 0
    os_found = os_missed = 0
    names = [n for n in sorted(os.listdir(os.path.join(folder, 'visible'))) if not n.endswith('.ndpi.out')]
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    runs = pool.map(lambda n: contacts(telltale, os.path.join(folder, 'visible', n), 'all'), names)
    for name, (rc, seen, err, lines) in zip(names, runs):
        all_events.write(lines)
        reads += 1
        if rc not in (0, 1, 3) or (rc == 1 and 'not a capture' not in err and 'not supported' not in err):
            print(f'FAIL {name}: exit {rc}: {err.strip()}')
            false += 1
        security = [e for e in seen if e['telltale']['product'].get('category', 'security') == 'security']
        wanted = set()
        for row in rows[name]:
            vendor = vendor_of(row['vendor'], have)
            if row['class'] not in ('av', 'os', 'sw', 'reputation') or vendor is None:
                outside += row['class'] == 'av'
                continue
            hits = [e for e in seen if key(e) == (row['src'], row['dst'], vendor)]
            wrong = row['class'] == 'av' and row['function'] != 'other' and hits and \
                not any(e['telltale']['purpose'] == row['function'] for e in hits)
            if row['class'] == 'av':
                wanted.add((row['src'], row['dst'], vendor))
                found, missed = found + bool(hits), missed + (not hits)
                if not hits:
                    print(f"MISSED {name}: {row['src']} -> {row['dst']} {row['name']} ({vendor}, {row['function']})")
                if wrong:
                    purposes += 1
                    print(f"PURPOSE {name}: {row['name']}: {[e['telltale']['purpose'] for e in hits]}, not {row['function']}")
            else:
                os_found, os_missed = os_found + bool(hits), os_missed + (not hits)
                if not hits:
                    print(f"missed ({row['class']}) {name}: {row['src']} -> {row['dst']} {row['name']}")
        for e in security:
            if key(e) not in wanted:
                false += 1
                print(f"FALSE {name}: {key(e)} {e['telltale']['evidence'][0]}")
    print(f'{reads} captures; security rows: {found} found, {missed} missed ({outside} of vendors not in the catalogue), '
          f'{purposes} with another purpose; os and reputation rows: {os_found} found, {os_missed} missed; {false} false')
    all_events.flush()
    invalid = subprocess.run([sys.executable, os.path.join(os.path.dirname(__file__), 'validate.py'), all_events.name]).returncode
    total = found + missed
    print(f'recall {found}/{total}, precision {found}/{found + false}')
    return 1 if false or missed or purposes or invalid else 0


sys.exit(main())
