/**
 * Tables for people.
 *
 * @module
 */

import type { CommandIO } from "./io.ts";

/** How a text looks, where colour is allowed. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow";

const STYLE_CODES: Readonly<Record<Style, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
};

/** The last column is not cut below this many characters. */
const LAST_COLUMN_MIN = 12;

/** The gap between two columns. */
const GAP = "  ";

/** A cell of a table. */
export type Cell = string | number | { readonly text: string; readonly style: Style };

/** A column of a table. */
export interface Column {
  /** Its heading. */
  readonly title: string;
  /**
   * Where its cells stand.
   *
   * @default {"left"}
   */
  readonly align?: "left" | "right";
  /**
   * Where a line would wrap, the columns with the highest number are left out first.
   *
   * @default {it is never left out}
   */
  readonly rank?: number;
}

/** A table. */
export interface Table {
  /** Its columns. */
  readonly columns: readonly Column[];
  /** Its rows, a cell for each column. */
  readonly rows: readonly (readonly Cell[])[];
}

/**
 * Writes a text in a style, if the terminal has colour.
 *
 * @param text The text.
 * @param options The style, and whether there is colour.
 * @returns The text, with escape sequences or as it was.
 */
export function paint(
  text: string,
  options: { readonly style: Style; readonly hasColor: boolean },
): string {
  return options.hasColor ? `\x1b[${STYLE_CODES[options.style]}m${text}\x1b[0m` : text;
}

/**
 * Makes a text harmless for a terminal: what services print can hold anything.
 *
 * @param text The text.
 * @returns The text on one line, control characters replaced by blanks.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
}

/**
 * Writes a table: a line of headings and a line for each row, the columns aligned. On a terminal,
 * the last column is cut where the line would wrap.
 *
 * @param table The columns and rows.
 * @param io Tells how wide a line may be and whether there is colour.
 * @returns The lines, each with its end.
 */
export function renderTable(
  table: Table,
  io: Pick<CommandIO, "columns" | "hasColor">,
): string {
  const headings = table.columns.map(({ title }) => ({ text: title, style: "dim" } as const));
  const rows = [headings, ...table.rows].map((row) => row.map(plainCell));
  const widths = table.columns.map((_, index) =>
    Math.max(...rows.map((row) => widthOf(row[index]?.text ?? "")))
  );
  const spare = spareColumn(table, widths, io.columns);
  if (spare !== undefined) return renderTable(withoutColumn(table, spare), io);
  fitLast(widths, io.columns);
  return rows.map((row) => `${renderRow(row, { table, widths, io })}\n`).join("");
}

/** The column that is left out next, if a line would wrap; undefined: none. */
function spareColumn(
  { columns }: Table,
  widths: readonly number[],
  columnsMax: number,
): number | undefined {
  const width = widths.reduce((sum, each) => sum + each + GAP.length, -GAP.length);
  if (width <= columnsMax) return undefined;
  let spare: number | undefined;
  for (const [index, { rank = 0 }] of columns.entries()) {
    if (rank > (columns[spare ?? -1]?.rank ?? 0)) spare = index;
  }
  return spare;
}

function withoutColumn({ columns, rows }: Table, index: number): Table {
  return { columns: columns.toSpliced(index, 1), rows: rows.map((row) => row.toSpliced(index, 1)) };
}

interface PlainCell {
  readonly text: string;
  readonly style?: Style;
}

function plainCell(cell: Cell): PlainCell {
  if (typeof cell === "object") return { text: printable(cell.text), style: cell.style };
  return { text: printable(String(cell)) };
}

/** Counts code points, which is the width of nearly everything that a mesh names. */
function widthOf(text: string): number {
  return [...text].length;
}

function fitLast(widths: number[], columns: number): void {
  const last = widths.pop();
  if (last === undefined) return;
  const before = widths.reduce((sum, width) => sum + width + GAP.length, 0);
  widths.push(Math.min(last, Math.max(LAST_COLUMN_MIN, columns - before)));
}

function renderRow(
  row: readonly PlainCell[],
  { table, widths, io }: {
    table: Table;
    widths: readonly number[];
    io: Pick<CommandIO, "hasColor">;
  },
): string {
  const cells = row.map(({ text, style }, index) => {
    const width = widths[index] ?? 0;
    const cut = widthOf(text) > width ? `${[...text].slice(0, width - 1).join("")}…` : text;
    const padding = " ".repeat(width - widthOf(cut));
    const shown = style === undefined ? cut : paint(cut, { style, hasColor: io.hasColor });
    return table.columns[index]?.align === "right" ? padding + shown : shown + padding;
  });
  return cells.join(GAP).trimEnd();
}
