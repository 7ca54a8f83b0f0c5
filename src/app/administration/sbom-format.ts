export { type SbomFormatName, sbomFormatNames } from '../../report/sbom/sbom-format-names.ts';
