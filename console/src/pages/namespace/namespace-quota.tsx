import { Button, Group, Progress, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Namespace } from '../../api/answers.ts';
import { useChangeNamespace } from '../../api/namespaces.ts';
import { useSession } from '../../api/session.ts';
import { byteSize } from '../../parts/byte-size.ts';
import { ErrorNote } from '../../parts/error-note.tsx';
import { parseByteSize } from '../../parts/parse-byte-size.ts';

/** From this part on the bar says that it is getting tight. */
const tightPart = 0.85;

/** How much the namespace holds, and of how much. */
function UsageBar({ usedBytes, quotaBytes }: { usedBytes: number; quotaBytes: number | null }) {
  if (quotaBytes === null)
    return <div className="pq-dim">Holds {byteSize(usedBytes)}; there is no limit.</div>;
  const part = quotaBytes === 0 ? 1 : Math.min(1, usedBytes / quotaBytes);
  const words = `${byteSize(usedBytes)} of ${byteSize(quotaBytes)} used`;
  return (
    <div>
      <Progress
        value={part * 100}
        color={part >= 1 ? 'danger' : part >= tightPart ? 'yellow' : 'blue'}
        aria-label={words}
        mb={6}
      />
      <span className="pq-dim">
        {words}
        {part >= 1 && ': pushes are refused until images are deleted or the quota is raised'}
      </span>
    </div>
  );
}

/** Usage, and for system administrators the form of the quota; empty text means no limit. */
export function NamespaceQuota({ namespace }: { namespace: Namespace }) {
  const { name, usedBytes, quotaBytes } = namespace;
  const session = useSession();
  const change = useChangeNamespace(name);
  const stored = quotaBytes === null ? '' : byteSize(quotaBytes);
  const [text, setText] = useState<string>();
  const wanted = (text ?? stored).trim();
  const bytes = wanted === '' ? null : parseByteSize(wanted);
  const save = () => {
    if (bytes !== undefined) {
      change.mutate({ quotaBytes: bytes }, { onSuccess: () => setText(undefined) });
    }
  };
  return (
    <section className="pq-panel pq-policy-panel" aria-label="Quota">
      <div>
        <h2>Quota</h2>
        <UsageBar usedBytes={usedBytes} quotaBytes={quotaBytes} />
      </div>
      {session.data?.account.isAdmin === true && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            save();
          }}
        >
          <Group align="flex-end" gap="sm">
            <TextInput
              label="At most"
              description="Such as 10 GiB; empty: no limit"
              value={text ?? stored}
              error={bytes === undefined ? 'A number with B, KiB, MiB, GiB or TiB' : undefined}
              onChange={(event) => setText(event.currentTarget.value)}
              autoComplete="off"
            />
            <Button
              type="submit"
              variant="default"
              disabled={text === undefined || bytes === undefined}
              loading={change.isPending}
            >
              Save quota
            </Button>
          </Group>
          {change.error !== null && <ErrorNote error={change.error} />}
        </form>
      )}
    </section>
  );
}
