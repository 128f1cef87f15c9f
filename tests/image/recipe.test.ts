import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integrityDigest } from '../../src/bundle/fetch/digest.ts';
import { qemuRecipe, qemuRecipeSchema } from '../../src/bundle/fetch/qemu-recipe.ts';
import { planImage, recipeSchema, SUITES } from '../../src/image/recipe.ts';
import { mmdebstrapArguments } from '../../src/image/root-tree.ts';

test('one recipe makes both guest systems, under names of their own', async () => {
  const plans = await Promise.all(SUITES.map(planImage));
  for (const plan of plans) assert.match(plan.id, new RegExp(`^${plan.suite}-[0-9a-f]{12}$`));
  assert.equal(new Set(plans.map(({ sha256 }) => sha256)).size, SUITES.length);
  assert.deepEqual(Object.keys(plans[0]?.recipe.suites ?? {}), [...SUITES]);
});

test('the same recipe gives the same image name', async () => {
  assert.equal((await planImage('debian-13')).id, (await planImage('debian-13')).id);
});

test('Node and npm are pinned by content', async () => {
  const { recipe } = await planImage('debian-13');
  assert.deepEqual(recipe.npm.map(({ role }) => role).sort(), ['node', 'npm']);
  for (const pin of recipe.npm) assert.equal(integrityDigest(pin.integrity).algorithm, 'sha512');
});

test('an unknown suite is refused with the known ones', async () => {
  await assert.rejects(planImage('slackware'), {
    code: 'usage',
    hint: 'choose one of ubuntu-24.04, debian-13',
  });
});

test('what a session needs is in the guest', async () => {
  const { recipe } = await planImage('ubuntu-24.04');
  for (const name of [
    'git',
    'ripgrep',
    'python3',
    'gcc',
    'make',
    'libc6-dev',
    'curl',
    'jq',
    'openssh-server',
    'nftables',
    'sudo',
  ]) {
    assert.ok(recipe.packages.includes(name), name);
  }
});

test('a recipe with a word that could be an option or a path is refused', async () => {
  const { recipe } = await planImage('debian-13');
  for (const name of ['-oDPkg::Pre-Invoke=x', '../x', 'a b']) {
    assert.equal(recipeSchema.safeParse({ ...recipe, packages: [name] }).success, false);
    assert.equal(recipeSchema.safeParse({ ...recipe, masked: ['x; reboot'] }).success, false);
    assert.equal(qemuRecipeSchema.safeParse({ ...qemuRecipe(), packages: [name] }).success, false);
  }
});

test('mmdebstrap works in its current folder only, so that no path needs quoting', async () => {
  const plan = await planImage('debian-13');
  const apt = {
    sources: ['deb http://m.test/debian/ trixie main'],
    settings: ['Acquire::http::Proxy "http://p.test";'],
    resolve: async () => [],
  };
  const args = mmdebstrapArguments(plan, { apt, keyring: '/keys.gpg' }, '6.12.1-cloud-amd64', 'unshare');
  assert.ok(args.includes('--mode=unshare'));
  assert.ok(args.includes('--aptopt=Acquire::http::Proxy "http://p.test"'));
  assert.deepEqual(args.slice(-3), ['trixie', 'root.tar', 'deb http://m.test/debian/ trixie main']);
  for (const hook of args.filter((arg) => arg.includes('-hook=')))
    assert.doesNotMatch(hook, /é|\/work|\/tmp/);
});
