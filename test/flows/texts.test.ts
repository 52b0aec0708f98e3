import assert from "node:assert/strict";
import { replaceTexts, textsOfCode, textsOfTemplate } from "../../scripts/flows/template-texts";
import { visibleTexts } from "../../scripts/flows/visible-texts";

const texts = (html: string): string[] => textsOfTemplate(html).map(({ text }) => text);

describe("the texts of a template", () => {
  const cases: [string, string, string[]][] = [
    ["between tags", "<p>Press 6</p><b> is\n  live </b>", ["Press 6", "is live"]],
    [
      "with an expression in it",
      "<p>Batch {{ msg.payload.batch }} of {{ n }}</p>",
      ["Batch {{ msg.payload.batch }} of {{ n }}"],
    ],
    ["not an expression alone", "<p>{{ msg.payload }}</p>", []],
    ["not a comparison in an expression", "<p>{{ a < b ? 1 : 2 }} Speed</p>", ["{{ a < b ? 1 : 2 }} Speed"]],
    ["not a bound attribute with > in it", '<p v-if="a > b" :title="x">Speed</p>', ["Speed"]],
    [
      "in attributes that are read",
      '<img alt="The press" src="x.png"><v-btn label="Stop now" color="red"/>',
      ["The press", "Stop now"],
    ],
    ["not in scripts and styles", "<script>const a = '<p>No</p>';</script><style>.no { x: y }</style>", []],
    ["not in comments", "<!-- not <p>this</p> --><p>but this</p>", ["but this"]],
    ["marked in a script", "<script>say(t('Out of limits')); set('x')</script>", ["Out of limits"]],
    [
      "marked in an expression and an attribute",
      `<p :title="t('Live')">{{ t("Stale now") }}</p>`,
      ["Live", "Stale now"],
    ],
    ["not single letters, numbers, entities", "<p>°C</p><p>12.5</p><p>&nbsp;&mdash;</p><p>x</p>", []],
    ["in any script", "<p>温度 high</p>", ["温度 high"]],
    ["of something torn", "<p>Speed <b", ["Speed"]],
  ];
  for (const [name, html, expected] of cases) it(name, () => assert.deepEqual(texts(html), expected));

  it("puts translations in place and leaves all else as it is", () => {
    const html = `<p title="Live">\n  Batch {{ n }}\n</p><script>t('Live'); t('Other')</script>`;
    const words: Record<string, string> = { Live: "实时", "Batch {{ n }}": "批次 {{ n }}" };
    assert.equal(
      replaceTexts(html, textsOfTemplate(html), (text) => words[text]),
      `<p title="实时">\n  批次 {{ n }}\n</p><script>t('实时'); t('Other')</script>`,
    );
  });

  it("finds marked texts in code, and no call of another name", () => {
    const code = "t('a b'); get('no'); this.t(`c d`); _t('no'); t(\"it\\\"s\")";
    assert.deepEqual(
      textsOfCode(code).map(({ text }) => text),
      ["a b", 'it\\"s'],
    );
  });
});

describe("the visible texts of a node", () => {
  it("are what the page shows, and the editor's names besides", () => {
    const found = visibleTexts({
      id: "d",
      type: "ui-dropdown",
      name: "choose",
      label: "Batch",
      tooltip: "",
      options: [
        { label: "First one", value: "first" },
        { label: "2", value: "2" },
      ],
      topic: "not this",
    });
    assert.deepEqual(found, [
      { field: "name", text: "choose", shown: false },
      { field: "label", text: "Batch", shown: true },
      { field: "options[0].label", text: "First one", shown: true },
    ]);
  });

  it("do not include names by which nodes address each other", () => {
    assert.deepEqual(
      visibleTexts({ id: "l", type: "link out", name: "readings" }).filter(({ shown }) => shown),
      [],
    );
  });
});
