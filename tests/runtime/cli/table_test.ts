import { assert, assertEquals } from "@std/assert";
import { paint, printable, renderTable } from "../../../runtime/cli/table.ts";
import { captureIO } from "./captured_io.ts";

const TABLE = {
  columns: [{ title: "ID", align: "right" }, { title: "SERVICE" }, { title: "WHY" }],
  rows: [
    [7, "greeter", { text: "crashed", style: "red" }],
    [1234, "é", "a reason that is rather long"],
  ],
} as const;

Deno.test("renderTable() aligns columns and leaves no blanks at the end of a line", () => {
  assertEquals(renderTable(TABLE, captureIO()).split("\n"), [
    "  ID  SERVICE  WHY",
    "   7  greeter  crashed",
    "1234  é        a reason that is rather long",
    "",
  ]);
});

Deno.test("renderTable() cuts the last column where the terminal ends", () => {
  const lines = renderTable(TABLE, captureIO({ columns: 30 })).split("\n");
  assertEquals(lines[2], "1234  é        a reason that …");
  const narrow = renderTable(TABLE, captureIO({ columns: 5 })).split("\n");
  assertEquals(narrow[2], "1234  é        a reason th…");
});

Deno.test("renderTable() leaves out the columns that matter least where a line would wrap", () => {
  const columns = [{ title: "ID" }, { title: "PLUG", rank: 1 }, { title: "AGENT", rank: 2 }];
  const rows = [[7, 20_000, "local"]];
  const at = (width: number) => renderTable({ columns, rows }, captureIO({ columns: width }));
  assertEquals(at(16), "ID  PLUG   AGENT\n7   20000  local\n");
  assertEquals(at(15), "ID  PLUG\n7   20000\n");
  assertEquals(at(8), "ID\n7\n");
});

Deno.test("renderTable() uses colour only where there is any, without moving a column", () => {
  const plain = renderTable(TABLE, captureIO());
  const coloured = renderTable(TABLE, captureIO({ hasColor: true }));
  assert(!plain.includes("\x1b"));
  assert(coloured.includes("\x1b[31mcrashed\x1b[0m"));
  // deno-lint-ignore no-control-regex -- escape sequences are what is taken away here.
  assertEquals(coloured.replace(/\x1b\[\d+m/g, "").replace(/ +$/gm, ""), plain);
});

Deno.test("renderTable() lets no cell reach the terminal with control characters", () => {
  const rows = [["\x1b[2J\x07gone\nand more"]];
  assertEquals(
    renderTable({ columns: [{ title: "X" }], rows }, captureIO()),
    "X\n [2J gone and more\n",
  );
  assertEquals(printable("a\u2028b\r\n\tc"), "a b c");
});

Deno.test("renderTable() writes the headings of a table without rows", () => {
  assertEquals(
    renderTable({ columns: TABLE.columns, rows: [] }, captureIO()),
    "ID  SERVICE  WHY\n",
  );
});

Deno.test("paint() leaves the text alone without colour", () => {
  assertEquals(paint("x", { style: "green", hasColor: false }), "x");
  assertEquals(paint("x", { style: "green", hasColor: true }), "\x1b[32mx\x1b[0m");
});
