// Not TypeScript, because `start.cjs` decides with it whether types must be stripped at all.
'use strict';
const { readdirSync, statSync } = require('node:fs');
const { join } = require('node:path');

/** Count, sizes and times of everything that is bundled, added up: two milliseconds, where digesting it would take ten times that. */
exports.stampOfSources = (root) => {
  let count = 0;
  let bytes = 0;
  let newest = 0;
  let times = 0;
  for (const folder of ['src', 'image']) addFolder(join(root, folder));
  add(join(root, 'package.json'));
  add(join(root, 'package-lock.json'));
  return `${count} ${bytes} ${newest} ${times}`;

  function addFolder(folder) {
    for (const found of readdirSync(folder, { withFileTypes: true })) {
      if (found.isDirectory()) addFolder(`${folder}/${found.name}`);
      else add(`${folder}/${found.name}`);
    }
  }

  function add(path) {
    const { size, mtimeMs } = statSync(path);
    count++;
    bytes += size;
    times += mtimeMs % 1e9;
    if (mtimeMs > newest) newest = mtimeMs;
  }
};
