/** Where a work is done: what differs between guest and host. */
export interface Place {
  /** the material's folder */
  folder: string;
  /** the address of the npm registry */
  registry: string;
}

/** Something a person or an agent does, the same on both sides. */
export interface Work {
  id: string;
  /** Markdown */
  label: string;
  /** programs it needs */
  needs: readonly string[];
  /** for `sh -c` */
  script(place: Place): string;
  /** reaches the registry */
  online?: boolean;
}

/** Everything that is measured except the agents. Each takes about a second at most on the host, so that the guest's figure comes soon. */
export const WORKS: readonly Work[] = [
  inFolder('node-loop', '`node`: an arithmetic loop', ['node'], 'node loop.mjs'),
  inFolder('node-objects', '`node`: JSON, sorting, maps, a regular expression', ['node'], 'node objects.mjs'),
  inFolder('node-start', '`node -e 0`', ['node'], 'node -e 0'),
  inFolder('python-loop', '`python3`: loops and a dictionary', ['python3'], 'python3 loop.py'),
  inFolder('python-start', "`python3 -c 'import json'`", ['python3'], "python3 -c 'import json'"),
  inFolder('processes', '`/bin/true`, 100 times from a shell', ['sh'], eachOf(100, '/bin/true')),
  inFolder('git-status', '`git status`, 1000 files', ['git'], 'git -C repository status'),
  inFolder('git-log', '`git log --stat`, 20 commits', ['git'], 'git -C repository log --stat'),
  inFolder(
    'git-commit',
    '`git commit` of one file',
    ['git'],
    'echo more >> repository/part-0/file-1.txt && git -C repository commit --quiet --all --message more',
  ),
  inFolder('ripgrep', '`rg`, 2000 files', ['rg'], 'rg --count needle tree'),
  inFolder(
    'c-build',
    '`make -j2`, four files by `gcc -O2`',
    ['make', 'gcc'],
    'make -s -C sources clean && make -s -j2 -C sources',
  ),
  {
    id: 'npm-install',
    label: '`npm install`, 12 packages from a local registry',
    needs: ['npm', 'node'],
    online: true,
    script: ({ folder, registry }) =>
      `cd ${folder}/project && rm -rf node_modules package-lock.json ../npm-cache && ` +
      `npm install --silent --no-audit --no-fund --no-update-notifier --cache ../npm-cache --registry ${registry}`,
  },
];

function inFolder(id: string, label: string, needs: readonly string[], script: string): Work {
  return { id, label, needs, script: ({ folder }) => `cd ${folder} && ${script}` };
}

function eachOf(count: number, command: string): string {
  return `i=0; while [ $i -lt ${count} ]; do ${command}; i=$((i + 1)); done`;
}
