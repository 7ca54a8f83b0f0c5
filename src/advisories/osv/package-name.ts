/**
 * The spelling under which advisories of an ecosystem are stored and looked up.
 * PyPI: PEP 503. NuGet and Packagist compare names without case, and so does Swift (swiftlang/swift-package-manager#3749);
 * all others are exact.
 */
export function normalisePackageName(ecosystem: string, name: string): string {
  switch (ecosystem) {
    case 'PyPI':
      return name.toLowerCase().replace(/[-_.]+/g, '-');
    case 'NuGet':
    case 'Packagist':
    case 'SwiftURL':
      return name.toLowerCase();
    default:
      return name;
  }
}
