import type { TargetReport } from '../../app/administration/scan-target.ts';

/** A scan as one JSON document. Fields may be added; these keep their meaning (design.md, contract). */
export function scanJson(report: TargetReport): string {
  const { facts, image, base } = report;
  const states = Object.fromEntries(
    Object.entries(facts.states).map(([category, { state, problem }]) => {
      const doubts = category === 'vulnerabilities' ? facts.doubts : [];
      const reason = problem?.reason ?? doubts.map(({ message }) => message).join('; ');
      return [
        category,
        { state, ...(reason === '' ? {} : { reason }), ...(doubts.length === 0 ? {} : { doubts }) },
      ];
    }),
  );
  const findings = report.findings.map((finding) => ({
    kind: 'vulnerability',
    ...finding,
    fromBase: base === undefined ? null : finding.place.layerIndex < base.layerCount,
    fixedVersion: finding.fixedVersion ?? null,
    epss: finding.epss ?? null,
    severitySource: finding.severitySource ?? null,
  }));
  const secrets = report.secrets.map((secret) => ({ kind: 'secret', ...secret }));
  const malware = report.malware.map((one) => ({ kind: 'malware', ...one }));
  const { counts, packages } = report;
  const { signatures } = facts.malware;
  return JSON.stringify(
    {
      image: { ...image, base: base === undefined ? null : showBase(base) },
      states,
      counts,
      judgedWith: facts.feeds,
      malwareSignatures: signatures,
      packages,
      findings: [...findings, ...secrets, ...malware],
    },
    undefined,
    2,
  );
}

function showBase({ namespace, repository, tags, digest, layerCount }: NonNullable<TargetReport['base']>) {
  return { namespace, repository, tags, digest, layerCount };
}
