import { mustRun } from './clients.ts';
import { installPythonPackages } from './python-packages.ts';

/** Pinned: what CI checks with today it checks with tomorrow. */
const packages = ['spdx-tools==0.8.5', 'spdx-python-model==0.0.6'] as const;

/**
 * Path of a Python that has SPDX's own readers, which are installed once and kept in the user's cache; undefined without Python or when it cannot be fetched. With CI=true both throw: CI must have it.
 */
export async function installSpdxTools(): Promise<string | undefined> {
  const installed = await installPythonPackages(packages);
  if (installed.kind === 'there') return installed.path;
  if (installed.kind === 'no-python') return undefined;
  if (process.env['CI'] === 'true') throw new Error(installed.printed);
  console.warn(installed.printed);
  return undefined;
}

/**
 * Holds documents to what SPDX says of them, 2.3 by `spdx-tools`, 3.0.1 (`*.spdx3.json`) by the classes that are made of
 * its model: every field and value must be one of the model's, and every reference lead somewhere. Throws what is wrong.
 */
export async function validateSpdx(python: string, files: readonly string[]): Promise<void> {
  await mustRun(python, ['-c', program, ...files]);
}

const program = `
import io, sys
from spdx_python_model import v3_0_1 as spdx3
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

def problems_of(name):
    if not name.endswith(".spdx3.json"):
        return [message.validation_message for message in validate_full_spdx_document(parse_file(name))]
    objects = spdx3.SHACLObjectSet()
    with open(name) as file:
        spdx3.JSONLDDeserializer().read(file, objects)
    missing = objects.link()
    # Writing looks at what is required, too.
    spdx3.JSONLDSerializer().write(objects, io.BytesIO())
    return ["no element " + str(one) for one in missing]

for name in sys.argv[1:]:
    problems = problems_of(name)
    if problems:
        sys.exit(name + ": " + "; ".join(problems[:5]))
`;
