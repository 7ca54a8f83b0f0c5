import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Navigate, useSearchParams } from 'react-router';
import { ApiError } from '../api/api-error.ts';
import { useSession, useSignIn } from '../api/session.ts';
import { BrandMark } from '../layout/brand-mark.tsx';
import { ErrorNote } from '../parts/error-note.tsx';
import { Note } from '../parts/note.tsx';
import { safePath } from './safe-path.ts';
import './sign-in-page.css';

function SignInError({ error }: { error: Error }) {
  if (error instanceof ApiError && error.status === 401) {
    return (
      <Note tone="error" title="Name or password is wrong">
        <p>
          The first start of the server wrote the password of <code>admin</code> to its log and to{' '}
          <code>admin-password</code> in its data folder.
        </p>
      </Note>
    );
  }
  return <ErrorNote error={error} />;
}

/** Name and password; afterwards the page that was asked for. */
export function SignInPage() {
  const session = useSession();
  const signIn = useSignIn();
  const [params] = useSearchParams();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  if (session.data) return <Navigate to={safePath(params.get('next'))} replace />;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate({ username, password });
  };
  return (
    <main className="pq-sign-in">
      <title>Sign in · Pratique</title>
      <form onSubmit={submit}>
        <Stack gap="md">
          <h1>
            <BrandMark />
            Pratique
          </h1>
          <TextInput
            label="Username"
            size="sm"
            autoComplete="username"
            autoCapitalize="none"
            data-autofocus
            autoFocus
            required
            withAsterisk={false}
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            size="sm"
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {signIn.error !== null && <SignInError error={signIn.error} />}
          <Button type="submit" size="sm" loading={signIn.isPending}>
            Sign in
          </Button>
        </Stack>
      </form>
    </main>
  );
}
