/** Why git, or one thing of it, takes no part. The files are exchanged all the same, so this becomes a note and never ends a session. */
export class GitRefusal extends Error {
  override readonly name = 'GitRefusal';
}
