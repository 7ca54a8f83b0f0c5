import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconPlayerPlay, IconRefresh, IconX } from '@tabler/icons-react';
import type { Image } from '../api/answers.ts';
import { isBusy, useCancelScan, useScanImage } from '../api/images.ts';

function report(error: Error) {
  notifications.show({ color: 'danger', title: 'The scan was not changed', message: error.message });
}

/** The one action that the state of the scan offers: scan now, cancel, scan again. */
function useScanAction(image: Image) {
  const scan = useScanImage();
  const cancel = useCancelScan();
  if (isBusy(image)) {
    return {
      label: 'Cancel scan',
      Icon: IconX,
      pending: cancel.isPending,
      run: () => cancel.mutate(image.id, { onError: report }),
    };
  }
  const isFirst = image.scan.state === 'not-scanned';
  return {
    label: isFirst ? 'Scan now' : 'Scan again',
    Icon: isFirst ? IconPlayerPlay : IconRefresh,
    pending: scan.isPending,
    run: () => scan.mutate(image.id, { onError: report }),
  };
}

/** The scan action as a button; `compact` shows only its sign, for rows of a table. */
export function ImageActions({ image, compact = false }: { image: Image; compact?: boolean }) {
  const { label, Icon, pending, run } = useScanAction(image);
  if (image.kind === 'index') return null;
  if (!compact) {
    return (
      <Button variant="default" leftSection={<Icon size={14} />} loading={pending} onClick={run}>
        {label}
      </Button>
    );
  }
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size={24} aria-label={label} loading={pending} onClick={run}>
        <Icon size={14} />
      </ActionIcon>
    </Tooltip>
  );
}
