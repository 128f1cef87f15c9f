import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { JUDGED_BYTES, judgeContent } from '../../../src/exchange/quarantine/judge-content.ts';

function judged(path: string, before: string | undefined, after: string): string | undefined {
  return judgeContent(path, before === undefined ? undefined : Buffer.from(before), Buffer.from(after));
}

const PACKAGE = { name: 'x', version: '1.0.0', scripts: { test: 'node --test', prepare: 'husky' } };
const PYPROJECT = `[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "x"
dependencies = [
  "requests>=2",
]

[tool.pylint.main]
init-hook = "import sys"
`;
const CARGO = '[package]\nname = "x"\nversion = "1.0.0"\n\n[dependencies]\nserde = "1"\n';
const CSPROJ =
  '<Project Sdk="Microsoft.NET.Sdk">\n  <ItemGroup>\n    <PackageReference Include="A" Version="1" />\n  </ItemGroup>\n</Project>\n';

describe('content that decides', () => {
  const GOES_ON: [string, string | undefined, string][] = [
    ['package.json', JSON.stringify(PACKAGE), JSON.stringify({ ...PACKAGE, version: '1.0.1' })],
    [
      'package.json',
      JSON.stringify(PACKAGE),
      JSON.stringify({ ...PACKAGE, scripts: { ...PACKAGE.scripts, build: 'tsc' } }),
    ],
    [
      'package.json',
      JSON.stringify(PACKAGE),
      JSON.stringify(
        { ...PACKAGE, devDependencies: { a: '^1.2.3', b: 'latest', c: 'workspace:*' } },
        null,
        2,
      ),
    ],
    ['package.json', undefined, JSON.stringify({ name: 'new', scripts: { test: 'x' } })],
    ['a/package.json', '{"scripts":{"a":"1","install":"2"}}', '{"scripts":{"install":"2","a":"3"}}'],
    ['composer.json', '{"require":{}}', '{"require":{"a/b":"^1"}}'],
    ['pyproject.toml', PYPROJECT, PYPROJECT.replace('"requests>=2",', '"requests>=3",\n  "rich",')],
    ['pyproject.toml', PYPROJECT, `${PYPROJECT}[tool.ruff.lint]\nselect = ["E"]\n`],
    ['Cargo.toml', CARGO, CARGO.replace('1.0.0', '1.1.0').replace('"1"', '"1.2"')],
    [
      'setup.cfg',
      '[metadata]\nname = x\n[flake8]\nselect = E\n',
      '[metadata]\nname = y\n[flake8]\nselect = E\n',
    ],
    ['.gitattributes', '*.png binary\n', '*.png binary\n*.sh text eol=lf\n'],
    ['x.csproj', CSPROJ, CSPROJ.replace('Version="1"', 'Version="2"')],
  ];
  for (const [index, [path, before, after]] of GOES_ON.entries()) {
    test(`everyday changes of ${path} go on (${index + 1})`, () =>
      assert.equal(judged(path, before, after), undefined));
  }

  const WAITS: [string, string, string | undefined, string][] = [
    [
      'package.json',
      'a new postinstall',
      JSON.stringify(PACKAGE),
      '{"scripts":{"postinstall":"x","prepare":"husky"}}',
    ],
    ['package.json', 'a hook taken away', JSON.stringify(PACKAGE), '{"scripts":{"test":"node --test"}}'],
    ['package.json', 'a new file that runs at once', undefined, '{"scripts":{"preinstall":"x"}}'],
    ['package.json', 'a dependency from a URL', '{}', '{"dependencies":{"a":"https://evil/x.tgz"}}'],
    ['package.json', 'a dependency of a user', '{}', '{"dependencies":{"a":"user/repo"}}'],
    ['package.json', 'a file as override', '{}', '{"overrides":{"a":{"b":"file:../x"}}}'],
    ['package.json', 'another package manager', '{}', '{"packageManager":"npm@https://evil"}'],
    ['package.json', 'a linter that loads code', '{}', '{"eslintConfig":{"plugins":["./x"]}}'],
    ['package.json', 'an inherited script', '{}', '{"scripts":{"__proto__":{"install":"x"}}}'],
    ['package.json', 'an inherited file', '{}', '{"__proto__":{"scripts":{"install":"x"}}}'],
    ['package.json', 'a script said twice', '{}', '{"scripts":{},"scripts":{"install":"x"}}'],
    ['package.json', 'no JSON', '{}', '{"scripts":'],
    ['package.json', 'JSON with a comment', '{}', '{/**/}'],
    ['package.json', 'no object', '{}', '[]'],
    ['package.json', 'nesting without end', '{}', `{"pnpm":${'['.repeat(2e5)}${']'.repeat(2e5)}}`],
    ['package.json', 'too much', '{}', `{"x":"${'x'.repeat(JUDGED_BYTES)}"}`],
    ['composer.json', 'a script at installing', '{}', '{"scripts":{"post-install-cmd":"x"}}'],
    ['pyproject.toml', 'another build backend', PYPROJECT, PYPROJECT.replace('hatchling.build', 'evil')],
    ['pyproject.toml', 'another init-hook', PYPROJECT, PYPROJECT.replace('import sys', 'import os')],
    ['pyproject.toml', 'a quoted table', PYPROJECT, PYPROJECT.replace('[tool.pylint', '["tool".pylint')],
    ['pyproject.toml', 'a key at the root', PYPROJECT, `tool.mypy.plugins = "x"\n${PYPROJECT}`],
    [
      'pyproject.toml',
      'a table in the middle',
      PYPROJECT,
      PYPROJECT.replace('name = "x"', 'name = "x"\n [ tool.mypy ]\nplugins = "x"'),
    ],
    ['pyproject.toml', 'a string over tables', PYPROJECT, PYPROJECT.replace('name = "x"', 'name = """')],
    [
      'pyproject.toml',
      'a dependency from a URL',
      PYPROJECT,
      PYPROJECT.replace('requests>=2', 'x @ https://evil'),
    ],
    [
      'pyproject.toml',
      'a table after a lone CR',
      PYPROJECT,
      PYPROJECT.replace('name = "x"', 'name = "x"\r[tool.mypy]\rx=1'),
    ],
    ['Cargo.toml', 'a build script', CARGO, CARGO.replace('name = "x"', 'name = "x"\nbuild = "x.rs"')],
    [
      'Cargo.toml',
      'a build script in disguise',
      CARGO,
      CARGO.replace('name = "x"', 'name = "x"\n"b\\u0075ild" = "x.rs"'),
    ],
    ['Cargo.toml', 'a patched dependency', CARGO, `${CARGO}[patch.crates-io]\nserde = { path = "x" }\n`],
    ['Cargo.toml', 'a dependency by path', CARGO, CARGO.replace('"1"', '{ path = "x" }')],
    ['Cargo.toml', 'a table of a dependency', CARGO, `${CARGO}[dependencies.x]\ngit = "x"\n`],
    [
      'setup.cfg',
      'a plugin of flake8',
      '[metadata]\n',
      '[metadata]\n[flake8:local-plugins]\nextension = X = x:y\n',
    ],
    [
      'setup.cfg',
      'a section after a lone CR',
      '[metadata]\nname = x\n',
      '[metadata]\nname = x\r[flake8]\rx = y\n',
    ],
    ['.gitattributes', 'a filter', '', '* filter=evil\n'],
    ['.gitattributes', 'a macro', '', '[attr]evil diff=x\n'],
    ['.gitattributes', 'a merge driver', '', '*.c merge=evil\n'],
    ['x.csproj', 'a target', CSPROJ, CSPROJ.replace('</Project>', '<Target Name="x"/></Project>')],
    [
      'x.csproj',
      'an expression',
      CSPROJ,
      CSPROJ.replace('Version="1"', 'Version="$([System.IO.File]::X())"'),
    ],
    ['x.csproj', 'a comment taken away', CSPROJ.replace('<Item', '<!--<Item'), CSPROJ],
    ['.vscode/tasks.json', 'what is never judged by content', '{}', '{}'],
  ];
  for (const [path, what, before, after] of WAITS) {
    test(`${path} with ${what} waits`, () => assert.notEqual(judged(path, before, after), undefined));
  }

  test('bytes that are no text wait', () => {
    assert.notEqual(judgeContent('package.json', undefined, Buffer.from([0x7b, 0xff, 0x7d])), undefined);
  });

  test('a path that is on no list is not judged', () => {
    assert.equal(judged('src/x.ts', 'a', 'b'), undefined);
  });

  test('the same content never waits, unless it cannot be read', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('pyproject.toml', 'setup.cfg', '.gitattributes', 'x.csproj'),
        fc.string(),
        (path, text) => judged(path, text, text) === undefined,
      ),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value);
        const waits = judged('package.json', text, text);
        return waits === undefined || waits.startsWith('it cannot be read');
      }),
    );
  });

  test('whatever is added to the part that runs, in any way of writing JSON, waits', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('install', 'preinstall', 'postinstall', 'prepare'),
        fc.string({ minLength: 1 }),
        fc.boolean(),
        (name, command, spaced) => {
          const after = JSON.stringify({ scripts: { [name]: command } }, null, spaced ? 1 : 0);
          const escaped = after.replace(name, `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`);
          return (
            judged('package.json', '{}', after) !== undefined &&
            judged('package.json', '{}', escaped) !== undefined
          );
        },
      ),
    );
  });
});
