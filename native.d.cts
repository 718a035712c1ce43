/** Loads the addon; src/native.ts says what it expects of it. */
declare const loader: { load(): unknown };
export = loader;
