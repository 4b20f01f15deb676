#!/usr/bin/env python3
"""signals - is every enabled signal of the catalogue met by the capture that mkcatalog writes, and nothing else?

usage: signals.py [-v] TELLTALE CATALOG CAPTURE TRUTH

Reads the events of "telltale -r CAPTURE --categories all" and compares them with TRUTH, flow by flow:

  evidence   the signal is in the evidence of the flow, or a more specific one of its vendor is that its name meets too
  denied     nothing of the vendor is told ("means: not")
  hidden     nothing of the signal is told, and the flow is counted ("means: resolver", "outer-name")
  unclaimed  nothing of the signal is told
  context    the flow helps another

Beyond that, whatever a flow's events say must be what this file finds in the catalogue by itself: a signal that asks
for a host needs a name that meets it, label by label; and where a name says everything, who is told is exactly who has
a signal for it.  With -v, signals that were met beside a more telling one are listed.  Exits 1 if anything failed.
"""
import collections, json, re, subprocess, sys

FACTS = ('http_path', 'http_query', 'http_agent', 'http_header', 'dns_txt')
HOSTS = ('host', 'host_exact', 'host_pattern')
ASKED = HOSTS + FACTS + ('http_method', 'protocol', 'body', 'request_body', 'payload_client', 'payload_server', 'port')
STRENGTHS = ('weak', 'medium', 'strong', 'proof')
BARE = ('dns', 'tls', 'quic')		# a flow that shows nothing but a name


class Signal:
    def __init__(self, vendor, s, index):
        self.vendor, self.id, self.index, self.row = vendor, s['id'], index, s
        self.name = vendor + '/' + s['id']
        self.means = s.get('means', 'product')
        self.purpose, self.strength = s['purpose'], STRENGTHS.index(s['strength'])
        self.host_only = [k for k in ASKED if k in s] in (['host'], ['host_exact'], ['host_pattern'])
        self.regex = {k: re.compile(s[k], re.S) for k in FACTS + ('host_pattern',) if k in s}
        self.proto = s.get('transport')

    def has_host(self):
        return any(k in self.row for k in HOSTS)

    def host_met(self, name):
        """name: lower case, without final dot."""
        s = self.row
        if 'host_exact' in s:
            return name == s['host_exact']
        if 'host' in s:
            return name == s['host'] or name.endswith('.' + s['host'])
        return self.regex['host_pattern'].search(name) is not None

    def more_telling(self, other, purpose):
        """Of the same vendor, and the reason why it is said to be for that purpose."""
        return self is not other and self.vendor == other.vendor and self.purpose == purpose and \
            (self.strength >= other.strength or other.purpose in ('web', 'undetermined'))

    def specificity(self):
        s = self.row
        return 2000 if 'host_exact' in s else 1000 if 'host_pattern' in s else len(s['host'])


def clean(name):
    """What can be compared: 255 bytes of visible ASCII without escapes, no empty label, no final dot.  None: nobody's."""
    name = name[:-1] if name.endswith('.') else name
    if not name or len(name) > 253 or not all('!' <= c <= '~' and c != '\\' for c in name) or '' in name.split('.'):
        return None
    return name.lower()


class Catalogue:
    def __init__(self, telltale, folder):
        cmd = [telltale, 'catalog', '--json', '-C', '/dev/null', '--catalog', folder]
        out = subprocess.run(cmd, capture_output=True)
        if out.returncode:
            sys.exit('signals: ' + out.stderr.decode())
        rows = [(v['vendor'], s) for v in json.loads(out.stdout)['vendors'] for s in v['signals'] if s['enabled']]
        self.signals = {s.name: s for s in (Signal(v, s, i) for i, (v, s) in enumerate(rows))}
        self.suffixes, self.patterns, self.known = collections.defaultdict(list), [], {}
        for s in self.signals.values():
            if s.host_only and 'host_pattern' in s.row:
                self.patterns.append(s)
            elif s.host_only:
                self.suffixes[s.row.get('host') or s.row['host_exact']].append(s)

    def named(self, name, proto):
        """By vendor: the host signal that a name meets best."""
        key = name, proto
        if key not in self.known:
            labels = name.split('.')
            below = [s for i in range(len(labels)) for s in self.suffixes.get('.'.join(labels[i:]), ())]
            best = {}
            for s in below + self.patterns:
                if s.proto not in (None, proto) or not s.host_met(name):
                    continue
                b = best.get(s.vendor)
                if b is None or (s.specificity(), -s.index) > (b.specificity(), -b.index):
                    best[s.vendor] = s
            self.known[key] = best
        return self.known[key]


