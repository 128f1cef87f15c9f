import fc from 'fast-check';

export type Side = 'host' | 'guest';

/** What someone does to one of the two trees. */
export type Edit =
  | { do: 'write' | 'rewrite' | 'replace' | 'delete' | 'exec' | 'folder'; side: Side; path: string }
  | { do: 'rename'; side: Side; path: string; to: string }
  | { do: 'link'; side: Side; path: string; to: string };

export type Step =
  | Edit
  /** the same new content under the same name on both sides */
  | { do: 'same'; path: string }
  | { do: 'pass' }
  /** a pass that is cut off before its `at`th change */
  | { do: 'cut'; at: number }
  /** a pass with an edit in the middle of it; `aimed`: at the very path that is about to be changed */
  | { do: 'amid'; at: number; aimed: boolean; edit: Edit }
  | { do: 'settle' }
  | { do: 'lose the base' }
  /** the guest's half forgets what it saw */
  | { do: 'restart' };

const side = fc.constantFrom<Side>('host', 'guest');

/** Few paths, so that the two sides meet in every way; with other letters, folders in folders, and names that stay where they are. */
const path = fc.constantFrom(
  ...[
    'a',
    'b',
    'c',
    'A',
    'x.txt',
    'a/a',
    'a/b',
    'a/B',
    'b/a',
    'b/x.txt',
    'c/c',
    'a/a/a',
    'a/a/b',
    'd/e/f',
    'd/e/g',
    'é',
    'e\u0301',
  ],
  ...['node_modules/m', 'a/node_modules/m', '.git/x', 'd/.git/x'],
);

const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('write', 'rewrite', 'replace'), side, path }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete'), side, path }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rename'), side, path, to: path }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('exec', 'folder'), side, path }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('link'), side, path, to: path }) },
);

/** Several edits on one side, of names that take part. */
export const edits: fc.Arbitrary<Edit[]> = fc.array(
  edit.filter(
    (one) => ![one.path, 'to' in one ? one.to : ''].some((path) => /node_modules|\.git/.test(path)),
  ),
  { maxLength: 20, size: 'max' },
);

/** Most passes make few changes. */
const at = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 7 }) },
  { weight: 1, arbitrary: fc.nat({ max: 40 }) },
);

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 14, arbitrary: edit },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('same'), path }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('pass') }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('cut'), at }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('amid'), at, aimed: fc.boolean(), edit }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('settle', 'lose the base', 'restart') }) },
  ),
  { minLength: 1, maxLength: 40, size: 'max' },
);
