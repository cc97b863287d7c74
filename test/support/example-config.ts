/** The seed's site in sluice.yaml, as far as it is built today. */
export const EXAMPLE = `site: beefcake2
shared: /cluster/shared/ai
runtime: /cluster/shared/sluice
gateway:
  nginx: private
  listen: 8080
  networks: [10.0.0.0/24]
tiers:
  fast:
    engine: llama.cpp
    path: /
    gatewayPort: 8080
    router: { modelsDir: /scratch/ai/models, modelsMax: 2, preload: [strand-rust-coder-14b-q8_0] }
    gpu: { arch: sm70, memory: 32G }
    replicas: 1
    slurm: { script: run-14b.slurm, jobName: llama-14b, partition: gpu_ai, qos: ai_opportunistic, gpus: 1, mem: 64G, nodelist: vasp-02 }
  reasoning:
    engine: llama.cpp
    path: /reasoning/
    gatewayPort: 8081
    model: { name: OR1-Behemoth, file: /scratch/ai/models/OR1-Behemoth-72B-Q4_K_M.gguf }
    context: 131072
    rpc: { workers: 2, port: 50052, layers: [26, 27, 27] }
    args: { batch-size: 512, ubatch-size: 512, cache-type-k: q4_0, parallel: 1, timeout: 600 }
    gpu: { arch: sm70, memory: 32G }
    numa: true
    slurm: { script: run-72b-distributed.slurm, jobName: llama-72b, partition: gpu_ai, qos: ai_opportunistic, nodes: 3, gpus: 1, mem: 200G, time: 01:30:00, nodelist: "vasp-[01-03]" }
`

/** A site without tiers, to which a test adds lines from line 5 on. */
export const SITE = `site: lab
shared: /srv/shared
runtime: /srv/sluice
gateway: { networks: [10.0.0.0/24] }
`

/** SITE and one tier, whose keys from line 9 on a test may add to. */
export const TIER = `${SITE}tiers:
  fast:
    engine: llama.cpp
    path: /
`
