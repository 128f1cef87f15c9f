import { findMirrors } from '../bundle/fetch/apt-mirror.ts';
import type { Reach } from '../bundle/fetch/reach.ts';
import type { Progress } from '../bundle/progress.ts';
import { isFault } from '../fault/fault.ts';
import { planImage, SUITES } from './recipe.ts';

/**
 * The first suite of `SUITES` whose archive this host can name: Ubuntu on Ubuntu or with `PCODER_UBUNTU_MIRROR`, else Debian.
 * `PCODER_IMAGE_SUITE` overrules. The choice is told.
 */
export async function chooseSuite(reach: Reach, progress: Progress, signal: AbortSignal): Promise<string> {
  const given = reach.env.PCODER_IMAGE_SUITE;
  if (given) return given;
  for (const suite of SUITES) {
    const { release } = await planImage(suite);
    try {
      await findMirrors(release.distribution, reach, signal);
    } catch (error) {
      if (isFault(error, 'prerequisite-missing')) continue;
      throw error;
    }
    progress({
      type: 'note',
      text: `guest system: ${suite}, because this host knows a mirror of ${release.distribution}`,
    });
    return suite;
  }
  return 'debian-13';
}
