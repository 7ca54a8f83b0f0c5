/** Arguments of oras, with the options that let it talk to a registry without TLS: a copy has one for each side. */
export function orasWithoutTls(args: readonly string[]): string[] {
  if (args[0] !== 'cp') return [...args, '--plain-http'];
  const registries = ['from', 'to'].filter((side) => !args.includes(`--${side}-oci-layout`));
  return [...args, ...registries.map((side) => `--${side}-plain-http`)];
}
