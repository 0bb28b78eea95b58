import { assertEquals } from "@std/assert";
import { suggestionText, suggestWord } from "../../../runtime/config/suggestion.ts";

Deno.test("suggestWord() finds what was likely meant, and nothing that is far away", () => {
  const words = ["history", "connections", "ps", "stop"];
  assertEquals(suggestWord("hsitory", words), "history");
  assertEquals(suggestWord("conections", words), "connections");
  assertEquals(suggestWord("HISTORY", words), "history");
  assertEquals(suggestWord("sp", words), "ps");
  assertEquals(suggestWord("banana", words), undefined);
  assertEquals(suggestWord("history".repeat(20), words), undefined);
  assertEquals(suggestWord("x", []), undefined);
});

Deno.test("suggestionText() falls back on all that would have been right", () => {
  assertEquals(suggestionText("sotp", ["ps", "stop"]), 'did you mean "stop"?');
  assertEquals(suggestionText("banana", ["ps", "stop"]), "known are ps, stop");
  assertEquals(suggestionText("banana", []), "there is none");
});
