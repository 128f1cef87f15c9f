import { download } from '../../../src/bundle/fetch/download.ts';
import { realReach } from '../../../src/bundle/fetch/reach.ts';

const { request, folder } = JSON.parse(process.argv[2] ?? '');
await download(request, folder, realReach, { signal: new AbortController().signal });
