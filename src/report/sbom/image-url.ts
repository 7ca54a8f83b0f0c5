import { PackageURL } from 'packageurl-js';
import type { DescribedImage } from './described-image.ts';

/** The package URL of an image in a registry (purl-spec, type `oci`); undefined for one that is in none. */
export function imageUrl({ digest, platform, repository }: DescribedImage): string | undefined {
  if (digest === undefined || repository === undefined) return undefined;
  const name = repository.name.slice(repository.name.lastIndexOf('/') + 1);
  const { registry } = repository;
  const qualifiers = {
    ...(platform === undefined ? {} : { arch: platform.architecture }),
    ...(registry === undefined ? {} : { repository_url: `${registry}/${repository.name}` }),
  };
  return new PackageURL('oci', undefined, name, digest, qualifiers).toString();
}
