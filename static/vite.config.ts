import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { PurgeCSS } from "purgecss";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Gathers the icons named in `src/icons.json` into one sprite, so that a page refers to them and carries none. */
function iconSprite(): Plugin {
  const list = resolve(here, "src/icons.json");
  return {
    name: "outturn:icons",
    apply: "build",
    buildStart() {
      this.addWatchFile(list);
      const names = JSON.parse(readFileSync(list, "utf8")) as string[];
      const symbols = names.map((name) => {
        const file = resolve(here, "node_modules/@tabler/icons/icons/outline", `${name}.svg`);
        const drawing = /<svg[^>]*>(.*)<\/svg>/s.exec(readFileSync(file, "utf8"))?.[1] ?? "";
        return `<symbol id="${name}" viewBox="0 0 24 24">${drawing.replace(/\s*\n\s*/g, "")}</symbol>`;
      });
      this.emitFile({
        type: "asset",
        name: "icons.svg",
        originalFileName: "src/icons.svg",
        source: `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`,
      });
    },
  };
}

/**
 * Leaves out of Tabler what no page names, four fifths of it. It would not only be loaded: by its rules for what lies
 * beside or within anything, each asset that leaves the view of the canvas would have all others styled anew.
 */
function onlyUsedRules(): Plugin {
  const named = ["src/**/*.{ts,tsx}", "node_modules/@tabler/core/dist/js/tabler.esm.min.js", "../templates/**/*.html"];
  const putTogether = [/^alert-/, "font-monospace"]; // by a template, by a form in Python
  return {
    name: "outturn:used-rules",
    enforce: "pre",
    async transform(raw, id) {
      if (!id.endsWith("tabler.min.css")) return null;
      const content = named.map((pattern) => resolve(here, pattern));
      const [kept] = await new PurgeCSS().purge({ content, css: [{ raw }], safelist: putTogether });
      return { code: kept?.css ?? raw, map: null };
    },
  };
}

/**
 * Leaves out what Tabler says of elements by their `style`, for striped tables, which we do not have, and of whatever
 * follows a legend, which does not float here: with the one each move on the canvas would have all within it styled
 * anew, with the other each asset that leaves it.
 */
const withoutCostlyRules = {
  postcssPlugin: "outturn:costly-rules",
  Rule(rule: { selector: string; source?: { input: { file?: string } }; remove: () => unknown }): void {
    const isTabler = rule.source?.input.file?.endsWith("tabler.min.css");
    if (isTabler && (rule.selector.includes("[style") || /^legend\s*\+/.test(rule.selector))) rule.remove();
  },
};

export default defineConfig({
  root: here,
  // Relative, so that the built files work below any STATIC_URL.
  base: "./",
  plugins: [iconSprite(), onlyUsedRules()],
  css: { postcss: { plugins: [withoutCostlyRules] } },
  build: {
    outDir: "dist",
    manifest: "manifest.json",
    // The newest features used (light-dark(), relative colours, popover) exist in these; nothing is rewritten for older ones.
    target: ["chrome125", "edge125", "firefox128", "safari18"],
    modulePreload: { polyfill: false },
    // A data: address would need a wider content security policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      // htmx can run scripts from attributes; page.html switches that off (allowEval), and the security policy forbids it.
      // React Flow's "use client" speaks to servers that render React; ours does not.
      checks: { eval: false, moduleLevelDirective: false },
      // React Flow is one module; without this its unused parts (mini map, controls, toolbars) would come along.
      treeshake: { manualPureFunctions: ["memo", "forwardRef", "createContext"] },
      output: {
        // What pages share would otherwise come in a file for each set of pages that share it: the canvas had ten of
        // less than a kilobyte, each of them a request.
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            {
              name: "react",
              test: /node_modules[\\/](react|react-dom|scheduler|use-sync-external-store|zustand)[\\/]/,
            },
            { name: "common", test: /src[\\/](common|live)[\\/](?!later|linkpath|online)/, minShareCount: 2 },
          ],
        },
      },
      input: {
        shell: "src/shell.ts",
        composer: "src/composer.tsx",
        versions: "src/versions.tsx",
        catalogue: "src/catalogue.tsx",
        contracts: "src/contracts.tsx",
        live: "src/live.ts",
        alarms: "src/alarms.ts",
        history: "src/history.ts",
        dashboard: "src/dashboard.ts",
        imports: "src/imports.ts",
        report: "src/report.ts",
      },
    },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
