import { useState } from 'react';
import type { Robot } from '../../api/answers.ts';
import { useChangeRobot } from '../../api/robots.ts';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { GrantsField } from './grants-field.tsx';

/** Changes where a robot of the registry may do what; it acts on the next request. */
export function ChangeGrants({ robot, onClose }: { robot: Robot; onClose: () => void }) {
  const change = useChangeRobot(null);
  const [grants, setGrants] = useState(robot.permissions);
  return (
    <FormDialog
      opened
      title={`Permissions of ${robot.login}`}
      submitLabel="Save"
      pending={change.isPending}
      error={change.error}
      onSubmit={() => change.mutate({ robot: robot.name, grants }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <GrantsField grants={grants} onChange={(changed) => setGrants([...changed])} />
    </FormDialog>
  );
}
