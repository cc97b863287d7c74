/** sun_path of unix(7) has 108 bytes, one of them the ending zero. */
export const MOST_SOCKET_BYTES = 107

/** The control socket of a private nginx, below its state directory. */
export const CONTROL_SOCKET = 'run/control.sock'
