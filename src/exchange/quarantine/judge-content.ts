import { looseName } from '../shared/fold-name.ts';
import { nameOf } from '../shared/path.ts';
import { composerParts, packageParts } from './json-parts.ts';
import { attributeParts, cargoParts, iniParts, msbuildParts, pyprojectParts } from './line-parts.ts';
import { quarantineReason } from './quarantine.ts';

/** A larger one is not read: it waits. */
export const JUDGED_BYTES = 2 ** 20;

/**
 * For files that change in everyday work and run only in parts: whether those parts are still the same. What cannot be
 * understood counts as changed.
 * @param before what the host has; undefined: nothing
 * @returns why it waits
 */
export function judgeContent(path: string, before: Buffer | undefined, after: Buffer): string | undefined {
  const held = quarantineReason(path);
  if (held === undefined) return undefined;
  const parts = PARTS.find(([name]) => name.test(looseName(nameOf(path))))?.[1];
  if (!held.byContent || parts === undefined) return held.reason;
  const now = partsOf(parts, after);
  if (now === undefined) return 'it cannot be read, so nothing is known about the parts of it that run';
  return now === (before === undefined ? '' : partsOf(parts, before)) ? undefined : held.reason;
}

/**
 * What of a file can run, as text to be compared; '' when nothing does.
 * @throws anything, when the file cannot be understood
 */
type Parts = (text: string) => string;

const PARTS: readonly (readonly [RegExp, Parts])[] = [
  [/^package\.json$/, packageParts],
  [/^composer\.json$/, composerParts],
  [/^pyproject\.toml$/, pyprojectParts],
  [/^cargo\.toml$/, cargoParts],
  [/^(setup\.cfg|tox\.ini)$/, iniParts],
  [/^\.gitattributes$/, attributeParts],
  [/\.(cs|fs|vb)proj$/, msbuildParts],
];

function partsOf(parts: Parts, content: Buffer): string | undefined {
  if (content.length > JUDGED_BYTES) return undefined;
  try {
    return parts(utf8.decode(content));
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
