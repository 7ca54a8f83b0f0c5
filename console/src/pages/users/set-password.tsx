import { useState } from 'react';
import type { User } from '../../api/answers.ts';
import { useChangeUser } from '../../api/users.ts';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { NewPasswordField } from '../../parts/password-field.tsx';

/** Gives a user another password, such as one that they forgot. */
export function SetPassword({ user, onClose }: { user: User; onClose: () => void }) {
  const change = useChangeUser();
  const [password, setPassword] = useState('');
  return (
    <FormDialog
      opened
      title={`Set the password of ${user.name}`}
      submitLabel="Set password"
      pending={change.isPending}
      error={change.error}
      onSubmit={() => change.mutate({ name: user.name, password }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <div>Their sessions end. Access tokens go on until they are revoked.</div>
      <NewPasswordField label="New password" required value={password} onChange={setPassword} />
    </FormDialog>
  );
}
