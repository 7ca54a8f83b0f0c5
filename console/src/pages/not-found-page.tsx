import { Link } from 'react-router';
import { PageHead } from '../layout/page-head.tsx';

/** An address that leads nowhere. */
export function NotFoundPage() {
  return (
    <>
      <PageHead title="There is no such page" />
      <p>
        Go to the <Link to="/">overview</Link> or the <Link to="/images">images</Link>.
      </p>
    </>
  );
}
