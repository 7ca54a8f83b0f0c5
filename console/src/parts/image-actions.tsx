import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { Image } from '../api/answers.ts';
import { isBusy, useCancelScan, useScanImage } from '../api/images.ts';

function report(error: Error) {
  notifications.show({ color: 'danger', title: 'The scan was not changed', message: error.message });
}

/** What can be done with the image's scan in its state: scan now, cancel, scan again. */
export function ImageActions({ image, size = 'compact-xs' }: { image: Image; size?: 'compact-xs' | 'xs' }) {
  const scan = useScanImage();
  const cancel = useCancelScan();
  if (image.kind === 'index') return null;
  if (isBusy(image)) {
    return (
      <Button
        variant="default"
        size={size}
        loading={cancel.isPending}
        onClick={() => cancel.mutate(image.id, { onError: report })}
      >
        Cancel scan
      </Button>
    );
  }
  return (
    <Button
      variant="default"
      size={size}
      loading={scan.isPending}
      onClick={() => scan.mutate(image.id, { onError: report })}
    >
      {image.scan.state === 'not-scanned' ? 'Scan now' : 'Scan again'}
    </Button>
  );
}
