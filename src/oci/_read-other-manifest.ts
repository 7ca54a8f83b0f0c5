import { type FieldReader, FieldRefusal } from './_json-fields.ts';
import { type DescriptorBudget, readDescriptor } from './_read-descriptor.ts';
import type { Descriptor, OtherManifest } from './manifest.ts';
import { isJsonArray, isJsonObject, type JsonValue } from './strict-json.ts';

/**
 * Reads what a document of an unknown type says of content that it needs, in the fields that the specifications have for
 * it; what is no descriptor there is the document's own. It may list manifests or name blobs, not both: else one reader
 * would take it for an index and another for an image (CVE-2021-41190).
 */
export function readOtherManifest(
  fields: FieldReader,
  budget: DescriptorBudget,
): Pick<OtherManifest, 'config' | 'layers' | 'manifests'> & { readonly subject?: Descriptor } {
  if (fields.has('fsLayers')) {
    throw new FieldRefusal('there must be no field fsLayers: push it as an OCI image or Docker schema 2');
  }
  const one = (key: string) => {
    const value = fields.value(key);
    return looksLikeDescriptor(value) ? { [key]: readDescriptor(value, key, budget) } : {};
  };
  const list = (key: string) => {
    const items = fields.value(key);
    if (!isJsonArray(items)) return [];
    return items.flatMap((item, index) =>
      looksLikeDescriptor(item) ? [readDescriptor(item, `${key}[${index}]`, budget)] : [],
    );
  };
  const found = {
    ...one('config'),
    layers: [...list('layers'), ...list('blobs')],
    manifests: list('manifests'),
    ...one('subject'),
  };
  if (found.manifests.length > 0 && ('config' in found || found.layers.length > 0)) {
    throw new FieldRefusal('manifests must not stand beside config, layers or blobs');
  }
  return found;
}

function looksLikeDescriptor(value: JsonValue | undefined): boolean {
  return isJsonObject(value) && value.has('digest');
}
