import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { runBundler } from "../../../runtime/bundle/bundler.ts";
import {
  eagerMethods,
  eagerText,
  quickText,
  withoutComments,
} from "../../../runtime/launcher/prepared/quick_text.ts";
import { withFolder } from "../config/folder.ts";

const BEGIN = new URL("../../../runtime/service/begin.ts", import.meta.url).href;

/** A module as the bundler prints it. */
const PRINTED = `var __getOwnPropNames = Object.getOwnPropertyNames;
var __esm = (fn, res) => function __init() {
  return fn && (res = (0, fn[__getOwnPropNames(fn)[0]])(fn = 0)), res;
};

// two.ts
var third;
var init_two = __esm({
  "two.ts"() {
    third = {
      three: 3
    };
  }
});

// four.ts
function fourth() {
}
var init_four = __esm({
  "four.ts"() {
    init_two();
  }
});

// one.ts
init_two();
function first(list) {
  return list.map((one) => {
    return one + second + third.three;
  });
}
async function later() {
}
var second = 2;
/** A number. */
var Numbers = class {
  /**
   * Adds.
   */
  add(left, right) {
    // Both of them.
    return left + right;
  }
};
export {
  Numbers,
  first,
  later
};
`;

Deno.test("eagerText() hoists functions in parentheses, and leaves the rest", () => {
  const [first = "", ...rest] = eagerText(PRINTED).split("\n");
  assertEquals(first, "var first = (function first(list) {");
  assert(rest.includes("var later = (async function later() {"));
  // Nothing calls it when the program begins.
  assert(rest.includes("function fourth() {") && rest.includes('  "four.ts"() {'));
  assert(rest.indexOf("});") < rest.indexOf("var second = 2;"));
  assertMatch(
    rest.join("\n"),
    /\n {2}"two\.ts": \(function \(\) \{\n {4}third = [^]*?\n {2}\}\)\n/,
  );
  assertMatch(rest.join("\n"), /\n {2}add\(left, right\) \{\n/);
});

/** A class as the bundler prints it, with all that a class of ours has. */
const COUNTER = `var Counter = class {
  #count = 0;
  name;
  static many(names) {
    return names.map((name2) => new Counter(name2));
  }
  constructor(name2) {
    this.name = name2;
    this.#add(1);
  }
  /** So many. */
  get count() {
    return this.#count;
  }
  #add(more) {
    // Its field is as private as before.
    this.#count += more;
  }
  async addLater({ more }) {
    await this.#wait();
    this.#add(more);
    return this.count;
  }
  async #wait() {
  }
  isSame(other) {
    const { name: name2 } = this;
    return name2 === other.name && this.#count === other.#count && other.#isOpen();
  }
  #isOpen() {
    return true;
  }
};
var counters = Counter.many(["one", "two"]);
export {
  counters
};
`;

Deno.test("eagerMethods() makes methods functions in parentheses, which do the same", async () => {
  const text = eagerMethods(COUNTER);
  assertMatch(text, /prototype\.isSame = \(function \(other\) \{/);
  assertMatch(text, /prototype\.addLater = \(async function \(\{ more \}\) \{/);
  assertMatch(text, /this\.#count \+= more/);
  assert(!text.includes("#add") && !text.includes("#isOpen"));
  for (const program of [COUNTER, text, quickText(COUNTER)]) {
    const { counters: [one, two] } = await import(
      `data:text/javascript,${encodeURIComponent(program)}`
    );
    assertEquals([one.count, await one.addLater({ more: 2 }), one.count], [1, 3, 3]);
    assertEquals([one.isSame(one), one.isSame(two), two.count], [true, false, 1]);
    assertEquals(Object.keys(one), ["name"]);
  }
});

Deno.test("eagerMethods() leaves alone a class that extends another", () => {
  const text = COUNTER.replace("class {", "class extends Map {");
  assertEquals(eagerMethods(text), text);
});

Deno.test("eagerText() leaves alone what the bundler does not print", () => {
  const odd = "function all(a) { return a; }\nfunction open(\n  a\n) {\n  return a;\n}\n";
  assertEquals(eagerText(odd), odd);
});

Deno.test("withoutComments() drops lines of comments, and no code behind a comment", () => {
  const text = "/** one */\n  /** two */ run();\n/**\n * run();\n */\n  // run();\n\n  end();\n";
  assertEquals(withoutComments(text), "/** two */ run();\nend();\n");
});

Deno.test("quickText() is the same program", async () => {
  await withFolder({ "quick.mjs": quickText(PRINTED) }, async (folder) => {
    const { Numbers, first, later } = await import(`file://${join(folder, "quick.mjs")}`);
    assertEquals([first([1]), first.name, await later()], [[6], "first", undefined]);
    assertEquals(new Numbers().add(1, 2), 3);
  });
});

Deno.test("withoutComments() changes no token of our part of a service", async () => {
  await withFolder({}, async (folder) => {
    const run = async (entry: string, ...flags: string[]) => {
      const output = join(folder, `${crypto.randomUUID()}.mjs`);
      const args = ["--no-config", "--no-lock", ...flags, "--output", output, entry];
      await runBundler(args, { deno: Deno.execPath(), cwd: folder });
      return output;
    };
    const plain = await run(BEGIN);
    const quick = join(folder, "quick.mjs");
    const text = await Deno.readTextFile(plain);
    await Deno.writeTextFile(quick, withoutComments(text));
    const [before, after] = [await run(plain, "--minify"), await run(quick, "--minify")];
    assertEquals(await Deno.readTextFile(after), await Deno.readTextFile(before));
    assertMatch(eagerText(text), /^var \w+ = \(function/);
  });
});
