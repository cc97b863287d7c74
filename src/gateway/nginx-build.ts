/** What one nginx was built with, as far as a configuration has to know: a directive it lacks is an error. */
export interface NginxBuild {
  readonly version: string
  /** `GET /status` of the control socket exists. */
  readonly hasStatus: boolean
  /** keepalive_min_timeout, nginx 1.27.4: idle connections outlive a reload by a moment. */
  readonly hasKeepaliveMinimum: boolean
  /** Directives that a site's http { } may have set and that ours takes back. */
  readonly hasGzip: boolean
  readonly hasCache: boolean
  /** Modules that Sluice does not use, and whose temporary directories nginx makes at start all the same. */
  readonly unusedModules: readonly string[]
}

/**
 * Reads the output of `nginx -V`.
 *
 * @throws when it is not one.
 */
export function parseBuild(text: string): NginxBuild {
  const version = /nginx version: \S+?\/(\d+)\.(\d+)\.(\d+)/.exec(text)
  if (version === null) throw new Error(`Cannot read the version of nginx: ${JSON.stringify(text.slice(0, 200))}`)
  const [major = 0, minor = 0, patch = 0] = version.slice(1).map(Number)
  return {
    version: `${major}.${minor}.${patch}`,
    hasStatus: text.includes('--with-http_stub_status_module'),
    hasKeepaliveMinimum: major * 1_000_000 + minor * 1000 + patch >= 1_027_004,
    hasGzip: !text.includes('--without-http_gzip_module'),
    hasCache: !text.includes('--without-http-cache'),
    unusedModules: ['fastcgi', 'uwsgi', 'scgi'].filter(name => !text.includes(`--without-http_${name}_module`)),
  }
}
