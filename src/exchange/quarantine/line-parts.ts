/**
 * All lines but those of tables where everyday work happens. No parser: a line that could be anything else than an
 * ordinary one of such a table counts, so that tricks of the syntax lead to a question and never past it.
 */
export const pyprojectParts = (text: string): string => outsideTables(text, PYPROJECT, FETCHED);

export const cargoParts = (text: string): string => outsideTables(text, CARGO, CARGO_KEYS);

export const iniParts = (text: string): string => outsideTables(text, INI, FETCHED);

/** Attributes select filters, merge and diff drivers; all others only say how text is treated. */
export const attributeParts = (text: string): string =>
  counted(text.split('\n').filter((line) => /filter|diff|merge|\[attr\]|["\\]/i.test(line)));

/** Elements without children that name packages and sources, one on a line. */
export const msbuildParts = (text: string): string =>
  counted(text.split('\n').filter((line) => !ORDINARY_ELEMENT.test(line)));

const PYPROJECT =
  /^(project|project\.(optional-dependencies|urls)|dependency-groups|tool\.(ruff|black|isort|poetry\.(dependencies|dev-dependencies|group))(\..+)?)$/;
const CARGO =
  /^(package|dependencies|dev-dependencies|features|lints(\..+)?|profile\.(dev|release|test|bench)|bin|test|bench|example|workspace\.(dependencies|lints(\..+)?))$/;
const INI =
  /^(metadata|options(\..+)?|bdist_wheel|sdist|tool:pytest|pytest|coverage(:.+)?|pycodestyle|testenv(:.+)?)$/;

/** Not from the package index, or to be loaded as code. */
const FETCHED = /:\/\/|git|path|url|file|plugin|cmdclass|setup_requires/i;
const CARGO_KEYS = /:\/\/|git|path|registry|build|links|macro|metabuild|runner|linker|workspace/i;
/** What could hide something from reading line by line. */
const TRICKY = /"""|'''|[\\\u0000-\u0008\u000b-\u001f]/;
/** Python ends lines at a lone CR as well. */
const LINE = /\r\n?|\n/;

function outsideTables(text: string, tables: RegExp, counts: RegExp): string {
  let ordinary = false;
  const kept: string[] = [];
  for (const raw of text.split(LINE)) {
    const line = raw.trim();
    if (line === '') continue;
    if (line.startsWith('[')) {
      const name = /^\[\[?([\w.:-]+)\]?\]$/.exec(line)?.[1];
      ordinary = name !== undefined && tables.test(name);
      if (!ordinary) kept.push(line);
    } else if (!ordinary || counts.test(line) || TRICKY.test(line)) kept.push(line);
  }
  return kept.join('\n');
}

const ORDINARY_ELEMENT =
  /^\s*(<(PackageReference|ProjectReference|Compile|None|Content|EmbeddedResource|Folder|Using)( [A-Z][A-Za-z]*="[^"<>$%@]*")* *\/>)?\s*$/;

function counted(lines: readonly string[]): string {
  return lines.map((line) => line.trim()).join('\n');
}
