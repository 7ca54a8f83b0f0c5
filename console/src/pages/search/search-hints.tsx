import { Link } from 'react-router';

const examples = [
  ['CVE-2021-44228', 'a vulnerability by any of its ids: CVE, GHSA, DSA, RHSA, GO …'],
  ['log4j-core', 'a package by its name, the last part of it, or its source package'],
  ['openssl@3.0.14-1~deb12u1', 'one version of it'],
  ['openssl >=3.0, <3.0.15', 'a range, compared as its ecosystem orders versions'],
  ['*log4j*', 'a part of a name'],
  ['pkg:npm/lodash@4.17.20', 'a package URL, with or without a version'],
] as const;

/** What may be searched for, each as a link that does it. */
export function SearchHints() {
  return (
    <section className="pq-panel pq-search-hints" aria-label="What may be searched for">
      <dl>
        {examples.map(([text, meaning]) => (
          <div key={text}>
            <dt>
              <Link to={`/search?for=${encodeURIComponent(text)}`}>
                <code>{text}</code>
              </Link>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
