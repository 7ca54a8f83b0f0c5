import { Button, Menu } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import type { ImageDetails } from '../../api/answers.ts';

const formats = [
  { format: 'cyclonedx', label: 'CycloneDX 1.6 (JSON)' },
  { format: 'spdx', label: 'SPDX 2.3 (JSON)' },
  { format: 'spdx3', label: 'SPDX 3.0.1 (JSON-LD)' },
] as const;

/** The bill of materials as a file; nothing for what has none: an index, an artifact, an image that was never scanned. */
export function SbomMenu({ image }: { image: ImageDetails }) {
  if (image.kind !== 'image' || image.inspectedAt === null) return null;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" leftSection={<IconDownload size={14} />}>
          Download SBOM
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
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
      </Menu.Dropdown>
    </Menu>
  );
}