class Check:
    def __init__(self, catalogue, verbose):
        self.c, self.verbose = catalogue, verbose
        self.failures, self.met, self.beside = [], set(), set()
        self.missed, self.wrong = collections.defaultdict(list), collections.Counter()
        self.hidden = collections.Counter()
        self.flows = collections.Counter()

    def fail(self, row, why):
        what = '%s/%s' % (row['vendor'], row['signal']) if 'signal' in row else 'no signal'
        text = '%s: %s: %s %s' % (what, why, row['how'], row.get('http_path') or row.get('host', ''))
        text = ascii(text)[1:-1]
        if text not in self.failures:
            self.failures.append(text)
            self.wrong[row['expect']] += 1

    def purpose(self, row, signal, events):
        """The event that tells of a vendor tells the signal's purpose, unless more is known."""
        having = [e for e in events if signal.name in e['names']]
        mine = [e for e in having if e['vendor'] == signal.vendor]
        if not mine and any(e['engine'] == signal.vendor for e in having):
            self.beside.add('%s (engine) inside %s' % (signal.name, having[0]['vendor']))
        elif not mine:
            self.fail(row, 'evidence, but in no event of its vendor')
        for e in mine:
            if e['purpose'] == signal.purpose:
                return
            others = [o for o in (self.c.signals[n] for n in e['names']) if o.more_telling(signal, e['purpose'])]
            if others:
                self.beside.add('%s (%s) beside %s (%s)' % (signal.name, signal.purpose, others[0].name, e['purpose']))
                return
        if mine:
            self.fail(row, 'purpose %s, not %s' % (mine[0]['purpose'], signal.purpose))

    def possible(self, row, events):
        """No evidence without a reason in the catalogue."""
        name = clean(row.get('host', ''))
        for e in events:
            for n in e['names']:
                s = self.c.signals.get(n)
                if s is None:
                    self.fail(row, 'evidence that is not in the catalogue or not enabled: ' + n)
                    continue
                if s.has_host() and (name is None or not s.host_met(name)):
                    self.fail(row, '%s claims a name that is not its own' % n)
                port = s.row.get('port', row['server_port'])
                if s.proto not in (None, row['transport']) or port != row['server_port']:
                    self.fail(row, '%s claims another transport or port' % n)
                for k in FACTS:
                    if k in s.row and not s.regex[k].search(row.get(k, '')):
                        self.fail(row, '%s claims another %s' % (n, k))
                if s.means in ('not', 'resolver', 'outer-name'):
                    self.fail(row, '%s is no evidence' % n)

    def exact(self, row, names):
        """A flow that shows nothing but a name: everybody who has a signal for it, and no one else."""
        name = clean(row.get('host', ''))
        best = self.c.named(name, row['transport']).values() if name else ()
        wanted = set(s.name for s in best if s.means in ('product', 'engine'))
        for n in wanted - names:
            self.fail(row, '%s is missing' % n)
        for n in names - wanted:
            if 'port' not in self.c.signals[n].row:
                self.fail(row, '%s is too much' % n)

    def count_hidden(self, row):
        name = clean(row.get('host', '')) or ''
        means = [s.means for s in self.c.named(name, row['transport']).values()]
        self.hidden['resolver'] += 'resolver' in means and row['how'] in ('tls', 'quic', 'http')
        self.hidden['outer-name'] += 'outer-name' in means and row['how'] in ('tls', 'quic')

    def flow(self, row, events):
        names = set(n for e in events for n in e['names'])
        signal = self.c.signals.get('%s/%s' % (row['vendor'], row['signal'])) if 'signal' in row else None
        self.flows[row['expect']] += 1
        if 'signal' in row and signal is None:
            self.fail(row, 'not in the catalogue')
            return
        self.possible(row, events)
        self.count_hidden(row)
        if row['how'] in BARE:
            self.exact(row, names)
        if signal is None or row['expect'] == 'context':
            return
        if row['expect'] == 'unclaimed':
            if signal.name in names and not (row['how'] in BARE and signal.host_met(clean(row['host']) or '')):
                self.fail(row, 'a look-alike is claimed')
            return
        self.examples(row, signal)
        if row['expect'] == 'evidence':
            self.evidence(row, signal, events, names)
        elif row['expect'] == 'denied' and any(e['vendor'] == signal.vendor for e in events):
            self.denied(row, signal, events)
        elif row['expect'] == 'hidden' and signal.name in names:
            self.fail(row, 'is told, not hidden')
        else:
            self.met.add(signal.name)

    def examples(self, row, signal):
        """mkcatalog's texts do meet the signal, whatever telltale thinks of them."""
        name = clean(row.get('host', ''))
        if signal.has_host() and (name is None or not signal.host_met(name)):
            self.fail(row, 'the name that was made does not meet it')
        for k in FACTS:
            if k in signal.row and not signal.regex[k].search(row.get(k, '')):
                self.fail(row, 'the %s that was made does not meet it' % k)

    def evidence(self, row, signal, events, names):
        if signal.name in names:
            self.met.add(signal.name)
            self.purpose(row, signal, events)
            return
        best = self.c.named(clean(row.get('host', '')) or '', row['transport']).get(signal.vendor)
        if signal.host_only and best is not None and best is not signal:
            self.missed[signal.name].append('overshadowed by %s (%s)' % (best.name, row['host']))
        else:
            what = row.get('http_path') or row.get('host', '')
            self.missed[signal.name].append('not met: %s %s' % (row['how'], what))
            self.fail(row, 'not met')

    def denied(self, row, signal, events):
        """Gives way to a more specific name, and to proof."""
        best = self.c.named(clean(row.get('host', '')) or '', row['transport']).get(signal.vendor)
        told = [self.c.signals[n] for e in events for n in e['names']]
        proof = all(s.strength == 3 for s in told if s.vendor == signal.vendor)
        if proof or (signal.host_only and best is not signal):
            by = best.name if best else 'proof'
            self.missed[signal.name].append('overshadowed by %s (%s)' % (by, row.get('host', '')))
        else:
            self.fail(row, 'the vendor is told in spite of it')

    def finish(self, stats):
        for n in sorted(set(self.c.signals) - self.met):
            reasons = self.missed.get(n)
            self.failures.append('%s: never met: %s' % (n, reasons[0] if reasons else 'nothing was written for it'))
            self.wrong['evidence'] += 1
        counted = stats['names']['hidden_by_resolver'], stats['names']['hidden_by_ech']
        wanted = self.hidden['resolver'], self.hidden['outer-name']
        if counted != wanted:
            self.failures.append('hidden names: %d and %d were counted, not %d and %d' % (counted + wanted))
            self.wrong['hidden'] += 1

    def report(self):
        for f in self.failures:
            print(f)
        if self.verbose:
            for line in sorted(self.beside):
                print('purpose:', line)
        for expect, flows in sorted(self.flows.items()):
            wrong = self.wrong[expect]
            faults = ', %d faults' % wrong if wrong else ''
            print('%s signals, %s: %d flows%s' % ('FAIL' if wrong else 'ok', expect, flows, faults))
        print('signals: %d of %d exercised' % (len(self.met), len(self.c.signals)))
        return 1 if self.failures or not self.met else 0


