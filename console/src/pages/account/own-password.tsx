import { Button, PasswordInput } from '@mantine/core';
import type { FormEvent } from 'react';
import { useChangePassword } from '../../api/session.ts';
import { ErrorNote } from '../../parts/error-note.tsx';
import { Note } from '../../parts/note.tsx';
import { NewPasswordField } from '../../parts/password-field.tsx';
import { useFormValues } from '../../parts/use-form-values.ts';
import '../namespace/policy.css';

const noValues = { currentPassword: '', newPassword: '' };

/** The form for another password of one's own. */
export function OwnPassword({ accountName }: { accountName: string }) {
  const change = useChangePassword();
  const { values, set, clear } = useFormValues(noValues);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(values, { onSuccess: clear });
  };
  return (
    <form className="pq-panel pq-policy-panel" aria-label="Password" onSubmit={submit}>
      {/* For password managers: whose password it is. */}
      <input type="text" name="username" autoComplete="username" value={accountName} readOnly hidden />
      <div className="pq-fields">
        <PasswordInput
          label="Current password"
          description="To be sure that it is you"
          w={260}
          required
          withAsterisk={false}
          autoComplete="current-password"
          value={values.currentPassword}
          onChange={(event) => set({ currentPassword: event.currentTarget.value })}
        />
        <div style={{ width: 330 }}>
          <NewPasswordField
            label="New password"
            required
            value={values.newPassword}
            onChange={(newPassword) => set({ newPassword })}
          />
        </div>
        <Button type="submit" size="sm" loading={change.isPending}>
          Change password
        </Button>
      </div>
      {change.error !== null && <ErrorNote error={change.error} />}
      {change.isSuccess && (
        <Note tone="plain" title="Changed: your other sessions have ended.">
          <p>Access tokens go on; revoke those that you do not know.</p>
        </Note>
      )}
    </form>
  );
}
