import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { EndpointState } from '../../core/domain/endpoint.ts'

/** An updater's metrics for Prometheus. Names and labels are an interface, because dashboards depend on them. */
export interface UpdaterMetrics {
  /** Servers that the running nginx may reach, by tier. */
  routes(routes: Readonly<Record<string, readonly string[]>>): void
  reloaded(seconds: number): void
  reloadFailed(step: string): void
  scanned(endpoints: readonly { readonly tier: string; readonly state: EndpointState }[], badFiles: number): void
  scanFailed(): void
  polled(seconds: number, failed: boolean): void
  /** How a replica left: `idle`, `deadline`, or `lost` without an event. */
  drained(tier: string, outcome: 'idle' | 'deadline' | 'lost'): void
  /** The exposition format, version 0.0.4, with its content type. */
  render(): Promise<{ contentType: string; text: string }>
}

export function createUpdaterMetrics(info: { version: string; site: string; gateway: string }): UpdaterMetrics {
  const registry = new Registry()
  const registers = [registry]
  registry.setDefaultLabels({ site: info.site, gateway: info.gateway })
  new Gauge({
    name: 'sluice_build_info',
    help: 'Always 1; the label has the version.',
    labelNames: ['version'],
    registers,
  }).set({ version: info.version }, 1)
  const routes = new Gauge({
    name: 'sluice_routes',
    help: 'Endpoints that nginx may reach.',
    labelNames: ['tier'],
    registers,
  })
  const endpoints = new Gauge({
    name: 'sluice_endpoints',
    help: 'Endpoint files by their state.',
    labelNames: ['tier', 'state'],
    registers,
  })
  const badFiles = new Gauge({
    name: 'sluice_bad_files',
    help: 'Files in endpoints/ that are not endpoints.',
    registers,
  })
  const scanFailures = new Counter({
    name: 'sluice_scan_failures_total',
    help: 'Scans of the registry that failed.',
    registers,
  })
  const reloads = new Histogram({
    name: 'sluice_reload_seconds',
    help: 'From the signal to the last old worker shutting down.',
    buckets: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
    registers,
  })
  const reloadFailures = new Counter({
    name: 'sluice_reload_failures_total',
    help: 'Configurations that could not be applied, by the step that failed.',
    labelNames: ['step'],
    registers,
  })
  const polls = new Histogram({
    name: 'sluice_squeue_seconds',
    help: 'How long squeue took, also when it failed.',
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60],
    registers,
  })
  const pollFailures = new Counter({
    name: 'sluice_squeue_failures_total',
    help: 'squeue calls without an answer.',
    registers,
  })
  const drains = new Counter({
    name: 'sluice_drains_total',
    help: 'Replicas that left, by how: idle, deadline, or lost.',
    labelNames: ['tier', 'outcome'],
    registers,
  })

  return {
    routes(now) {
      for (const [tier, ids] of Object.entries(now)) routes.set({ tier }, ids.length)
    },
    reloaded: seconds => reloads.observe(seconds),
    reloadFailed: step => reloadFailures.inc({ step }),
    scanned(found, bad) {
      endpoints.reset()
      for (const { tier, state } of found) endpoints.inc({ tier, state })
      badFiles.set(bad)
    },
    scanFailed: () => scanFailures.inc(),
    polled(seconds, failed) {
      polls.observe(seconds)
      if (failed) pollFailures.inc()
    },
    drained: (tier, outcome) => drains.inc({ tier, outcome }),
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}
