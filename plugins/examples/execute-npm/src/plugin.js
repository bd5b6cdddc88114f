// The execute type `npm`: runs a script of a package.json, and tells how many tests failed.

function fail(message) {
  throw { code: "bad-execute", message, retryable: false };
}

// What is thrown without `code`, such as by JSON.parse, ends the call as a trap.
function read(json) {
  try {
    return JSON.parse(json) ?? {};
  } catch {
    return {};
  }
}

function launchOf(request) {
  const { script, folder = ".", args = [] } = read(request.executeJson);
  if (typeof script !== "string" || !/^[\w:.-]+$/.test(script) || script.startsWith("-")) {
    fail("`execute.script` must be the name of a script in package.json");
  }
  if (typeof folder !== "string" || folder.includes("\0") || folder.startsWith("/") || folder.split("/").includes("..")) {
    fail("`execute.folder` must be a folder of the project");
  }
  if (!Array.isArray(args) || args.some((arg) => typeof arg !== "string" || arg.includes("\0"))) {
    fail("`execute.args` must be a list of texts");
  }
  const more = args.length > 0 ? ["--", ...args] : [];
  return {
    argv: ["npm", "run", "--silent", script, ...more],
    env: [["CI", "true"]],
    cwd: folder,
    stdin: { tag: "bytes", val: new Uint8Array() },
  };
}

function finishOf(end) {
  const { tag, val } = end.cause;
  if (tag === "exit" && val === 0) {
    return { verdict: "succeeded", message: "the script ended well" };
  }
  // As `node --test` counts.
  const failed = /^# fail (\d+)$/m.exec(end.tail)?.[1];
  const how = tag === "exit" ? `with status ${val}` : `as ${tag}`;
  return { verdict: "failed", message: failed ? `${failed} tests failed` : `the script ended ${how}` };
}

export const pluginMeta = {
  // The schema in plugin.toml says all that is to be said of the settings.
  validate() {
    return [];
  },
  rules() {
    return [];
  },
};

export const execute = {
  plan(ctx, configJson, request) {
    return { tag: "launch", val: launchOf(request) };
  },
  step(ctx, configJson, state, events) {
    const actions = events.flatMap(({ tag, val }) => {
      if (tag === "requested") {
        return [{ tag: "launch", val: launchOf(val) }];
      }
      return tag === "exited" ? [{ tag: "finish", val: finishOf(val) }] : [];
    });
    return { state, actions };
  },
  migrateState(fromVersion, state) {
    return state;
  },
};
