import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ProjectExchange } from '../../src/exchange/project-exchange.ts';
import { END_RECORD } from '../../src/exchange/shared/record.ts';
import { holdRules } from '../../src/session/hold-rules.ts';
import { type Claim, file, folder, link } from './claims.ts';
import { write } from './field.ts';
import { type Lies, LyingGuest, sent } from './lying-guest.ts';
import { memoryFolder } from './memory-folder.ts';
import { changes, snapshot } from './snapshot.ts';

interface Attack {
  title: string;
  /** on the host and agreed on */
  agreed?: Record<string, string>;
  guest: Claim[];
  lies?: Lies;
  /** what waits; nothing else of it is on the host afterwards */
  waits: string[];
}

const PACKAGE = '{"name":"x","scripts":{"test":"node --test"}}';
const EVIL = '{"name":"x","scripts":{"postinstall":"evil"}}';

/** Group G through the whole host half, as a session plays it. */
const ATTACKS: Attack[] = [
  {
    title: 'a task of the editor that is not there yet',
    guest: [folder('.vscode'), file('.vscode/tasks.json')],
    waits: ['.vscode', '.vscode/tasks.json'],
  },
  {
    title: 'settings of an agent that are not there yet (CVE-2026-25725)',
    guest: [folder('.claude'), file('.claude/settings.json')],
    waits: ['.claude', '.claude/settings.json'],
  },
  {
    title: 'automatic approval in the settings of the editor (CVE-2025-53773)',
    agreed: { '.vscode/settings.json': '{}' },
    guest: [folder('.vscode'), file('.vscode/settings.json', '{"chat.tools.autoApprove":true}')],
    waits: ['.vscode/settings.json'],
  },
  {
    title: 'an environment that points an agent elsewhere (CVE-2025-61260)',
    guest: [file('.env.production', 'CODEX_HOME=./x')],
    waits: ['.env.production'],
  },
  { title: 'servers for an agent (CVE-2025-59536)', guest: [file('.mcp.json')], waits: ['.mcp.json'] },
  {
    title: 'the same in other letters (CVE-2025-59944)',
    guest: [folder('.Cursor'), file('.Cursor/MCP.json')],
    waits: ['.Cursor', '.Cursor/MCP.json'],
  },
  {
    title: 'a hook of a commit that is taken away',
    agreed: { '.husky/pre-commit': 'check' },
    guest: [folder('.husky')],
    waits: ['.husky/pre-commit'],
  },
  {
    title: 'a folder renamed to one of the list',
    agreed: { 'cfg/tasks.json': 'x' },
    guest: [folder('.vscode'), file('.vscode/tasks.json', 'x')],
    // What was moved stays where it was until then.
    waits: ['.vscode', '.vscode/tasks.json', 'cfg/tasks.json'],
  },
  {
    title: 'a link for the folder of the editor',
    guest: [folder('cfg'), file('cfg/tasks.json'), link('.vscode', 'cfg')],
    waits: ['.vscode'],
  },
  {
    title: 'a file behind a link of the host',
    agreed: { '.vscode': '→ cfg', 'cfg/a': 'x' },
    guest: [link('.vscode', 'cfg'), folder('cfg'), file('cfg/a', 'x'), file('cfg/tasks.json')],
    waits: ['cfg/tasks.json'],
  },
  {
    title: 'a second name for a hook (CVE-2026-39861)',
    agreed: { '.husky/pre-commit': 'x' },
    guest: [folder('.husky'), file('.husky/pre-commit', 'x'), link('plain', '.husky/pre-commit')],
    waits: ['plain'],
  },
  {
    title: 'a repository in the project',
    guest: [
      folder('deep'),
      file('deep/HEAD'),
      folder('deep/objects'),
      folder('deep/refs'),
      file('deep/config', '[core]\nfsmonitor=evil'),
    ],
    waits: ['deep/HEAD', 'deep/config', 'deep/objects', 'deep/refs'],
  },
  {
    title: 'submodules (CVE-2018-11235)',
    guest: [file('.gitmodules', '[submodule "../x"]')],
    waits: ['.gitmodules'],
  },
  {
    title: 'a filter of git',
    agreed: { '.gitattributes': '*.png binary\n' },
    guest: [file('.gitattributes', '* filter=evil\n')],
    waits: ['.gitattributes'],
  },
  {
    title: 'a script at installing',
    agreed: { 'package.json': PACKAGE },
    guest: [file('package.json', EVIL)],
    waits: ['package.json'],
  },
  {
    title: 'a harmless file to be judged and another one to be taken',
    agreed: { 'package.json': PACKAGE },
    guest: [file('package.json', EVIL)],
    lies: {
      files: (honest, asked) =>
        asked.includes('package.json')
          ? [sent(file('package.json', PACKAGE).entry, PACKAGE), END_RECORD]
          : honest,
    },
    waits: ['package.json'],
  },
  {
    title: 'a file to be judged that is withheld',
    agreed: { 'package.json': PACKAGE },
    guest: [file('package.json', PACKAGE.replace('x', 'y'))],
    lies: { files: (honest, asked) => (asked.includes('package.json') ? [END_RECORD] : honest) },
    waits: ['package.json'],
  },
  {
    title: 'a file of the list in place of its folder',
    agreed: { '.idea/x': '1' },
    guest: [file('.idea', 'x')],
    waits: ['.idea', '.idea/x'],
  },
];

describe('what a hostile guest would have run on the host', () => {
  for (const attack of ATTACKS) {
    test(`waits: ${attack.title}`, async () => {
      const home = mkdtempSync(join(memoryFolder(), 'held-'));
      try {
        await assertWaits(home, attack);
      } finally {
        rmSync(home, { recursive: true });
      }
    });
  }
});

async function assertWaits(home: string, { agreed = {}, guest, lies, waits }: Attack): Promise<void> {
  const root = join(home, 'project');
  mkdirSync(root);
  const before: Claim[] = [];
  for (const [path, what] of Object.entries(agreed)) {
    const [top, inner] = path.split('/');
    if (top !== undefined && inner !== undefined && !before.some(({ entry }) => entry.path === top))
      before.push(folder(top));
    if (what.startsWith('→ ')) symlinkSync(what.slice(2), join(root, path));
    else write(root, path, what);
    before.push(what.startsWith('→ ') ? link(path, what.slice(2)) : file(path, what));
  }
  const pass = async (claims: Claim[], more?: Lies) => {
    const place = new ProjectExchange({
      root,
      base: join(home, 'base'),
      guest: new LyingGuest([file('keep'), ...claims], more),
      host: { caseInsensitive: false, windowsNames: false, execBits: true, links: true },
    });
    return await place.pass({ session: 's1', hold: holdRules({}) });
  };
  write(root, 'keep', 'content of keep');
  await pass(before);
  const then = snapshot(root, () => false);
  const { waiting } = await pass([...guest, file('rest')], lies);
  assert.deepEqual(waiting.map(({ path }) => path).sort(), [...waits].sort());
  const changed = Object.keys(
    changes(
      then,
      snapshot(root, () => false),
    ),
  );
  const isHeld = (path: string) => waits.some((one) => path === one || path.startsWith(`${one}/`));
  assert.deepEqual(changed.filter(isHeld), []);
  assert.ok(changed.includes('rest'), 'the rest goes on');
}
