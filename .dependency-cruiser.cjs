// The floors of the house (docs/architecture.md): imports go down only. Each rule is named after what it protects.

const FLOOR_5 = '^src/(cli/|index[.]ts$)';
const FLOOR_4 = '^src/(supervisor|session)/';
const FLOOR_3 = '^src/(machine|exchange|egress|tools|image)/';
const FLOOR_2 = '^src/bundle/';
const FLOOR_1 = '^src/(channel|platform|fault)/';
const GUEST = '^src/guest/';

const above = {
  4: [FLOOR_5],
  3: [FLOOR_5, FLOOR_4],
  2: [FLOOR_5, FLOOR_4, FLOOR_3],
  1: [FLOOR_5, FLOOR_4, FLOOR_3, FLOOR_2],
};

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Two files that need each other are one file, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    floor('supervisor-and-session-know-no-command', FLOOR_4, above[4]),
    floor('parts-know-not-who-puts-them-together', FLOOR_3, above[3]),
    floor('the-folder-knows-not-what-uses-it', FLOOR_2, above[2]),
    floor('the-ground-carries-and-asks-nothing', FLOOR_1, above[1]),
    {
      name: 'siblings-do-not-lean-on-each-other',
      comment: 'machine, exchange, egress, tools and image meet in session and supervisor only.',
      severity: 'error',
      from: { path: '^src/(machine|exchange|egress|tools|image)/' },
      to: { path: FLOOR_3, pathNot: '^src/$1/' },
    },
    {
      name: 'the-guest-carries-little',
      comment:
        'The agent daemon is sent into every guest: channel, the shared half of exchange and faults, nothing of the host.',
      severity: 'error',
      from: { path: GUEST },
      to: { path: '^src/', pathNot: [GUEST, '^src/(channel|fault|exchange/shared)/'] },
    },
    {
      name: 'the-shared-half-stays-shared',
      comment: 'What both sides run may need nothing that only the host has.',
      severity: 'error',
      from: { path: '^src/exchange/shared/' },
      to: { path: '^src/', pathNot: '^src/(exchange/shared|channel|fault)/' },
    },
    {
      name: 'nobody-imports-the-guest',
      comment: 'The host speaks to the agent daemon over the channel, never by its code.',
      severity: 'error',
      from: { path: '^src/', pathNot: GUEST },
      to: { path: GUEST },
    },
    {
      name: 'the-product-ships-without-tests-and-scripts',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(tests|scripts|bench)/' },
    },
    {
      name: 'the-product-needs-no-development-package',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'everything-imported-is-there',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};

function floor(name, from, to) {
  return {
    name,
    comment: 'Imports go down only.',
    severity: 'error',
    from: { path: from },
    to: { path: to },
  };
}
