/**
 * One path part of an ignore pattern, as git's `wildmatch.c` reads it. Not turned into a regular expression: patterns may
 * come from the guest, and this takes at most (name × pattern) steps whatever they are.
 */
export type Glob = readonly Piece[];

type Piece =
  | { type: 'is'; character: string }
  | { type: 'any' }
  | { type: 'star' }
  | { type: 'class'; negated: boolean; holds: (character: string) => boolean };

/** @returns undefined when it can match nothing */
export function compileGlob(text: string): Glob | undefined {
  const pieces: Piece[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '*') {
      if (pieces.at(-1)?.type !== 'star') pieces.push({ type: 'star' });
    } else if (character === '?') pieces.push({ type: 'any' });
    else if (character === '[') {
      const read = readClass(text, at + 1);
      if (read === undefined) return undefined;
      pieces.push(read.piece);
      at = read.end;
    } else if (character === '\\') {
      at += 1;
      if (at === text.length) return undefined;
      pieces.push({ type: 'is', character: text.charAt(at) });
    } else pieces.push({ type: 'is', character });
  }
  return pieces;
}

/** Only the last star needs to be tried again: what an earlier one could take more of, it can as well. */
export function matchGlob(glob: Glob, name: string): boolean {
  let at = 0;
  let piece = 0;
  let star = -1;
  let from = 0;
  while (at < name.length) {
    const wanted = glob[piece];
    if (wanted?.type === 'star') {
      star = piece;
      from = at;
      piece += 1;
    } else if (wanted !== undefined && fits(wanted, name.charAt(at))) {
      piece += 1;
      at += 1;
    } else if (star !== -1) {
      from += 1;
      at = from;
      piece = star + 1;
    } else return false;
  }
  while (glob[piece]?.type === 'star') piece += 1;
  return piece === glob.length;
}

function fits(piece: Piece, character: string): boolean {
  if (piece.type === 'is') return piece.character === character;
  return piece.type === 'any' || (piece.type === 'class' && piece.holds(character) !== piece.negated);
}

/** @param start behind the bracket */
function readClass(text: string, start: number): { piece: Piece; end: number } | undefined {
  const negated = text[start] === '!' || text[start] === '^';
  const tests: ((character: string) => boolean)[] = [];
  let previous: string | undefined;
  const first = negated ? start + 1 : start;
  for (let at = first; ; at++) {
    let character = text[at];
    if (character === undefined) return undefined;
    if (character === ']' && at > first) {
      const holds = (given: string) => tests.some((test) => test(given));
      return { piece: { type: 'class', negated, holds }, end: at };
    }
    if (character === '[' && text[at + 1] === ':') {
      const close = text.indexOf(']', at + 2);
      if (close === -1) return undefined;
      if (text[close - 1] === ':' && close - 1 >= at + 2) {
        const members = POSIX[text.slice(at + 2, close - 1)];
        if (members === undefined) return undefined;
        tests.push((given) => members.test(given));
        previous = undefined;
        at = close;
        continue;
      }
    }
    if (character === '-' && previous !== undefined && text[at + 1] !== undefined && text[at + 1] !== ']') {
      at += text[at + 1] === '\\' ? 2 : 1;
      const [low, high] = [previous, text[at]];
      if (high === undefined) return undefined;
      tests.push((given) => given >= low && given <= high);
      previous = undefined;
      continue;
    }
    if (character === '\\') {
      at += 1;
      character = text[at];
      if (character === undefined) return undefined;
    }
    const one = character;
    tests.push((given) => given === one);
    previous = one;
  }
}

/** git's own, ASCII only (`sane-ctype.h`). */
const POSIX: Record<string, RegExp> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /[\u0000-\u001f\u007f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};
