import type { ImageDetails, SecretFinding } from '../../api/answers.ts';
import { useSecrets } from '../../api/images.ts';
import { useMayAllow } from '../../api/namespaces.ts';
import type { Column } from '../../parts/data-table.tsx';
import { SeverityMark } from '../../parts/severity-mark.tsx';
import { useSearchState } from '../../parts/use-search-state.ts';
import { FileFindings, fileFindingQuery } from './file-findings.tsx';
import { AllowFinding, LayerOfFile, NameOfFinding, PathOfFile } from './file-place.tsx';
import { revisionOf } from './revision-of.ts';

const types = [
  'cloud',
  'code-host',
  'package-registry',
  'chat',
  'payment',
  'service',
  'database',
  'private-key',
  'token',
  'password',
] as const satisfies readonly SecretFinding['type'][];

const columns: readonly Column<SecretFinding>[] = [
  {
    id: 'title',
    label: 'Secret',
    cell: ({ title, rule, exempted }) => <NameOfFinding name={title} title={rule} exempted={exempted} />,
  },
  { id: 'severity', label: 'Severity', cell: (secret) => <SeverityMark severity={secret.severity} /> },
  { id: 'type', label: 'Type', cell: (secret) => secret.type },
  { id: 'value', label: 'Value', cell: (secret) => <span className="pq-mono">{secret.masked}</span> },
  { id: 'path', label: 'Path', grow: true, cell: ({ path }) => <PathOfFile path={path} /> },
  { id: 'line', label: 'Line', align: 'right', cell: (secret) => secret.line },
  {
    id: 'layer',
    label: 'Layer',
    cell: ({ layer, fromBase, fate }) => <LayerOfFile layer={layer} fromBase={fromBase} fate={fate} />,
  },
];

function allowColumn(image: ImageDetails): Column<SecretFinding> {
  return {
    id: 'actions',
    label: 'Actions',
    head: '',
    align: 'right',
    cell: (secret) => (
      <AllowFinding
        image={image}
        id={`secret:${secret.rule}`}
        path={secret.path}
        exempted={secret.exempted}
      />
    ),
  };
}

function rowKey({ rule, path, line, masked, layer }: SecretFinding): string {
  return JSON.stringify([rule, path, line, masked, layer?.index, layer?.digest]);
}

function nothingOf({ counts, problem }: ImageDetails['secrets']): string {
  if (counts === null) return 'This image was not searched for sensitive data yet: scan it again';
  return problem === undefined ? 'No sensitive data found' : 'No sensitive data found in what could be read';
}

/** Credentials in the layers and the config of an image; values are masked. */
export function SecretsTab({ image }: { image: ImageDetails }) {
  const mayAllow = useMayAllow(image.namespace);
  const query = fileFindingQuery(useSearchState(), types);
  const found = useSecrets({ id: image.id, query, revision: revisionOf(image) });
  return (
    <FileFindings
      name="Sensitive data"
      noun="secrets"
      placeholder="Name or path"
      types={types}
      columns={mayAllow ? [...columns, allowColumn(image)] : columns}
      rowKey={rowKey}
      found={found}
      problem={image.secrets.problem}
      nothing={nothingOf(image.secrets)}
      advice={
        <p>
          Revoke each of them where it was issued: whoever has pulled the image has it. Then build the image
          without it (a build secret, or what the container is given when it starts), because a later layer
          that deletes the file leaves it in the image, and delete the old image and its tags.
        </p>
      }
    />
  );
}