def key_of(source, source_port, destination, destination_port, transport):
    return source, source_port, destination, destination_port, transport


def read_events(telltale, folder, capture):
    """By flow: what its events tell of vendors; and the statistics."""
    cmd = [telltale, '-r', capture, '--categories', 'all', '-q', '-C', '/dev/null', '--catalog', folder]
    run = subprocess.run(cmd, capture_output=True, timeout=300)
    flows, stats = collections.defaultdict(list), None
    if run.returncode:
        sys.exit('signals: telltale: exit %d: %s' % (run.returncode, run.stderr.decode()))
    for line in run.stdout.splitlines():
        e = json.loads(line)
        dataset = e.get('event', {}).get('dataset')
        if dataset == 'telltale.stats':
            stats = e['telltale']['stats']
        if dataset not in ('telltale.contact', 'telltale.flow') or 'vendor' not in e['telltale']:
            continue
        key = key_of(e['source']['ip'], e['source']['port'], e['destination']['ip'], e['destination']['port'],
                     e['network']['transport'])
        flows[key].append({'vendor': e['telltale']['vendor']['id'], 'purpose': e['telltale']['purpose'],
                           'engine': e['telltale'].get('product', {}).get('engine'),
                           'names': [x['signal'] for x in e['telltale']['evidence'] if 'signal' in x]})
    return flows, stats


def main():
    verbose = sys.argv[1:2] == ['-v']
    telltale, folder, capture, truth = sys.argv[1 + verbose:5 + verbose]
    check = Check(Catalogue(telltale, folder), verbose)
    flows, stats = read_events(telltale, folder, capture)
    rows = [json.loads(line) for line in open(truth)]
    if 'quic' not in stats['protocols']:
        print('skip QUIC: this telltale does not read it')
        rows = [row for row in rows if row['how'] != 'quic']
    for row in rows:
        check.flow(row, flows.pop(key_of(row['client'], row['client_port'], row['server'], row['server_port'],
                                         row['transport']), []))
    for key in flows:
        check.failures.append('events of a flow that was not written: %s' % (key,))
    check.finish(stats)
    return check.report()


sys.exit(main())
