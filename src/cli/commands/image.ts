import { listImages, verifyImage } from '../../bundle/assets/image.ts';
import type { Folder } from '../../bundle/folder.ts';
import type { Progress } from '../../bundle/progress.ts';
import { isFault } from '../../fault/fault.ts';
import { ensureImage } from '../../image/ensure.ts';
import { verifyShipped } from '../../machine/qemu/shipped.ts';
import { shipGoldenSnapshots } from '../../supervisor/shipping.ts';
import { command, type JsonFlag, printJson, say } from '../command.ts';
import type { Context } from '../context.ts';
import { bytesText } from '../machine-lines.ts';
import { interruptible } from '../with-assets.ts';

/** `golden`: whether snapshots that machines start from are put beside the image; `only` leaves the image as it is */
type BuildFlags = JsonFlag & { readonly suite?: string; readonly golden: 'with' | 'without' | 'only' };

export const build = command(async (context: Context, flags: BuildFlags) => {
  const { folder } = context;
  const { image, golden } = await interruptible(context, async (progress, signal) => {
    const rebuild = flags.golden !== 'only';
    const image = await ensureImage(folder, { suite: flags.suite, rebuild }, progress, signal);
    const golden = flags.golden === 'without' ? [] : await ship(folder, image.id, progress, signal, !rebuild);
    return { image, golden };
  });
  if (flags.json) printJson(context, { ...image.manifest, golden });
  else {
    say(context, `${flags.golden === 'only' ? 'kept' : 'built'} ${image.id}`);
    for (const { cpus, packed } of golden)
      say(context, `golden snapshot for ${cpus} processors: ${bytesText(packed)}`);
  }
  return undefined;
});

export const verify = command(async (context: Context, flags: JsonFlag) => {
  const ids = (await listImages(context.folder)).map(({ manifest }) => manifest.id);
  for (const id of ids) {
    await verifyImage(context.folder, id, { full: true });
    await verifyShipped(context.folder, id);
  }
  if (flags.json) printJson(context, { verified: ids });
  else
    say(
      context,
      ids.length === 0
        ? 'there is no image yet; pcoder image build'
        : `every byte of ${ids.join(', ')} is as it was built`,
    );
  return undefined;
});

export const list = command(async (context: Context, flags: JsonFlag) => {
  const images = await listImages(context.folder);
  if (flags.json)
    printJson(
      context,
      images.map(({ manifest, current }) => ({ id: manifest.id, kernel: manifest.kernel, current })),
    );
  else
    for (const { manifest, current } of images)
      context.stdout.write(`${manifest.id}  Linux ${manifest.kernel}${current ? '  (current)' : ''}\n`);
  return undefined;
});

/** An image without them is as good, only its first machines start cold: unless they are all that was asked for, it is kept. */
async function ship(
  folder: Folder,
  image: string,
  progress: Progress,
  signal: AbortSignal,
  isAsked: boolean,
): ReturnType<typeof shipGoldenSnapshots> {
  try {
    return await shipGoldenSnapshots(folder, image, progress, signal);
  } catch (error) {
    if (isAsked || signal.aborted || !isFault(error)) throw error;
    progress({ type: 'note', text: `no golden snapshot beside the image: ${error.message}` });
    return [];
  }
}
