import type { Entry } from './entry.ts';

/**
 * The blocks before an entry's content in a GNU tar archive: a header, and before it one with the whole name where 100
 * bytes do not hold it. Times are whole seconds: half a kilobyte more for each file would hold the rest.
 * @param mtime milliseconds since 1970
 */
export function tarHeader(entry: Entry, mtime: number): Buffer {
  const path = Buffer.from(entry.type === 'folder' ? `${entry.path}/` : entry.path);
  const target = Buffer.from(entry.type === 'link' ? entry.target : '');
  const blocks: Buffer[] = [];
  if (target.length > NAME) blocks.push(long('K', target));
  if (path.length > NAME) blocks.push(long('L', path));
  const size = entry.type === 'file' ? entry.size : 0;
  const mode = entry.type === 'folder' || (entry.type === 'file' && entry.exec) ? 0o777 : 0o666;
  blocks.push(header({ path, target, mode, size, mtime: Math.floor(mtime / 1000), type: TYPES[entry.type] }));
  return blocks.length === 1 ? (blocks[0] ?? EMPTY) : Buffer.concat(blocks);
}

/** Zeros that fill content up to whole blocks. */
export function tarPadding(size: number): Buffer {
  return ZEROS.subarray(0, (BLOCK - (size % BLOCK)) % BLOCK);
}

/** Two empty blocks. */
export function tarEnd(): Buffer {
  return ZEROS;
}

const BLOCK = 512;
const NAME = 100;
const ZEROS = Buffer.alloc(2 * BLOCK);
const EMPTY = Buffer.alloc(0);
const TYPES = { file: '0', link: '2', folder: '5' } as const;

/** GNU's way to say a name of any length: as the content of an entry of its own. */
function long(type: 'K' | 'L', text: Buffer): Buffer {
  const content = Buffer.concat([text, ZEROS.subarray(0, 1)]);
  const path = Buffer.from('././@LongLink');
  const head = header({ path, target: EMPTY, mode: 0o644, size: content.length, mtime: 0, type });
  return Buffer.concat([head, content, tarPadding(content.length)]);
}

interface Fields {
  path: Buffer;
  target: Buffer;
  mode: number;
  size: number;
  mtime: number;
  type: string;
}

function header({ path, target, mode, size, mtime, type }: Fields): Buffer {
  const block = Buffer.alloc(BLOCK);
  path.copy(block, 0, 0, NAME);
  block.write(octal(mode, 8), 100, 'latin1');
  block.write(octal(0, 8), 108, 'latin1');
  block.write(octal(0, 8), 116, 'latin1');
  block.write(octal(size, 12), 124, 'latin1');
  block.write(octal(mtime, 12), 136, 'latin1');
  block.write('        ', 148, 'latin1');
  block.write(type, 156, 'latin1');
  target.copy(block, 157, 0, NAME);
  block.write('ustar  \0', 257, 'latin1');
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(octal(sum, 7), 148, 'latin1');
  return block;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`;
}
