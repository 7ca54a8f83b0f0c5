/** Where package managers install what others wrote. */
const packageFolder =
  /(?:^|\/)(?:node_modules|site-packages|dist-packages|gems|vendor|registry\/src|pkg\/mod|usr\/(?:lib|share|include|src)|lib\/python[\d.]+|opt\/conda)\//;
/** Folders of tests and documentation, whose keys and passwords are made for them. */
const madeForShow =
  /(?:^|\/)(?:tests?|__tests__|testdata|test-data|fixtures?|specs?|examples?|samples?|demos?|docs?|man)\//i;

/** Whether other people's software is installed in this folder. */
export function belongsToPackage(path: string): boolean {
  return packageFolder.test(path);
}

/** Whether a secret in this file is one that everybody has: test data and examples of installed software. */
export function isExpectedSecret(path: string): boolean {
  if (!belongsToPackage(path)) return false;
  return path.startsWith('usr/share/doc/') || madeForShow.test(path);
}
