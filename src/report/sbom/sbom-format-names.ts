export const sbomFormatNames = ['cyclonedx', 'spdx', 'spdx3'] as const;
export type SbomFormatName = (typeof sbomFormatNames)[number];
