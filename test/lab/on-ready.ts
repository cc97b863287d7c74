import { readCluster } from './cluster-state.ts'

/** Runs before the shell of `npm run lab` is given to the user; whatever a person wants to find running starts here. */
export async function onReady(): Promise<void> {
  const { nodes } = await readCluster()
  console.error(`
  Three nodes of a real Slurm: ${nodes.map(node => node.name).join(' ')}. You are root on the controller.
    sinfo, squeue, scontrol show job ID
    runuser -u ai -- sbatch -p gpu_ai …            a preemptible job
    runuser -u vasp -- sbatch -p gpu_vasp …        the one that preempts it
    nsenter --net=/run/netns/${nodes[0]?.name} curl …     from a node
  Logs are in /var/log/slurm. Everything ends with this shell.
`)
}
