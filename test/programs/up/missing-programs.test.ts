import { expect, it } from 'vitest'
import { type Machine, PROGRAMS, remedyFor, systemName } from '../../../scripts/missing-programs.ts'

const debian = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nID=debian\n'
const root: Machine = { platform: 'linux', osRelease: debian, isRoot: true, hasAptGet: true }

it('installs on Debian and what derives from it, as root', () => {
  const install = { kind: 'install', packages: ['nginx'] }
  expect(remedyFor(PROGRAMS, root)).toEqual(install)
  expect(remedyFor(PROGRAMS, { ...root, osRelease: 'ID=linuxmint\nID_LIKE="ubuntu debian"\n' })).toEqual(install)
})

it.each<[string, Partial<Machine>, string]>([
  [
    'Debian without root',
    { isRoot: false },
    'apt-get update && apt-get install --no-install-recommends nginx\n  systemctl disable --now nginx ',
  ],
  ['Fedora', { osRelease: 'ID=fedora\n', hasAptGet: false }, '  dnf install nginx'],
  ['Rocky', { osRelease: 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', hasAptGet: false }, '  dnf install nginx'],
  ['Arch', { osRelease: 'ID=arch\n', hasAptGet: false }, '  pacman -S nginx'],
  ['another', { osRelease: 'ID=void\n', hasAptGet: false }, 'often nginx, with your package manager'],
  ['one that says nothing', { osRelease: undefined, hasAptGet: false }, 'often nginx, with your package manager'],
  ['a Mac', { platform: 'darwin', osRelease: undefined, hasAptGet: false }, 'needs Linux, whose /proc it reads'],
])('says to people on %s what to do', (_, change, text) => {
  const remedy = remedyFor(PROGRAMS, { ...root, ...change })
  expect(remedy.kind === 'report' && remedy.lines.join('\n')).toContain(text)
})

it('names the system', () => {
  expect(systemName(root)).toBe('Debian GNU/Linux 13 (trixie)')
  expect(systemName({ ...root, osRelease: undefined })).toBe('linux')
})
