import { readdirSync } from "node:fs";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const features = readdirSync(new URL("./src/features", import.meta.url));
const climbing = {
  group: ["../../*", "../../../*"],
  message: "Leave a feature by its alias: @/components, @/lib.",
};

// A feature knows itself and what is shared; only app/ knows the features.
const borders = features.map((feature) => ({
  files: [`src/features/${feature}/**`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          climbing,
          { group: ["@/app/*"], message: "app/ knows the features, not the other way round." },
          {
            group: ["@/features/*", `!@/features/${feature}`],
            message: "Features never import each other: move what both need to components/ or lib/.",
          },
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ["dist", "node_modules"] },
  ...tseslint.configs.recommended,
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { "react-hooks": hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      "@typescript-eslint/consistent-type-imports": "error",
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  {
    files: ["src/{components,lib}/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: ["@/features/*", "@/app/*"], message: "Shared code knows no feature." },
          ],
        },
      ],
    },
  },
  ...borders,
);
