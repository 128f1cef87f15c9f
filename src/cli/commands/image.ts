import { listImages, verifyImage } from '../../bundle/assets/image.ts';
import { ensureImage } from '../../image/ensure.ts';
import { command, type JsonFlag, printJson, say } from '../command.ts';
import type { Context } from '../context.ts';
import { interruptible } from '../with-assets.ts';

export const build = command(async (context: Context, flags: JsonFlag & { readonly suite?: string }) => {
  const image = await interruptible(context, (progress, signal) =>
    ensureImage(context.folder, { suite: flags.suite, rebuild: true }, progress, signal),
  );
  if (flags.json) printJson(context, image.manifest);
  else say(context, `built ${image.id}`);
  return undefined;
});

export const verify = command(async (context: Context, flags: JsonFlag) => {
  const ids = (await listImages(context.folder)).map(({ manifest }) => manifest.id);
  for (const id of ids) await verifyImage(context.folder, id, { full: true });
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
