import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ImageDetails } from '../../api/answers.ts';
import { useDeleteTag } from '../../api/images.ts';
import { useNamespace } from '../../api/namespaces.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { shortDigest } from '../../parts/digest-text.tsx';

/** The tags that name the image, each with its deletion for roles that may. */
export function TagList({ image }: { image: ImageDetails }) {
  const namespace = useNamespace(image.namespace);
  const remove = useDeleteTag();
  const [asked, setAsked] = useState<string | undefined>(undefined);
  const role = namespace.data?.role;
  const mayDelete = role === 'admin' || role === 'maintainer';
  const close = () => {
    setAsked(undefined);
    remove.reset();
  };
  if (image.tags.length === 0) return <span className="pq-dim">none: it is pulled by its digest</span>;
  const { namespace: space, repository } = image;
  return (
    <>
      <ul className="pq-tags" aria-label="Tags">
        {image.tags.map((tag) => (
          <li key={tag}>
            <span className="pq-mono pq-break">{tag}</span>
            {mayDelete && (
              <Button
                variant="default"
                size="compact-xs"
                aria-label={`Delete tag ${tag}`}
                onClick={() => setAsked(tag)}
              >
                Delete tag
              </Button>
            )}
          </li>
        ))}
      </ul>
      {asked !== undefined && (
        <ConfirmDialog
          opened
          title={`Delete the tag ${asked}?`}
          confirmLabel="Delete tag"
          typedName={asked}
          pending={remove.isPending}
          error={remove.error}
          onClose={close}
          onConfirm={() => remove.mutate({ namespace: space, repository, tag: asked }, { onSuccess: close })}
        >
          Pulls of {space}/{repository}:{asked} find nothing from then on. The image stays and can be pulled
          as {shortDigest(image.digest)}; pushing it again brings the tag back.
        </ConfirmDialog>
      )}
    </>
  );
}
