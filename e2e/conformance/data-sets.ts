import { digestOf } from '../../src/bytes/digest.ts';
import type { Digest, DigestAlgorithm } from '../../src/oci/digest.ts';
import {
  dockerConfigMediaType,
  dockerGzipLayerMediaType,
  dockerIndexMediaType,
  dockerManifestMediaType,
  ociConfigMediaType,
  ociEmptyMediaType,
  ociGzipLayerMediaType,
  ociIndexMediaType,
  ociLayerMediaType,
  ociManifestMediaType,
} from '../../src/oci/media-types.ts';
import { bytesOf, type TestBlob, testBlob } from './target.ts';

/** A manifest to push. */
export interface PushedManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly digest: Digest;
  /** Absent: it is pushed by its digest alone. */
  readonly tag?: string;
  readonly subject?: Digest;
  /** How its subject's referrers list must show it beside type, digest and size. */
  readonly listed?: Readonly<Record<string, unknown>>;
}

/** What is pushed, looked at and deleted together. */
export interface DataSet {
  readonly blobs: readonly TestBlob[];
  /** In the order of the push: what is named before what names it. */
  readonly manifests: readonly PushedManifest[];
}

type Fields = Readonly<Record<string, unknown>>;

export const sbomType = 'application/vnd.example.sbom.v1';
export const signatureType = 'application/vnd.example.signature.v1';
/** spec.md#pushing-manifests: at least 4 megabytes are to be expected. */
const largeAnnotations = Object.fromEntries(
  Array.from({ length: 390 }, (_, index) => [`org.example.note.${index}`, `${index % 10}`.repeat(10_000)]),
);

/** Collects a data set whose content is told apart by `seed`, all under one digest algorithm. */
export class DataSetBuilder {
  readonly blobs: TestBlob[] = [];
  readonly manifests: PushedManifest[] = [];
  readonly #seed: string;
  readonly algorithm: DigestAlgorithm;

  constructor(seed: string, algorithm: DigestAlgorithm) {
    this.#seed = seed;
    this.algorithm = algorithm;
  }

  /** Adds a blob and returns its descriptor. */
  blob(mediaType: string, bytes: Buffer, extra: Fields = {}) {
    const blob = testBlob(bytes, this.algorithm);
    if (!this.blobs.some(({ digest }) => digest === blob.digest)) this.blobs.push(blob);
    return { mediaType, digest: blob.digest, size: bytes.length, ...extra };
  }

  config(mediaType = ociConfigMediaType) {
    const config = { architecture: 'amd64', os: 'linux', seed: this.#seed, at: this.manifests.length };
    return this.blob(mediaType, Buffer.from(JSON.stringify(config)));
  }

  layer(mediaType = ociGzipLayerMediaType, extra: Fields = {}) {
    return this.blob(mediaType, bytesOf(`${this.#seed} layer ${this.blobs.length}`, 300), extra);
  }

  empty(extra: Fields = {}) {
    return this.blob(ociEmptyMediaType, Buffer.from('{}'), extra);
  }

  /** Adds a manifest and returns its descriptor. */
  manifest(document: Fields, options: Pick<PushedManifest, 'tag' | 'listed'> = {}) {
    // Spaces, so that storing it in another form than it came in shows.
    const bytes = Buffer.from(JSON.stringify(document, null, document['annotations'] === undefined ? 3 : 1));
    const mediaType = String(document['mediaType']);
    const digest = digestOf(bytes, this.algorithm);
    const subject = document['subject'] as { digest: Digest } | undefined; // made by this builder
    this.manifests.push({
      bytes,
      mediaType,
      digest,
      ...options,
      ...(subject === undefined ? {} : { subject: subject.digest }),
    });
    return { mediaType, digest, size: bytes.length };
  }

  image(options: Pick<PushedManifest, 'tag' | 'listed'> = {}, extra: Fields = {}) {
    return this.manifest(
      {
        schemaVersion: 2,
        mediaType: ociManifestMediaType,
        config: this.config(),
        layers: [this.layer(), this.layer()],
        ...extra,
      },
      options,
    );
  }

  artifact(artifactType: string, options: Pick<PushedManifest, 'tag' | 'listed'> = {}, extra: Fields = {}) {
    return this.manifest(
      {
        schemaVersion: 2,
        mediaType: ociManifestMediaType,
        artifactType,
        config: this.empty(),
        layers: [this.layer('application/vnd.example.content')],
        ...extra,
      },
      options,
    );
  }

  index(
    manifests: readonly unknown[],
    options: Pick<PushedManifest, 'tag' | 'listed'> = {},
    extra: Fields = {},
  ) {
    return this.manifest({ schemaVersion: 2, mediaType: ociIndexMediaType, manifests, ...extra }, options);
  }
}

const amd64 = { platform: { os: 'linux', architecture: 'amd64' } };
const arm64 = { platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } };

