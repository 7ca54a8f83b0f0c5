import { readExploitationDates, readScoreDate } from '../../advisories/exploitation-dates.ts';
import { readInformational } from '../../advisories/osv/informational-records.ts';
import { listExemptions } from '../../catalog/exemptions.ts';
import type { Database } from '../../database/database.ts';
import { factsRatedIn } from '../../report/rated-in-order.ts';
import { defaultSeverityOrder } from '../../report/severity-order.ts';
import { placeFindings, readReportDetails } from '../../scan/reports/report-details.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { ImageScope } from '../authorize.ts';
import type { Caller } from '../caller.ts';
import type { Finding, FindingQuery } from '../contract/finding.ts';
import { type Page, pageOf } from '../page-of.ts';
import { explainPage } from './explain-page.ts';
import { findingKey, type SelectedFinding, selectFindings } from './list-findings.ts';
import { readableBase } from './readable-base.ts';

/** One page of an image's findings, rated as its namespace orders the sources. */
export async function pageOfFindings(
  { db, facts, packages, verdicts }: ApiDependencies,
  asked: {
    readonly image: ImageScope;
    readonly namespaceId: number;
    readonly query: FindingQuery;
    readonly caller: Caller;
    readonly now: Date;
  },
): Promise<Page<Finding>> {
  const { image, namespaceId, query, caller, now } = asked;
  const [imageFacts, report, exemptions, base, judgedBy] = await Promise.all([
    facts.factsOf(image.digest),
    readReportDetails({ db, packages }, image.digest),
    listExemptions(db, namespaceId),
    readableBase(db, { image, caller }),
    verdicts.policyOf(namespaceId),
  ]);
  const { severityOrder = defaultSeverityOrder, policy } = judgedBy;
  const rated = imageFacts === undefined ? undefined : factsRatedIn(imageFacts, severityOrder);
  const placed = rated === undefined ? [] : placeFindings(rated, report);
  const { repository, digest } = image;
  const { unknownSeverityAs } = policy;
  const scope = { exemptions, repository, digest, now, base, severityOrder, unknownSeverityAs };
  const items = selectFindings(placed, query, scope);
  const list = `findings ${query.sort ?? ''}`;
  const page = pageOf({ list, items, request: query, keyOf: findingKey, show: (finding) => finding });
  const explained = query.explained === true ? await explainPage(db, page.items, report) : undefined;
  const detailed = await withDetails(db, page.items);
  return {
    ...page,
    items: detailed.map((finding, index) => ({ ...finding, matched: explained?.[index] ?? null })),
  };
}

/** With the dates of CISA's entry and of the EPSS scores, and what kind of record it is. */
async function withDetails(
  db: Database,
  findings: readonly SelectedFinding[],
): Promise<Omit<Finding, 'matched'>[]> {
  const listed = findings.filter(({ knownExploited }) => knownExploited);
  const [dates, scoredOn, informational] = await Promise.all([
    readExploitationDates(
      db,
      listed.flatMap(({ id, aliases }) => [id, ...aliases]),
    ),
    readScoreDate(db),
    readInformational(
      db,
      findings.map(({ record }) => record),
    ),
  ]);
  return findings.map((finding) => {
    const [entry] = [finding.id, ...finding.aliases].flatMap((id) => dates.get(id) ?? []);
    const epssOn = finding.epss === null ? undefined : scoredOn;
    return {
      ...finding,
      exploitation: entry ?? null,
      epssOn: epssOn ?? null,
      informational: informational.get(finding.record) ?? null,
    };
  });
}
