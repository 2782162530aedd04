// Compares what Tollgate's lint says of real bundles with what apigeelint says of them.
//
//   node compare.mjs FOLDER --tollgate PROGRAM --modules NODE_MODULES --rows MARKDOWN [--all]
//
// A finding is a bundle, a file in it, the id of a rule, and a line where it has one. What one of
// the two says and the other does not is a difference; so is a pair whose lines are not the same.
// Each has to be explained by a row of the table in MARKDOWN, whose first four cells are
//
//   | `PO013` | theirs | `message` | `CC005 other message` |
//
// The side is `ours`, `theirs` or `line`. Both messages are regular expressions or left out. With the
// fourth cell the row explains only what stands in a file of which, or of whose bundle, either says
// that as well. The exit status is 1 where a difference has no row.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";

const ROOTS = ["apiproxy", "sharedflowbundle"];
/** Each of Tollgate's profiles with its twin's name. */
const PROFILES = { edge: "apigee", x: "apigeex" };
/** Of findings that no row explains. */
const SHOWN_MAX = 400;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tollgate: { type: "string" },
    modules: { type: "string" },
    rows: { type: "string" },
    all: { type: "boolean", default: false },
  },
});
process.exit(main(resolve(positionals[0])));

function main(corpus) {
  const rows = readRows(options.rows);
  const bundles = bundlesBelow(corpus);
  const counts = new Map();
  let unexplained = 0;
  for (const [ours, theirs] of Object.entries(PROFILES)) {
    const found = ourFindings(bundles, ours);
    const twins = theirFindings(bundles, theirs);
    const differences = bundles.flatMap((bundle) => {
      const [one, other] = [found.get(bundle) ?? [], twins.get(bundle) ?? []];
      const where = relative(corpus, bundle);
      const said = [...one, ...other];
      return compare(one, other).map((difference) => ({ ...difference, where, said }));
    });
    for (const difference of differences) {
      const { side, finding, other, where } = difference;
      const text = `${where}/${finding.file}:${finding.line ?? ""}: ${finding.message}`;
      const row = rows.find((row) => row.explains(difference));
      if (row) {
        counts.set(row, (counts.get(row) ?? 0) + 1);
      } else {
        unexplained += 1;
      }
      if (options.all || (!row && unexplained <= SHOWN_MAX)) {
        const instead = other ? ` [apigeelint: line ${other.line}]` : "";
        console.log(`${row ? "known" : "DIFFERS"} ${ours} ${side} ${finding.rule} ${text}${instead}`);
      }
    }
    const total = [...twins.values()].flat().length;
    const equal = total - differences.filter(({ side }) => side !== "ours").length;
    console.log(`profile ${ours}: ${bundles.length} bundles, ${total} findings of apigeelint, ` +
      `${equal} of Tollgate's are the same, ${differences.length} differences`);
  }
  for (const row of rows) {
    console.log(`${counts.get(row) ?? 0} by the row ${row.text}`);
  }
  console.log(`${unexplained} differences without a row`);
  return unexplained === 0 ? 0 : 1;
}

/** The rows of the table whose first cell is a code and whose second is a side. */
function readRows(file) {
  const row = /^\| `([A-Z]{2}[0-9]{3})` \| (ours|theirs|line) \| (?:`(.*?)` )?\| (?:`(.*?)` )?\|/;
  // A cell cannot hold a bare `|`.
  const expression = (text) => new RegExp((text ?? "").replaceAll("\\|", "|"));
  return readFileSync(file, "utf8").split("\n").flatMap((line) => {
    const cells = row.exec(line);
    if (!cells) return [];
    const [text, rule, side, pattern, also] = cells;
    const message = expression(pattern);
    const [alsoRule, alsoPattern] = also ? [also.slice(0, 5), expression(also.slice(6))] : [];
    const isSaid = ({ finding, said }) =>
      !also || said.some((other) => other.rule === alsoRule && alsoPattern.test(other.message) &&
        [finding.file, ""].includes(other.file));
    const explains = (difference) => difference.side === side && difference.finding.rule === rule &&
      message.test(difference.finding.message) && isSaid(difference);
    return [{ text, explains }];
  });
}

