import type { GitDelivery } from '../channel/messages/git.ts';

/** The small files of a new repository, by their path in it. Written here and not by `git init`, which costs an emulated guest more than all of them. */
export function repositoryFiles(delivery: GitDelivery): Record<string, string> {
  const { head, refs, shallow } = delivery;
  return {
    HEAD: headText(head),
    config: configText(delivery),
    'packed-refs': refs.map(([name, object]) => `${object} ${name}\n`).join(''),
    ...lists(delivery),
    ...(shallow.length === 0 ? {} : { shallow: shallowText(shallow) }),
  };
}

/** Folders a repository is not one without. */
export const REPOSITORY_FOLDERS = [
  'info',
  'objects',
  'objects/info',
  'objects/pack',
  'refs',
  'refs/heads',
  'refs/tags',
] as const;

/** What is ignored and what is checked out. */
export function lists({ exclude, sparse }: GitDelivery): Record<string, string> {
  return { 'info/exclude': exclude, ...(sparse === '' ? {} : { 'info/sparse-checkout': sparse }) };
}

export function shallowText(commits: Iterable<string>): string {
  return [...new Set(commits)]
    .sort()
    .map((commit) => `${commit}\n`)
    .join('');
}

function headText({ ref, commit }: GitDelivery['head']): string {
  return ref === undefined ? `${commit ?? ''}\n` : `ref: ${ref}\n`;
}

/** A configuration of our own: nothing of the host's is in it but the few settings that travel. */
function configText({ format, settings }: GitDelivery): string {
  const isNew = format === 'sha256';
  const lines = [
    '[core]',
    `\trepositoryformatversion = ${isNew ? 1 : 0}`,
    '\tbare = false',
    '\tlogallrefupdates = true',
    // The index is the host's: sizes and times are kept by the exchange, inodes and owners are others here.
    '\tcheckStat = minimal',
    '\ttrustctime = false',
    ...(isNew ? ['[extensions]', '\tobjectFormat = sha256'] : []),
  ];
  for (const [key, value] of Object.entries({ 'core.filemode': 'true', ...settings })) {
    const [section = '', name = ''] = key.split('.');
    lines.push(`[${section}]`, `\t${name} = ${JSON.stringify(value)}`);
  }
  return `${lines.join('\n')}\n`;
}
