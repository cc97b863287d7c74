import { expect, it } from 'vitest'
import { splitTable, tableFormat } from '../../../src/adapters/slurm/squeue-table.ts'

const columns = ['JobID', 'Name']

it('asks for full width, with the mark behind each column', () => {
  expect(tableFormat(columns, 'm1')).toBe('JobID:m1|,Name:m1;')
})

it.each([
  ['nothing', '', { rows: [], problems: [] }],
  ['a row', '1m1|am1;\n', { rows: [['1', 'a']], problems: [] }],
  ['empty fields', 'm1|m1;\n', { rows: [['', '']], problems: [] }],
  ['separators in a name', '1m1|a|b;cm1;\n', { rows: [['1', 'a|b;c']], problems: [] }],
  ['a name that plays two rows', '1m1|a\n2|evil;\n3m1;\n', { rows: [['1', 'a\n2|evil;\n3']], problems: [] }],
  [
    'a row with a column too few, and its neighbours',
    '1m1|am1;\n2m1;\n3m1|cm1;\n',
    {
      rows: [
        ['1', 'a'],
        ['3', 'c'],
      ],
      problems: [{ file: 'squeue', line: 2, message: 'Row has 1 columns, not 2: "2"' }],
    },
  ],
  [
    'output that was cut short',
    '1m1|am1;\n2m1|b',
    { rows: [['1', 'a']], problems: [{ file: 'squeue', line: 2, message: 'Row without its end: "2m1|b"' }] },
  ],
  [
    'something else altogether',
    'Connection lost\n',
    { rows: [], problems: [{ file: 'squeue', line: 1, message: 'Row without its end: "Connection lost\\n"' }] },
  ],
])('splits %s', (_, text, table) => {
  expect(splitTable(text, columns, 'm1')).toEqual(table)
})
