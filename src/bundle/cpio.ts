/** One member of an initramfs archive: a file (`content`), a symbolic link (`target`), a named pipe (`fifo`) or a folder (none of these). */
export interface CpioEntry {
  /** relative to the archive's root, without a leading slash */
  path: string;
  /** permission bits only, e.g. 0o755 */
  mode: number;
  content?: Uint8Array;
  target?: string;
  fifo?: true;
}

/**
 * A "newc" cpio archive as the Linux kernel unpacks it (Documentation/driver-api/early-userspace/buffer-format). Everything
 * belongs to root and carries time 0, so equal entries give equal bytes. Folders must come before what lies in them.
 * Archives may be concatenated: the length is a multiple of 4.
 */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.flatMap((entry, index) => member(entry, index + 1));
  parts.push(...member({ path: 'TRAILER!!!', mode: 0 }, 0, 0));
  return Buffer.concat(parts);
}

const TYPE = { folder: 0o040000, file: 0o100000, link: 0o120000, fifo: 0o010000 };

function member(entry: CpioEntry, inode: number, type = typeOf(entry)): Buffer[] {
  const data = entry.target === undefined ? (entry.content ?? new Uint8Array()) : Buffer.from(entry.target);
  const name = Buffer.from(`${entry.path}\0`);
  // magic, inode, mode, uid, gid, nlink, mtime, size, device major/minor, own major/minor, name length, checksum
  const numbers = [inode, type | entry.mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(
    `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`,
  );
  return [header, name, padding(header.length + name.length), Buffer.from(data), padding(data.length)];
}

function typeOf(entry: CpioEntry): number {
  if (entry.target !== undefined) return TYPE.link;
  if (entry.fifo) return TYPE.fifo;
  return entry.content === undefined ? TYPE.folder : TYPE.file;
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
