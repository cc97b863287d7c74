import type { Njs } from './find-njs.ts'

/** The features of an nginx that matter to a configuration: an unknown directive is an error. */
export interface NginxBuild {
  readonly version: string
  /** `GET /status` of the control socket exists. */
  readonly hasStatus: boolean
  /** keepalive_min_timeout, nginx 1.27.4: idle connections outlive a reload by a moment. */
  readonly hasKeepaliveMinimum: boolean
  /** Directives that a site's http { } may set and that our part resets. */
  readonly hasGzip: boolean
  readonly hasCache: boolean
  /** Absent: it has no njs. */
  readonly njs?: Njs
  /** Modules that Sluice does not use; nginx creates their temporary directories at its start all the same. */
  readonly unusedModules: readonly string[]
}

/**
 * The first with limit_conn_dry_run; keepalive_timeout of an upstream came with 1.15.3. In a measurement without these lines,
 * 1.14.1 and 1.15.3 took a try without a connection for a delivery, and gave the request up.
 */
const OLDEST = '1.17.6'

/**
 * Reads the output of `nginx -V`.
 *
 * @throws when it is not one, and when that nginx is too old.
 */
export function parseBuild(text: string): NginxBuild {
  const version = /nginx version: \S+?\/(\d+)\.(\d+)\.(\d+)/.exec(text)
  if (version === null) throw new Error(`Cannot read the version of nginx: ${JSON.stringify(text.slice(0, 200))}`)
  const [major = 0, minor = 0, patch = 0] = version.slice(1).map(Number)
  const from = (wanted: string) => numberOf([major, minor, patch]) >= numberOf(wanted.split('.').map(Number))
  if (!from(OLDEST)) {
    throw new Error(
      `nginx ${major}.${minor}.${patch} is too old: it must be ${OLDEST} or newer; install another, on RHEL 8: dnf module reset nginx && dnf module enable nginx:1.24 && dnf update nginx`,
    )
  }
  return {
    version: `${major}.${minor}.${patch}`,
    hasStatus: text.includes('--with-http_stub_status_module'),
    hasKeepaliveMinimum: from('1.27.4'),
    hasGzip: !text.includes('--without-http_gzip_module'),
    hasCache: !text.includes('--without-http-cache'),
    unusedModules: ['fastcgi', 'uwsgi', 'scgi'].filter(name => !text.includes(`--without-http_${name}_module`)),
  }
}

function numberOf([major = 0, minor = 0, patch = 0]: readonly number[]): number {
  return major * 1_000_000 + minor * 1000 + patch
}
