import { linkMemoryPair } from "../../transports/memory.ts";
import { testLinks } from "./link_conformance.ts";

testLinks({
  symbol: "linkMemoryPair()",
  connect(left, right, { narrow }) {
    const waiting = narrow ? { waitingValuesMax: 1024 } : {};
    [left.link, right.link] = linkMemoryPair({ left, right, ...waiting });
    return Promise.resolve();
  },
});
