import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Rule {
  name: string;
  pattern: RegExp;
  /** where it does not hold, and rightly so */
  except: RegExp;
}

/** What neither the compiler nor the import graph can see. */
const RULES: readonly Rule[] = [
  {
    name: 'only platform/ asks which system this is',
    pattern: /process\.platform|os\.platform\(|process\.arch/,
    except: /^src\/platform\//,
  },
  {
    name: "only cli/ prints (the agent daemon's words go to the guest's console)",
    pattern: /\bconsole\.(log|error|warn|info|debug)\(|process\.std(out|err)/,
    except: /^src\/(cli|guest)\//,
  },
  {
    name: 'programs are started with argv, never through a shell',
    pattern: /shell:\s*true|\bexecSync\(|from 'node:child_process'.*\bexec\b/,
    except: /^$/,
  },
];

/** The lines of `src/` that break a house rule, each with its place. */
export async function brokenRules(root: string): Promise<string[]> {
  const broken: string[] = [];
  for (const entry of await readdir(join(root, 'src'), { recursive: true })) {
    if (!entry.endsWith('.ts')) continue;
    const path = join('src', entry);
    const rules = RULES.filter(({ except }) => !except.test(path));
    const lines = (await readFile(join(root, path), 'utf8')).split('\n');
    for (const [index, line] of lines.entries()) {
      const rule = rules.find(({ pattern }) => pattern.test(line));
      if (rule !== undefined) broken.push(`${path}:${index + 1} ${rule.name}`);
    }
  }
  return broken;
}
