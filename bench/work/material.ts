/**
 * Makes the material that the works of the `work` part are done on: `node material.ts FOLDER`. It runs as it is on the host and in the
 * guest, so it uses nothing but Node and git, and makes the same files in both.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('node material.ts FOLDER');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
scripts();
tree(join(folder, 'tree'));
repository(join(folder, 'repository'));
sources(join(folder, 'sources'));
project(join(folder, 'project'));
mkdirSync(join(folder, 'talk'));

function scripts(): void {
  put(
    'loop.mjs',
    'let sum = 0;\nfor (let i = 0; i < 3e7; i++) sum = (sum + i * 7) % 1000003;\nconsole.log(sum);\n',
  );
  put(
    'objects.mjs',
    `const all = Array.from({ length: 40000 }, (_, i) => ({ id: i, name: 'n' + ((i * 7919) % 40000), tags: ['a' + (i % 7)] }));
const text = JSON.stringify(all);
const again = JSON.parse(text).sort((one, other) => (one.name < other.name ? -1 : 1));
const named = new Map(again.map((each) => [each.name, each]));
let found = 0;
for (const [, digits] of text.matchAll(/"n(\\d+)5"/g)) if (named.has('n' + digits + '5')) found++;
console.log(found);
`,
  );
  put(
    'loop.py',
    `total = 0
for i in range(800000):
    total = (total + i * 7) % 1000003
seen = {}
for word in ("w%d" % (i % 5000) for i in range(100000)):
    seen[word] = seen.get(word, 0) + 1
print(total, len(seen), sum(sorted(seen.values())))
`,
  );
}

/** 2000 files of 80 lines, a few of which hold the word that is looked for. */
function tree(at: string): void {
  for (let one = 0; one < 40; one++) {
    mkdirSync(join(at, `part-${one}`), { recursive: true });
    for (let other = 0; other < 50; other++) {
      const lines = Array.from({ length: 80 }, (_, line) => text(one * 4001 + other * 81 + line));
      if (one % 9 === 0) lines[other] += ' needle';
      writeFileSync(join(at, `part-${one}`, `file-${other}.txt`), `${lines.join('\n')}\n`);
    }
  }
}

/** 1000 files, 20 commits. */
function repository(at: string): void {
  const git = (...args: string[]) => execFileSync('git', ['-C', at, ...args], { stdio: 'ignore' });
  for (let one = 0; one < 50; one++) {
    mkdirSync(join(at, `part-${one}`), { recursive: true });
    for (let other = 0; other < 20; other++)
      writeFileSync(join(at, `part-${one}`, `file-${other}.txt`), `${text(one * 97 + other)}\n`.repeat(20));
  }
  git('init', '--quiet', '.');
  git('config', 'user.name', 'Bench');
  git('config', 'user.email', 'bench@example.invalid');
  git('config', 'gc.auto', '0');
  for (let commit = 0; commit < 20; commit++) {
    writeFileSync(join(at, `part-${commit}`, 'file-0.txt'), `${text(commit)}\n`);
    git('add', '--all');
    git('commit', '--quiet', '--message', `change ${commit}`);
  }
}

/** Five C files and their Makefile. */
function sources(at: string): void {
  mkdirSync(at, { recursive: true });
  const units = [0, 1, 2, 3];
  for (const unit of units) {
    const functions = Array.from({ length: 25 }, (_, index) => cFunction(`work_${unit}_${index}`, index));
    writeFileSync(
      join(at, `unit${unit}.c`),
      `#include <stdio.h>\n#include <string.h>\n${functions.join('')}`,
    );
  }
  const declared = units.map((unit) => `int work_${unit}_1(int, char *);\n`).join('');
  const called = units.map((unit) => `work_${unit}_1(3, "abcdef")`).join(' + ');
  writeFileSync(join(at, 'main.c'), `${declared}int main(void) { return (${called}) == 0; }\n`);
  const objects = ['main', ...units.map((unit) => `unit${unit}`)].map((name) => `${name}.o`).join(' ');
  writeFileSync(
    join(at, 'Makefile'),
    `program: ${objects}\n\tgcc -o $@ ${objects}\n%.o: %.c\n\tgcc -O2 -c -o $@ $<\nclean:\n\trm -f program *.o\n`,
  );
}

function cFunction(name: string, index: number): string {
  return (
    `int ${name}(int n, char *b) {\n  int s = ${index};\n  for (int j = 0; j < n; j++) {\n    s += b[j] * ${index + 3};\n` +
    `    if (s % ${index + 2} == 0) s ^= j << 2; else s -= (int)strlen(b);\n  }\n  return s;\n}\n`
  );
}

/** What `npm install` is asked for; the packages are served by bench/work/registry.ts. */
function project(at: string): void {
  mkdirSync(at, { recursive: true });
  const dependencies = { 'bench-a': '1.0.0', 'bench-b': '1.0.0', 'bench-c': '1.0.0', 'bench-d': '1.0.0' };
  writeFileSync(join(at, 'package.json'), JSON.stringify({ name: 'bench', version: '1.0.0', dependencies }));
}

function put(name: string, content: string): void {
  writeFileSync(join(folder ?? '', name), content);
}

/** Ten words, always the same for the same number. */
function text(seed: number): string {
  const words = ['alpha', 'beta', 'gamma', 'delta', 'return', 'value', 'const', 'import', 'export'];
  return Array.from({ length: 10 }, (_, index) => words[(seed * 31 + index * index * 7) % words.length]).join(
    ' ',
  );
}
