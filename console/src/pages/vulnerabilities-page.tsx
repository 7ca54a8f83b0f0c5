import { Button, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { useSystem } from '../api/advisories.ts';
import { PageHead } from '../layout/page-head.tsx';
import { EmptyNote } from '../parts/empty-note.tsx';
import './namespace/policy.css';

/** Looks a vulnerability up by any of its ids: who has it, and what is known of it. */
export function VulnerabilitiesPage() {
  const system = useSystem();
  const navigate = useNavigate();
  const [id, setId] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (id.trim() !== '') void navigate(`/vulnerabilities/${encodeURIComponent(id.trim())}`);
  };
  const advisories = system.data?.counts.advisories;
  return (
    <>
      <PageHead title="Vulnerabilities" verdict="Which images have a vulnerability?" />
      <form className="pq-panel pq-policy-panel" aria-label="Look up a vulnerability" onSubmit={submit}>
        <div className="pq-fields">
          <TextInput
            label="Vulnerability id"
            description="CVE, GHSA, DSA or any other id of a record"
            placeholder="CVE-2016-6304"
            w={320}
            size="sm"
            required
            withAsterisk={false}
            autoComplete="off"
            value={id}
            onChange={(event) => setId(event.currentTarget.value)}
          />
          <Button type="submit" size="sm">
            Look up
          </Button>
        </div>
      </form>
      {advisories === 0 && (
        <EmptyNote title="No advisories yet" command="npx pratique advisories sync">
          Without them no vulnerability is known. See the <Link to="/advisories">feeds</Link>.
        </EmptyNote>
      )}
    </>
  );
}
