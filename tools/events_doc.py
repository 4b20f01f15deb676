#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""events_doc - writes the lists of docs/telltale-events.5: fields from the schema, the order of cuts from C.

usage: events_doc.py [--check]       --check changes nothing; exits 1 when the page is out of date or an
                                     example in it is no valid event (that needs python3-jsonschema)
"""
import json, os, re, sys, textwrap

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
SCHEMA = os.path.join(ROOT, 'output', 'schema', 'telltale-event.schema.json')
CUTS = os.path.join(ROOT, 'output', 'event_fit.c')
PAGE = os.path.join(ROOT, 'docs', 'telltale-events.5')
KINDS = {'time': 'time', 'address': 'address', 'country': 'country'}
SHORTENED = {'KEEP_ITEMS': 'shortened to {} of its items', 'KEEP_BYTES': 'shortened to {} bytes',
             'KEEP_BYTES_EACH': 'values shortened to {} bytes'}


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def resolve(schema, definitions):
    if '$ref' not in schema:
        return schema
    return {**definitions[schema['$ref'].rsplit('/', 1)[1]], **schema}


def kind(schema):
    name = schema.get('$ref', '').rsplit('/', 1)[-1]
    if isinstance(schema.get('const'), list):
        return 'list of text'
    if name in KINDS or 'const' in schema or 'enum' in schema:
        return KINDS.get(name, 'text')
    return {'integer': 'number', 'boolean': 'true or false', 'string': 'text', 'object': 'group'}[schema['type']]


def leaves(path, schema, definitions):
    """(path, kind, description, values) of every field, in the order of the schema."""
    schema = resolve(schema, definitions)
    if schema.get('type') == 'array':
        items = resolve(schema['items'], definitions)
        groups = 'properties' in items
        yield (path, 'list of groups' if groups else 'list of ' + kind({'type': 'string', **items}),
               schema.get('description', ''), items.get('enum', []))
        schema = items if groups else {}
    if 'properties' in schema and 'patternProperties' not in schema:
        for key, value in schema['properties'].items():
            yield from leaves(f'{path}.{key}' if path else key, value, definitions)
    elif schema:
        yield path, kind(schema), schema.get('description', ''), schema.get('enum', [])


def roff(text):
    text = text.replace('\\', '\\e').replace('-', '\\-')
    return '\\&' + text if text[:1] in ".'" else text


def sentences(text):
    """A line each, as mdoc wants them, and none longer than 80 bytes."""
    wrapped = [textwrap.wrap(s + '.', 76, break_on_hyphens=False) for s in text.rstrip('.').split('. ')]
    return [roff(line) for lines in wrapped for line in lines]


def fields(schema):
    out = ['.Bl -tag -width "network.type"']
    for path, what, description, values in leaves('', schema, schema['definitions']):
        out.append(f'.It Cm {roff(path)} Pq {what}')
        out += sentences(description)
        if values and not all(v + ':' in description for v in values):
            out += sentences('One of ' + ', '.join(values) + '.')
    return out + ['.El']


def order():
    out = ['.Bl -enum -compact -offset 2n']
    for path, how, keep in re.findall(r'\{ \.path = "([^"]+)"(?:, \.how = (\w+), \.keep = (\d+))?', read(CUTS)):
        out += ['.It', f'.Cm {path}'] + (['.Pq ' + SHORTENED[how].format(keep)] if how else [])
    return out + ['.El']


def replace(page, name, lines):
    begin, end = f'.\\" {name}: made by tools/events_doc.py\n', f'.\\" end of {name}\n'
    head, rest = page.split(begin)
    return head + begin + '\n'.join(lines) + '\n' + end + rest.split(end)[1]


def examples(page, schema):
    import jsonschema
    validator = jsonschema.Draft7Validator(schema)
    found = re.findall(r'^\.Bd -literal -offset 2n\n(\{.*?)\n\.Ed$', page, re.S | re.M)
    seen = set()
    for text in found:
        event = json.loads(text.replace('\\-', '-').replace('\\e', '\\'))
        validator.validate(event)
        seen.add(event['event']['dataset'])
    missing = set(schema['properties']['event']['properties']['dataset']['enum']) - seen
    if missing:
        raise ValueError('no example of ' + ', '.join(sorted(missing)))


def main():
    schema, page = json.loads(read(SCHEMA)), read(PAGE)
    new = replace(replace(page, 'order', order()), 'fields', fields(schema))
    if sys.argv[1:] == ['--check']:
        if new != page:
            print('docs/telltale-events.5 does not show the fields of the schema: run tools/events_doc.py')
            return 1
        examples(page, schema)
        return 0
    with open(PAGE, 'w', encoding='utf-8') as f:
        f.write(new)
    return 0


sys.exit(main())
