/** The guest user programs run as; made by the image recipe. */
export const PORTABLE = { uid: 1000, gid: 1000, name: 'portable', home: '/home/portable' } as const;

/** Where the guest's copies of projects are. */
export const PROJECTS = `${PORTABLE.home}/projects/`;

/** In the environment of every program a host started, and so of all that these start: how a new daemon finds what the last one left. */
export const PROGRAM_MARK = 'PCODER_PROGRAM';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment every program in the guest starts from. */
export function baseEnvironment(user: 'portable' | 'root'): Record<string, string> {
  const home = user === 'root' ? '/root' : PORTABLE.home;
  return {
    PATH,
    HOME: home,
    USER: user,
    LOGNAME: user,
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    [PROGRAM_MARK]: '1',
  };
}

export function identity(user: 'portable' | 'root'): { uid: number; gid: number } {
  return user === 'root' ? { uid: 0, gid: 0 } : { uid: PORTABLE.uid, gid: PORTABLE.gid };
}
