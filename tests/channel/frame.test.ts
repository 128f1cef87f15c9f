import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  decodeHeader,
  encodeHeader,
  FRAME,
  type Frame,
  HEADER_BYTES,
  MAX_PAYLOAD,
} from '../../src/channel/frame.ts';
import { FrameDecoder } from '../../src/channel/frame-decoder.ts';
import { PREAMBLE, PreambleHunter } from '../../src/channel/preamble.ts';

const frame: fc.Arbitrary<Frame> = fc.record({
  kind: fc.constantFrom(...Object.values(FRAME)),
  lane: fc.integer({ min: 0, max: 255 }),
  stream: fc.integer({ min: 0, max: 0xffffffff }),
  payload: fc.uint8Array({ maxLength: 300 }),
});

describe('frames', () => {
  it('come out as they went in, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 12 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 60 })),
        (frames, cuts) => {
          const bytes = Buffer.concat(frames.flatMap((each) => [encodeHeader(each), each.payload]));
          const decoder = new FrameDecoder();
          const found: Frame[] = [];
          for (let at = 0; at < bytes.byteLength; ) {
            const size = cuts.next().value ?? 1;
            found.push(...decoder.push(bytes.subarray(at, at + size)));
            at += size;
          }
          assert.deepEqual(joined(found), joined(frames));
        },
      ),
    );
  });

  it('of the largest size pass, and one byte more is refused', () => {
    const largest = { kind: FRAME.data, lane: 1, stream: 7, payload: new Uint8Array(MAX_PAYLOAD) };
    assert.equal(decodeHeader(encodeHeader(largest)).length, MAX_PAYLOAD);
    const over = encodeHeader({ ...largest, payload: new Uint8Array(MAX_PAYLOAD + 1) });
    assert.throws(() => decodeHeader(over), { code: 'protocol-violation' });
  });

  it('without magic or of a kind that does not exist are refused, before any payload is waited for', () => {
    const good = encodeHeader({ kind: FRAME.open, lane: 0, stream: 1, payload: new Uint8Array(5) });
    for (const [at, value] of [
      [0, 0],
      [1, 0xff],
      [2, 0],
      [2, 8],
      [2, 255],
      [11, 1],
    ] as const) {
      const bad = Buffer.from(good);
      bad[at] = value;
      assert.throws(
        () => [...new FrameDecoder().push(bad)],
        { code: 'protocol-violation' },
        `byte ${at} = ${value}`,
      );
    }
  });

  it('are not found in random bytes: they are refused or more is waited for, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: HEADER_BYTES, maxLength: 100 }), (bytes) => {
        fc.pre(bytes[0] !== 0x50);
        assert.throws(() => [...new FrameDecoder().push(bytes)], { code: 'protocol-violation' });
      }),
    );
  });
});

describe('the preamble', () => {
  const garbage = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: 1, max: PREAMBLE.byteLength - 1 }).map((length) => PREAMBLE.slice(0, length)),
      fc.constant(new Uint8Array(40)),
    ),
    { maxLength: 8 },
  );

  it('is found behind any garbage, beginnings of itself included, however the bytes are cut', () => {
    fc.assert(
      fc.property(garbage, fc.infiniteStream(fc.integer({ min: 1, max: 20 })), (before, cuts) => {
        const noise = Buffer.concat(before);
        fc.pre(Buffer.concat([noise, PREAMBLE]).indexOf(PREAMBLE) === noise.byteLength);
        const bytes = Buffer.concat([noise, PREAMBLE, Buffer.from('behind')]);
        const hunter = new PreambleHunter();
        for (let at = 0; ; ) {
          assert.ok(at < bytes.byteLength, 'not found');
          const size = cuts.next().value ?? 1;
          const index = hunter.find(bytes.subarray(at, at + size));
          if (index !== undefined) return assert.equal(at + index, noise.byteLength + PREAMBLE.byteLength);
          at += size;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is not found where it is not whole', () => {
    for (let missing = 0; missing < PREAMBLE.byteLength; missing++) {
      const damaged = Buffer.from(PREAMBLE);
      damaged[missing] = (damaged[missing] ?? 0) ^ 0x80;
      assert.equal(new PreambleHunter().find(damaged), undefined, `byte ${missing}`);
    }
  });

  it('begins with a byte it holds nowhere else: a failed match can only begin again at that byte', () => {
    assert.equal(PREAMBLE.lastIndexOf(PREAMBLE[0] ?? -1), 0);
  });
});

/** Data is a flow of bytes: where one frame of it ends and the next begins may change on the way. */
function joined(frames: Frame[]) {
  const out: { kind: number; lane: number; stream: number; payload: string }[] = [];
  for (const { kind, lane, stream, payload } of frames) {
    const last = out.at(-1);
    const text = Buffer.from(payload).toString('hex');
    if (kind === FRAME.data && last?.kind === kind && last.lane === lane && last.stream === stream)
      last.payload += text;
    else out.push({ kind, lane, stream, payload: text });
  }
  return out;
}
