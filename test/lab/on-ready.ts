import { readCluster } from './cluster/cluster-state.ts'
import { RUNTIME_DIRECTORY } from './cluster/directories.ts'
import { GATEWAY, openSite } from './site/site.ts'

/** Before the shell of `npm run lab` is given to a person: a tier that runs, `sluice` on the PATH, and what to try. */
export async function onReady(): Promise<void> {
  const { nodes } = await readCluster()
  const first = nodes[0]?.name ?? ''
  console.error('lab: starting the updater and two replicas of the fast tier')
  const site = await openSite()
  await site.startUpdater()
  await site.submit('fast', 2)
  await site.serving(2)
  process.env['SLUICE_CONFIG'] = site.configFile
  process.env['PATH'] = `${RUNTIME_DIRECTORY}/current:${process.env['PATH']}`
  console.error(`
  Three nodes of a real Slurm, ${nodes.map(node => node.name).join(' ')}, and a tier that runs. You are root on the controller.
    runuser -u ai -- sluice status                 what runs; the site's account is ai
    curl ${GATEWAY}/v1/models
    runuser -u vasp -- sbatch -p gpu_vasp -w ${first} --exclusive --wrap 'sleep 60' -o /dev/null
                                                   takes a node away; watch it with
    runuser -u ai -- sluice status --watch
    nsenter --net=/run/netns/${first} curl …       from a node
  sluice.yaml is ${site.configFile}; Slurm's logs are in /var/log/slurm. Everything ends with this shell.
`)
}
