// Called by `instar plugin build`: a component of src/plugin.js, without files, network, clocks and randomness.
import { componentize } from "@bytecodealliance/componentize-js";
import { mkdir, writeFile } from "node:fs/promises";

const { component } = await componentize({
  sourcePath: "src/plugin.js",
  witPath: "wit",
  worldName: "component",
  disableFeatures: ["random", "stdio", "clocks", "http", "fetch-event"],
});
await mkdir("target", { recursive: true });
await writeFile("target/plugin.wasm", component);
