import { Button, Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconFileDescription } from '@tabler/icons-react';
import type { ImageDetails, SbomFormat } from '../../api/answers.ts';
import { useAttachSbom } from '../../api/images.ts';
import { useMayPush } from '../../api/namespaces.ts';
import { shortDigest } from '../../parts/digest-text.tsx';

const formats: readonly { format: SbomFormat; name: string; label: string }[] = [
  { format: 'cyclonedx', name: 'CycloneDX', label: 'CycloneDX 1.6 (JSON)' },
  { format: 'spdx', name: 'SPDX 2', label: 'SPDX 2.3 (JSON)' },
  { format: 'spdx3', name: 'SPDX 3', label: 'SPDX 3.0.1 (JSON-LD)' },
];

/** The bill of materials as a file, or attached; nothing for what has none: an index, an artifact, an image that was never scanned. */
export function SbomMenu({ image }: { image: ImageDetails }) {
  const mayPush = useMayPush(image.namespace);
  const attach = useAttachSbom(image.id);
  if (image.kind !== 'image' || image.inspectedAt === null) return null;
  const attachAs = (format: SbomFormat, name: string) =>
    attach.mutate(format, {
      onSuccess: ({ digest, isNew }) =>
        notifications.show({
          message: `The ${name} document ${isNew ? 'is now' : 'was already'} attached: ${shortDigest(digest)}`,
        }),
      onError: ({ message }) =>
        notifications.show({ color: 'danger', title: 'The SBOM was not attached', message }),
    });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" leftSection={<IconFileDescription size={14} />} loading={attach.isPending}>
          SBOM
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Download</Menu.Label>
        {formats.map(({ format, label }) => (
          // The answer names the file.
          <Menu.Item
            key={format}
            component="a"
            href={`/api/v1/images/${image.id}/sbom?format=${format}`}
            download
          >
            {label}
          </Menu.Item>
        ))}
        {mayPush && (
          <>
            <Menu.Divider />
            <Menu.Label>Keep with the image, as a referrer</Menu.Label>
            {formats.map(({ format, name }) => (
              <Menu.Item key={format} onClick={() => attachAs(format, name)}>
                Attach {name}
              </Menu.Item>
            ))}
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
