import { ensureApp } from '../../src/bundle/fetch/app.ts';
import { locateFolder } from '../../src/bundle/locate.ts';
import { progressLines } from '../../src/cli/progress-lines.ts';
import { renderFault } from '../../src/fault/render.ts';
import { ensureImage } from '../../src/image/ensure.ts';
import { TOOLS } from '../../src/tools/registry.ts';

/** Fetches and builds what the machine tests need, with progress; false, with the reason shown, when that cannot be done. */
export async function readyAssets(): Promise<boolean> {
  const folder = locateFolder();
  const lines = progressLines(process.stderr);
  const { signal } = new AbortController();
  try {
    await ensureImage(folder, {}, lines.progress, signal);
    for (const { name } of TOOLS) await ensureApp(folder, name, lines.progress, signal);
    return true;
  } catch (error) {
    lines.close();
    process.stderr.write(renderFault(error));
    return false;
  } finally {
    lines.close();
  }
}
