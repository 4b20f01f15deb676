#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""events_doc - writes the list of fields in docs/telltale-events.5 from the schema of events.

usage: events_doc.py [--check]       --check changes nothing and exits 1 when the page is out of date
"""
import json, os, sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
SCHEMA = os.path.join(ROOT, 'output', 'schema', 'telltale-event.schema.json')
PAGE = os.path.join(ROOT, 'docs', 'telltale-events.5')
BEGIN, END = '.\\" fields: made by tools/events_doc.py\n', '.\\" end of fields\n'
KINDS = {'time': 'time', 'address': 'address', 'country': 'country', 'text': 'text', 'slug': 'text', 'purpose': 'text'}


def resolve(schema, definitions):
    if '$ref' not in schema:
        return schema
    return {**definitions[schema['$ref'].rsplit('/', 1)[1]], **schema}


def kind(schema):
    name = schema.get('$ref', '').rsplit('/', 1)[-1]
    if name in KINDS:
        return KINDS[name]
    if 'const' in schema or 'enum' in schema:
        return 'list of text' if isinstance(schema.get('const'), list) else 'text'
    return {'integer': 'number', 'boolean': 'true or false', 'string': 'text', 'object': 'group'}[schema['type']]


def leaves(path, schema, definitions):
    """(path, kind, description, values) of every field, in the order of the schema."""
    schema = resolve(schema, definitions)
    if schema.get('type') == 'array':
        items = resolve(schema['items'], definitions)
        if 'properties' not in items:
            yield path, 'list of ' + kind(items), schema.get('description', ''), items.get('enum', [])
            return
        yield path, 'list', schema.get('description', ''), []
        schema = items
    if 'properties' in schema and 'patternProperties' not in schema:
        for key, value in schema['properties'].items():
            yield from leaves(f'{path}.{key}' if path else key, value, definitions)
        return
    if schema.get('type') != 'array':
        yield path, kind(schema), schema.get('description', ''), schema.get('enum', [])


def roff(text):
    text = text.replace('\\', '\\e').replace('-', '\\-')
    return '\\&' + text if text[:1] in ".'" else text


def sentences(text):
    return [roff(s if s.endswith('.') else s + '.') for s in text.rstrip('.').split('. ')]


def table():
    with open(SCHEMA, encoding='utf-8') as f:
        schema = json.load(f)
    out = ['.Bl -tag -width "network.type"']
    for path, what, description, values in leaves('', schema, schema['definitions']):
        out.append(f'.It Cm {roff(path)} Pq {what}')
        out += sentences(description)
        if values and not all(v + ':' in description for v in values):
            out.append('One of ' + ', '.join(roff(v) for v in values) + '.')
    return '\n'.join(out + ['.El']) + '\n'


def main():
    with open(PAGE, encoding='utf-8') as f:
        page = f.read()
    head, rest = page.split(BEGIN)
    new = head + BEGIN + table() + END + rest.split(END)[1]
    if sys.argv[1:] == ['--check']:
        if new != page:
            print('docs/telltale-events.5 does not show the fields of the schema: run tools/events_doc.py')
        return new != page
    with open(PAGE, 'w', encoding='utf-8') as f:
        f.write(new)
    return 0


sys.exit(main())