/** Kinds of content that a registry meets, of image-spec v1.1 manifest.md, image-index.md and Docker's v2 schema 2. */
export const dataSets: Readonly<Record<string, (set: DataSetBuilder) => void>> = {
  'an image': (set) => {
    set.image({ tag: 'image' });
  },
  'an image without a tag': (set) => {
    set.image();
  },
  'an image of uncompressed layers': (set) => {
    set.image({ tag: 'plain' }, { layers: [set.layer(ociLayerMediaType), set.layer(ociLayerMediaType)] });
  },
  'a manifest of 3.9 MB': (set) => {
    set.image({ tag: 'large' }, { annotations: largeAnnotations });
  },
  'an index': (set) => {
    set.index(
      [
        { ...set.image(), ...amd64 },
        { ...set.image(), ...arm64 },
      ],
      { tag: 'index' },
    );
  },
  'an index of indexes': (set) => {
    const inner = set.index([{ ...set.image({ tag: 'leaf' }), ...amd64 }]);
    set.index([inner, set.index([{ ...set.image(), ...arm64 }], { tag: 'inner' })], { tag: 'nested' });
  },
  'an empty index': (set) => {
    set.index([], { tag: 'empty-index' });
  },
  'an artifact': (set) => {
    set.artifact(sbomType, { tag: 'artifact' });
  },
  'an index of artifacts': (set) => {
    const artifacts = [set.artifact(sbomType), set.artifact(signatureType)];
    set.index(artifacts, { tag: 'artifact-index' }, { artifactType: 'application/vnd.example.set' });
  },
  'an artifact without content': (set) => {
    set.artifact(sbomType, { tag: 'bare' }, { layers: [set.empty()] });
  },
  'an image without layers': (set) => {
    set.image({ tag: 'no-layers' }, { layers: [] });
  },
  'embedded content': (set) => {
    const config = set.empty({ data: Buffer.from('{}').toString('base64') });
    const layer = set.blob('text/plain', Buffer.from('embedded'), {
      data: Buffer.from('embedded').toString('base64'),
    });
    set.artifact(sbomType, { tag: 'data' }, { config, layers: [layer] });
  },
  'a layer that is kept elsewhere': (set) => {
    const absent = testBlob(bytesOf('kept elsewhere', 50), 'sha256');
    const layer = {
      mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
      digest: absent.digest,
      size: absent.bytes.length,
      urls: ['https://layers.example.org/one'],
    };
    set.image({ tag: 'elsewhere' }, { layers: [set.layer(), layer] });
  },
  'fields that no specification has': (set) => {
    const custom = { 'org.example.field': { deep: [1, null, 'ä'] } };
    const image = set.image(
      { tag: 'custom' },
      { layers: [set.layer(ociGzipLayerMediaType, custom)], ...custom },
    );
    set.index([{ ...image, ...custom }], { tag: 'custom-index' }, custom);
  },
  'a Docker image and manifest list': (set) => {
    const image = set.manifest(
      {
        schemaVersion: 2,
        mediaType: dockerManifestMediaType,
        config: set.config(dockerConfigMediaType),
        layers: [set.layer(dockerGzipLayerMediaType)],
      },
      { tag: 'docker' },
    );
    const manifests = [{ ...image, ...amd64 }];
    set.manifest({ schemaVersion: 2, mediaType: dockerIndexMediaType, manifests }, { tag: 'docker-list' });
  },
  ...withSubjects(),
};

/** spec.md#listing-referrers: what an entry says of its manifest. */
function withSubjects(): typeof dataSets {
  const annotations = {
    'org.opencontainers.image.created': '2026-01-02T03:04:05Z',
    'org.example.note': 'ä "x"',
  };
  return {
    'artifacts with a subject': (set) => {
      const subject = set.image({ tag: 'subject' });
      set.artifact(sbomType, { listed: { artifactType: sbomType } }, { subject });
      set.artifact(
        signatureType,
        { tag: 'signature', listed: { artifactType: signatureType, annotations } },
        { subject, annotations },
      );
      set.image({ listed: { artifactType: ociConfigMediaType } }, { subject });
    },
    'an index as subject, and indexes with one': (set) => {
      const subject = set.index([set.image()], { tag: 'subject-index' });
      set.index([set.image()], { listed: { annotations } }, { subject, annotations });
      set.index(
        [],
        { tag: 'typed', listed: { artifactType: sbomType } },
        { subject, artifactType: sbomType },
      );
    },
    'a chain of subjects': (set) => {
      const sbom = set.artifact(sbomType, { listed: { artifactType: sbomType } }, { subject: set.image() });
      set.artifact(signatureType, { listed: { artifactType: signatureType } }, { subject: sbom });
    },
    'a subject that is not there': (set) => {
      const absent = new DataSetBuilder('absent', set.algorithm).image();
      set.artifact(sbomType, { tag: 'orphan', listed: { artifactType: sbomType } }, { subject: absent });
    },
  };
}