/** Folders that hold a bundle's root, by path. */
function bundlesBelow(folder) {
  const inside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  if (inside.some((entry) => ROOTS.includes(entry.name))) return [folder];
  return inside.map((entry) => entry.name).sort().flatMap((name) => bundlesBelow(join(folder, name)));
}

/** By bundle, codes of our own among them. */
function ourFindings(bundles, profile) {
  const run = spawnSync(
    resolve(options.tollgate),
    ["lint", "--format", "json", "--profile", profile, ...bundles],
    { encoding: "utf8", maxBuffer: 1 << 30, cwd: "/" },
  );
  if (run.status !== 0 && run.status !== 1) {
    throw new Error(`${options.tollgate} ended with ${run.status ?? run.error}: ${run.stderr}`);
  }
  const report = JSON.parse(run.stdout);
  return new Map(report.bundles.map(({ path, diagnostics }) => [
    path,
    diagnostics.map(({ code, file, line, message }) => ({
      rule: code,
      file: insideRoot(file ?? ""),
      line: line ?? undefined,
      message,
    })),
  ]));
}

/** What is said of the manifest is said of the bundle. */
function insideRoot(file) {
  const [root, ...rest] = file.split("/");
  return ROOTS.includes(root) && rest.length > 1 ? rest.join("/") : "";
}

/** By bundle. Each is judged by plug-ins loaded anew, because some of them remember the last. */
function theirFindings(bundles, profile) {
  const load = createRequire(join(resolve(options.modules), "x.js"));
  const findings = new Map();
  for (const bundle of bundles) {
    for (const module of Object.keys(load.cache)) {
      if (module.includes("/apigeelint/lib/")) delete load.cache[module];
    }
    const linter = load("apigeelint/lib/package/bundleLinter.js");
    const root = ROOTS.map((name) => join(bundle, name)).find((path) => existsSync(path));
    const path = resolve(root);
    const settings = {
      source: { type: "filesystem", path, sourcePath: path, bundleType: ROOTS.find((name) => root.endsWith(name)) },
      complexConditionTermCount: 12,
      policyCountLimit: 100,
      excluded: {},
      maxWarnings: -1,
      profile,
      output: () => {},
      po025NoRetry: true,
    };
    linter.lint(settings, (judged, error) => {
      if (error) throw error;
      findings.set(bundle, judged.getReport().flatMap(({ filePath, messages }) =>
        messages.map(({ ruleId, line, message }) => ({
          rule: ruleId,
          file: inside(path, resolve(path, filePath)),
          line: line > 0 ? line : undefined,
          message: String(message),
        })),
      ));
    });
  }
  return findings;
}

/** A file inside the root; nothing for the root itself. */
function inside(root, path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? "" : relative(root, path);
}

/** What is not the same on both sides, once what is the same is taken away. */
function compare(ours, theirs) {
  const isSame = (a, b) => a.rule === b.rule && a.file === b.file;
  const left = [...theirs];
  const take = (finding, test) => {
    const at = left.findIndex((twin) => isSame(finding, twin) && test(finding, twin));
    return at < 0 ? undefined : left.splice(at, 1)[0];
  };
  const differences = [];
  // Codes of our own have no twin.
  const common = ours.filter(({ rule }) => !rule.startsWith("GW"));
  let rest = common.filter((finding) => !take(finding, (a, b) => a.line === b.line));
  rest = rest.filter((finding) => !take(finding, (a, b) => !a.line || !b.line));
  for (const finding of rest) {
    const other = take(finding, () => true);
    differences.push(other ? { side: "line", finding, other } : { side: "ours", finding });
  }
  return [...differences, ...left.map((finding) => ({ side: "theirs", finding }))];
}
