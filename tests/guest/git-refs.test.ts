import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { planRefs } from '../../src/guest/git-refs.ts';

const refs = fc
  .dictionary(
    fc.constantFrom('refs/heads/a', 'refs/heads/b', 'refs/tags/c'),
    fc.constantFrom('1', '2', '3'),
    { noNullPrototype: true },
  )
  .map((made) => new Map<string, string>(Object.entries(made)));

it('a ref only one side changed ends as that side has it, and nobody’s work is removed', () => {
  fc.assert(
    fc.property(refs, refs, refs, (base, host, guest) => {
      const { changes, contested } = planRefs({ base, host, guest });
      const after = new Map(guest);
      for (const { name, to, from } of changes) {
        assert.equal(from, guest.get(name));
        if (to === undefined) after.delete(name);
        else after.set(name, to);
      }
      for (const name of ['refs/heads/a', 'refs/heads/b', 'refs/tags/c']) {
        const [was, theirs, ours] = [base.get(name), host.get(name), guest.get(name)];
        const isContested = contested.some((each) => each.name === name);
        if (isContested) assert.ok(theirs !== ours && theirs !== was && ours !== was);
        else if (ours === was) assert.equal(after.get(name), theirs);
        else if (theirs === was) assert.equal(after.get(name), ours);
        else assert.equal(after.get(name), theirs ?? ours);
      }
    }),
  );
});

it('a second pass on what both agreed on changes nothing', () => {
  fc.assert(
    fc.property(refs, refs, (host, own) => {
      const guest = new Map([...own, ...host]);
      assert.deepEqual(planRefs({ base: host, host, guest }), { changes: [], contested: [] });
    }),
  );
});
