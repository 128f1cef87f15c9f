import { Fault } from '../../src/fault/fault.ts';

export const BEGIN = '<!-- bench:begin (written by npm run bench -- --write-docs) -->';
export const END = '<!-- bench:end -->';

/**
 * Puts `content` between the markers of a text and leaves everything else as it is.
 * @throws Fault `config-invalid` unless each marker is there once, in order
 */
export function replaceBlock(text: string, content: string): string {
  const [before, ...afterBegin] = text.split(BEGIN);
  const [, after, ...more] = afterBegin.join(BEGIN).split(END);
  if (before === undefined || afterBegin.length !== 1 || after === undefined || more.length > 0) {
    throw new Fault('config-invalid', 'the place for the benchmark tables is not marked', {
      hint: `put these two lines where they belong:\n${BEGIN}\n${END}`,
    });
  }
  return `${before}${BEGIN}\n\n${content.trim()}\n\n${END}${after}`;
}
