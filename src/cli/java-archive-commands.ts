import type { Command } from 'commander';
import { print } from './output/print.ts';

/** `pratique java-archives make` */
export function addJavaArchiveCommands(program: Command): void {
  program
    .command('java-archives')
    .description('the table by which Java archives are known (PRATIQUE_JAVA_SHA1)')
    .command('make <list> <table>')
    .description('make one from lines <sha1> <group>:<artifact>:<version>; - reads standard input')
    .action(async (list: string, table: string) => {
      const { makeJavaArchives } = await import('../app/administration/make-java-archives.ts');
      const count = await makeJavaArchives({ list, table });
      print(`${table} knows ${count} archives`);
    });
}
