/** What every package manager's architectures are made of: `x86_64`, `amd64`, `kfreebsd-amd64`, `noarch`. */
const form = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/;

/** The architecture that a database records of a package; nothing where it records none, or no name of one. */
export function architectureOf(written: string | undefined): { readonly architecture?: string } {
  return written !== undefined && form.test(written) ? { architecture: written } : {};
}
