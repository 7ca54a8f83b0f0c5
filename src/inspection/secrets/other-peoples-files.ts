/** Folders of usr/share that packages of distributions fill; what lies beside them may be a web root or somebody's application. */
const sharedFolders = [
  'aclocal[^/]*|autoconf|automake[^/]*|bash-completion|ca-certificates[^/]*|cmake[^/]*|common-licenses|dbus-1|debconf',
  'dict|doc|doc-base|emacs|file|fish|fonts|gcc[^/]*|gdb|gettext[^/]*|gir-1\\.0|git-core|glib-2\\.0|gnome[^/]*|gnupg',
  'groff|help|i18n|icons|info|java|javascript|libtool|licenses|lintian|locale|man|mariadb|maven-repo|metainfo|mime|misc',
  'mysql[^/]*|nodejs|npm|octave|openssh|openssl|pam[^/]*|perl[^/]*|php|pixmaps|pkgconfig|polkit-1|postgresql[^/]*',
  'pyshared|python[^/]*|R|readline|rpm|ruby[^/]*|rubygems-integration|selinux|sgml|ssl-cert|systemd|tabset|tcltk|terminfo',
  'texlive|texmf[^/]*|themes|vim|X11|xml|zoneinfo|zsh',
].join('|');
/** The same of usr/lib; `x86_64-linux-gnu` is one of many. */
const libraryFolders = [
  '[a-z0-9_]+-linux-[a-z0-9]+|debug|firmware|gcc[^/]*|git-core|go|go-[\\d.]+|golang|jvm|locale|modules|mysql|node',
  'nodejs|ocaml|openssh|perl[^/]*|php[^/]*|pkgconfig|postgresql|R|ruby|rustlib|ssl|systemd|tmpfiles\\.d|udev',
].join('|');

/** Where package managers install what others wrote. */
const packageFolder = new RegExp(
  [
    '(?:^|/)(?:node_modules|site-packages|dist-packages|gems|vendor|vendored|third_party|google-cloud-sdk|registry/src|pkg/mod|lib(?:32|64)?/python[\\d.]+|opt/conda)/',
    // Official images of languages have their programs' work in usr/src/app, and Go in usr/local/go.
    '(?:^|/)usr/(?:include|src/(?:linux|kernels)[^/]*|local/go/(?:src|pkg|test|lib))/',
    `(?:^|/)usr/share/(?:${sharedFolders})/`,
    `(?:^|/)usr/lib(?:32|64|exec)?/(?:${libraryFolders})/`,
  ].join('|'),
);
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
